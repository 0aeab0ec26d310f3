/**
 * What tools and panels share: the studio, what is in hand, the view, and the actions that more than one of them offers.
 *
 * Events: "view" (zoomed, moved), "say" (a line of text), "paintings", "paintingAdded", "pictures" (of a folder), "save".
 */

import { setLocks, togglePainting } from "./document.js";
import { Emitter } from "./emitter.js";
import { clearRegions, fillRegions, toggleLock } from "./hints.js";
import { t } from "./i18n.js";
import { Brush } from "./tools/brush.js";
import { Bucket } from "./tools/bucket.js";
import { Eraser } from "./tools/eraser.js";
import { Hand } from "./tools/hand.js";
import { Lasso } from "./tools/lasso.js";
import { Lock } from "./tools/lock.js";
import { Picker } from "./tools/picker.js";
import { Suggest } from "./tools/suggest.js";

const KINDS = { brush: Brush, bucket: Bucket, eraser: Eraser, hand: Hand, lasso: Lasso, lock: Lock, picker: Picker, suggest: Suggest };

export class Desk extends Emitter {
  #paintings = [];
  #fileInput = null;

  constructor(parts) {
    super();
    Object.assign(this, parts); // studio, ui, view, autosave; stage and suggestions come when the page is built
    this.tools = Object.fromEntries(Object.entries(KINDS).map(([name, Tool]) => [name, new Tool(this)]));
  }

  get tool() {
    return this.tools[this.ui.get("tool")] ?? this.tools.bucket;
  }

  say(key, values) {
    this.emit("say", t(`say.${key}`, values));
  }

  /** The place of the picture under an event anywhere on the page, or null if that is not on the picture. */
  placeAt(event) {
    const box = this.stage.canvas.getBoundingClientRect();
    const inside = event.clientX >= box.left && event.clientX < box.right && event.clientY >= box.top && event.clientY < box.bottom;
    const over = inside && document.elementsFromPoint(event.clientX, event.clientY).includes(this.stage.canvas);
    return over && this.studio.session ? this.view.toPicture(event.clientX - box.left, event.clientY - box.top) : null;
  }

  /** Show what lies under the pointer. `outlined` for what colors regions whatever the tool is. */
  hover(place, outlined = false) {
    const { stage, tool, ui } = this;
    stage.hovered = place;
    stage.outlines = outlined || (tool.outlines ?? false);
    stage.brushRadius = !outlined && tool.hasBrush ? ui.get("size") / 2 : 0;
    stage.drawOverlay();
  }

  viewChanged() {
    this.stage.draw();
    this.emit("view");
  }

  // Regions: with the color in hand, each in its own, locked, forgotten.

  /** The map of regions. While there is none yet, a line says so. */
  get regions() {
    const { labels } = this.studio.pictures;
    if (!labels) this.say("noRegions");
    return labels;
  }

  fill(places) {
    this.fillEach(
      places,
      places.map(() => this.ui.get("color")),
    );
    this.ui.useColor(this.ui.get("color"));
  }

  /** Each place's region in its color; all in one step. */
  fillEach(places, colors) {
    const { studio, regions: labels } = this;
    if (!labels) return;
    let { doc } = studio;
    places.forEach((place, i) => {
      const filled = fillRegions(doc, labels, [place], colors[i]);
      if (filled !== doc) studio.colorNow(place, colors[i]);
      doc = filled;
    });
    if (doc === studio.doc) this.say("locked");
    else studio.commit(doc);
  }

  lock(places) {
    const { studio, regions: labels } = this;
    if (!labels) return;
    const locked = new Set(studio.doc.locks.map(({ x, y }) => labels.at(x, y)));
    const free = places.filter((place) => !locked.has(labels.at(...place)));
    if (!free.length)
      studio.commit(
        setLocks(
          studio.doc,
          studio.doc.locks.filter(({ x, y }) => !places.some((place) => labels.at(...place) === labels.at(x, y))),
        ),
      );
    else studio.commit(free.reduce((doc, place) => toggleLock(doc, labels, place, studio.pictures.colorAt(...place)), studio.doc));
  }

  clear(places) {
    const labels = this.regions;
    if (!labels) return;
    this.studio.commit(clearRegions(this.studio.doc, labels, new Set(places.map((place) => labels.at(...place)))));
  }

  suggestFor(places, event) {
    const box = this.stage.canvas.getBoundingClientRect();
    const [x, y] = event?.clientX
      ? [event.clientX, event.clientY]
      : this.view.toScreen(...places[0]).map((value, i) => value + [box.left, box.top][i]);
    this.suggestions.open(places, x, y);
  }

  // Paintings.

  async loadPaintings() {
    this.#paintings = await this.studio.api.get("/paintings");
    this.emit("paintings", this.#paintings);
  }

  paintingName(id) {
    return this.#paintings.find((painting) => painting.id === id)?.name ?? "";
  }

  /** Put a painting into the gallery, and choose it. */
  async addPainting(file) {
    const { studio, ui } = this;
    const { id } = await studio.api.upload(`/paintings?name=${encodeURIComponent(file.name ?? "painting")}`, file);
    await this.loadPaintings();
    const isChosen = studio.doc?.style.paintings.some((painting) => painting.id === id);
    if (studio.doc && !isChosen) studio.commit(togglePainting(studio.doc, id, ui.get("several")));
    this.emit("paintingAdded", id);
  }

  /** Take a painting out of the gallery; pictures that are painted by it keep what is painted. */
  async removePainting(id, name) {
    const { studio } = this;
    if (!window.confirm(t("gallery.ask", { name }))) return;
    try {
      if (studio.doc?.style.paintings.some((painting) => painting.id === id)) studio.commit(togglePainting(studio.doc, id, true));
      await studio.api.delete(`/paintings/${id}`);
      await this.loadPaintings();
    } catch (error) {
      studio.report(error);
    }
  }

  // Small pictures.

  /** Call `load` once an element is in sight: there may be hundreds, and nobody may look at them. */
  whenSeen(element, load) {
    this.#loads.set(element, load);
    this.#inSight.observe(element);
  }

  #loads = new WeakMap();
  #inSight = new IntersectionObserver((entries) => {
    for (const { isIntersecting, target } of entries) {
      if (!isIntersecting) continue;
      this.#inSight.unobserve(target);
      this.#loads.get(target)();
    }
  });

  async showSmall(image, path) {
    try {
      image.src = URL.createObjectURL(await this.studio.api.small(path));
    } catch (error) {
      this.studio.report(error);
    }
  }

  // Files and the clipboard.

  /** Ask for a file; what goes wrong with it is one line. */
  chooseFile(accept, use, { folder = false, several = false } = {}) {
    const input = document.createElement("input");
    Object.assign(input, { type: "file", accept, multiple: several, webkitdirectory: folder, hidden: true });
    input.addEventListener("change", async () => {
      if (!input.files.length) return;
      try {
        await use(several || folder ? [...input.files] : input.files[0]);
      } catch (error) {
        this.studio.report(error);
      }
    });
    // In the page, since a browser may throw away an element that nothing holds before a person has chosen.
    this.#fileInput?.remove();
    this.#fileInput = input;
    document.body.append(input);
    input.click();
  }

  saveFile(blob, name) {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(blob);
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
    this.say("saved", { name });
  }

  /** Save what `get` will give; what goes wrong with it is one line. */
  async saveFrom(get, name) {
    try {
      this.saveFile(await get(), name);
    } catch (error) {
      this.studio.report(error);
    }
  }

  /** Let the server make a file, and save that. */
  async saveExport(format, layer) {
    const made = await this.studio.export(format, layer);
    if (made) await this.saveFrom(() => this.studio.api.blob(made.path), made.name);
  }

  async copyPicture() {
    if (!this.studio.session) return;
    let isStopped = false;
    const picture = this.#fullPicture().catch((error) => {
      isStopped = true;
      throw error;
    });
    // The promise is handed over at once: browsers allow copying only right after a key or a click.
    await this.#copy(
      () => navigator.clipboard.write([new ClipboardItem({ "image/png": picture })]),
      () => isStopped,
    );
  }

  /** What is shown, at full size: made here if it is all there, or if there is no server. */
  async #fullPicture() {
    const { studio } = this;
    if (!studio.isComplete && studio.connection === "open") {
      const made = await studio.export("png", "shown");
      if (!made) throw new Error("stopped");
      return new Blob([await studio.api.blob(made.path)], { type: "image/png" });
    }
    return new Promise((resolve) => this.stage.compose().toBlob(resolve, "image/png"));
  }

  async copyText(text) {
    await this.#copy(() => navigator.clipboard.writeText(text));
  }

  async #copy(write, isStopped = () => false) {
    try {
      await write();
      this.say("copied");
    } catch {
      if (!isStopped()) this.say("notCopied");
    }
  }
}
