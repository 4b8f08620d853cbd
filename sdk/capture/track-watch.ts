/** What may happen to a device while it is used. */
export type TrackListener = {
  /** It gives nothing any more: unplugged, taken away, or muted by the system. */
  lost(reason: string): void;
  /** It gives something again. */
  restored(): void;
};

/** Watches a camera's or a microphone's track. The result stops the watch. */
export function watchTrack(track: MediaStreamTrack, listener: TrackListener): () => void {
  const controller = new AbortController();
  const { signal } = controller;
  track.addEventListener("ended", () => listener.lost("the device was unplugged or taken away"), { signal });
  track.addEventListener("mute", () => listener.lost("the system muted it"), { signal });
  track.addEventListener("unmute", () => listener.restored(), { signal });
  return () => controller.abort();
}

/** Calls back each time a device is plugged in or out (browsers). The result stops the watch. */
export function watchDevices(devices: MediaDevices, changed: () => void): () => void {
  devices.addEventListener("devicechange", changed);
  return () => devices.removeEventListener("devicechange", changed);
}
