/** Rubs out strokes and fills along its way; a click without moving frees the whole region from what was said of it. */

import { newId } from "../document.js";
import { clearRegions, eraseAlong } from "../hints.js";
import { simplify } from "../strokes.js";
import { paintMask } from "./brush.js";

const STILL = 4; // CSS pixels that a click may move

export class Eraser {
  hasBrush = true;
  #points = null;

  constructor(desk) {
    this.desk = desk;
  }

  down(point) {
    this.#points = [point.slice(0, 2)];
    this.#show();
  }

  move(points) {
    if (!this.#points) return;
    this.#points.push(...points.map((point) => point.slice(0, 2)));
    this.#show();
  }

  up() {
    const points = this.#points;
    this.cancel();
    if (!points) return;
    const { studio, ui, view } = this.desk;
    const width = ui.get("size") / view.scale;
    const path = simplify(points, 0.5 / view.scale);
    if (ui.get("maskOf") !== null) return paintMask(this.desk, { id: newId(), width, points: path }, true);
    const erased = eraseAlong(studio.doc, path, width / 2, 0.5);
    studio.commit(erased === studio.doc && this.#isClick(points) ? this.#clear(points[0]) : erased);
  }

  cancel() {
    this.#points = null;
    this.desk.stage.live = null;
    this.desk.stage.drawOverlay();
  }

  #isClick(points) {
    return points.every(([x, y]) => Math.hypot(x - points[0][0], y - points[0][1]) * this.desk.view.scale <= STILL);
  }

  #clear(place) {
    const { studio, regions: labels } = this.desk;
    return labels ? clearRegions(studio.doc, labels, new Set([labels.at(...place)])) : studio.doc;
  }

  #show() {
    this.desk.stage.live = { kind: "erase", width: this.desk.ui.get("size") / this.desk.view.scale, points: this.#points };
    this.desk.stage.drawOverlay();
  }
}
