/** Paints strokes; with a painting's mask in hand, where that painting is to be. */

import { newId, setPainting } from "../document.js";
import { paintStroke } from "../hints.js";
import { simplify } from "../strokes.js";

const TOLERANCE = 0.35; // CSS pixels that a stroke may differ from what the hand drew

export class Brush {
  hasBrush = true;
  #points = null;
  #last = null; // where the stroke before ended

  constructor(desk) {
    this.desk = desk;
    desk.studio.on("session", () => (this.#last = null));
  }

  /** With Shift, straight from where the stroke before ended. */
  down(point, event) {
    this.#points = event.shiftKey && this.#last ? [this.#last, point] : [point];
    this.#show();
  }

  move(points) {
    if (!this.#points) return;
    this.#points.push(...points);
    this.#show();
  }

  up() {
    const points = this.#points;
    this.cancel();
    if (!points) return;
    this.#last = points.at(-1).slice(0, 2);
    const stroke = { id: newId(), color: this.desk.ui.get("color"), width: this.#width(), points: this.#tidy(points) };
    if (this.desk.ui.get("maskOf") !== null) paintMask(this.desk, stroke, false);
    else this.#paint(stroke);
  }

  cancel() {
    this.#points = null;
    this.desk.stage.live = null;
    this.desk.stage.drawOverlay();
  }

  #width() {
    return this.desk.ui.get("size") / this.desk.view.scale;
  }

  #tidy(points) {
    const rounded = points.map((point) => point.map((value, axis) => Math.round(value * (axis < 2 ? 10 : 100)) / (axis < 2 ? 10 : 100)));
    return simplify(rounded, TOLERANCE / this.desk.view.scale, this.#width());
  }

  #show() {
    const kind = this.desk.ui.get("maskOf") === null ? "stroke" : "mask";
    this.desk.stage.live = { kind, color: this.desk.ui.get("color"), width: this.#width(), points: this.#points };
    this.desk.stage.drawOverlay();
  }

  #paint(stroke) {
    const { studio, ui } = this.desk;
    const { doc, places } = paintStroke(studio.doc, studio.pictures.labels, stroke);
    if (doc === studio.doc) return this.desk.say("locked");
    for (const place of places) studio.colorNow(place, stroke.color);
    studio.commit(doc);
    ui.useColor(stroke.color);
  }
}

/** A stroke of the mask that is painted, which adds to it or takes away. */
export function paintMask(desk, stroke, erase) {
  const { studio, ui } = desk;
  const id = ui.get("maskOf");
  const painting = studio.doc.style.paintings.find((one) => one.id === id);
  if (!painting) return;
  const mark = { id: stroke.id, width: stroke.width, points: stroke.points, erase };
  studio.commit(setPainting(studio.doc, id, { mask: [...painting.mask, mark] }));
}
