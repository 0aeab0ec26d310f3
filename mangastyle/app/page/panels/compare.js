/** The handle of before and after. */

import { h } from "../dom.js";
import { t } from "../i18n.js";

const STEP = 0.02;

export function compareHandle({ ui, stage }, element) {
  const handle = h(
    "div",
    { class: "compare", role: "slider", tabindex: 0, hidden: true, "aria-label": t("compare"), "aria-valuemin": 0, "aria-valuemax": 100 },
    h("span", { class: "compare-before", text: t("before") }),
    h("span", { class: "compare-after", text: t("after") }),
  );
  const set = (share) => ui.set("compare", Math.min(Math.max(share, 0), 1));
  const show = (share) => {
    const opens = handle.hidden && share !== null;
    const closes = share === null && document.activeElement === handle;
    handle.hidden = share === null;
    if (opens) handle.focus({ preventScroll: true });
    if (closes) stage.canvas.focus({ preventScroll: true });
    if (share !== null) {
      handle.style.left = `${100 * share}%`;
      handle.setAttribute("aria-valuenow", Math.round(100 * share));
    }
    stage.draw();
  };
  handle.addEventListener("pointerdown", (event) => handle.setPointerCapture(event.pointerId));
  handle.addEventListener("pointermove", (event) => {
    if (!event.buttons) return;
    const box = element.getBoundingClientRect();
    set((event.clientX - box.left) / box.width);
  });
  handle.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -STEP, ArrowRight: STEP }[event.key];
    if (!step) return;
    event.preventDefault();
    event.stopPropagation();
    set(ui.get("compare") + step);
  });
  ui.on("compare", show);
  return handle;
}
