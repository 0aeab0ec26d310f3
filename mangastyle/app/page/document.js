/**
 * The drawing: everything that undo brings back. Documents are plain, frozen by convention: each function gives a new one that
 * shares what did not change, so that hundreds of steps cost little memory. Coordinates are those of the full picture.
 *
 * A stroke is {id, color, width, points: [[x, y] or [x, y, pressure], ...]}; a fill or a lock {id, color, x, y}.
 */

import { meanWidth } from "./strokes.js";

export const LAYERS = ["style", "strokes", "line", "highlights", "shading", "flat", "regions", "original"];
export const METHODS = ["onepass", "polish", "learned", "optimize"];
const HIDDEN = new Set(["regions", "original"]);
const DOTS = 240; // the short side holds so many radii of a fill's dot

export function newDocument() {
  const layers = Object.fromEntries(LAYERS.map((name) => [name, { visible: !HIDDEN.has(name), opacity: 1 }]));
  return {
    strokes: [],
    fills: [],
    locks: [],
    settings: { variant: 0, ink: 1, shading: "cel", light: "left", gap: 0.03 },
    references: [],
    palette: [],
    own: null, // whether a color picture keeps its own colors; null: as the server finds best
    style: { paintings: [], method: "onepass", strength: 0.6, scale: 1, keepColors: false, of: "shaded" },
    layers,
  };
}

let lastId = 0;

/** Ids tell strokes apart within a page; they mean nothing to the server. */
export function newId() {
  lastId = Math.max(lastId + 1, Date.now());
  return lastId;
}

export function addStroke(doc, stroke) {
  return { ...doc, strokes: [...doc.strokes, stroke] };
}

/** Each stroke and fill goes through `cut`, which gives the parts that stay. */
export function cutHints(doc, cutStroke, keepFill) {
  const strokes = doc.strokes.flatMap(cutStroke);
  const fills = doc.fills.filter(keepFill);
  const same = fills.length === doc.fills.length && strokes.length === doc.strokes.length && strokes.every((s, i) => s === doc.strokes[i]);
  return same ? doc : { ...doc, strokes, fills };
}

export function addFill(doc, fill) {
  return { ...doc, fills: [...doc.fills, fill] };
}

export function setLocks(doc, locks) {
  return { ...doc, locks };
}

export function setSettings(doc, changes) {
  return merged(doc, { settings: merged(doc.settings, changes) });
}

export function setStyle(doc, changes) {
  return merged(doc, { style: merged(doc.style, changes) });
}

/** With some entries changed; the same object if they have these values already, which is no step to undo. */
function merged(object, changes) {
  return Object.entries(changes).every(([key, value]) => object[key] === value) ? object : { ...object, ...changes };
}

export function setPainting(doc, id, changes) {
  return setStyle(doc, { paintings: doc.style.paintings.map((p) => (p.id === id ? { ...p, ...changes } : p)) });
}

export function togglePainting(doc, id, several) {
  const { paintings } = doc.style;
  if (paintings.some((p) => p.id === id)) return setStyle(doc, { paintings: paintings.filter((p) => p.id !== id) });
  const added = { id, weight: 1, mask: [] };
  return setStyle(doc, { paintings: several ? [...paintings, added] : [added] });
}

export function setLayer(doc, name, changes) {
  return merged(doc, { layers: merged(doc.layers, { [name]: merged(doc.layers[name], changes) }) });
}

/** Whether a color picture keeps its own colors. */
export function setOwn(doc, own) {
  return merged(doc, { own });
}

export function setReferences(doc, references) {
  return { ...doc, references };
}

export function setPalette(doc, palette) {
  return { ...doc, palette };
}

/** The hint as the command line reads it: lines first, then dots, which cover them. */
export function toHint(doc, width, height) {
  const radius = Math.max(1, Math.round(Math.min(width, height) / DOTS));
  const inside = ([x, y]) => [round(Math.min(Math.max(x, 0), width)), round(Math.min(Math.max(y, 0), height))];
  const lines = [];
  const points = [];
  for (const stroke of doc.strokes) {
    const { points: path, color } = stroke;
    const thickness = meanWidth(stroke);
    if (path.length > 1) lines.push({ points: path.map(inside), color, width: Math.max(1, Math.round(thickness)) });
    else points.push(dot(inside(path[0]), color, Math.max(1, Math.round(thickness / 2))));
  }
  for (const { x, y, color } of [...doc.fills, ...doc.locks]) points.push(dot(inside([x, y]), color, radius));
  return { points, lines, size: [width, height] };
}

function dot([x, y], color, radius) {
  return { x, y, color, radius };
}

function round(value) {
  return Math.round(value * 10) / 10;
}

/** What the server needs to color the picture. */
export function shadeRequest(doc, width, height) {
  return {
    hint: toHint(doc, width, height),
    settings: doc.settings,
    references: doc.references.map((reference) => reference.id),
    palette: doc.palette,
    own: doc.own,
  };
}

/** Whether two documents are colored alike, so that nothing needs to be computed. */
export function sameColors(a, b) {
  return (
    ["strokes", "fills", "locks", "references", "palette", "own"].every((key) => a[key] === b[key]) && sameShading(a.settings, b.settings)
  );
}

/** Ink is left out: the page draws lines as strongly as they are to be by itself. */
function sameShading(a, b) {
  return ["variant", "shading", "light", "gap"].every((key) => a[key] === b[key]);
}
