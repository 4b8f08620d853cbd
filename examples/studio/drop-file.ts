/** Takes one recording from the file button or from a drop anywhere on the page. */
export function takeRecordings(options: {
  app: HTMLElement;
  button: HTMLButtonElement;
  input: HTMLInputElement;
  take(file: File): void;
}): void {
  const { app, button, input, take } = options;
  button.addEventListener("click", () => input.click());
  input.addEventListener("change", () => {
    const file = input.files?.[0];
    if (file) take(file);
    input.value = ""; // the same file can be chosen again
  });
  let depth = 0; // enter and leave come for each child too
  const show = (change: number) => {
    depth = Math.max(0, depth + change);
    app.classList.toggle("dropping", depth > 0);
  };
  const hasFile = (event: DragEvent) => event.dataTransfer?.types.includes("Files") ?? false;
  document.addEventListener("dragenter", (event) => hasFile(event) && show(1));
  document.addEventListener("dragleave", (event) => hasFile(event) && show(-1));
  document.addEventListener("dragover", (event) => hasFile(event) && event.preventDefault());
  document.addEventListener("drop", (event) => {
    if (!hasFile(event)) return;
    event.preventDefault();
    show(-depth);
    const file = event.dataTransfer?.files[0];
    if (file && !button.disabled) take(file);
  });
}
