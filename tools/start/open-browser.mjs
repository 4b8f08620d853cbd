import open from "open";

/**
 * Opens the address in the default browser where there is a screen; elsewhere the printed address is enough.
 * @param {string} address
 */
export async function openBrowser(address) {
  const linuxWithoutScreen = process.platform === "linux" && !process.env.DISPLAY && !process.env.WAYLAND_DISPLAY;
  if (linuxWithoutScreen || process.env.CI) return;
  try {
    const child = await open(address);
    child.once?.("error", () => {}); // no browser is no failure
    child.unref?.();
  } catch {
    console.log("No browser could be opened; follow the address above.");
  }
}
