/**
 * Mouse, pen and fingers on the canvas: which of them draw, pan, zoom and turn. Once a pen was seen, a single finger pans, so that a
 * palm never draws. The tool in hand gets places in the picture.
 */

const WHEEL_LINE = 16; // CSS pixels of a line, for wheels that count lines
const ZOOM_SPEED = 0.0022; // of a wheel with Ctrl, or of a trackpad's pinch
const ERASER_BUTTON = 32; // of pens that are turned round
const BUTTONS = new Set([0, 1, 2, 5]); // left, middle, right, and a pen's eraser; not those that go back and forth
const STILL = 5; // CSS pixels that a finger may move before it draws: a second one may still come, to zoom

export class Pointers {
  #element;
  #view;
  #hand; // {name(), tool(name | null)}
  #fingers = new Map();
  #drawing = null; // {id, tool}
  #waiting = null; // the event by which a finger came down that does not draw yet
  #panning = null; // {id, x, y}
  #sawPen = false;
  #space = false;

  constructor({ element, view, hand, onView, onHover }) {
    Object.assign(this, { onView, onHover });
    this.#element = element;
    this.#view = view;
    this.#hand = hand;
    const listen = (name, handler) => element.addEventListener(name, handler, { passive: false });
    listen("pointerdown", (event) => this.#down(event));
    listen("pointermove", (event) => this.#move(event));
    listen("pointerup", (event) => this.#up(event));
    listen("pointercancel", (event) => this.#cancel(event));
    listen("lostpointercapture", (event) => this.#cancel(event)); // without being lifted, as when a dialog opens
    listen("pointerleave", () => this.#drawing || this.onHover(null));
    listen("wheel", (event) => this.#wheel(event));
    listen("contextmenu", (event) => event.preventDefault());
  }

  /** Whether the space key is held: then the mouse pans. */
  set space(held) {
    this.#space = held;
    this.#element.classList.toggle("panning", held);
  }

  #place(event) {
    const box = this.#element.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  }

  /** A point of the picture; with the pressure, if a pen tells it. */
  #point(event) {
    const place = this.#view.toPicture(...this.#place(event));
    return event.pointerType === "pen" ? [...place, event.pressure] : place;
  }

  #down(event) {
    event.preventDefault();
    this.#element.focus({ preventScroll: true });
    if (!BUTTONS.has(event.button) || this.#isPalm()) return;
    if (event.pointerType === "pen") this.#takePen();
    if (event.pointerType === "touch") this.#fingers.set(event.pointerId, this.#place(event));
    this.#element.setPointerCapture(event.pointerId);
    if (this.#fingers.size > 1) this.#stopDrawing();
    else if (this.#pans(event)) this.#startPanning(event);
    else if (event.pointerType === "touch") this.#waiting = event;
    else this.#startDrawing(event);
  }

  /** While a pen or the mouse draws, nothing else does. */
  #isPalm() {
    return this.#drawing !== null && !this.#fingers.has(this.#drawing.id);
  }

  /** What lay on the glass before the pen came is a palm. */
  #takePen() {
    this.#sawPen = true;
    this.#fingers.clear();
    this.#stopDrawing();
  }

  #pans(event) {
    return event.button === 1 || this.#space || this.#hand.name() === "hand" || (event.pointerType === "touch" && this.#sawPen);
  }

  #startPanning(event) {
    const [x, y] = this.#place(event);
    this.#panning = { id: event.pointerId, x, y };
    this.#element.classList.add("panned");
  }

  #startDrawing(event) {
    const picks = event.button === 2 || event.altKey;
    const erases = (event.buttons & ERASER_BUTTON) !== 0;
    const tool = this.#hand.tool(picks ? "picker" : erases ? "eraser" : null);
    this.#drawing = { id: event.pointerId, tool };
    tool.down?.(this.#point(event), event);
    this.onHover(this.#point(event));
  }

  #stopDrawing() {
    this.#drawing?.tool.cancel?.();
    this.#drawing = this.#waiting = null;
    this.#endPanning();
  }

  /** A finger that waits draws once it has moved, or is lifted. */
  #endWaiting() {
    const start = this.#waiting;
    this.#waiting = null;
    this.#startDrawing(start);
  }

  #hasMoved(event) {
    return Math.hypot(event.clientX - this.#waiting.clientX, event.clientY - this.#waiting.clientY) > STILL;
  }

  #move(event) {
    if (this.#waiting?.pointerId === event.pointerId && this.#hasMoved(event)) this.#endWaiting();
    if (this.#fingers.has(event.pointerId) && this.#fingers.size > 1) this.#pinch(event);
    else if (this.#panning?.id === event.pointerId) this.#pan(event);
    else if (this.#drawing?.id === event.pointerId) this.#draw(event);
    else if (event.pointerType !== "touch") this.onHover(this.#point(event));
  }

  #draw(event) {
    const events = event.getCoalescedEvents?.() ?? [];
    const points = (events.length ? events : [event]).map((one) => this.#point(one));
    this.#drawing.tool.move?.(points, event);
    this.onHover(points.at(-1));
  }

  #pan(event) {
    const [x, y] = this.#place(event);
    this.#view.pan(x - this.#panning.x, y - this.#panning.y);
    Object.assign(this.#panning, { x, y });
    this.onView();
  }

  /** Two fingers move, zoom and turn at once: what lies under them stays under them. */
  #pinch(event) {
    const [first, second] = this.#fingers.values();
    const other = this.#fingers.get(event.pointerId) === first ? second : first;
    const from = this.#fingers.get(event.pointerId);
    const to = this.#place(event);
    const before = [from[0] - other[0], from[1] - other[1]];
    const after = [to[0] - other[0], to[1] - other[1]];
    this.#fingers.set(event.pointerId, to);
    if (!Math.hypot(...before) || !Math.hypot(...after)) return;
    this.#view.zoomBy(Math.hypot(...after) / Math.hypot(...before), ...other);
    this.#view.rotateBy(Math.atan2(after[1], after[0]) - Math.atan2(before[1], before[0]), ...other);
    this.onView();
  }

  #up(event) {
    this.#fingers.delete(event.pointerId);
    if (this.#panning?.id === event.pointerId) this.#endPanning();
    if (this.#waiting?.pointerId === event.pointerId) this.#endWaiting();
    if (this.#drawing?.id !== event.pointerId) return;
    const { tool } = this.#drawing;
    this.#drawing = null;
    tool.up?.(this.#point(event), event);
    if (event.pointerType === "touch") this.onHover(null);
  }

  #cancel(event) {
    this.#fingers.delete(event.pointerId);
    if (this.#panning?.id === event.pointerId) this.#endPanning();
    if (this.#drawing?.id === event.pointerId || this.#waiting?.pointerId === event.pointerId) this.#stopDrawing();
  }

  #endPanning() {
    this.#panning = null;
    this.#element.classList.remove("panned");
  }

  #wheel(event) {
    event.preventDefault();
    const unit = event.deltaMode === WheelEvent.DOM_DELTA_PIXEL ? 1 : WHEEL_LINE;
    const [dx, dy] = [event.deltaX * unit, event.deltaY * unit];
    if (event.ctrlKey || event.metaKey) this.#view.zoomBy(Math.exp(-dy * ZOOM_SPEED), ...this.#place(event));
    else if (event.altKey) this.#view.rotateBy(dy * ZOOM_SPEED, ...this.#place(event));
    else if (event.shiftKey && !dx) this.#view.pan(-dy, 0);
    else this.#view.pan(-dx, -dy);
    this.onView();
    if (!this.#drawing) this.onHover(this.#point(event)); // what lies under the pointer now
  }
}
