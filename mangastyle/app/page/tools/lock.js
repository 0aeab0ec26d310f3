/** Locks regions: they keep their color, whatever is painted, filled or suggested. */

import { toggleLock } from "../hints.js";

export class Lock {
  outlines = true;

  constructor(desk) {
    this.desk = desk;
  }

  down(point) {
    const { studio, regions: labels } = this.desk;
    const place = point.slice(0, 2);
    const color = labels && studio.pictures.colorAt(...place);
    if (color) studio.commit(toggleLock(studio.doc, labels, place, color));
  }
}
