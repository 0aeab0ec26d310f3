/** Builds the page and connects its parts. */

import { Api, takeToken } from "./api.js";
import { Autosave } from "./autosave.js";
import { Desk } from "./desk.js";
import { setSettings } from "./document.js";
import { h } from "./dom.js";
import { addHint } from "./hint_files.js";
import { keepLanguage, loadTexts, preferredLanguage, t, told } from "./i18n.js";
import { forThisTab } from "./kept.js";
import { KeyboardCursor } from "./keyboard.js";
import { maskPicture } from "./mask.js";
import { byName, isPicture, receiveFiles, sortFiles } from "./open.js";
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
import { Stage } from "./stage.js";
import { Studio } from "./studio.js";
import { followTheme, switchTheme } from "./theme.js";
import { Ui } from "./ui.js";
import { View } from "./view.js";

const POLL = 700; // ms, while the networks load and no session tells of it
const ZOOM_STEP = 1.25;
const TURN = Math.PI / 12;
const MASK_TOOLS = ["brush", "eraser", "hand"];
const FILES = "image/*,.psd,.tga,.jp2,.qoi,.pcx,.zip,.mangastyle,.json";

const api = new Api(await takeToken());
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
let entered = 0; // how often something was to be opened

const actions = {
  undo: () => studio.undo(),
  redo: () => studio.redo(),
  compare: () => studio.session && ui.set("compare", ui.get("compare") === null ? 0.5 : null),
  theme: () => switchTheme(ui),
  help: () => screen.help.showModal(),
  home: goHome,
  open: () => desk.chooseFile(FILES, openFiles, { several: true }),
  openFolder: () => desk.chooseFile("", openFolder, { folder: true }),
  sample: (name) => enter(() => api.post("/sessions", { sample: name })),
  remove: removeKept,
  session: (id) => enter(() => api.get(`/sessions/${id}`)),
  folderPicture: (id) => enter(() => api.post("/sessions", { folder: id })),
  language: chooseLanguage,
  panel: showPanel,
  variant: changeVariant,
  fillSelection: () => withSelection((places) => desk.fill(places)),
  clearSelection: () => withSelection((places) => desk.clear(places)),
  zoomIn: () => zoom(ZOOM_STEP),
  zoomOut: () => zoom(1 / ZOOM_STEP),
  fit: () => changeView(() => view.level()),
  actual: () => changeView(() => view.actual(screen.stage.ratio)),
  turn: () => changeView(() => view.rotateBy(TURN)),
  turnBack: () => changeView(() => view.rotateBy(-TURN)),
  preview: () => studio.session && studio.requestPreview(),
  save: () => studio.session && desk.emit("save"),
  copy: () => desk.copyPicture(),
  escape,
};

function changeView(change) {
  change();
  desk.viewChanged();
}

/** To the pointer, or the keyboard's cross; without them to the middle. */
function zoom(factor) {
  const place = screen.stage.hovered;
  changeView(() => view.zoomBy(factor, ...(place ? view.toScreen(...place) : [])));
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
  keepLanguage(language);
  await autosave.save();
  location.reload();
}

function goHome() {
  showHome(!document.body.classList.contains("at-home"));
}

/** The start page, while the picture stays open behind it. */
function showHome(isHome) {
  document.body.classList.toggle("at-home", Boolean(studio.session) && isHome);
  if (document.body.classList.contains("at-home")) showKept().catch((error) => studio.report(error));
}

async function showKept() {
  screen.start.showKept(await api.get("/sessions"));
}

/** Delete a picture that is kept. A person is asked: this is nothing that undo brings back. */
async function removeKept(id, name) {
  if (!window.confirm(t("kept.ask", { name }))) return;
  try {
    await api.delete(`/sessions/${id}`);
    autosave.forget(id);
    await Promise.all([showKept(), loadFolder()]);
  } catch (error) {
    studio.report(error);
  }
}

/** Open what `get` gives, after what is open now is safe. What was asked for last is opened. */
async function enter(get) {
  const turn = ++entered;
  document.body.classList.add("opening");
  try {
    await autosave.save();
    const session = await get();
    if (turn !== entered) return;
    if (session.id === studio.session?.id) document.body.classList.remove("at-home");
    else await studio.enter(session, () => autosave.begin(session));
  } catch (error) {
    if (error.status === 0) studio.emit("message", { text: t("say.noAnswer"), error: true, retry: () => enter(get) });
    studio.report(error);
    if (!studio.session && error.status) forThisTab.remove("session");
  } finally {
    if (turn === entered) document.body.classList.remove("opening");
  }
}

async function openFiles(files) {
  const { project, hint, pictures, other } = sortFiles(files);
  if (project) await enter(() => api.upload("/sessions", project.slice(0, project.size, "application/zip")));
  else if (pictures.length === 1) await enter(() => api.upload(`/sessions?name=${encodeURIComponent(pictures[0].name)}`, pictures[0]));
  else if (pictures.length) await openPictures(pictures);
  else if (hint) await openHint(hint);
  else if (other) desk.say("noPicture", { name: other.name });
}

/** Of what else is in a folder, nothing is opened. */
async function openFolder(files) {
  const pictures = byName(files.filter(isPicture));
  if (pictures.length) await openPictures(pictures);
  else desk.say("noPictures");
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

/** As a film strip. The first is opened at once; one that cannot be read does not keep the others out. */
async function openPictures(files) {
  let first = null;
  for (const file of files) {
    try {
      const { id } = await api.upload(`/folder?name=${encodeURIComponent(file.name)}`, file);
      await loadFolder();
      first ??= actions.folderPicture(id);
    } catch (error) {
      desk.say("notOpened", { name: file.name, why: told(error.message) });
      if (!error.status) throw error;
    }
  }
  await first;
}

async function loadFolder() {
  desk.emit("pictures", await api.get("/folder"));
}

/** The pictures that were dropped stay, each by itself. */
async function closeFolder() {
  try {
    await api.delete("/folder");
    await loadFolder();
  } catch (error) {
    studio.report(error);
  }
}

function buildPage() {
  const canvas = h("canvas", { class: "overlay", tabindex: 0, role: "application", "aria-label": t("canvas") });
  const area = h("div", { class: "stage" }, h("canvas", { class: "picture", "aria-hidden": "true" }), canvas);
  const stage = new Stage({ element: area, view, studio, ui });
  desk.stage = stage;
  const suggestions = suggestionsPopup(desk);
  desk.suggestions = suggestions;
  const start = startScreen(desk, actions);
  const side = sidePanels(desk, showPanel);
  side.inert = true; // until there is a picture
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
    side,
    filmStrip(desk, { open: actions.folderPicture, close: closeFolder }),
    statusLine({ studio, ui, view, on: (name, listener) => desk.on(name, listener), actions }),
    help,
    suggestions,
  );
  screen = { stage, canvas, start, side, help, suggestions };
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
  const { stage, canvas, side } = screen;
  studio.painter.drawMask = (strokes) => maskPicture(strokes, studio.session);
  studio.on("pictures", () => stage.draw());
  studio.on("session", ({ width, height }) => {
    document.body.classList.add("has-picture");
    document.body.classList.remove("at-home");
    side.inert = false;
    forThisTab.set("session", studio.session.id);
    if (!history.state) history.pushState({ picture: true }, ""); // so that the browser's button leads back to the start page
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
  studio.on("exported", ({ path, name }) => desk.saveFrom(() => api.blob(path), name));
  studio.on("conflict", (takeOver) => {
    // A question, not a line: what is done then overwrites what the other tab has saved.
    if (window.confirm(t("conflict"))) takeOver();
    else desk.say("notSaved");
  });
  studio.on("unkept", () => desk.say("unkept"));
  studio.on("document", ({ style }) => {
    if (!style.paintings.some(({ id }) => id === ui.get("maskOf"))) ui.set("maskOf", null);
  });
  ui.on("tool", (name) => {
    if (!MASK_TOOLS.includes(name)) ui.set("maskOf", null);
    canvas.dataset.tool = name;
    desk.hover(stage.hovered);
  });
  canvas.dataset.tool = ui.get("tool");
  for (const name of ["size", "selection", "maskOf", "panel"]) ui.on(name, () => desk.hover(stage.hovered));
  addEventListener("popstate", ({ state }) => showHome(!state));
  receiveFiles({
    targets: {
      painting: (file) => desk.addPainting(file),
      reference: (file) => (studio.session ? studio.addReference(file, file.name) : openFiles([file])),
    },
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
      const isDenied = error.status === 401;
      studio.emit("connection", (studio.connection = isDenied ? "denied" : "lost"));
      if (isDenied) return;
    }
    await new Promise((resolve) => setTimeout(resolve, POLL));
  }
}

/** Go on with this tab's picture after a reload; open what the command named; else offer those that are kept. */
async function resume() {
  const mine = forThisTab.get("session");
  if (mine) await actions.session(mine);
  if (studio.session) return;
  const { open } = await api.get("/status");
  if (open) await actions.session(open);
  else await showKept();
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
