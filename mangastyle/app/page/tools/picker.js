/** Takes the color under the pointer, of what is shown or of one layer. */

import { toHex } from "../color.js";

export class Picker {
  constructor(desk) {
    this.desk = desk;
  }

  down(point) {
    this.#pick(point);
  }

  move(points) {
    this.#pick(points.at(-1));
  }

  #pick([x, y]) {
    const { studio, stage, ui } = this.desk;
    const { width, height } = studio.session;
    if (x < 0 || y < 0 || x >= width || y >= height) return;
    const color = stage.colorAt(x, y, ui.get("pickFrom"));
    if (color) ui.set("color", toHex(color));
    else this.desk.say("noLayer");
  }
}
