/**
 * Draws what the view shows: pictures on one canvas, and what moves with the pointer on a second one above it, so that a moving
 * brush does not draw the pictures again.
 */

import { drawLayers } from "./compose.js";
import { Overlay } from "./overlay.js";

const PIXELS_FROM = 4; // device pixels for each of the picture's, from which they are shown as squares

export class Stage {
  #pictureCanvas;
  #overlayCanvas;
  #view;
  #studio;
  #ui;
  #ratio = 1;
  #dirty = { picture: false, overlay: false };
  #overlay;

  constructor({ element, view, studio, ui }) {
    [this.#pictureCanvas, this.#overlayCanvas] = element.querySelectorAll("canvas");
    this.#view = view;
    this.#studio = studio;
    this.#ui = ui;
    this.#overlay = new Overlay({ view, studio, ui });
    this.live = null; // {kind: "stroke" | "mask" | "erase" | "lasso", ...} that is being drawn
    this.hovered = null; // place under the pointer, or the keyboard's
    this.brushRadius = 0; // CSS pixels; 0 for tools without a brush
    this.outlines = false; // whether the region under the pointer is outlined
    this.keyboard = false; // whether the keyboard moves a cross
    const observer = new ResizeObserver((entries) => this.#resize(entries[0], element));
    try {
      observer.observe(element, { box: "device-pixel-content-box" });
    } catch {
      observer.observe(element); // browsers that do not know device pixels
    }
  }

  get ratio() {
    return this.#ratio;
  }

  get canvas() {
    return this.#overlayCanvas;
  }

  #resize(entry, element) {
    this.#ratio = window.devicePixelRatio || 1;
    const box = entry.devicePixelContentBoxSize?.[0];
    const width = nearest(box?.inlineSize, element.clientWidth * this.#ratio);
    const height = nearest(box?.blockSize, element.clientHeight * this.#ratio);
    for (const canvas of [this.#pictureCanvas, this.#overlayCanvas]) Object.assign(canvas, { width, height });
    this.#view.setScreen(element.clientWidth, element.clientHeight);
    this.drawNow();
  }

  /** Draw the pictures again, at the next frame. */
  draw() {
    this.#request("picture");
    this.#request("overlay");
  }

  /** Draw what lies above the pictures again, at the next frame. */
  drawOverlay() {
    this.#request("overlay");
  }

  #request(part) {
    if (!this.#dirty.picture && !this.#dirty.overlay) requestAnimationFrame(() => this.#drawDirty());
    this.#dirty[part] = true;
  }

  drawNow() {
    this.#dirty = { picture: true, overlay: true };
    this.#drawDirty();
  }

  #drawDirty() {
    const { picture, overlay } = this.#dirty;
    this.#dirty = { picture: false, overlay: false };
    if (picture) this.#drawPicture();
    if (overlay) this.#drawOverlay();
  }

  #drawPicture() {
    const canvas = this.#pictureCanvas;
    const context = canvas.getContext("2d");
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, canvas.width, canvas.height);
    const { session, doc, pictures } = this.#studio;
    if (!session) return;
    context.setTransform(...this.#view.matrix(this.#ratio));
    context.imageSmoothingEnabled = this.#view.scale * this.#ratio < PIXELS_FROM;
    context.imageSmoothingQuality = "high";
    if (doc.layers.regions.visible) pictures.needRegions();
    drawLayers(context, pictures.drawn, doc.layers, doc.settings.ink, session.width, session.height);
    if (this.#ui.get("compare") !== null) this.#drawBefore(context, pictures.drawn, session);
  }

  #drawBefore(context, drawn, { width, height }) {
    const canvas = this.#pictureCanvas;
    const border = new Path2D();
    border.rect(0, 0, canvas.width * this.#ui.get("compare"), canvas.height);
    context.save();
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clip(border);
    context.setTransform(...this.#view.matrix(this.#ratio));
    context.drawImage(drawn.original, 0, 0, width, height);
    context.restore();
  }

  #drawOverlay() {
    const canvas = this.#overlayCanvas;
    const context = canvas.getContext("2d");
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, canvas.width, canvas.height);
    if (this.#studio.session) this.#overlay.draw(context, this, this.#ratio);
  }

  /** The color at a place of the picture: as shown, or of one layer; null if that layer is not there. */
  colorAt(x, y, from) {
    const { doc, pictures, session } = this.#studio;
    const probe = document.createElement("canvas");
    probe.width = probe.height = 1;
    const context = probe.getContext("2d", { willReadFrequently: true });
    context.imageSmoothingEnabled = false;
    context.translate(-Math.floor(x), -Math.floor(y));
    if (from === "regions") pictures.needRegions();
    if (from !== "shown" && !pictures.drawn[from]) return null;
    if (from === "shown") drawLayers(context, pictures.drawn, doc.layers, doc.settings.ink, session.width, session.height);
    else context.drawImage(pictures.drawn[from], 0, 0, session.width, session.height);
    return [...context.getImageData(0, 0, 1, 1).data.slice(0, 3)];
  }

  /** The picture as it is shown, at its full size. */
  compose() {
    const { doc, pictures, session } = this.#studio;
    const canvas = document.createElement("canvas");
    canvas.width = session.width;
    canvas.height = session.height;
    const context = canvas.getContext("2d", { alpha: false });
    context.imageSmoothingQuality = "high";
    drawLayers(context, pictures.drawn, doc.layers, doc.settings.ink, session.width, session.height);
    return canvas;
  }
}

/** What the browser says of a side in device pixels, unless it is something else altogether, as while a display is emulated. */
function nearest(told, computed) {
  return told !== undefined && Math.abs(told - computed) <= 1 ? told : Math.round(computed);
}
