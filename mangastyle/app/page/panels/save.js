/** What can be taken away: pictures, layered files, hints, the project, the command. */

import { commandFiles } from "../command_files.js";
import { toHint } from "../document.js";
import { button, choice, h } from "../dom.js";
import { t } from "../i18n.js";

const FORMATS = ["png", "webp", "ora", "psd", "hint-json", "hint-png", "project"];
const FLAT = new Set(["png", "webp"]);

export function savePanel(desk) {
  const { ui } = desk;
  const layer = layerChoice(desk.studio);
  const formats = FORMATS.map((format) => formatRow(format, ui.get("exportFormat") === format, () => ui.set("exportFormat", format)));
  const run = () => save(desk, layer.chosen());
  const saveButton = button({ label: t("save"), key: "Ctrl+S", text: t("save"), iconName: "save", class: "primary", onClick: run });
  const copy = button({ label: t("copy"), key: "Ctrl+C", text: t("copy"), iconName: "copy", onClick: () => desk.copyPicture() });
  const showLayer = () => (layer.hidden = !FLAT.has(ui.get("exportFormat")));
  ui.on("exportFormat", showLayer);
  showLayer();
  desk.on("save", run);
  return h(
    "div",
    { class: "panel" },
    h("div", { class: "formats", role: "radiogroup", "aria-label": t("save.format") }, formats),
    layer,
    h("div", { class: "row" }, saveButton, copy),
    commandSection(desk, layer),
  );
}

/** Which picture: what is shown, until a person chooses. */
function layerChoice(studio) {
  let wanted = "shown";
  const element = choice({
    label: t("save.what"),
    value: "shown",
    options: ["shown", "shaded", "styled", "line"].map((value) => ({ value, text: t(`save.${value}`) })),
    onChoose: (value) => {
      wanted = value;
      show();
    },
  });
  element.chosen = () => wanted;
  const show = () => element.lastChild.set(wanted);
  studio.on("session", () => {
    wanted = "shown";
    show();
  });
  return element;
}

async function save(desk, layer) {
  const format = desk.ui.get("exportFormat");
  if (format === "hint-json") return saveHint(desk);
  if (format === "project") await desk.autosave.save();
  await desk.saveExport(format, FLAT.has(format) ? layer : "shown");
}

/** Made here, so that it works without the server, too. */
function saveHint(desk) {
  const { session, doc } = desk.studio;
  const text = JSON.stringify(toHint(doc, session.width, session.height), null, 1);
  desk.saveFile(new Blob([text], { type: "application/json" }), `${session.name.replace(/\.\w+$/, "")}-hint.json`);
}

function commandSection(desk, layer) {
  const text = h("pre", { class: "command", tabindex: 0, "aria-label": t("command") });
  const copy = button({
    label: t("command.copy"),
    text: t("command.copy"),
    iconName: "copy",
    onClick: () => desk.copyText(text.textContent),
  });
  const files = h("div", { class: "row" });
  const reads = h("div", { class: "stack" }, h("p", { class: "quiet", text: t("command.files") }), files);
  const box = h("div", { class: "stack", hidden: true }, text, h("div", { class: "row" }, copy), reads);
  const showCommand = async () => {
    try {
      const { commands, paintings } = await desk.studio.commands(layer.chosen());
      text.textContent = commands.join("\n");
      const needed = commandFiles(desk, text.textContent, paintings, () => saveHint(desk));
      files.replaceChildren(...needed.map(fileButton));
      reads.hidden = !needed.length;
      box.hidden = false;
      box.scrollIntoView({ block: "nearest" });
    } catch (error) {
      desk.studio.report(error);
    }
  };
  desk.studio.on("document", () => (box.hidden = true));
  return h(
    "div",
    { class: "stack" },
    h("h3", { text: t("command") }),
    h("p", { class: "quiet", text: t("command.hint") }),
    button({ label: t("command.show"), text: t("command.show"), iconName: "command", onClick: showCommand }),
    box,
  );
}

function fileButton({ name, save }) {
  return button({ label: t("command.save", { name }), text: name, class: "small", onClick: save });
}

function formatRow(format, checked, onChoose) {
  const input = h("input", { type: "radio", name: "format", value: format, checked, on: { change: onChoose } });
  const name = h("span", { class: "format-name", text: t(`format.${format}`) });
  return h("label", { class: "format" }, input, name, h("span", { class: "quiet", text: t(`format.${format}.about`) }));
}
