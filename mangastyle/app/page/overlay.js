/** What lies above the pictures: strokes and other marks, outlines of regions, what is being drawn, the brush or the cross. */

import { contrasting } from "./color.js";
import { drawMask } from "./mask.js";
import { drawStroke } from "./strokes.js";

const MARKED = { brush: ["strokes"], eraser: ["strokes", "fills"], lock: ["locks"], bucket: ["locks"], lasso: ["locks"] };
const MARK = 5; // CSS pixels, radius of a mark
const MASK_COLOR = "#e0245e";
const LOOKED_AT = ["style", "save"]; // panels at which the picture is looked at: marks would lie on it
const MASK_OPACITY = 0.45;
const KEPT_OUTLINES = 500;

export class Overlay {
  #view;
  #studio;
  #ui;
  #outlines = { labels: null, paths: new Map() };
  #mask = document.createElement("canvas");

  constructor({ view, studio, ui }) {
    this.#view = view;
    this.#studio = studio;
    this.#ui = ui;
  }

  /** `scene` has what moves: `live`, `hovered`, `outlines`, `brushRadius`, `keyboard`. */
  draw(context, scene, ratio) {
    context.setTransform(...this.#view.matrix(ratio));
    if (this.#ui.get("maskOf") !== null) this.#drawMask(context, scene.live, ratio);
    else {
      this.#drawMarks(context);
      if (scene.live) this.#drawLive(context, scene.live);
    }
    this.#drawOutlines(context, scene);
    this.#drawCursor(context, scene, ratio);
  }

  #drawMarks(context) {
    if (LOOKED_AT.includes(this.#ui.get("panel"))) return;
    const { doc } = this.#studio;
    const kinds = MARKED[this.#ui.get("tool")] ?? [];
    const layer = doc.layers.strokes;
    if (layer.visible && kinds.includes("strokes")) {
      context.globalAlpha = layer.opacity;
      for (const stroke of doc.strokes) this.#drawMarkedStroke(context, stroke);
    }
    context.globalAlpha = 1;
    if (kinds.includes("fills")) for (const fill of doc.fills) this.#drawDot(context, fill);
    if (kinds.includes("locks")) for (const lock of doc.locks) this.#drawLock(context, lock);
  }

  /** With a thin rim, so that a stroke is seen on its own color. */
  #drawMarkedStroke(context, stroke) {
    const rim = 2 / this.#view.scale;
    context.strokeStyle = context.fillStyle = contrasting(stroke.color) === "#000000" ? "#00000066" : "#ffffff99";
    drawStroke(context, { ...stroke, width: stroke.width + rim });
    context.strokeStyle = context.fillStyle = stroke.color;
    drawStroke(context, stroke);
  }

  #drawDot(context, { x, y, color }) {
    const size = 1 / this.#view.scale;
    context.beginPath();
    context.arc(x, y, MARK * size, 0, 2 * Math.PI);
    context.fillStyle = color;
    context.fill();
    context.lineWidth = 1.5 * size;
    context.strokeStyle = contrasting(color);
    context.stroke();
  }

  #drawLock(context, { x, y, color }) {
    const size = 1 / this.#view.scale;
    context.save();
    context.translate(x, y);
    context.rotate(-this.#view.angle);
    context.scale(size, size);
    context.strokeStyle = context.fillStyle = contrasting(color);
    context.lineWidth = 1.6;
    context.fillRect(-5, -1, 10, 8);
    context.beginPath();
    context.arc(0, -1, 3.4, Math.PI, 0);
    context.stroke();
    context.restore();
  }

  /** The mask as it will be, with what is being drawn; evenly, however its strokes overlap. */
  #drawMask(context, live, ratio) {
    const { doc, session } = this.#studio;
    const strokes = doc.style.paintings.find(({ id }) => id === this.#ui.get("maskOf"))?.mask ?? [];
    const all = live ? [...strokes, { ...live, erase: live.kind === "erase" }] : strokes;
    if (!all.length) return;
    const canvas = this.#mask;
    Object.assign(canvas, { width: context.canvas.width, height: context.canvas.height });
    const mask = canvas.getContext("2d");
    mask.setTransform(...this.#view.matrix(ratio));
    drawMask(mask, all, session.width, session.height);
    mask.setTransform(1, 0, 0, 1, 0, 0);
    mask.globalCompositeOperation = "source-in";
    mask.fillStyle = MASK_COLOR;
    mask.fillRect(0, 0, canvas.width, canvas.height);
    context.save();
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.globalAlpha = MASK_OPACITY;
    context.drawImage(canvas, 0, 0);
    context.restore();
  }

  #drawLive(context, live) {
    if (live.kind === "lasso") this.#drawLasso(context, live.points);
    else {
      const colors = { stroke: live.color, erase: "#88888888" };
      context.strokeStyle = context.fillStyle = colors[live.kind];
      drawStroke(context, live);
    }
  }

  #drawLasso(context, points) {
    const path = new Path2D();
    points.forEach(([x, y], i) => (i ? path.lineTo(x, y) : path.moveTo(x, y)));
    path.closePath();
    this.#strokeTwice(context, path, this.#view.scale);
  }

  /** Dark and light, so that it is seen on everything. */
  #strokeTwice(context, path, scale) {
    context.lineWidth = 3 / scale;
    context.strokeStyle = "#ffffffcc";
    context.stroke(path);
    context.lineWidth = 1.25 / scale;
    context.strokeStyle = "#1668dc";
    context.stroke(path);
  }

  #drawOutlines(context, { hovered, outlines }) {
    const labels = this.#studio.pictures.outlineLabels;
    if (!labels) return;
    context.save();
    context.scale(1 / labels.scaleX, 1 / labels.scaleY);
    const scale = this.#view.scale / labels.scaleX;
    for (const [, x, y] of this.#ui.get("selection")) this.#strokeTwice(context, this.#outlineOf(labels, labels.at(x, y)), scale);
    if (hovered && outlines) {
      const label = labels.at(...hovered);
      if (label >= 0) this.#strokeTwice(context, this.#outlineOf(labels, label), scale);
    }
    context.restore();
  }

  /** Outlines are kept, since they are drawn again whenever the pointer moves. */
  #outlineOf(labels, label) {
    if (this.#outlines.labels !== labels || this.#outlines.paths.size > KEPT_OUTLINES) this.#outlines = { labels, paths: new Map() };
    const { paths } = this.#outlines;
    if (!paths.has(label)) paths.set(label, labels.outline(label));
    return paths.get(label);
  }

  #drawCursor(context, { hovered, brushRadius, keyboard }, ratio) {
    if (!hovered) return;
    const [x, y] = this.#view.toScreen(...hovered);
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    if (brushRadius) {
      const path = new Path2D();
      path.arc(x, y, Math.max(brushRadius, 1), 0, 2 * Math.PI);
      context.lineWidth = 2.5;
      context.strokeStyle = "#ffffffaa";
      context.stroke(path);
      context.lineWidth = 1;
      context.strokeStyle = "#000000cc";
      context.stroke(path);
    }
    if (keyboard) this.#drawCross(context, x, y);
  }

  #drawCross(context, x, y) {
    for (const [width, color] of [
      [3.5, "#ffffffdd"],
      [1.5, "#d6249f"],
    ]) {
      context.lineWidth = width;
      context.strokeStyle = color;
      context.beginPath();
      for (const [dx, dy] of [
        [1, 0],
        [-1, 0],
        [0, 1],
        [0, -1],
      ]) {
        context.moveTo(x + 3 * dx, y + 3 * dy);
        context.lineTo(x + 12 * dx, y + 12 * dy);
      }
      context.stroke();
    }
  }
}
