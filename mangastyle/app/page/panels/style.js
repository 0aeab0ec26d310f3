/** The painter's style: a gallery, how strongly and by which method, and where each painting paints. */

import { METHODS, setPainting, setStyle, togglePainting } from "../document.js";
import { button, choice, h, slider, toggle } from "../dom.js";
import { t } from "../i18n.js";

const percent = (value) => `${Math.round(100 * value)} %`;

export function stylePanel(desk) {
  const { studio, ui } = desk;
  const change = (changes, key = null) => studio.commit(setStyle(studio.doc, changes), key);
  const seal = () => studio.history.seal();
  const several = toggle({ label: t("style.several"), checked: ui.get("several"), onChange: (value) => ui.set("several", value) });
  ui.on("several", (value) => several.set(value));
  const strength = slider({
    label: t("style.strength"),
    min: 0,
    max: 1,
    step: 0.02,
    value: 0.6,
    show: percent,
    onInput: (value) => change({ strength: value }, "strength"),
    onChange: seal,
    "data-name": "strength",
  });
  const scale = slider({
    label: t("style.scale"),
    min: 0.25,
    max: 3,
    step: 0.05,
    value: 1,
    show: (value) => `× ${value.toFixed(2)}`,
    onInput: (value) => change({ scale: value }, "scale"),
    onChange: seal,
  });
  const keep = toggle({ label: t("style.keep"), checked: false, onChange: (value) => change({ keepColors: value }) });
  const method = choice({
    label: t("style.method"),
    value: "onepass",
    options: METHODS.map((value) => ({ value, text: t(`method.${value}`) })),
    onChoose: (value) => change({ method: value }),
  });
  const about = h("p", { class: "quiet" });
  const of = choice({
    label: t("style.of"),
    value: "shaded",
    options: ["shaded", "original"].map((value) => ({ value, text: t(`of.${value}`) })),
    onChoose: (value) => change({ of: value }),
  });
  const paint = button({
    label: t("style.paint"),
    text: t("style.paint"),
    iconName: "style",
    class: "primary",
    onClick: () => studio.painter.request(false),
  });
  const full = button({ label: t("style.full"), text: t("style.full"), onClick: () => studio.painter.request(false, "full") });
  const mix = h("div", { class: "mix" });
  const rest = h(
    "div",
    { class: "stack" },
    strength,
    method,
    about,
    h("div", { class: "row" }, paint, full),
    scale,
    keep,
    several,
    mix,
    of,
  );
  const first = h("p", { class: "quiet", text: t("style.first") });
  const show = ({ style }) => {
    if (style.paintings.length > 1) ui.set("several", true);
    rest.hidden = !style.paintings.length;
    first.hidden = !rest.hidden;
    strength.set(style.strength);
    scale.set(style.scale);
    keep.set(style.keepColors);
    method.lastChild.set(style.method);
    of.lastChild.set(style.of);
    about.textContent = t(`method.${style.method}.about`);
    showMix(desk, mix, style.paintings);
  };
  studio.on("document", show);
  ui.on("maskOf", (id) => [...mix.children].forEach((row) => row.mark(id)));
  return h("div", { class: "panel" }, gallery(desk), first, rest);
}

function gallery(desk) {
  const { studio, ui } = desk;
  const grid = h("div", { class: "gallery", role: "group", "aria-label": t("gallery") });
  const tiles = new Map();
  const choose = (id, event) => {
    const many = event.ctrlKey || event.metaKey || event.shiftKey || ui.get("several");
    studio.commit(togglePainting(studio.doc, id, many));
  };
  const add = button({
    label: t("gallery.add"),
    iconName: "plus",
    text: t("gallery.add"),
    class: "small",
    onClick: () => desk.chooseFile("image/*", (file) => desk.addPainting(file)),
  });
  const mark = (doc) =>
    tiles.forEach((tile, id) => tile.setAttribute("aria-pressed", String(doc?.style.paintings.some((p) => p.id === id) ?? false)));
  desk.on("paintings", (paintings) => {
    for (const painting of paintings)
      if (!tiles.has(painting.id))
        tiles.set(
          painting.id,
          tileOf(desk, painting, (event) => choose(painting.id, event)),
        );
    const there = new Set(paintings.map(({ id }) => id));
    for (const id of [...tiles.keys()]) if (!there.has(id)) tiles.delete(id);
    grid.replaceChildren(...[...tiles.values()].map((tile) => tile.box));
    mark(studio.doc);
  });
  studio.on("document", mark);
  desk.on("paintingAdded", (id) => tiles.get(id)?.scrollIntoView({ block: "nearest" }));
  const title = h("div", { class: "row" }, h("h3", { text: t("gallery") }), h("div", { class: "spring" }), add);
  return h("div", { class: "stack" }, title, grid);
}

/** A painting; those that were brought can be removed. */
function tileOf(desk, { id, name, brought }, onClick) {
  const image = h("img", { alt: "", draggable: "false" });
  const tile = h(
    "button",
    { type: "button", class: "tile", title: name, "aria-label": name, "aria-pressed": "false", on: { click: onClick } },
    image,
  );
  const label = t("gallery.remove", { name });
  const remove = brought && button({ label, iconName: "close", class: "remove", onClick: () => desk.removePainting(id, name) });
  tile.box = h("div", { class: "tile-box" }, tile, remove);
  desk.whenSeen(tile.box, () => desk.showSmall(image, `/paintings/${id}?side=160`));
  return tile;
}

/** Each chosen painting's weight, if there are several, and its mask. */
function showMix(desk, mix, paintings) {
  const wanted = paintings.map(({ id }) => id).join();
  if (mix.dataset.shown !== wanted) {
    mix.dataset.shown = wanted;
    mix.replaceChildren(...paintings.map(({ id }) => mixRow(desk, id, paintings.length > 1)));
  }
  paintings.forEach((painting, i) => mix.children[i].show(painting));
}

function mixRow(desk, id, weighted) {
  const { studio, ui } = desk;
  const name = desk.paintingName(id);
  const weight = slider({
    label: name,
    min: 0.05, // a painting without weight is taken out instead
    max: 2,
    step: 0.05,
    value: 1,
    show: (value) => value.toFixed(2),
    onInput: (value) => studio.commit(setPainting(studio.doc, id, { weight: value }), `weight ${id}`),
    onChange: () => studio.history.seal(),
  });
  const paint = button({
    label: t("mask.paintOf", { name }),
    text: t("mask.paint"),
    onClick: () => {
      ui.set("maskOf", ui.get("maskOf") === id ? null : id);
      if (ui.get("maskOf") !== null) ui.set("tool", "brush");
    },
  });
  const clear = button({
    label: t("mask.clearOf", { name }),
    text: t("mask.clear"),
    class: "plain",
    onClick: () => studio.commit(setPainting(studio.doc, id, { mask: [] })),
  });
  const row = h("div", { class: "mix-row" }, weighted && weight, h("div", { class: "row" }, paint, clear));
  row.show = (painting) => {
    weight.set(painting.weight);
    clear.hidden = !painting.mask.length;
  };
  row.mark = (current) => paint.setAttribute("aria-pressed", String(current === id));
  row.mark(ui.get("maskOf"));
  return row;
}
