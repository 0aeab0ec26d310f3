/** The map that says of each pixel which region it belongs to. Places are given in the full picture's coordinates. */

import { along } from "./strokes.js";

const SEARCHED = 24; // pixels of the map around a place, in which a good seed is looked for
const DEEP = 6; // pixels from a region's edge that are deep enough
const SAMPLED = 2; // each so many pixels are looked at where areas are compared
const LEAST_SHARE = 0.06; // of a stroke's length that must lie in a region for the page to color it at once

export class LabelMap {
  #boxes = null;

  constructor(data, width, height, full) {
    this.data = data;
    this.width = width;
    this.height = height;
    this.scaleX = width / full.width;
    this.scaleY = height / full.height;
    this.count = greatest(data) + 1;
  }

  /** The region at a place, or -1 outside of the picture. */
  at(x, y) {
    const column = Math.floor(x * this.scaleX);
    const row = Math.floor(y * this.scaleY);
    return column < 0 || row < 0 || column >= this.width || row >= this.height ? -1 : this.data[row * this.width + column];
  }

  /** The least box of a region: [left, top, right, bottom], the last two excluded. */
  box(label) {
    this.#boxes ??= this.#findBoxes();
    return this.#boxes.subarray(4 * label, 4 * label + 4);
  }

  #findBoxes() {
    const boxes = new Int32Array(4 * this.count);
    for (let i = 0; i < boxes.length; i += 4) boxes.set([this.width, this.height, 0, 0], i);
    for (let y = 0, i = 0; y < this.height; y++) {
      for (let x = 0; x < this.width; x++, i++) {
        const at = 4 * this.data[i];
        if (x < boxes[at]) boxes[at] = x;
        if (y < boxes[at + 1]) boxes[at + 1] = y;
        if (x >= boxes[at + 2]) boxes[at + 2] = x + 1;
        if (y >= boxes[at + 3]) boxes[at + 3] = y + 1;
      }
    }
    return boxes;
  }

  /** A place of the same region near (x, y) that lies deep in it, so that maps of other sizes agree about it. */
  seed(x, y) {
    const label = this.at(x, y);
    const [column, row] = [Math.floor(x * this.scaleX), Math.floor(y * this.scaleY)];
    let best = [column, row, this.#depth(column, row, label)];
    for (let radius = 2; radius <= SEARCHED && best[2] < DEEP; radius += 2) {
      for (let turn = 0; turn < 16; turn++) {
        const angle = (turn * Math.PI) / 8;
        const [u, v] = [Math.round(column + radius * Math.cos(angle)), Math.round(row + radius * Math.sin(angle))];
        if (this.#is(u, v, label) && this.#depth(u, v, label) > best[2]) best = [u, v, this.#depth(u, v, label)];
      }
    }
    return [(best[0] + 0.5) / this.scaleX, (best[1] + 0.5) / this.scaleY];
  }

  /** A place in a region, by its label. */
  placeIn(label) {
    const [left, top, right, bottom] = this.box(label);
    const middle = (top + bottom) >> 1;
    for (let y = middle, tried = 0; tried < bottom - top; tried++, y = y + 1 < bottom ? y + 1 : top) {
      const row = y * this.width;
      const start = this.data.subarray(row + left, row + right).indexOf(label);
      if (start < 0) continue;
      let end = left + start;
      while (end < right && this.data[row + end] === label) end++;
      return this.seed((left + start + end) / 2 / this.scaleX, (y + 0.5) / this.scaleY);
    }
    return [0, 0]; // a region without pixels
  }

  #is(column, row, label) {
    return column >= 0 && row >= 0 && column < this.width && row < this.height && this.data[row * this.width + column] === label;
  }

  #depth(column, row, label) {
    for (let depth = 1; depth <= DEEP; depth++) {
      const ends = [
        [depth, 0],
        [-depth, 0],
        [0, depth],
        [0, -depth],
        [depth, depth],
        [-depth, -depth],
        [depth, -depth],
        [-depth, depth],
      ];
      if (!ends.every(([dx, dy]) => this.#is(column + dx, row + dy, label))) return depth - 1;
    }
    return DEEP;
  }

  /** The regions that the middle of a stroke runs through, not those that it only touches: a place on it in each, by label. */
  under(points) {
    const found = new Map();
    let total = 0;
    for (const [x, y] of along(points, 1 / this.scaleX)) {
      const label = this.at(x, y);
      if (label < 0) continue;
      if (!found.has(label)) found.set(label, []);
      found.get(label).push([x, y]);
      total++;
    }
    const middles = [...found].filter(([, places]) => places.length >= LEAST_SHARE * total);
    return new Map(middles.map(([label, places]) => [label, places[places.length >> 1]]));
  }

  /** Regions of which most lies within a polygon, each with a seed: [[label, x, y], ...]. */
  within(polygon) {
    const [areas, inside] = [new Uint32Array(this.count), new Uint32Array(this.count)];
    const places = new Map();
    for (let row = 0; row < this.height; row += SAMPLED) {
      const y = (row + 0.5) / this.scaleY;
      const crossings = crossingsAt(polygon, y);
      for (let column = 0, passed = 0; column < this.width; column += SAMPLED) {
        const label = this.data[row * this.width + column];
        const x = (column + 0.5) / this.scaleX;
        areas[label]++;
        while (crossings[passed] <= x) passed++;
        if (passed % 2 === 0) continue;
        inside[label]++;
        if (!places.has(label)) places.set(label, [x, y]);
      }
    }
    return [...places].filter(([label]) => inside[label] > areas[label] / 2).map(([label, place]) => [label, ...this.seed(...place)]);
  }

  /** The border of a region, in coordinates of the map. */
  outline(label) {
    const path = new Path2D();
    const [left, top, right, bottom] = this.box(label);
    for (let y = top; y < bottom; y++) {
      for (let x = left; x < right; x++) {
        if (this.data[y * this.width + x] !== label) continue;
        if (!this.#is(x - 1, y, label)) edge(path, x, y, x, y + 1);
        if (!this.#is(x + 1, y, label)) edge(path, x + 1, y, x + 1, y + 1);
        if (!this.#is(x, y - 1, label)) edge(path, x, y, x + 1, y);
        if (!this.#is(x, y + 1, label)) edge(path, x, y + 1, x + 1, y + 1);
      }
    }
    return path;
  }
}

function greatest(values) {
  let most = 0;
  for (let i = 0; i < values.length; i++) if (values[i] > most) most = values[i];
  return most;
}

function edge(path, x0, y0, x1, y1) {
  path.moveTo(x0, y0);
  path.lineTo(x1, y1);
}

/** Where a polygon crosses a row, from the left: within it is what lies between each two (even-odd rule). */
function crossingsAt(polygon, y) {
  const found = [];
  for (let i = 0, j = polygon.length - 1; i < polygon.length; j = i++) {
    const [[x0, y0], [x1, y1]] = [polygon[i], polygon[j]];
    if (y0 > y !== y1 > y) found.push(((x1 - x0) * (y - y0)) / (y1 - y0) + x0);
  }
  return found.sort((a, b) => a - b);
}
