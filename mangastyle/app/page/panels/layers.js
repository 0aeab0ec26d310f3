/** The layers, from the top to the bottom, with visibility and opacity. */

import { LAYERS, setLayer } from "../document.js";
import { button, h, icon } from "../dom.js";
import { t } from "../i18n.js";

const CRAMPED = "(pointer: coarse) and (max-height: 800px), (max-height: 600px)";

export function layersPanel({ studio }) {
  const rows = new Map(LAYERS.map((name) => [name, layerRow(studio, name)]));
  studio.on("document", (doc) => rows.forEach((row, name) => row.show(doc.layers[name])));
  const list = h("ul", { class: "layers" }, [...rows.values()]);
  return h("details", { class: "layers-panel", open: !matchMedia(CRAMPED).matches }, h("summary", { text: t("layers") }), list);
}

function layerRow(studio, name) {
  const label = t(`layer.${name}`);
  const eye = button({
    label: t("layer.toggle", { name: label }),
    iconName: "eye",
    class: "plain eye",
    "data-layer": name,
    onClick: () => studio.doc && studio.commit(setLayer(studio.doc, name, { visible: !studio.doc.layers[name].visible })),
  });
  const opacity = h("input", {
    type: "range",
    min: 0,
    max: 1,
    step: 0.01,
    value: 1,
    class: "opacity",
    "aria-label": t("layer.opacity", { name: label }),
    on: {
      input: () => studio.doc && studio.commit(setLayer(studio.doc, name, { opacity: Number(opacity.value) }), `opacity ${name}`),
      change: () => studio.history?.seal(),
    },
  });
  const row = h("li", { class: "layer" }, eye, h("span", { class: "layer-name", text: label }), opacity);
  row.show = (layer) => {
    eye.setAttribute("aria-pressed", String(layer.visible));
    eye.replaceChildren(icon(layer.visible ? "eye" : "eyeOff"));
    row.classList.toggle("hidden-layer", !layer.visible);
    opacity.value = layer.opacity;
    opacity.setAttribute("aria-valuetext", `${Math.round(100 * layer.opacity)} %`);
  };
  return row;
}
