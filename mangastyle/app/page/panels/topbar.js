/** Above the picture: its name, undo, what the tool can be told, before and after, and what is always at hand. */

import { button, h } from "../dom.js";
import { LANGUAGES, t } from "../i18n.js";

export function topbar({ desk, options, actions, language }) {
  const { studio, ui } = desk;
  const name = h("span", { class: "file-name" });
  const undo = button({ label: t("undo"), key: "Ctrl+Z", iconName: "undo", class: "plain", onClick: actions.undo });
  const redo = button({ label: t("redo"), key: "Ctrl+Shift+Z", iconName: "redo", class: "plain", onClick: actions.redo });
  const compare = button({ label: t("compare"), key: "V", iconName: "compare", class: "plain", onClick: actions.compare });
  const theme = button({ label: t("theme"), iconName: "sun", class: "plain", onClick: actions.theme });
  const update = () => {
    name.textContent = studio.session?.name ?? "";
    undo.disabled = !studio.history?.canUndo;
    redo.disabled = !studio.history?.canRedo;
    compare.disabled = !studio.session;
    compare.setAttribute("aria-pressed", String(ui.get("compare") !== null));
  };
  studio.on("document", () => name.classList.add("unsaved"));
  studio.on("session", () => name.classList.remove("unsaved"));
  studio.on("saved", () => name.classList.remove("unsaved"));
  for (const event of ["document", "session", "jobs"]) studio.on(event, update);
  ui.on("compare", update);
  update();
  return h(
    "header",
    { class: "topbar" },
    h(
      "button",
      { type: "button", class: "brand", title: t("home"), on: { click: actions.home } },
      h("img", { src: "/page/icon.svg", alt: "" }),
      h("span", { text: "mangastyle" }),
    ),
    button({ label: t("open"), key: "Ctrl+O", iconName: "open", text: t("open"), onClick: actions.open }),
    name,
    h("div", { class: "group" }, undo, redo),
    options,
    h("div", { class: "spring" }),
    h(
      "div",
      { class: "group" },
      compare,
      languageChoice(language, actions.language),
      theme,
      button({ label: t("help"), key: "?", iconName: "help", class: "plain", onClick: actions.help }),
    ),
  );
}

function languageChoice(language, onChoose) {
  const select = h(
    "select",
    { class: "language", "aria-label": t("language"), on: { change: () => onChoose(select.value) } },
    Object.entries(LANGUAGES).map(([code, label]) => h("option", { value: code, text: label, lang: code })),
  );
  select.value = language;
  return select;
}
