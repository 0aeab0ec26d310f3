/** Colors: a field and a slider, swatches that can be dragged onto the picture, palettes and references. */

import { fromHsv, parseHex, toHex, toHsv } from "../color.js";
import { setPalette, setReferences } from "../document.js";
import { button, h, slider, toggle } from "../dom.js";
import { t } from "../i18n.js";

const DRAG_FROM = 6; // CSS pixels that a swatch moves before it counts as dragged
const STEP = 0.02; // of a side, for arrow keys
const ARROWS = { ArrowLeft: [-STEP, 0], ArrowRight: [STEP, 0], ArrowUp: [0, STEP], ArrowDown: [0, -STEP] };
export const FIRST_SWATCHES = [
  "#fde3cf",
  "#f6c6a4",
  "#c98a63",
  "#7a4a33",
  "#2d2a32",
  "#5b4636",
  "#b8763c",
  "#f2d16b",
  "#e8705a",
  "#d63a4a",
  "#f2a7b8",
  "#9a6fb0",
  "#5a6fc0",
  "#3d9be0",
  "#7fd0d8",
  "#4fa36b",
  "#a8cf6a",
  "#ffffff",
  "#c8ccd4",
  "#6c7480",
];

export function colorsPanel(desk) {
  const { ui } = desk;
  const swatches = h("div", { class: "swatches", role: "group", "aria-label": t("swatches") });
  const recent = h("div", { class: "swatches", role: "group", "aria-label": t("recent") });
  const fill = (element, colors) => element.replaceChildren(...colors.map((color) => swatch(desk, color)));
  const current = () => (ui.get("swatches").length ? ui.get("swatches") : FIRST_SWATCHES);
  ui.on("swatches", () => fill(swatches, current()));
  ui.on("recent", () => fill(recent, ui.get("recent")));
  fill(swatches, current());
  fill(recent, ui.get("recent"));
  return h(
    "div",
    { class: "panel" },
    mixer(ui),
    h("h3", { text: t("swatches") }),
    swatches,
    h("div", { class: "row" }, paletteButton(desk), resetButton(ui)),
    paletteToggle(desk, current),
    h("h3", { text: t("recent") }),
    recent,
    h("h3", { text: t("references") }),
    referenceList(desk),
  );
}

function mixer(ui) {
  const state = { hsv: toHsv(ui.get("color")) };
  const knob = h("span", { class: "knob" });
  const field = h(
    "div",
    { class: "field2d", tabindex: 0, role: "slider", "aria-label": t("color.field"), "aria-valuemin": 0, "aria-valuemax": 100 },
    knob,
  );
  const hue = slider({
    label: t("color.hue"),
    min: 0,
    max: 359,
    step: 1,
    value: 0,
    show: (value) => `${value}°`,
    class: "hue",
    onInput: (value) => choose([value, state.hsv[1], state.hsv[2]]),
  });
  const hex = h("input", {
    class: "hex",
    spellcheck: "false",
    maxlength: 7,
    "aria-label": t("color.hex"),
    on: { change: () => typed(), keydown: (event) => event.key === "Enter" && typed() },
  });
  const chip = h("span", { class: "big-chip" });

  function choose(hsv) {
    state.hsv = hsv;
    ui.set("color", fromHsv(hsv));
    show();
  }
  function typed() {
    const color = parseHex(hex.value);
    if (color) ui.set("color", color);
    show();
  }
  function show() {
    const [tint, saturation, value] = state.hsv;
    field.style.setProperty("--hue", `hsl(${tint} 100% 50%)`);
    knob.style.left = `${100 * saturation}%`;
    knob.style.top = `${100 * (1 - value)}%`;
    knob.style.setProperty("--color", ui.get("color"));
    chip.style.setProperty("--color", ui.get("color"));
    field.setAttribute("aria-valuenow", Math.round(100 * value));
    field.setAttribute("aria-valuetext", t("color.value", { saturation: Math.round(100 * saturation), value: Math.round(100 * value) }));
    hue.set(Math.round(tint));
    hex.value = ui.get("color");
  }
  const fromPointer = (event) => {
    const box = field.getBoundingClientRect();
    choose([state.hsv[0], clamp((event.clientX - box.left) / box.width), 1 - clamp((event.clientY - box.top) / box.height)]);
  };
  field.addEventListener("pointerdown", (event) => {
    field.setPointerCapture(event.pointerId);
    fromPointer(event);
  });
  field.addEventListener("pointermove", (event) => event.buttons && fromPointer(event));
  field.addEventListener("keydown", (event) => {
    const move = ARROWS[event.key];
    if (!move) return;
    event.preventDefault();
    event.stopPropagation();
    choose([state.hsv[0], clamp(state.hsv[1] + move[0]), clamp(state.hsv[2] + move[1])]);
  });
  ui.on("color", (color) => {
    // A gray has no hue, and black no saturation: the knobs then stay where they are.
    if (fromHsv(state.hsv) !== color) state.hsv = toHsv(color);
    show();
  });
  show();
  return h("div", { class: "mixer" }, field, hue, h("div", { class: "row" }, chip, hex));
}

function clamp(value) {
  return Math.min(Math.max(value, 0), 1);
}

/** A swatch: a click takes it, a drag carries it to a region. */
function swatch(desk, color) {
  const element = button({ label: t("swatch", { color }), class: "swatch", onClick: () => desk.ui.set("color", color) });
  element.style.setProperty("--color", color);
  element.dataset.color = color;
  element.addEventListener("pointerdown", (event) => startDrag(desk, element, color, event));
  return element;
}

function startDrag(desk, element, color, start) {
  if (start.button) return;
  element.setPointerCapture(start.pointerId);
  let ghost = null;
  const finish = () => {
    ghost?.remove();
    element.removeEventListener("pointermove", move);
    element.removeEventListener("pointerup", drop);
    element.removeEventListener("pointercancel", finish);
    desk.hover(null);
  };
  const move = (event) => {
    if (!ghost && Math.hypot(event.clientX - start.clientX, event.clientY - start.clientY) < DRAG_FROM) return;
    if (!ghost) {
      ghost = h("div", { class: "ghost" });
      ghost.style.setProperty("--color", color);
      document.body.append(ghost);
    }
    ghost.style.left = `${event.clientX}px`;
    ghost.style.top = `${event.clientY}px`;
    desk.hover(desk.placeAt(event), true);
  };
  const drop = (event) => {
    const place = ghost && desk.placeAt(event);
    finish();
    if (!place) return;
    event.preventDefault();
    desk.ui.set("color", color);
    desk.fill([place]);
  };
  element.addEventListener("pointermove", move);
  element.addEventListener("pointerup", drop);
  element.addEventListener("pointercancel", finish);
}

function paletteButton(desk) {
  return button({
    label: t("palette.from"),
    text: t("palette.from"),
    iconName: "picture",
    onClick: () => desk.chooseFile("image/*", async (file) => desk.ui.set("swatches", await desk.studio.paletteOf(file, file.name))),
  });
}

function resetButton(ui) {
  const element = button({ label: t("palette.reset"), text: t("palette.reset"), class: "plain", onClick: () => ui.set("swatches", []) });
  const update = () => (element.hidden = !ui.get("swatches").length);
  ui.on("swatches", update);
  update();
  return element;
}

/** While it is on, the palette follows the swatches. */
function paletteToggle({ studio, ui }, current) {
  const element = toggle({
    label: t("palette.use"),
    checked: false,
    onChange: (on) => studio.commit(setPalette(studio.doc, on ? current() : [])),
  });
  studio.on("document", (doc) => element.set(doc.palette.length > 0));
  ui.on("swatches", () => studio.doc?.palette.length && studio.commit(setPalette(studio.doc, current())));
  return element;
}

function referenceList(desk) {
  const { studio } = desk;
  const list = h("div", { class: "references" });
  const add = button({
    label: t("reference.add"),
    text: t("reference.add"),
    iconName: "plus",
    onClick: () => desk.chooseFile("image/*", (file) => studio.addReference(file, file.name)),
  });
  const pictures = new Map();
  const show = (doc) => {
    list.replaceChildren(
      ...doc.references.map((reference) => {
        if (!pictures.has(reference.id)) pictures.set(reference.id, referencePicture(desk, reference));
        return pictures.get(reference.id);
      }),
    );
  };
  studio.on("document", show);
  studio.on("session", () => pictures.clear());
  return h("div", {}, h("p", { class: "quiet", text: t("reference.hint") }), list, add);
}

/** A reference whose colors can be taken: by a click, or by a mark that arrow keys move. */
function referencePicture({ studio, ui }, { id, name }) {
  const canvas = h("canvas", { width: 1, height: 1, role: "application", tabindex: 0, "aria-label": t("reference.pick", { name }) });
  const mark = h("span", { class: "knob", hidden: true });
  const context = canvas.getContext("2d", { willReadFrequently: true });
  studio.api.bitmap(`/sessions/${studio.session.id}/references/${id}?side=400`).then(
    (bitmap) => {
      Object.assign(canvas, { width: bitmap.width, height: bitmap.height });
      context.drawImage(bitmap, 0, 0);
    },
    (error) => studio.report(error),
  );
  const place = [0.5, 0.5]; // of the mark, as shares of the sides
  const take = (x, y) => {
    [place[0], place[1]] = [clamp(x), clamp(y)];
    const [column, row] = [canvas.width, canvas.height].map((side, axis) => Math.min(Math.floor(place[axis] * side), side - 1));
    ui.set("color", toHex([...context.getImageData(column, row, 1, 1).data.slice(0, 3)]));
    mark.style.left = `${100 * place[0]}%`;
    mark.style.top = `${100 * place[1]}%`;
    mark.style.setProperty("--color", ui.get("color"));
  };
  const takeUnder = (event) => take(event.offsetX / canvas.clientWidth, event.offsetY / canvas.clientHeight);
  canvas.addEventListener("pointerdown", takeUnder);
  canvas.addEventListener("pointermove", (event) => event.buttons && takeUnder(event));
  canvas.addEventListener("keydown", (event) => {
    const move = ARROWS[event.key];
    if (!move) return;
    event.preventDefault();
    mark.hidden = false;
    take(place[0] + move[0], place[1] - move[1]);
  });
  canvas.addEventListener("blur", () => (mark.hidden = true));
  const remove = button({
    label: t("reference.remove", { name }),
    iconName: "close",
    class: "remove",
    onClick: () =>
      studio.commit(
        setReferences(
          studio.doc,
          studio.doc.references.filter((one) => one.id !== id),
        ),
      ),
  });
  return h("div", { class: "reference" }, canvas, mark, remove);
}
