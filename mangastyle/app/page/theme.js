/** Dark or light: as the system has it, until a person chooses. */

const NEXT = { light: "dark", dark: "light" };

export function followTheme(ui) {
  const show = (theme) => (document.documentElement.dataset.theme = theme);
  ui.on("theme", show);
  show(ui.get("theme"));
}

export function switchTheme(ui) {
  const dark = matchMedia("(prefers-color-scheme: dark)").matches;
  const current = ui.get("theme") === "system" ? (dark ? "dark" : "light") : ui.get("theme");
  ui.set("theme", NEXT[current]);
}
