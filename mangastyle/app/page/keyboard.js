/** Drawing without a pointer: arrows move a cross over the picture, Enter does what a click does, or puts a brush down and lifts it. */

const STEP = 12; // CSS pixels
const SMALL_STEP = 1;
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

export class KeyboardCursor {
  #desk;
  #down = null; // the tool that is put down

  constructor(desk, element) {
    this.#desk = desk;
    element.addEventListener("keydown", (event) => this.#onKey(event));
    element.addEventListener("pointerdown", () => this.hide());
    element.addEventListener("blur", () => this.hide());
    element.addEventListener("keyup", ({ key }) => key === "Tab" && this.#show(this.#place()));
  }

  hide() {
    this.#down?.cancel?.();
    this.#down = null;
    this.#desk.stage.keyboard = false;
    this.#desk.stage.canvas.classList.remove("by-keyboard");
    this.#desk.stage.drawOverlay();
  }

  #place() {
    const { view, stage } = this.#desk;
    return stage.hovered ?? view.toPicture(view.screen.width / 2, view.screen.height / 2);
  }

  #onKey(event) {
    if (!this.#desk.studio.session || event.ctrlKey || event.metaKey) return;
    const handled = this.#move(event) || this.#jump(event) || this.#act(event) || this.#giveUp(event);
    if (!handled) return;
    event.preventDefault();
    event.stopPropagation();
  }

  #move({ key, shiftKey, altKey }) {
    const arrow = ARROWS[key];
    if (!arrow) return false;
    const { view } = this.#desk;
    const step = shiftKey ? SMALL_STEP : STEP;
    if (altKey) {
      view.pan(-4 * step * arrow[0], -4 * step * arrow[1]);
      this.#desk.viewChanged();
      return true;
    }
    const [x, y] = view.toScreen(...this.#place());
    this.#go(view.toPicture(x + step * arrow[0], y + step * arrow[1]));
    return true;
  }

  #go(place) {
    const { session } = this.#desk.studio;
    const inside = [Math.min(Math.max(place[0], 0), session.width - 0.5), Math.min(Math.max(place[1], 0), session.height - 0.5)];
    this.#down?.move?.([inside]);
    this.#show(inside);
  }

  #show(place) {
    if (!this.#desk.studio.session) return;
    this.#desk.stage.keyboard = true;
    this.#desk.stage.canvas.classList.add("by-keyboard");
    this.#desk.hover(place);
  }

  /** To the next region, or the one before. */
  #jump({ key }) {
    const by = { ".": 1, ",": -1 }[key];
    const { labels } = this.#desk.studio.pictures;
    if (!by || !labels) return false;
    const label = labels.at(...this.#place());
    this.#go(labels.placeIn((label + by + labels.count) % labels.count));
    return true;
  }

  /** What is put down is taken up again, and nothing was painted. */
  #giveUp({ key }) {
    if (key !== "Escape" || !this.#down) return false;
    this.#down.cancel?.();
    this.#down = null;
    return true;
  }

  /** Of a lasso that was drawn: Enter then fills it. */
  #hasSelection() {
    return this.#down === null && this.#desk.ui.get("tool") === "lasso" && this.#desk.ui.get("selection").length > 0;
  }

  #act(event) {
    if (event.key !== "Enter" || this.#hasSelection()) return false;
    const place = this.#place();
    this.#go(place);
    if (this.#down) {
      const tool = this.#down;
      this.#down = null;
      tool.up?.(place, event);
      return true;
    }
    const { tool } = this.#desk;
    tool.down?.(place, event);
    if (tool.hasBrush || tool === this.#desk.tools.lasso) this.#down = tool;
    else tool.up?.(place, event);
    return true;
  }
}
