/** What is seen before a picture is open: where to drop one, samples, the last project. */

import { button, h } from "../dom.js";
import { t } from "../i18n.js";

export function startScreen({ studio, actions }) {
  const samples = h("div", { class: "samples" });
  const last = h("div", { class: "last", hidden: true });
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
      last,
      h("h2", { text: t("start.samples") }),
      samples,
    ),
  );
  element.showSamples = (list) => samples.replaceChildren(...list.map((sample) => sampleCard(studio, sample, actions.sample)));
  element.showLast = (session) => {
    last.hidden = !session;
    if (session)
      last.replaceChildren(
        button({
          label: t("start.last", { name: session.name }),
          text: t("start.last", { name: session.name }),
          iconName: "picture",
          onClick: () => actions.session(session.id),
        }),
      );
  };
  return element;
}

function sampleCard(studio, { name, kind }, onClick) {
  const image = h("img", { alt: "", draggable: "false" });
  studio.api.blob(`/samples/${encodeURIComponent(name)}?side=200`).then(
    (blob) => (image.src = URL.createObjectURL(blob)),
    (error) => studio.report(error),
  );
  const label = t(kind === "color" ? "kind.color" : "kind.line");
  return h(
    "button",
    { type: "button", class: "sample", "data-sample": name, on: { click: () => onClick(name) } },
    image,
    h("span", { text: name }),
    h("span", { class: "quiet", text: label }),
  );
}
