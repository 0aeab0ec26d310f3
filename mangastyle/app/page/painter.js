/** The style: asks the server for it, one request after the other while a slider moves, and shows what comes. */

import { sameColors, shadeRequest } from "./document.js";

const PAUSE = 60; // ms

export class Painter {
  #studio;
  #busy = false;
  #wanted = false;
  #timer = null;

  constructor(studio) {
    this.#studio = studio;
  }

  /** Set by the page: a mask's strokes as a PNG data URL. */
  drawMask = () => null;

  reset() {
    clearTimeout(this.#timer);
    this.#busy = this.#wanted = false;
  }

  /** `automatic` requests are only made for the method that answers at once. */
  request(automatic = true, size = "preview") {
    const { session, doc, jobs } = this.#studio;
    if (!session || !doc.style.paintings.length) return;
    if (automatic && doc.style.method !== "onepass") return;
    if (this.#busy && automatic) {
      this.#wanted = true;
      return;
    }
    clearTimeout(this.#timer);
    jobs.begin("style");
    this.#timer = setTimeout(() => this.#ask(size), PAUSE);
  }

  async #ask(size) {
    const { doc, jobs } = this.#studio;
    this.#busy = true;
    this.#wanted = false;
    const body = { ...this.body(), size, tag: jobs.tagFor("style", doc) };
    const asked = await this.#studio.ask("/style", body, "style", () => this.request());
    if (!asked) this.#busy = false;
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
  changed(before) {
    const { doc, pictures } = this.#studio;
    const { style } = doc;
    if (!style.paintings.length) delete pictures.drawn.style;
    else if (style.method === "onepass" || before.method === "onepass") this.request();
  }

  /** What was painted shows other colors: it makes room until it is painted anew. */
  colorsChanged() {
    const { doc, pictures } = this.#studio;
    if (doc.style.of === "shaded") delete pictures.drawn.style;
  }

  /** The colors have come. */
  afterPreview() {
    const { style, layers } = this.#studio.doc;
    if (style.of === "shaded" && layers.style.visible) this.request();
  }

  /** Show a picture that was painted, or that is on the way. */
  async take(event) {
    if (event.final) this.end();
    const { pictures, jobs } = this.#studio;
    const asked = jobs.documentOf(event.tag);
    if (asked && asked.style.of === "shaded" && !sameColors(asked, this.#studio.doc)) return;
    try {
      await pictures.takeStyled(event);
    } catch (error) {
      // A picture of a revision that a newer one has replaced: the newer event follows.
      if (error.status !== 404) this.#studio.report(error);
      return;
    }
    if (pictures !== this.#studio.pictures) return;
    if (!this.#studio.doc.style.paintings.length) delete pictures.drawn.style;
    this.#studio.emit("pictures");
  }

  end() {
    this.#busy = false;
    this.#studio.jobs.end("style");
    if (this.#wanted) this.request();
  }

  /** What a slow method painted before is shown again, not painted again. */
  loadKept() {
    const { doc, session } = this.#studio;
    const revision = session.styled?.preview;
    if (revision && doc.style.paintings.length && doc.style.method !== "onepass") this.take({ size: "preview", revision });
  }
}
