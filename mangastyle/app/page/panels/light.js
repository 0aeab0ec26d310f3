/** Suggestions, shading, light, lines: what holds for the whole picture. */

import { setOwn, setSettings } from "../document.js";
import { button, choice, h, slider, toggle } from "../dom.js";
import { t } from "../i18n.js";

const percent = (value) => `${Math.round(100 * value)} %`;

export function lightPanel(desk) {
  const { studio, ui } = desk;
  const change = (changes, key = null) => studio.commit(setSettings(studio.doc, changes), key);
  const variant = h("output", { class: "counter", "aria-live": "polite" });
  const step = (by) => change({ variant: Math.max(0, studio.doc.settings.variant + by) });
  const shading = choice({
    label: t("shading"),
    value: "cel",
    onChoose: (value) => change({ shading: value }),
    options: ["soft", "cel", "none"].map((value) => ({ value, text: t(`shading.${value}`) })),
  });
  const light = choice({
    label: t("light"),
    value: "left",
    onChoose: (value) => change({ light: value }),
    options: ["left", "right"].map((value) => ({ value, text: t(`light.${value}`) })),
  });
  const ink = slider({
    label: t("ink"),
    min: 0,
    max: 1,
    step: 0.01,
    value: 1,
    show: percent,
    onInput: (value) => change({ ink: value }, "ink"),
    onChange: () => studio.history.seal(),
  });
  const gap = slider({
    label: t("gap"),
    min: 0,
    max: 0.1,
    step: 0.005,
    value: 0.03,
    show: (value) => `${(100 * value).toFixed(1)} %`,
    onInput: (value) => change({ gap: value }, "gap"),
    onChange: () => studio.history.seal(),
  });
  const lineArt = choice({
    label: t("kind"),
    value: "line",
    onChoose: (value) => studio.setLineArt(value === "line").catch((error) => studio.report(error)),
    options: ["line", "color"].map((value) => ({ value, text: t(`kind.${value}`) })),
  });
  const own = toggle({ label: t("own"), checked: true, onChange: (value) => studio.commit(setOwn(studio.doc, value)) });
  const auto = toggle({ label: t("auto"), checked: ui.get("auto"), onChange: (value) => ui.set("auto", value) });
  const now = button({ label: t("preview.now"), key: "Ctrl+Enter", text: t("preview.now"), onClick: () => studio.requestPreview() });
  const back = button({ label: t("variant.previous"), key: "Shift+N", iconName: "undo", class: "plain", onClick: () => step(-1) });

  studio.on("document", ({ settings, own: keeps }) => {
    own.set(keeps ?? true);
    variant.textContent = settings.variant ? t("variant.number", { number: settings.variant }) : t("variant.first");
    back.disabled = settings.variant === 0;
    shading.lastChild.set(settings.shading);
    light.lastChild.set(settings.light);
    ink.set(settings.ink);
    gap.set(settings.gap);
  });
  studio.on("session", (session) => {
    lineArt.lastChild.set(session.line_art ? "line" : "color");
    own.hidden = session.line_art;
  });
  return h(
    "div",
    { class: "panel" },
    h("h3", { text: t("variant") }),
    h(
      "div",
      { class: "row" },
      button({ label: t("variant.next"), key: "N", iconName: "dice", text: t("variant.next"), onClick: () => step(1) }),
      back,
      variant,
    ),
    h("p", { class: "quiet", text: t("variant.hint") }),
    h("h3", { text: t("light.title") }),
    shading,
    light,
    h("h3", { text: t("lines.title") }),
    ink,
    gap,
    h("h3", { text: t("picture.title") }),
    lineArt,
    own,
    auto,
    now,
  );
}
