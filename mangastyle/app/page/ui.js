/** What a person has in hand: tool, color, size of the brush, theme. It outlives pictures and reloads, and is not undone. */

import { Emitter } from "./emitter.js";
import { forever } from "./kept.js";

const KEY = "mangastyle.ui";
const RECENT = 14;
const KEPT = ["tool", "color", "recent", "swatches", "size", "panel", "auto", "theme", "pickFrom", "exportFormat"];

export class Ui extends Emitter {
  #values = {
    tool: "bucket",
    color: "#e8705a",
    recent: [],
    swatches: [],
    size: 12, // CSS pixels on the screen, so that a brush feels the same at each zoom
    panel: "colors",
    auto: true,
    theme: "system",
    pickFrom: "shown",
    exportFormat: "png",
    compare: null, // share of the width at which before and after meet
    several: false, // whether a painting is added to those that are chosen
    maskOf: null, // the painting whose mask the brush paints
    selection: [], // regions of the lasso: [label, x, y]
  };

  constructor() {
    super();
    try {
      Object.assign(this.#values, JSON.parse(forever.get(KEY)));
    } catch {
      // What was kept cannot be read: defaults do.
    }
  }

  get(name) {
    return this.#values[name];
  }

  set(name, value) {
    if (this.#values[name] === value) return;
    this.#values[name] = value;
    if (KEPT.includes(name)) forever.set(KEY, JSON.stringify(Object.fromEntries(KEPT.map((key) => [key, this.#values[key]]))));
    this.emit(name, value);
  }

  /** A color that was painted with goes to the front of the recent ones. */
  useColor(color) {
    const recent = this.get("recent");
    if (recent[0] !== color) this.set("recent", [color, ...recent.filter((other) => other !== color)].slice(0, RECENT));
  }
}
