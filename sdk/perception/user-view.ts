/** How the camera sees the user. */
export type UserViewStatus = "off" | "nobody" | "seen" | "dark";

/** What the camera shows: "off" when there is none, "dark" when the picture is too dark to find anybody in. */
export type UserView = {
  readonly status: UserViewStatus;
  /** Faces in view: 0, 1, or 2 for "more than one"; the agent attends to the one it has followed. */
  readonly faces: number;
};

/** Mean brightness under which a picture without a face is dark, 0..1; a lit room has 0.2 to 0.6. */
const DARK = 0.06;
/** A new sight must last so long before it is told, in ms: detectors miss a face for a picture or two. */
const SETTLE_MS = 300;

/** Turns looks at pictures into a view that does not flicker. */
export class UserViewWatch {
  #view: UserView = { status: "off", faces: 0 };
  #next: UserView = this.#view;
  #nextSinceMs = 0;

  /** The view now. */
  get view(): UserView {
    return this.#view;
  }

  /** Takes one look at `timeMs`. Gives the new view when it has changed. */
  look(sight: { readonly faces: number; readonly brightness: number }, timeMs: number): UserView | null {
    const status = sight.faces > 0 ? "seen" : sight.brightness < DARK ? "dark" : "nobody";
    if (this.#next.status !== status || this.#next.faces !== sight.faces) {
      this.#next = { status, faces: sight.faces };
      this.#nextSinceMs = timeMs;
    }
    // Coming into view is told at once; everything else when it has lasted.
    const atOnce = status === "seen" && this.#view.status !== "seen";
    if (!atOnce && timeMs - this.#nextSinceMs < SETTLE_MS) return null;
    return this.#change(this.#next);
  }

  /** The camera is gone. */
  off(): UserView | null {
    this.#next = { status: "off", faces: 0 };
    return this.#change(this.#next);
  }

  #change(view: UserView): UserView | null {
    if (view.status === this.#view.status && view.faces === this.#view.faces) return null;
    this.#view = view;
    return view;
  }
}
