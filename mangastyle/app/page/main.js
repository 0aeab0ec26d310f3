/** Builds the page and connects its parts. */

import { Api, takeToken } from "./api.js";
import { Autosave } from "./autosave.js";
import { Desk } from "./desk.js";
import { setSettings } from "./document.js";
import { h } from "./dom.js";
import { addHint } from "./hint_files.js";
import { loadTexts, preferredLanguage, t } from "./i18n.js";
import { KeyboardCursor } from "./keyboard.js";
import { receiveFiles, sortFiles } from "./open.js";
import { compareHandle } from "./panels/compare.js";
import { helpSheet } from "./panels/help.js";
import { toolOptions } from "./panels/options.js";
import { sidePanels } from "./panels/side.js";
import { startScreen } from "./panels/start.js";
import { statusLine } from "./panels/status.js";
import { filmStrip } from "./panels/strip.js";
import { suggestionsPopup } from "./panels/suggestions.js";
import { toolbar } from "./panels/toolbar.js";
import { topbar } from "./panels/topbar.js";
import { Pointers } from "./pointer.js";
import { listenToKeys, shortcutList } from "./shortcuts.js";
import { drawMask, Stage } from "./stage.js";
import { Studio } from "./studio.js";
import { followTheme, switchTheme } from "./theme.js";
import { Ui } from "./ui.js";
import { View } from "./view.js";

const POLL = 700; // ms, while the networks load and no session tells of it
const ZOOM_STEP = 1.25;
const TURN = Math.PI / 12;
const FILES = "image/*,.psd,.tga,.jp2,.qoi,.pcx,.zip,.mangastyle,.json";

const api = new Api(takeToken());
const ui = new Ui();
const view = new View();
const studio = new Studio(api, {
  get auto() {
    return ui.get("auto");
  },
});
const autosave = new Autosave(studio);
const desk = new Desk({ studio, ui, view, autosave });
let screen = {};

const actions = {
  undo: () => studio.undo(),
  redo: () => studio.redo(),
  compare: () => studio.session && ui.set("compare", ui.get("compare") === null ? 0.5 : null),
  theme: () => switchTheme(ui),
  help: () => screen.help.showModal(),
  home: goHome,
  open: () => desk.chooseFile(FILES, openFiles, { several: true }),
  openFolder: () => desk.chooseFile("", openFiles, { folder: true }),
  sample: (name) => enter(() => api.post("/sessions", { sample: name })),
  session: (id) => enter(() => api.get(`/sessions/${id}`)),
  folderPicture: (id) => enter(() => api.post("/sessions", { folder: id })),
  language: chooseLanguage,
  panel: showPanel,
  variant: changeVariant,
  fillSelection: () => withSelection((places) => desk.fill(places)),
  clearSelection: () => withSelection((places) => desk.clear(places)),
  zoom: (factor) => changeView(() => view.zoomBy(factor)),
  zoomIn: () => actions.zoom(ZOOM_STEP),
  zoomOut: () => actions.zoom(1 / ZOOM_STEP),
  fit: () => changeView(() => view.level()),
  actual: () => changeView(() => view.actual(screen.stage.ratio)),
  turn: (angle) => changeView(() => view.rotateBy(typeof angle === "number" ? angle : TURN)),
  preview: () => studio.session && studio.requestPreview(),
  save: () => studio.session && desk.emit("save"),
  copy: () => desk.copyPicture(),
  escape,
};

function changeView(change) {
  change();
  desk.viewChanged();
}

function changeVariant(by) {
  if (!studio.session) return;
  const { doc } = studio;
  studio.commit(setSettings(doc, { variant: Math.max(0, doc.settings.variant + by) }));
}

function withSelection(use) {
  const selection = ui.get("selection");
  if (selection.length) use(selection.map(([, x, y]) => [x, y]));
}

/** What is open is closed, one at a time; if nothing is, what the server does is stopped. */
function escape() {
  if (document.body.classList.contains("at-home")) goHome();
  else if (!screen.suggestions.hidden) screen.suggestions.close();
  else if (ui.get("maskOf") !== null) ui.set("maskOf", null);
  else if (ui.get("selection").length) ui.set("selection", []);
  else if (ui.get("compare") !== null) ui.set("compare", null);
  else if (studio.jobs.size) studio.cancel();
}

function showPanel(name) {
  ui.set("panel", name);
}

async function chooseLanguage(language) {
  localStorage.setItem("language", language);
  await autosave.save();
  location.reload();
}

function goHome() {
  document.body.classList.toggle("at-home", Boolean(studio.session) && !document.body.classList.contains("at-home"));
  screen.start.showLast(studio.session);
}

/** Open what `get` gives, after what is open now is safe. */
async function enter(get) {
  document.body.classList.add("opening");
  try {
    await autosave.save();
    const session = await get();
    await studio.enter(session, autosave.begin(session));
    sessionStorage.setItem("session", session.id);
  } catch (error) {
    studio.report(error);
    sessionStorage.removeItem("session");
  } finally {
    document.body.classList.remove("opening");
  }
}

async function openFiles(files) {
  const { project, hint, pictures, other } = sortFiles(files);
  if (project) await enter(() => api.upload("/sessions", project.slice(0, project.size, "application/zip")));
  else if (pictures.length === 1) await enter(() => api.upload(`/sessions?name=${encodeURIComponent(pictures[0].name)}`, pictures[0]));
  else if (pictures.length) await openFolder(pictures);
  else if (hint) await openHint(hint);
  else desk.say("noPicture", { name: other?.name ?? "" });
}

async function openHint(file) {
  const { session, doc } = studio;
  if (!session) return desk.say("hintFirst");
  try {
    studio.commit(addHint(doc, JSON.parse(await file.text()), session.width, session.height));
  } catch (error) {
    desk.say("noHint", { name: file.name, why: error.message });
  }
}

async function openFolder(files) {
  const entries = [];
  for (const file of files) entries.push(await api.upload(`/folder?name=${encodeURIComponent(file.name)}`, file));
  await loadFolder();
  await actions.folderPicture(entries[0].id);
}

async function loadFolder() {
  desk.emit("pictures", (await api.get("/folder")).pictures);
}

function buildPage() {
  const canvas = h("canvas", { class: "overlay", tabindex: 0, role: "application", "aria-label": t("canvas") });
  const area = h("div", { class: "stage" }, h("canvas", { class: "picture", "aria-hidden": "true" }), canvas);
  const stage = new Stage({ element: area, view, studio, ui });
  desk.stage = stage;
  const suggestions = suggestionsPopup(desk);
  desk.suggestions = suggestions;
  const start = startScreen({ studio, actions });
  const main = h(
    "main",
    { class: "middle" },
    area,
    start,
    h("div", { class: "drop-note", text: t("start.dropHere") }),
    h("div", { class: "opening-note", role: "status", text: t("opening") }),
  );
  area.append(compareHandle({ ui, stage }, area));
  const shortcuts = shortcutList(desk, actions);
  const help = helpSheet(shortcuts);
  const options = toolOptions(desk);
  document.body.replaceChildren(
    topbar({ desk, options, actions, language: document.documentElement.lang }),
    toolbar({ ui, showPanel }),
    main,
    sidePanels(desk, showPanel),
    filmStrip(desk, { open: actions.folderPicture }),
    statusLine({ studio, ui, view, on: (name, listener) => desk.on(name, listener), actions }),
    help,
    suggestions,
  );
  screen = { stage, canvas, start, help, suggestions };
  const pointers = new Pointers({
    element: canvas,
    view,
    hand: { name: () => ui.get("tool"), tool: (name) => (name ? desk.tools[name] : desk.tool) },
    onView: () => desk.viewChanged(),
    onHover: (place) => desk.hover(studio.session && place),
  });
  new KeyboardCursor(desk, canvas);
  listenToKeys(shortcuts, (held) => (pointers.space = held));
}

function connect() {
  const { stage, canvas } = screen;
  studio.painter.drawMask = (strokes) => drawMask(strokes, studio.session);
  studio.on("pictures", () => stage.draw());
  studio.on("session", ({ width, height }) => {
    document.body.classList.add("has-picture");
    document.body.classList.remove("at-home");
    Object.assign(document, { title: `${studio.session.name} – mangastyle` });
    for (const [name, value] of [
      ["selection", []],
      ["maskOf", null],
      ["compare", null],
    ])
      ui.set(name, value);
    view.setPicture(width, height);
    desk.viewChanged();
    canvas.focus({ preventScroll: true });
  });
  studio.on("exported", async ({ path, name }) => {
    try {
      desk.saveFile(await api.blob(path), name);
    } catch (error) {
      studio.report(error);
    }
  });
  studio.on("conflict", (takeOver) => {
    // A question, not a line: what is done then overwrites what the other tab has saved.
    if (window.confirm(t("conflict"))) takeOver();
  });
  ui.on("tool", (name) => {
    canvas.dataset.tool = name;
    desk.hover(stage.hovered);
  });
  canvas.dataset.tool = ui.get("tool");
  for (const name of ["size", "selection", "maskOf"]) ui.on(name, () => desk.hover(stage.hovered));
  receiveFiles({
    targets: { painting: (file) => desk.addPainting(file), reference: (file) => studio.addReference(file, file.name) },
    onFiles: openFiles,
    onError: (error) => studio.report(error),
  });
}

/** Until the networks are loaded, ask how far they are: before a picture is open, no events tell. */
async function watchModels() {
  for (;;) {
    try {
      const status = await api.get("/status");
      if (studio.connection !== "open" && !studio.session) studio.emit("connection", (studio.connection = "open"));
      if (status.error) studio.emit("message", { text: status.error, error: true });
      if (status.models !== studio.models) studio.setModels(status.models);
      if (status.models === "ready" || status.error) return;
    } catch (error) {
      studio.emit("connection", (studio.connection = error.status === 401 ? "denied" : "lost"));
    }
    await new Promise((resolve) => setTimeout(resolve, POLL));
  }
}

/** Go on with this tab's picture after a reload; open what the command named; else offer the last one. */
async function resume() {
  const mine = sessionStorage.getItem("session");
  if (mine) await actions.session(mine);
  if (studio.session) return;
  const { session, open } = await api.get("/status");
  if (open) await actions.session(open);
  else if (session) screen.start.showLast(await api.get(`/sessions/${session}`));
}

async function begin() {
  followTheme(ui);
  await loadTexts(preferredLanguage());
  buildPage();
  connect();
  watchModels();
  const parts = [resume(), desk.loadPaintings(), loadFolder(), api.get("/samples").then(screen.start.showSamples)];
  for (const part of await Promise.allSettled(parts)) if (part.status === "rejected") studio.report(part.reason);
}

// For tests and the curious: what is worked on, to be read.
window.mangastyle = { studio, ui, view, desk };

begin();
