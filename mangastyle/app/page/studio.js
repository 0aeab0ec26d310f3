/**
 * One picture that is worked on: its document and history, its pictures, and the talk with the server about it.
 *
 * Events: "session" (another picture), "document", "pictures" (draw again), "jobs", "connection", "reconnected", "models", "message",
 * "exported", "folder", "saved", "conflict", "unkept". Nothing here touches the page's elements.
 */

import { ApiError } from "./api.js";
import * as documents from "./document.js";
import { Emitter } from "./emitter.js";
import { clearRegions } from "./hints.js";
import { History } from "./history.js";
import { Jobs } from "./jobs.js";
import { Painter } from "./painter.js";
import { MAX_FULL, Pictures } from "./pictures.js";

const PREVIEW_PAUSE = 60; // ms between requests of previews at least
const FULL_PAUSE = 1200; // ms of rest before the full size is computed
const BUSY_PAUSE = 500; // ms after the server was asked too often
const CHECK_PAUSE = 1500; // ms between questions whether the server is there again
const SUGGESTIONS = 6;

export class Studio extends Emitter {
  #api;
  #stop = () => {};
  #timers = {};
  #colored = null; // the document that the newest request for colors was about
  #asked = -Infinity; // when that was
  #entering = null; // the session that is to be opened
  #sent = {}; // the last request of each kind
  #stops = 0; // how often everything was stopped
  #taking = null; // what waits for a file that is to be taken away

  constructor(api, settings) {
    super();
    this.#api = api;
    this.settings = settings; // {auto: whether previews come by themselves}
    this.session = this.history = this.pictures = null;
    this.jobs = new Jobs(() => this.emit("jobs"));
    this.painter = new Painter(this);
    this.connection = "open";
    this.models = "loading";
    this.stale = false; // whether a preview waits for the button
  }

  get doc() {
    return this.history?.present ?? null;
  }

  get api() {
    return this.#api;
  }

  /**
   * Work on a session. `restore` gives what was saved of it, if anything was; it is called at the last moment, while the picture
   * before is still there.
   */
  async enter(session, restore) {
    this.#entering = session;
    const pictures = new Pictures(this.#api, session);
    await pictures.loadOriginal();
    if (this.#entering !== session) return;
    const state = restore();
    this.leave();
    this.session = session;
    this.pictures = pictures;
    this.history = this.#restore(state);
    this.#stop = this.#api.listen(
      session,
      (name, data) => this.#onEvent(name, data),
      (now) => this.#onConnection(now),
    );
    this.emit("session", session);
    this.emit("document", this.doc);
    this.emit("pictures");
    pictures.loadLine().then(
      () => this.emit("pictures"),
      (error) => this.report(error),
    );
    this.#askAgain();
    this.painter.loadKept();
  }

  #restore(state) {
    const empty = documents.newDocument();
    if (!state?.history) return new History(empty);
    try {
      return History.fromJSON(state.history, empty);
    } catch (error) {
      this.report(error);
      return new History(empty);
    }
  }

  leave() {
    this.#stop();
    this.#stop = () => {};
    Object.values(this.#timers).forEach(clearTimeout);
    this.painter.reset();
    this.#colored = null;
    this.#sent = {};
    this.#stops += 1;
    this.#endTaking();
    this.pictures?.close();
    this.session = this.history = this.pictures = null;
    this.jobs.clear();
  }

  // What changes the document.

  commit(doc, key = null) {
    const before = this.doc;
    if (this.history.commit(doc, key)) this.#changed(before);
  }

  /** Color the region at a place at once; the next request tells the server. */
  colorNow([x, y], color) {
    this.pictures.colorNow(x, y, color, this.jobs.nextTag);
  }

  undo() {
    const before = this.doc;
    if (this.history?.undo()) this.#wentTo(before);
  }

  redo() {
    const before = this.doc;
    if (this.history?.redo()) this.#wentTo(before);
  }

  #wentTo(before) {
    if (!documents.sameColors(before, this.doc)) this.pictures.recall(this.doc);
    this.#changed(before);
  }

  #changed(before) {
    const { doc } = this;
    if (!documents.sameColors(before, doc)) this.#colorsChanged();
    if (before.style !== doc.style) this.painter.changed();
    this.emit("document", doc);
    this.emit("pictures");
  }

  #colorsChanged() {
    clearTimeout(this.#timers.full);
    this.painter.colorsChanged();
    if (this.settings.auto) this.requestPreview();
    else this.#setStale(true);
  }

  #setStale(stale) {
    this.stale = stale;
    this.emit("jobs");
  }

  // What asks the server. The latest request wins there, so none waits for the one before.

  #url(path) {
    return `/sessions/${this.session.id}${path}`;
  }

  /**
   * Whether the server took a request, or a later one has replaced it; if it was asked too often, `again` is called later. Of one kind,
   * a request is sent when the one before was answered: on connections of their own, the later one might be there first.
   */
  async ask(path, body, kind, again) {
    const url = this.#url(path);
    const stops = this.#stops;
    const isWanted = () => stops === this.#stops && !this.jobs.isReplaced(kind, body.tag);
    const sent = (this.#sent[kind] ?? Promise.resolve()).then(() => isWanted() && this.#api.post(url, body));
    this.#sent[kind] = sent.catch(() => {});
    try {
      await sent;
      return true;
    } catch (error) {
      this.jobs.end(kind);
      if (error.status === 429) this.#timers[kind] = setTimeout(again, BUSY_PAUSE);
      else this.report(error);
      return false;
    }
  }

  requestPreview() {
    clearTimeout(this.#timers.preview);
    this.jobs.begin("shade");
    this.#timers.preview = setTimeout(() => this.#shade("preview"), this.#asked + PREVIEW_PAUSE - performance.now());
  }

  async #shade(size) {
    const { doc, jobs } = this;
    if (size === "full") jobs.begin("shade");
    this.#setStale(false);
    this.#colored = doc;
    this.#asked = performance.now();
    const body = { ...this.shadeRequest(), size, tag: jobs.tagFor("shade", doc) };
    await this.ask("/shade", body, "shade", () => this.requestPreview());
  }

  shadeRequest(doc = this.doc) {
    return documents.shadeRequest(doc, this.session.width, this.session.height);
  }

  #askAgain() {
    this.requestPreview();
    this.painter.request();
  }

  /** Stop what the server is at, and what would be asked for next. What there is stays. */
  cancel() {
    Object.values(this.#timers).forEach(clearTimeout);
    this.#stops += 1;
    this.painter.stop();
    if (this.jobs.has("shade")) this.#setStale(true);
    for (const kind of this.jobs.kinds) this.#cancel(kind).catch((error) => this.report(error));
  }

  /** The server tells the end of what it stopped; of what it was not at, nothing. */
  async #cancel(kind) {
    const { cancelled } = await this.#api.post(this.#url("/cancel"), { kind });
    if (!cancelled) this.#end(kind);
  }

  #end(kind) {
    if (kind === "export") this.#endTaking();
    if (kind === "style") this.painter.end();
    else this.jobs.end(kind);
  }

  /** For each of the next variants, the colors that the regions at some places would get if nothing were said of them. */
  async suggest(places, count = SUGGESTIONS) {
    const { labels } = this.pictures;
    const free = clearRegions(this.doc, labels, new Set(places.map(([x, y]) => labels.at(x, y))));
    const body = { ...this.shadeRequest(free), at: places, count };
    return (await this.#api.post(this.#url("/suggest"), body, { isPatient: true })).colors;
  }

  /** Let a file be made at full size; resolves with its path and name, or with null if it was stopped, or failed, which is told. */
  async export(format, layer) {
    this.#endTaking();
    const made = new Promise((resolve) => (this.#taking = resolve));
    this.jobs.begin("export");
    const body = { ...this.#exportRequest(format, layer), tag: this.jobs.tagFor("export", this.doc) };
    if (!(await this.ask("/export", body, "export", () => {}))) this.#endTaking();
    return made;
  }

  #endTaking(file = null) {
    this.#taking?.(file);
    this.#taking = null;
  }

  #exportRequest(format, layer) {
    const style = this.doc.style.paintings.length ? this.painter.body() : null;
    return { format, layer, size: "full", layers: this.#shownLayers(), shade: this.shadeRequest(), style };
  }

  /** The layers as they are shown. A painting that is not there yet is waited for only if it is made at once. */
  #shownLayers() {
    const { style } = this.doc;
    const { strokes, ...layers } = this.doc.layers;
    const isPainted = Boolean(this.pictures.drawn.style) || this.painter.isAtOnce;
    return { ...layers, style: { ...layers.style, visible: layers.style.visible && style.paintings.length > 0 && isPainted } };
  }

  /** Whether what is shown is all there is: at the picture's own size, and as it was asked for last. */
  get isComplete() {
    const { session } = this;
    return session.preview.width === session.width && !this.stale && !this.jobs.has("shade") && !this.jobs.has("style");
  }

  /** The lines that make the same picture, and the paintings that they name. */
  async commands(layer) {
    return this.#api.post(this.#url("/command"), this.#exportRequest("png", layer));
  }

  async #upload(blob, name) {
    return (await this.#api.upload(this.#url(`/references?name=${encodeURIComponent(name)}`), blob)).id;
  }

  async addReference(blob, name) {
    const id = await this.#upload(blob, name);
    this.commit(documents.setReferences(this.doc, [...this.doc.references, { id, name }]));
  }

  /** The main colors of a picture, which is no reference by that. */
  async paletteOf(blob, name) {
    const reference = await this.#upload(blob, name);
    return (await this.#api.post(this.#url("/palette"), { reference })).colors;
  }

  async setLineArt(isLineArt) {
    await this.#api.put(this.#url("/line-art"), { line_art: isLineArt });
    const session = await this.#api.get(this.#url(""));
    await this.enter(session, () => ({ history: structuredClone(this.history.toJSON()) }));
  }

  async applyToFolder(stages) {
    this.jobs.begin("folder");
    const style = stages.includes("style") ? this.painter.body() : null;
    try {
      await this.#api.post("/folder/apply", { like: this.session.id, stages, shade: this.shadeRequest(), style });
    } catch (error) {
      this.jobs.end("folder");
      this.report(error);
    }
  }

  // What the server says.

  #onConnection(state) {
    const before = this.connection;
    this.connection = state;
    this.emit("connection", state);
    if (state !== "open" || before === "open") return;
    this.emit("reconnected");
    if (this.session) this.#askAgain();
  }

  /** A request found no server. The stream of events may not know yet, or may still be open: ask until one answers. */
  async #checkConnection() {
    if (this.connection === "lost") return;
    this.#onConnection("lost");
    while (this.connection === "lost") {
      await new Promise((resolve) => setTimeout(resolve, CHECK_PAUSE));
      await this.#api.get("/status").then(
        () => this.#onConnection("open"),
        () => {},
      );
    }
  }

  #onEvent(name, data) {
    if (this.jobs.isForeign(data.tag)) return;
    const handlers = {
      models: () => this.setModels(data.state),
      progress: () => this.#onProgress(data),
      shaded: () => this.#onShaded(data),
      styled: () => this.painter.take(data),
      failed: () => this.#onEnd(data, data.error),
      cancelled: () => this.#onEnd(data),
      exported: () => this.#onExported(data),
      folder: () => this.emit("folder", data),
      reset: () => this.#onReset(),
    };
    handlers[name]?.();
  }

  /** Events were missed, or the server was started again: nobody will tell how what it was at has ended. */
  #onReset() {
    this.painter.reset();
    for (const kind of this.jobs.kinds) this.jobs.end(kind);
    this.#endTaking();
    this.#askAgain();
  }

  setModels(state) {
    this.models = state;
    this.emit("models", state);
  }

  async #onShaded(event) {
    const { pictures, jobs } = this;
    const isLast = event.final !== false;
    if (isLast && !jobs.isReplaced("shade", event.tag)) jobs.end("shade");
    const asked = jobs.documentOf(event.tag);
    if (event.size === "full" && (!asked || !documents.sameColors(asked, this.doc))) return;
    try {
      const taken = await pictures.take(event, asked);
      if (!taken || pictures !== this.pictures) return;
    } catch (error) {
      // A picture of a revision that a newer one has replaced: the newer event follows.
      if (error.status !== 404) this.report(error);
      return;
    }
    this.emit("pictures");
    if (event.size === "preview" && isLast && asked === this.#colored) this.#afterPreview();
  }

  #afterPreview() {
    const { width, height, preview } = this.session;
    if (this.stale && this.#colored === this.doc) this.#setStale(false);
    clearTimeout(this.#timers.full);
    const isWorthIt = preview.width !== width && width * height <= MAX_FULL;
    if (isWorthIt && this.settings.auto) this.#timers.full = setTimeout(() => this.#shade("full"), FULL_PAUSE);
    this.painter.afterPreview();
  }

  #onProgress({ kind, tag, done, of, left, picture, size }) {
    if (this.jobs.isReplaced(kind, tag)) return;
    if (kind === "folder" && done === of) return this.jobs.end(kind);
    this.jobs.advance(kind, { done, of, left });
    const hasPicture = picture !== null && picture !== undefined;
    if (kind === "style" && hasPicture) this.painter.take({ tag, revision: picture, size: size ?? "preview", final: false });
  }

  /** A job that ended without a picture. One that a newer one has replaced is not the one that is waited for. */
  #onEnd({ kind, tag }, error = null) {
    if (this.jobs.isReplaced(kind, tag)) return;
    this.#end(kind);
    if (error) this.emit("message", { text: error, error: true });
  }

  /** Another tab takes the files that it has asked for; those of a folder take minutes, and go to whoever is there then. */
  #onExported({ kind, tag, download, name }) {
    if (this.jobs.isReplaced(kind, tag)) return;
    const file = { path: this.#url(`/downloads/${download}`), name };
    this.jobs.end(kind);
    if (kind === "export") this.#endTaking(file);
    else this.emit("exported", file);
  }

  /** One line about what went wrong. A server that is gone is told by the connection. */
  report(error) {
    if (!(error instanceof ApiError)) console.error(error);
    if (error.status === 0) this.#checkConnection();
    else this.emit("message", { text: error.message, error: true });
  }
}
