/** The style: asks the server for it, one request after the other while a slider moves, and shows what comes. */

import { sameColors, shadeRequest } from "./document.js";

const PAUSE = 60; // ms
const AT_ONCE = "onepass"; // the method that answers to each change by itself

export class Painter {
  #studio;
  #running = null; // the method by which the server paints
  #wanted = false;
  #timer = null;

  constructor(studio) {
    this.#studio = studio;
  }

  /** Whether the chosen method answers to each change by itself. */
  get isAtOnce() {
    return this.#studio.doc.style.method === AT_ONCE;
  }

  /** Set by the page: a mask's strokes as a PNG data URL. */
  drawMask = () => null;

  reset() {
    this.stop();
    this.#running = null;
  }

  /** Ask for nothing more until something changes; what is asked for is told by its end. */
  stop() {
    clearTimeout(this.#timer);
    this.#wanted = false;
  }

  /** `automatic` requests are only made for the method that answers at once. */
  request(automatic = true, size = "preview") {
    const { session, doc, jobs } = this.#studio;
    if (!session || !doc.style.paintings.length) return;
    if (automatic && doc.style.method !== AT_ONCE) return;
    if (automatic && this.#running === AT_ONCE) {
      this.#wanted = true;
      return;
    }
    clearTimeout(this.#timer);
    jobs.begin("style");
    this.#timer = setTimeout(() => this.#ask(size), PAUSE);
  }

  async #ask(size) {
    const { doc, jobs } = this.#studio;
    this.#running = doc.style.method;
    this.#wanted = false;
    const body = { ...this.body(), size, tag: jobs.tagFor("style", doc) };
    const asked = await this.#studio.ask("/style", body, "style", () => this.request());
    if (!asked) this.#running = null;
  }

  /** What the server needs to paint. */
  body() {
    const { doc, session } = this.#studio;
    const { paintings, method, strength, scale, keepColors, of } = doc.style;
    return {
      paintings: paintings.map(({ id, weight, mask }) => ({ id, weight, mask: mask.length ? this.drawMask(mask) : null })),
      method,
      strength,
      style_scale: scale,
      keep_colors: keepColors,
      of,
      shade: of === "shaded" ? shadeRequest(doc, session.width, session.height) : null,
    };
  }

  /** Settings of the style changed. */
  changed() {
    const { doc, pictures } = this.#studio;
    if (!doc.style.paintings.length) pictures.dropStyle();
    else this.request();
  }

  /** What was painted shows other colors: it makes room until it is painted anew. */
  colorsChanged() {
    const { doc, pictures } = this.#studio;
    if (doc.style.of === "shaded") pictures.dropStyle();
  }

  /** The colors have come. */
  afterPreview() {
    const { style, layers } = this.#studio.doc;
    if (style.of === "shaded" && layers.style.visible) this.request();
  }

  /** Show a picture that was painted, or that is on the way. */
  async take(event) {
    const { pictures, jobs } = this.#studio;
    if (event.final && !jobs.isReplaced("style", event.tag)) this.end();
    const asked = jobs.documentOf(event.tag);
    const isWanted = () => {
      const { doc } = this.#studio;
      if (pictures !== this.#studio.pictures || !doc.style.paintings.length) return false;
      return !asked || asked.style.of !== "shaded" || sameColors(asked, doc);
    };
    try {
      if (isWanted()) await pictures.takeStyled(event, isWanted);
    } catch (error) {
      // A picture of a revision that a newer one has replaced: the newer event follows.
      if (error.status !== 404) this.#studio.report(error);
      return;
    }
    this.#studio.emit("pictures");
  }

  end() {
    this.#running = null;
    this.#studio.jobs.end("style");
    if (this.#wanted) this.request();
  }

  /** What a slow method painted before is shown again, not painted again. */
  loadKept() {
    const { doc, session } = this.#studio;
    const revision = session.styled?.preview;
    if (revision && doc.style.paintings.length && doc.style.method !== AT_ONCE) this.take({ size: "preview", revision });
  }
}
