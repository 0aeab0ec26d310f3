/** Fills the region under the pointer; drawn over several, it fills them all in one step. */

import { fillRegions } from "../hints.js";
import { along } from "../strokes.js";

export class Bucket {
  outlines = true;
  #filled = null;

  constructor(desk) {
    this.desk = desk;
  }

  down(point) {
    if (!this.desk.regions) return;
    this.desk.studio.history.seal();
    this.#filled = { labels: new Set(), key: Symbol("fill"), last: point };
    this.#fill(point);
  }

  /** A fast hand skips no region. */
  move(points) {
    if (!this.#filled) return;
    const step = 1 / this.desk.studio.pictures.labels.scaleX;
    const [, ...places] = along([this.#filled.last, ...points], step);
    this.#filled.last = points.at(-1);
    for (const place of places) this.#fill(place);
  }

  up() {
    this.cancel();
    this.desk.studio.history.seal();
  }

  cancel() {
    this.#filled = null;
  }

  #fill([x, y]) {
    const { studio, ui } = this.desk;
    const { labels } = studio.pictures;
    const label = labels.at(x, y);
    if (label < 0 || this.#filled.labels.has(label)) return;
    this.#filled.labels.add(label);
    const color = ui.get("color");
    const doc = fillRegions(studio.doc, labels, [[x, y]], color);
    if (doc === studio.doc) return this.desk.say("locked");
    studio.colorNow([x, y], color);
    studio.commit(doc, this.#filled.key);
    ui.useColor(color);
  }
}
