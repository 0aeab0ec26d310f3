/** What the tool in hand can be told, above the picture. */

import { LAYERS } from "../document.js";
import { button, h, slider } from "../dom.js";
import { t } from "../i18n.js";

export const SMALLEST_BRUSH = 2;
export const LARGEST_BRUSH = 200;
const SOURCES = ["shown", ...LAYERS.filter((name) => name !== "strokes")];

export function toolOptions(desk) {
  const element = h("div", { class: "options", role: "group", "aria-label": t("options") });
  const build = () => element.replaceChildren(...[maskOptions(desk) ?? (OPTIONS[desk.ui.get("tool")] ?? nothing)(desk)].flat());
  for (const name of ["tool", "selection", "maskOf"]) desk.ui.on(name, build);
  desk.studio.on("session", build);
  build();
  return element;
}

const OPTIONS = { brush: brushOptions, eraser: brushOptions, picker: pickerOptions, lasso: lassoOptions };

function nothing() {
  return [];
}

function brushOptions({ ui }) {
  const size = slider({
    label: t("brush.size"),
    min: 0,
    max: 100,
    step: 1,
    value: toShare(ui.get("size")),
    show: (share) => `${Math.round(toSize(share))} px`,
    onInput: (share) => ui.set("size", toSize(share)),
    "data-name": "brush-size",
  });
  ui.on("size", (value) => size.set(toShare(value)));
  return size;
}

/** Small sizes get most of the slider. */
function toSize(share) {
  return SMALLEST_BRUSH * (LARGEST_BRUSH / SMALLEST_BRUSH) ** (share / 100);
}

function toShare(size) {
  return Math.round((100 * Math.log(size / SMALLEST_BRUSH)) / Math.log(LARGEST_BRUSH / SMALLEST_BRUSH));
}

function pickerOptions({ ui }) {
  const select = h(
    "select",
    { "aria-label": t("picker.from"), on: { change: () => ui.set("pickFrom", select.value) } },
    SOURCES.map((source) => h("option", { value: source, text: t(source === "shown" ? "picker.shown" : `layer.${source}`) })),
  );
  select.value = ui.get("pickFrom");
  return h("label", { class: "inline" }, h("span", { text: t("picker.from") }), select);
}

function lassoOptions(desk) {
  const selection = desk.ui.get("selection");
  if (!selection.length) return nothing();
  const places = selection.map(([, x, y]) => [x, y]);
  return [
    h("span", { class: "quiet", text: t("lasso.count", { count: selection.length }) }),
    button({ label: t("lasso.fill"), key: "Enter", text: t("lasso.fill"), onClick: () => desk.fill(places) }),
    button({ label: t("lasso.suggest"), text: t("lasso.suggest"), onClick: (event) => desk.suggestFor(places, event) }),
    button({ label: t("lasso.lock"), text: t("lasso.lock"), onClick: () => desk.lock(places) }),
    button({ label: t("lasso.clear"), key: "Delete", text: t("lasso.clear"), onClick: () => desk.clear(places) }),
    button({ label: t("close"), key: "Esc", iconName: "close", class: "plain", onClick: () => desk.ui.set("selection", []) }),
  ];
}

/** While a mask is painted, nothing else can be. */
function maskOptions(desk) {
  if (desk.ui.get("maskOf") === null) return null;
  return [
    h("span", { class: "quiet", text: t("mask.painting") }),
    brushOptions(desk),
    button({ label: t("mask.done"), text: t("mask.done"), class: "primary", onClick: () => desk.ui.set("maskOf", null) }),
  ];
}
