/** Fills the region under the pointer; drawn over several, it fills them all in one step. */

import { fillRegions } from "../hints.js";

export class Bucket {
  outlines = true;
  #filled = null;

  constructor(desk) {
    this.desk = desk;
  }

  down(point) {
    this.desk.studio.history.seal();
    this.#filled = { labels: new Set(), key: Symbol("fill"), refused: false };
    this.#fill(point);
  }

  move(points) {
    if (this.#filled) points.forEach((point) => this.#fill(point));
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
    const label = labels?.at(x, y) ?? -1;
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
