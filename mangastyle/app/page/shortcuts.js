/** Every key and what it does; the sheet of them is made from the same list. */

import { LARGEST_BRUSH, SMALLEST_BRUSH } from "./panels/options.js";
import { TOOLS } from "./panels/toolbar.js";

const BRUSH_STEP = 1.2;
const PANELS = ["colors", "light", "style", "save"];

/** `show` is how the sheet writes the keys; `text` names the text of what they do. */
export function shortcutList(desk, actions) {
  const { ui } = desk;
  const resize = (factor) => ui.set("size", Math.min(Math.max(ui.get("size") * factor, SMALLEST_BRUSH), LARGEST_BRUSH));
  return [
    ...TOOLS.map(({ name, key }) => ({ keys: [key.toLowerCase()], show: key, text: `tool.${name}`, run: () => ui.set("tool", name) })),
    { keys: ["["], show: "[", text: "brush.smaller", run: () => resize(1 / BRUSH_STEP) },
    { keys: ["]"], show: "]", text: "brush.larger", run: () => resize(BRUSH_STEP) },
    { keys: ["ctrl+z"], show: "Ctrl Z", text: "undo", run: actions.undo },
    { keys: ["ctrl+shift+z", "ctrl+y"], show: "Ctrl Shift Z", text: "redo", run: actions.redo },
    { keys: ["n"], show: "N", text: "variant.next", run: () => actions.variant(1) },
    { keys: ["shift+n"], show: "Shift N", text: "variant.previous", run: () => actions.variant(-1) },
    { keys: ["enter"], show: "Enter", text: "lasso.fill", run: actions.fillSelection },
    { keys: ["delete", "backspace"], show: "Delete", text: "lasso.clear", run: actions.clearSelection },
    { keys: ["v"], show: "V", text: "compare", run: actions.compare },
    { keys: ["+", "=", "shift++", "shift+="], show: "+", text: "zoom.in", run: actions.zoomIn },
    { keys: ["-"], show: "-", text: "zoom.out", run: actions.zoomOut },
    { keys: ["0"], show: "0", text: "zoom.fit", run: actions.fit },
    { keys: ["1"], show: "1", text: "zoom.actual", run: actions.actual },
    { keys: ["r"], show: "R", text: "zoom.turn", run: actions.turn },
    { keys: ["shift+r"], show: "Shift R", text: "zoom.turnBack", run: actions.turnBack },
    { keys: ["c"], show: "C", text: "color.current", run: () => actions.panel("colors") },
    ...PANELS.map((name, i) => ({ keys: [`alt+${i + 1}`], show: `Alt ${i + 1}`, text: `panel.${name}`, run: () => actions.panel(name) })),
    { keys: ["ctrl+enter"], show: "Ctrl Enter", text: "preview.now", run: actions.preview },
    { keys: ["ctrl+o"], show: "Ctrl O", text: "open", run: actions.open },
    { keys: ["ctrl+s"], show: "Ctrl S", text: "save", run: actions.save },
    { keys: ["ctrl+c"], show: "Ctrl C", text: "copy", run: actions.copy },
    { keys: [], show: "Ctrl V", text: "paste", run: null },
    { keys: ["escape"], show: "Esc", text: "escape", run: actions.escape },
    { keys: ["?", "shift+?"], show: "?", text: "help", run: actions.help },
    { keys: [], show: "← ↑ → ↓", text: "keyboard.move", run: null },
    { keys: [], show: ", .", text: "keyboard.region", run: null },
  ];
}

export function listenToKeys(shortcuts, onSpace) {
  const byKeys = new Map(shortcuts.flatMap(({ keys, run }) => keys.map((key) => [key, run])));
  addEventListener("keydown", (event) => {
    if (event.key === "Alt") event.preventDefault(); // or the browser's menu takes the focus from a hand that picks colors
    if (event.key === " " && !types(event.target) && !activates(event.target)) {
      event.preventDefault();
      return onSpace(true);
    }
    const run = byKeys.get(nameOf(event));
    if (!run || (types(event.target) && event.key !== "Escape") || document.querySelector("dialog[open]")) return;
    if (event.key === "Enter" && !event.ctrlKey && activates(event.target)) return;
    if (nameOf(event) === "ctrl+c" && String(getSelection())) return;
    event.preventDefault();
    run();
  });
  addEventListener("keyup", (event) => event.key === " " && onSpace(false));
  addEventListener("blur", () => onSpace(false));
}

function nameOf(event) {
  const { key, ctrlKey, metaKey, shiftKey, altKey } = event;
  // On many keyboards brackets need AltGr, which counts as Ctrl and Alt.
  if (event.getModifierState("AltGraph")) return key.toLowerCase();
  return [(ctrlKey || metaKey) && "ctrl", altKey && "alt", shiftKey && "shift", key.toLowerCase()].filter(Boolean).join("+");
}

/** Whether keys are text there. */
function types(element) {
  return element.matches("textarea, select, input:not([type=range], [type=checkbox], [type=radio])");
}

/** Whether space and Enter press what has the focus. A button that was clicked keeps the focus, but nobody means it by then. */
function activates(element) {
  return element.matches("button:focus-visible, input:focus-visible, summary, a, [role=radio]:focus-visible");
}
