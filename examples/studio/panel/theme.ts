import { Choice } from "./choice.js";

const THEMES = [
  { id: "light dark", label: "As the system" },
  { id: "light", label: "Light" },
  { id: "dark", label: "Dark" },
] as const;
const KEY = "echo-head-theme";

/** Light, dark, or as the system has it; remembered. @param changed told whether the page is light now */
export function themeChoice(root: HTMLElement, changed: (light: boolean) => void): void {
  const system = matchMedia("(prefers-color-scheme: light)");
  let theme: string = THEMES.find(({ id }) => id === localStorage.getItem(KEY))?.id ?? THEMES[0].id;
  const show = () => {
    document.documentElement.style.colorScheme = theme;
    changed(theme === "light" || (theme !== "dark" && system.matches));
  };
  const choice = new Choice(root, THEMES, {
    className: "choice",
    fill: (button, { label }) => button.append(label),
    choose: ({ id }) => {
      theme = id;
      localStorage.setItem(KEY, id);
      show();
    },
  });
  choice.mark(theme);
  system.addEventListener("change", show);
  show();
}
