/** Other colors for a region or several, beside the pointer: one row for each suggestion. */

import { button, h } from "../dom.js";
import { t } from "../i18n.js";

const MARGIN = 8; // CSS pixels
const SHOWN = 5; // colors of a suggestion that are shown

export function suggestionsPopup(desk) {
  const popup = h("div", { class: "popup", role: "dialog", "aria-label": t("suggestions"), hidden: true, tabindex: -1 });
  let asked = 0;

  const close = () => {
    const hadFocus = popup.contains(document.activeElement);
    asked += 1;
    popup.hidden = true;
    if (hadFocus) desk.stage.canvas.focus({ preventScroll: true });
  };
  const show = (...children) => {
    popup.replaceChildren(...children);
    popup.hidden = false;
    keepInside(popup);
  };
  popup.open = async (places, x, y) => {
    const mine = ++asked;
    popup.style.left = `${x}px`;
    popup.style.top = `${y}px`;
    show(h("span", { class: "quiet", text: t("suggestions.wait") }));
    try {
      const found = distinct(await desk.studio.suggest(places));
      if (mine !== asked) return;
      show(
        ...found.map((colors) =>
          suggestion(colors, () => {
            close();
            desk.fillEach(places, colors);
          }),
        ),
      );
      popup.querySelector("button")?.focus();
    } catch (error) {
      close();
      // 409: something newer was asked for meanwhile.
      if (error.status !== 409) desk.studio.report(error);
    }
  };
  popup.close = close;
  addEventListener("pointerdown", (event) => popup.hidden || popup.contains(event.target) || close(), { capture: true });
  popup.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      event.stopPropagation(); // it closes this alone
      close();
    }
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const buttons = [...popup.querySelectorAll("button")];
    buttons[(buttons.indexOf(document.activeElement) + step + buttons.length) % buttons.length].focus();
  });
  return popup;
}

/** Within the window, wherever the pointer was. */
function keepInside(popup) {
  const box = popup.getBoundingClientRect();
  popup.style.left = `${Math.max(MARGIN, Math.min(box.left, innerWidth - box.width - MARGIN))}px`;
  popup.style.top = `${Math.max(MARGIN, Math.min(box.top, innerHeight - box.height - MARGIN))}px`;
}

function distinct(suggestions) {
  return [...new Map(suggestions.map((colors) => [colors.join(), colors])).values()];
}

function suggestion(colors, onClick) {
  const element = button({ label: t("suggestions.take", { colors: colors.slice(0, SHOWN).join(" ") }), class: "suggestion", onClick });
  for (const color of [...new Set(colors)].slice(0, SHOWN)) {
    const part = h("span", { class: "suggestion-color" });
    part.style.setProperty("--color", color);
    element.append(part);
  }
  return element;
}
