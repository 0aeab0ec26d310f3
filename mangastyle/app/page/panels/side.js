/** The panels at the right: one of several by tabs, and the layers below. */

import { h } from "../dom.js";
import { t } from "../i18n.js";
import { colorsPanel } from "./colors.js";
import { layersPanel } from "./layers.js";
import { lightPanel } from "./light.js";
import { savePanel } from "./save.js";
import { stylePanel } from "./style.js";

const PANELS = { colors: colorsPanel, light: lightPanel, style: stylePanel, save: savePanel };
const NAMES = Object.keys(PANELS);
const DROPPED = { style: "painting", colors: "reference" }; // what a picture becomes that is dropped there

export function sidePanels(desk, showPanel) {
  const { ui } = desk;
  const tabs = NAMES.map((name) => tab(name, showPanel));
  const bodies = NAMES.map((name) => body(name, PANELS[name](desk)));
  const show = (chosen) =>
    NAMES.forEach((name, i) => {
      bodies[i].hidden = name !== chosen;
      tabs[i].setAttribute("aria-selected", String(name === chosen));
      tabs[i].tabIndex = name === chosen ? 0 : -1;
    });
  ui.on("panel", show);
  show(ui.get("panel"));
  return h(
    "aside",
    { class: "side", "aria-label": t("panels") },
    h("div", { class: "tabs", role: "tablist", "aria-label": t("panels") }, tabs),
    h("div", { class: "tab-bodies" }, bodies),
    layersPanel(desk),
  );
}

function tab(name, showPanel) {
  const keydown = (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const next = NAMES[(NAMES.indexOf(name) + step + NAMES.length) % NAMES.length];
    showPanel(next);
    document.getElementById(`tab-${next}`).focus();
  };
  const on = { click: () => showPanel(name), keydown };
  return h("button", { type: "button", role: "tab", id: `tab-${name}`, "aria-controls": `panel-${name}`, text: t(`panel.${name}`), on });
}

function body(name, panel) {
  const names = { id: `panel-${name}`, "aria-labelledby": `tab-${name}`, "data-drop": DROPPED[name] };
  return h("div", { class: "tab-body", role: "tabpanel", ...names }, panel);
}
