import { EchoError } from "echo-head";

/** A failure as a person reads it, and the code that helps to look it up. */
export type Problem = { readonly code: string; readonly text: string };

/** What a person can do about the codes that a page is likely to see; the others show the error's own sentence. */
const ADVICE: Readonly<Record<string, string>> = {
  "pack-not-found": "The model is not where the page looks for it. Stop the server and run npm start again.",
  "pack-file-missing":
    "A file of the model is missing. Get the repository again, or run: npx echo-head pack verify models/echo-nano",
  "pack-file-corrupt":
    "A file of the model is damaged. Get it again, or run: npx echo-head pack verify models/echo-nano",
  "pack-version-unsupported": "This model was made for another version of echo-head.",
};

/** Turns anything that was thrown into words. */
export function describeProblem(error: unknown): Problem {
  if (EchoError.is(error)) return { code: error.code, text: ADVICE[error.code] ?? error.message };
  if (error instanceof Error && "problem" in error) return error.problem as Problem;
  if (error instanceof DOMException) {
    if (error.name === "NotAllowedError") {
      return {
        code: "permission-refused",
        text: "The browser did not allow it. Allow it beside the address, then try again.",
      };
    }
    if (error.name === "NotFoundError") return { code: "no-device", text: "No such device was found on this machine." };
    if (error.name === "NotReadableError") return { code: "device-busy", text: "Another program is using the device." };
    if (error.name === "EncodingError") {
      return {
        code: "audio-unreadable",
        text: "This file has no sound that the browser can read. Try a WAV, MP3, FLAC or Ogg file.",
      };
    }
  }
  return { code: "unexpected", text: error instanceof Error ? error.message : String(error) };
}
