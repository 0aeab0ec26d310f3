/** The pictures of a folder, below the canvas. */

import { button, h } from "../dom.js";
import { t, told } from "../i18n.js";

export function filmStrip(desk, { open, close }) {
  const { studio } = desk;
  const list = h("ul", { class: "strip-list" });
  const frames = new Map();
  const shade = button({
    label: t("folder.shade"),
    text: t("folder.shade"),
    onClick: () => studio.applyToFolder(["shade"]),
  });
  const both = button({
    label: t("folder.style"),
    text: t("folder.style"),
    onClick: () => studio.applyToFolder(["shade", "style"]),
  });
  const end = button({ label: t("folder.close"), text: t("folder.close"), class: "plain", hidden: true, onClick: close });
  const body = h("div", { class: "strip-body", id: "strip-body" }, list, h("div", { class: "strip-actions" }, shade, both, end));
  const fold = button({
    label: t("folder"),
    text: t("folder"),
    class: "plain strip-fold",
    "aria-controls": "strip-body",
    "aria-expanded": "true",
    onClick: () => {
      body.hidden = !body.hidden;
      fold.setAttribute("aria-expanded", String(!body.hidden));
    },
  });
  const element = h("section", { class: "strip", hidden: true, "aria-label": t("folder") }, fold, body);
  const mark = () => frames.forEach((frame, id) => frame.mark(id === studio.session?.folder));
  desk.on("pictures", ({ pictures, dropped = true }) => {
    element.hidden = pictures.length === 0;
    end.hidden = !dropped;
    for (const picture of pictures) {
      if (!frames.has(picture.id)) {
        const frame = frameOf(desk, picture, () => open(picture.id));
        frames.set(picture.id, frame);
      }
      frames.get(picture.id).show(picture.state);
    }
    list.replaceChildren(...pictures.map(({ id }) => frames.get(id)));
    mark();
  });
  const offer = (doc) => {
    shade.disabled = !doc;
    both.disabled = !doc?.style.paintings.length;
  };
  offer(null);
  studio.on("document", offer);
  studio.on("session", mark);
  studio.on("folder", ({ id, state, error }) => frames.get(id)?.show(state, error));
  return element;
}

/** A picture of the folder. */
function frameOf(desk, { id, name }, onClick) {
  const image = h("img", { alt: "", draggable: "false" });
  const state = h("span", { class: "frame-state" });
  const title = h("span", { class: "frame-name", text: name });
  const open = h("button", { type: "button", class: "frame", on: { click: onClick } }, image, title, state);
  const element = h("li", {}, open);
  desk.whenSeen(element, () => desk.showSmall(image, `/folder/${id}?side=160`));
  element.mark = (isOpen) => {
    open.setAttribute("aria-current", String(isOpen));
    if (isOpen && open.dataset.state === "new") element.show("open");
  };
  element.show = (value, error = null) => {
    open.dataset.state = value;
    state.textContent = t(`state.${value}`);
    open.title = error ? `${name}: ${told(error)}` : name;
  };
  return element;
}
