/** Chooses the regions that lie within a loop; what to do with them is asked beside the tools. */

import { simplify } from "../strokes.js";

export class Lasso {
  #points = null;

  constructor(desk) {
    this.desk = desk;
  }

  down(point) {
    this.desk.ui.set("selection", []);
    this.#points = [point.slice(0, 2)];
  }

  move(points) {
    if (!this.#points) return;
    this.#points.push(...points.map((point) => point.slice(0, 2)));
    this.desk.stage.live = { kind: "lasso", points: this.#points };
    this.desk.stage.drawOverlay();
  }

  up() {
    const points = this.#points;
    this.cancel();
    const labels = points && this.desk.regions;
    if (!labels) return;
    const label = labels.at(...points[0]);
    const clicked = points.length < 3 && label >= 0;
    this.desk.ui.set("selection", clicked ? [[label, ...labels.seed(...points[0])]] : labels.within(simplify(points, 1)));
  }

  cancel() {
    this.#points = null;
    this.desk.stage.live = null;
    this.desk.stage.drawOverlay();
  }
}
