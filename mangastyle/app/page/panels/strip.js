/** The pictures of a folder, below the canvas. */

import { button, h } from "../dom.js";
import { t } from "../i18n.js";

export function filmStrip(desk, { open }) {
  const { studio } = desk;
  const list = h("div", { class: "strip-list", role: "list" });
  const frames = new Map();
  const shade = button({
    label: t("folder.shade"),
    text: t("folder.shade"),
    onClick: () => studio.session && studio.applyToFolder(["shade"]),
  });
  const both = button({
    label: t("folder.style"),
    text: t("folder.style"),
    onClick: () => studio.session && studio.applyToFolder(["shade", "style"]),
  });
  const close = button({ label: t("close"), iconName: "close", class: "plain", onClick: () => (element.hidden = true) });
  const element = h(
    "section",
    { class: "strip", hidden: true, "aria-label": t("folder") },
    list,
    h("div", { class: "strip-actions" }, shade, both),
    close,
  );
  const mark = () => frames.forEach((frame, id) => frame.setAttribute("aria-current", String(id === studio.session?.folder)));
  desk.on("pictures", (pictures) => {
    element.hidden = pictures.length === 0;
    for (const picture of pictures) {
      if (!frames.has(picture.id))
        frames.set(
          picture.id,
          frameOf(desk, picture, () => open(picture.id)),
        );
      frames.get(picture.id).show(picture.state);
    }
    list.replaceChildren(...pictures.map(({ id }) => frames.get(id)));
    mark();
  });
  studio.on("session", mark);
  studio.on("folder", ({ id, state }) => frames.get(id)?.show(state));
  return element;
}

function frameOf({ studio }, { id, name }, onClick) {
  const image = h("img", { alt: "", draggable: "false" });
  studio.api.blob(`/folder/${id}?side=160`).then(
    (blob) => (image.src = URL.createObjectURL(blob)),
    (error) => studio.report(error),
  );
  const state = h("span", { class: "frame-state" });
  const frame = h(
    "button",
    { type: "button", class: "frame", title: name, role: "listitem", on: { click: onClick } },
    image,
    h("span", { class: "frame-name", text: name }),
    state,
  );
  frame.show = (value) => {
    frame.dataset.state = value;
    state.textContent = t(`state.${value}`);
  };
  return frame;
}
