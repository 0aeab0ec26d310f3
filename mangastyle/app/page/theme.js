/** Dark or light: as the system has it, unless a person wants the other. */

const OTHER = { light: "dark", dark: "light" };

export function followTheme(ui) {
  const show = (theme) => (document.documentElement.dataset.theme = theme);
  ui.on("theme", show);
  show(ui.get("theme"));
}

export function switchTheme(ui) {
  const system = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  const isOther = ui.get("theme") === OTHER[system];
  ui.set("theme", isOther ? "system" : OTHER[system]);
}
