/** Makes elements. No HTML is ever parsed from text, so names of files and messages can do no harm. */

import { ICONS } from "./icons.js";

const SVG = "http://www.w3.org/2000/svg";

/** An element: `props` are attributes, `on` holds listeners, `class` and `text` mean what they say; false and null leave out. */
export function h(tag, props = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) setProperty(element, name, value);
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

function setProperty(element, name, value) {
  if (value === null || value === undefined || value === false) return;
  if (name === "on") for (const [event, listener] of Object.entries(value)) element.addEventListener(event, listener);
  else if (name === "text") element.textContent = value;
  else if (name === "class") element.className = value;
  else if (name === "value" || name === "checked") element[name] = value;
  else element.setAttribute(name, value === true ? "" : value);
}

/** A line drawing of 24 by 24, in the color of the text around it. */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", ICONS[name]);
  svg.append(path);
  return svg;
}

/** A button; `label` is what screen readers say and the tooltip, with the key behind it. */
export function button({ label, key = "", iconName = null, text = null, onClick, ...props }) {
  return h(
    "button",
    { type: "button", "aria-label": label, title: key ? `${label} (${key})` : label, on: { click: onClick }, ...props },
    iconName && icon(iconName),
    text && h("span", { text }),
  );
}

/** A named slider with its value beside it. `onInput` is called while it moves, `onChange` when it rests. */
export function slider({ label, min, max, step, value, show, onInput, onChange = () => {}, ...props }) {
  const shown = h("output", { class: "slider-value", text: show(value) });
  const input = h("input", {
    type: "range",
    min,
    max,
    step,
    value,
    "aria-label": label,
    "aria-valuetext": show(value),
    ...props,
    on: {
      input: () => {
        say(Number(input.value));
        onInput(Number(input.value));
      },
      change: () => onChange(Number(input.value)),
    },
  });
  function say(current) {
    shown.textContent = show(current);
    input.setAttribute("aria-valuetext", show(current));
  }
  const element = h("label", { class: "slider" }, h("span", { class: "slider-name", text: label }), shown, input);
  element.set = (current) => {
    if (document.activeElement !== input || Number(input.value) !== current) input.value = current;
    say(current);
  };
  return element;
}

/** A row of buttons of which one is chosen. */
export function choice({ label, options, value, onChoose }) {
  const buttons = options.map((option) =>
    h("button", {
      type: "button",
      role: "radio",
      text: option.text,
      "aria-checked": String(option.value === value),
      tabindex: option.value === value ? 0 : -1,
      on: { click: () => onChoose(option.value), keydown: (event) => moveChoice(event, buttons) },
    }),
  );
  const group = h("div", { class: "choice", role: "radiogroup", "aria-label": label }, buttons);
  group.set = (chosen) => {
    options.forEach((option, i) => {
      buttons[i].setAttribute("aria-checked", String(option.value === chosen));
      buttons[i].tabIndex = option.value === chosen ? 0 : -1;
    });
  };
  return h("div", { class: "field" }, h("span", { class: "field-name", text: label }), group);
}

function moveChoice(event, buttons) {
  const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
  if (!step) return;
  event.preventDefault();
  event.stopPropagation();
  const next = buttons[(buttons.indexOf(event.currentTarget) + step + buttons.length) % buttons.length];
  next.focus();
  next.click();
}

export function toggle({ label, checked, onChange }) {
  const input = h("input", { type: "checkbox", checked, on: { change: () => onChange(input.checked) } });
  const element = h("label", { class: "toggle" }, input, h("span", { text: label }));
  element.set = (value) => {
    input.checked = value;
  };
  return element;
}
