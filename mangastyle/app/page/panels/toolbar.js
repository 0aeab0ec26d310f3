/** The tools, at the left, with the color in hand below. */

import { button, h } from "../dom.js";
import { t } from "../i18n.js";

export const TOOLS = [
  { name: "bucket", key: "G" },
  { name: "brush", key: "B" },
  { name: "eraser", key: "E" },
  { name: "picker", key: "I" },
  { name: "suggest", key: "S", icon: "dice" },
  { name: "lasso", key: "L" },
  { name: "lock", key: "K" },
  { name: "hand", key: "H" },
];

export function toolbar({ ui, showPanel }) {
  const buttons = new Map(TOOLS.map(({ name, key, icon = name }) => [name, toolButton(ui, name, key, icon)]));
  const chip = button({ label: t("color.current"), key: "C", class: "chip", onClick: () => showPanel("colors") });
  const mark = () => buttons.forEach((element, name) => element.setAttribute("aria-pressed", String(name === ui.get("tool"))));
  const tint = () => chip.style.setProperty("--color", ui.get("color"));
  ui.on("tool", mark);
  ui.on("color", tint);
  mark();
  tint();
  return h("nav", { class: "toolbar", "aria-label": t("tools") }, [...buttons.values()], h("div", { class: "spring" }), chip);
}

function toolButton(ui, name, key, iconName) {
  return button({ label: t(`tool.${name}`), key, iconName, class: "tool", "data-tool": name, onClick: () => ui.set("tool", name) });
}
