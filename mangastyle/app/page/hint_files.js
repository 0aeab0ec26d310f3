/** Hints from files of the command line: JSON with points and lines, see `toHint` for the other way. */

import { toHex } from "./color.js";
import { newId } from "./document.js";
import { t } from "./i18n.js";

const WIDTH_SHARE = 1 / 32; // of the short side: width of a stroke that gives none

/** A document with the strokes of a hint added, scaled to a picture of `width` by `height`. `TypeError` if it is no hint. */
export function addHint(doc, hint, width, height) {
  const [wide, high] = hint.size ?? [width, height];
  const scale = [width / wide, height / high];
  const usual = Math.min(width, height) * WIDTH_SHARE;
  const stroke = (points, color, thickness) => ({
    id: newId(),
    color: plainColor(color),
    width: thickness ? thickness * Math.sqrt(scale[0] * scale[1]) : usual,
    points: points.map(([x, y]) => [number(x) * scale[0], number(y) * scale[1]]),
  });
  const lines = (hint.lines ?? []).map((line) => stroke(line.points, line.color, line.width));
  const dots = (hint.points ?? []).map((dot) => stroke([[dot.x, dot.y]], dot.color, dot.radius && 2 * dot.radius));
  return { ...doc, strokes: [...doc.strokes, ...lines, ...dots] };
}

function number(value) {
  if (!Number.isFinite(value)) throw new TypeError(t("noHint.number", { value }));
  return value;
}

/** "#rrggbb" of a name, a code or numbers; the browser knows them all. */
function plainColor(color) {
  if (Array.isArray(color)) return toHex(color.slice(0, 3).map(number));
  const context = document.createElement("canvas").getContext("2d");
  context.fillStyle = "#000001";
  context.fillStyle = color;
  if (context.fillStyle === "#000001") throw new TypeError(t("noHint.color", { color }));
  return context.fillStyle.startsWith("#") ? context.fillStyle : toHex(context.fillStyle.match(/\d+/g).slice(0, 3).map(Number));
}
