/** The sheet of shortcuts. */

import { button, h } from "../dom.js";
import { t } from "../i18n.js";

export function helpSheet(shortcuts) {
  const rows = shortcuts
    .filter(({ text }) => text)
    .map(({ show, text }) => h("div", { class: "shortcut" }, h("kbd", { text: show }), h("span", { text: t(text) })));
  const gestures = ["wheel", "zoom", "turn", "pan", "pick", "line", "touch", "drag"].map((name) =>
    h("div", { class: "shortcut" }, h("kbd", { text: t(`gesture.${name}.key`) }), h("span", { text: t(`gesture.${name}`) })),
  );
  const dialog = h(
    "dialog",
    { class: "help", "aria-label": t("help") },
    h(
      "div",
      { class: "row" },
      h("h2", { text: t("help") }),
      h("div", { class: "spring" }),
      button({ label: t("close"), key: "Esc", iconName: "close", class: "plain", onClick: () => dialog.close() }),
    ),
    h("div", { class: "shortcuts" }, rows, gestures),
    h("p", { class: "quiet", text: t("help.keyboard") }),
  );
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  return dialog;
}
