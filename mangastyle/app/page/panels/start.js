/** What is seen before a picture is open: where to drop one, samples, the pictures that are kept. */

import { button, h } from "../dom.js";
import { t } from "../i18n.js";

export function startScreen(desk, actions) {
  const samples = h("div", { class: "samples" });
  const kept = keptPictures(desk, actions);
  const element = h(
    "div",
    { class: "start" },
    h(
      "div",
      { class: "start-box" },
      h("h1", { text: t("start.title") }),
      h("p", { text: t("start.about") }),
      h(
        "div",
        { class: "drop-zone" },
        h("p", { class: "drop-text", text: t("start.drop") }),
        h(
          "div",
          { class: "row center" },
          button({
            label: t("start.open"),
            key: "Ctrl+O",
            text: t("start.open"),
            iconName: "open",
            class: "primary",
            onClick: actions.open,
          }),
          button({ label: t("start.folder"), text: t("start.folder"), onClick: actions.openFolder }),
        ),
        h("p", { class: "quiet", text: t("start.paste") }),
      ),
      kept,
      h("h2", { text: t("start.samples") }),
      samples,
    ),
  );
  element.showSamples = (list) => samples.replaceChildren(...list.map((sample) => sampleCard(desk, sample, actions.sample)));
  element.showKept = kept.show;
  return element;
}

/** All pictures that the server keeps, the one worked on last first; each can be deleted but what is open somewhere. */
function keptPictures(desk, actions) {
  const list = h("ul", { class: "samples kept" });
  const size = h("span", { class: "quiet" });
  const element = h("div", { class: "last", hidden: true }, h("div", { class: "row center" }, h("h2", { text: t("kept.title") }), size), list);
  element.show = (all) => {
    const entries = all.filter(({ drawn, open }) => drawn || open); // others are as their files are
    element.hidden = !entries.length;
    const megabytes = entries.reduce((sum, { bytes }) => sum + bytes, 0) / 1e6;
    size.textContent = t("kept.size", { count: entries.length, size: Math.ceil(megabytes) });
    list.replaceChildren(...entries.map((entry) => keptCard(desk, entry, actions)));
  };
  return element;
}

function keptCard(desk, { id, name, saved, open }, actions) {
  const image = h("img", { alt: "", draggable: "false" });
  const day = new Date(saved).toLocaleDateString(document.documentElement.lang, { day: "numeric", month: "short" });
  const label = t("kept.open", { name });
  const choose = h(
    "button",
    { type: "button", class: "sample", title: label, "aria-label": label, on: { click: () => actions.session(id) } },
    image,
    h("span", { class: "frame-name", text: name }),
    h("span", { class: "quiet", text: day }),
  );
  const remove = button({ label: t("kept.remove", { name }), iconName: "close", class: "remove", onClick: () => actions.remove(id, name) });
  const card = h("li", {}, choose, !open && id !== desk.studio.session?.id && remove);
  desk.whenSeen(card, () => desk.showSmall(image, `/sessions/${id}/small`));
  return card;
}

function sampleCard(desk, { name, kind }, onClick) {
  const image = h("img", { alt: "", draggable: "false" });
  desk.showSmall(image, `/samples/${encodeURIComponent(name)}?side=200`);
  const label = t(kind === "color" ? "kind.color" : "kind.line");
  return h(
    "button",
    { type: "button", class: "sample", "data-sample": name, on: { click: () => onClick(name) } },
    image,
    h("span", { text: name }),
    h("span", { class: "quiet", text: label }),
  );
}
