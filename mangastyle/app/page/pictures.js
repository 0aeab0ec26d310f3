/**
 * The pictures of a session: what the server computed, loaded only if it changed, and what the page colors by itself meanwhile.
 * There are two sets, `preview` and `full`; the one of the newest answer is drawn.
 */

import { FlatColors, regionPicture } from "./compose.js";
import { toRgb } from "./color.js";
import { LabelMap } from "./regions.js";

const LAYERS = ["shading", "highlights"];
const MAX_OUTLINED = 3e6; // pixels
export const MAX_FULL = 12e6; // pixels, beyond which colors are shown at preview size, under lines of full size

export class Pictures {
  #api;
  #session;
  #sets = { preview: null, full: null };
  #newest = { preview: 0, full: 0 }; // tags
  #turn = 0;
  #taken = { preview: 0, full: 0 }; // turns
  #styleTurn = 0;
  #styleTaken = 0; // turn
  #answers = new WeakMap(); // of documents
  #edits = []; // colored by the page, and not yet by the server
  #lineRevision = null;

  constructor(api, session) {
    this.#api = api;
    this.#session = session;
    this.shown = null; // the set that is drawn
    this.drawn = {}; // pictures by the names of layers
  }

  get labels() {
    return this.shown?.labels ?? null;
  }

  /** The map that borders are drawn from: of a large picture the smaller one, or the pointer would lag. */
  get outlineLabels() {
    return this.labels && this.labels.data.length > MAX_OUTLINED ? this.#sets.preview.labels : this.labels;
  }

  /** The original, which is there from the beginning; of line art it stands for the lines until these have come. */
  async loadOriginal() {
    this.drawn.original = await this.#bitmap("original", "full");
    if (this.#session.line_art) this.drawn.line = this.drawn.original;
  }

  /** The lines of a color picture take a moment. */
  async loadLine() {
    this.#draw("line", await this.#bitmap("line", "full"));
  }

  /** Draw a picture from now on. Large ones are given back at once: the browser would be slow to see that nobody needs them. */
  #draw(name, picture) {
    if (this.drawn[name] !== this.drawn.original) this.drawn[name]?.close();
    this.drawn[name] = picture;
  }

  /** Nothing is drawn from here any more. */
  close() {
    const layers = Object.values(this.#sets).flatMap((set) => (set ? [set.shading, set.highlights] : []));
    for (const picture of [this.drawn.original, this.drawn.line, this.drawn.style, ...layers]) picture?.close();
    this.drawn = {};
    this.shown = null;
  }

  #path(layer, size, revision = null) {
    return `/sessions/${this.#session.id}/pictures/${layer}?size=${size}${revision === null ? "" : `&revision=${revision}`}`;
  }

  #bitmap(layer, size, revision) {
    return this.#api.bitmap(this.#path(layer, size, revision));
  }

  /** Take over a `shaded` event; whether it was still wanted when all its pictures had come. */
  async take(event, doc) {
    const { size, tag } = event;
    this.#newest[size] = Math.max(this.#newest[size], tag);
    this.#turn += 1;
    const turn = this.#turn;
    const loaded = await this.#load(event);
    // The second event of a preview may be faster than the first, which then brings the older shading.
    if (tag < this.#newest[size] || turn < this.#taken[size]) return false;
    this.#taken[size] = turn;
    const set = this.#update(size, loaded, decodeColors(event.colors));
    if (size === "preview" && doc) this.#answers.set(doc, { labels: event.labels, colors: decodeColors(event.colors) });
    this.#edits = this.#edits.filter((edit) => edit.tag > tag);
    for (const edit of this.#edits) this.#apply(set, edit);
    this.#show(set);
    return true;
  }

  async #load(event) {
    const old = this.#sets[event.size];
    const changed = (name) => !old || old.revisions[name] !== event[name];
    const size = event.size;
    const parts = await Promise.all([
      changed("labels") ? this.#api.labels(this.#path("labels", size, event.labels)) : null,
      ...LAYERS.map((name) => (changed(name) ? this.#bitmap(name, size, event[name]) : null)),
      event.line !== undefined && this.#lineRevision !== null && event.line !== this.#lineRevision ? this.#bitmap("line", "full") : null,
    ]);
    return { parts, revisions: { labels: event.labels, shading: event.shading, highlights: event.highlights, line: event.line } };
  }

  #update(size, { parts: [data, shading, highlights, line], revisions }, colors) {
    const old = this.#sets[size];
    const { width, height } = size === "full" ? this.#session : this.#session.preview;
    const labels = data ? new LabelMap(data, width, height, this.#session) : old.labels;
    if (line) this.#draw("line", line);
    if (shading) old?.shading.close();
    if (highlights) old?.highlights.close();
    if (revisions.line !== undefined) this.#lineRevision = revisions.line;
    const set = {
      size,
      labels,
      revisions,
      flat: data ? new FlatColors(labels, colors) : old.flat,
      regions: data ? null : old.regions,
      shading: shading ?? old.shading,
      highlights: highlights ?? old.highlights,
    };
    if (!data) set.flat.setColors(colors);
    this.#sets[size] = set;
    return set;
  }

  #show(set) {
    this.shown = set;
    Object.assign(this.drawn, { flat: set.flat.canvas, shading: set.shading, highlights: set.highlights, regions: set.regions });
  }

  /** The picture of all regions, made when it is first looked at. */
  needRegions() {
    if (!this.shown) return;
    this.shown.regions ??= regionPicture(this.shown.labels);
    this.drawn.regions = this.shown.regions;
  }

  /** Color a region at once. `tag` is that of the request that will tell the server. */
  colorNow(x, y, color, tag) {
    if (!this.shown) return;
    const edit = { x, y, color, tag };
    this.#edits.push(edit);
    this.#apply(this.shown, edit);
  }

  #apply(set, { x, y, color }) {
    const label = set.labels.at(x, y);
    if (label >= 0) set.flat.recolor(label, toRgb(color));
  }

  /** Show a document as the server last colored it, if that is known and its regions are those of now. */
  recall(doc) {
    this.#edits = [];
    const answer = this.#answers.get(doc);
    const set = this.#sets.preview;
    if (!answer || set.revisions.labels !== answer.labels) return;
    set.flat.setColors(answer.colors);
    this.#show(set);
  }

  colorAt(x, y) {
    const label = this.labels?.at(x, y) ?? -1;
    return label < 0 ? null : this.shown.flat.color(label);
  }

  /** Take over a `styled` event, unless a later one was faster or `isWanted` has changed by then. */
  async takeStyled({ size, revision }, isWanted) {
    this.#styleTurn += 1;
    const turn = this.#styleTurn;
    const picture = await this.#bitmap("styled", size, revision);
    if (turn < this.#styleTaken || !isWanted()) return;
    this.#styleTaken = turn;
    this.#draw("style", picture);
  }

  dropStyle() {
    this.drawn.style?.close();
    delete this.drawn.style;
  }
}

function decodeColors(text) {
  return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
}
