/** The line below: what the tool does, what went wrong, what the server is at, size and zoom. */

import { button, h } from "../dom.js";
import { t, told } from "../i18n.js";

const SHOWN = 6000; // ms that a message stays
const SOON = 350; // ms of work before it is worth a word: a line that flickers at each stroke is no help
const ORDER = ["export", "folder", "style", "shade"];

export function statusLine({ studio, ui, view, on, actions }) {
  const hint = h("span", { class: "hint" });
  const message = h("span", { class: "message", role: "status", "aria-live": "polite" });
  const server = h("span", { class: "server" });
  const bar = h("progress", { max: 1, "aria-label": t("progress") });
  const stop = button({ label: t("stop"), key: "Esc", iconName: "stop", text: t("stop"), class: "stop", onClick: () => studio.cancel() });
  const work = h("span", { class: "work" }, bar, stop);
  const size = h("span", { class: "size" });
  const zoom = button({ label: t("zoom.actual"), key: "1", text: "100 %", class: "plain zoom", onClick: actions.actual });
  const now = button({
    label: t("preview.now"),
    key: "Ctrl+Enter",
    text: t("preview.now"),
    class: "primary small",
    onClick: () => studio.requestPreview(),
  });
  const again = button({ label: t("retry"), text: t("retry"), class: "small again", hidden: true });
  let timer = null;

  /** What can be tried again stays until something else is said. */
  function say(text, isError = false, retry = null) {
    clearTimeout(timer);
    message.textContent = text;
    message.classList.toggle("error", isError);
    hint.hidden = Boolean(text);
    again.hidden = !retry;
    again.onclick = () => {
      say("");
      retry();
    };
    if (text && !retry) timer = setTimeout(() => say(""), SHOWN);
  }
  const showHint = () =>
    (hint.textContent = studio.session ? t(`hint.${ui.get("maskOf") === null ? ui.get("tool") : "mask"}`) : t("hint.start"));
  const showView = () => {
    zoom.querySelector("span").textContent = `${Math.round(100 * view.scale * (window.devicePixelRatio || 1))} %`;
  };
  const showWork = () => {
    const kind = ORDER.find((one) => studio.jobs.has(one));
    const job = studio.jobs.get(kind);
    const visible = job && performance.now() - job.since > SOON;
    work.classList.toggle("idle", !visible);
    now.hidden = !studio.stale;
    server.textContent = serverText(studio, visible ? kind : null, job);
    server.setAttribute("aria-live", visible ? "off" : "polite"); // the time that is left would be read each second
    if (job && !visible) setTimeout(showWork, SOON);
    if (visible && job.of) bar.value = job.done / job.of;
    else bar.removeAttribute("value");
  };
  studio.on("message", ({ text, error, retry }) => say(error ? told(text) : text, error, retry));
  studio.api.onSlow = showWork;
  for (const event of ["jobs", "connection", "models"]) studio.on(event, showWork);
  studio.on("session", ({ width, height }) => {
    size.textContent = `${width} × ${height}`;
    say("");
    showHint();
  });
  ui.on("tool", () => {
    say("");
    showHint();
  });
  ui.on("maskOf", showHint);
  on("view", showView);
  on("say", (text) => say(text));
  showHint();
  showView();
  showWork();
  return h(
    "footer",
    { class: "status" },
    h("div", { class: "talk" }, hint, message, again),
    h("div", { class: "spring" }),
    now,
    server,
    work,
    size,
    h(
      "div",
      { class: "group" },
      button({ label: t("zoom.out"), key: "-", iconName: "minus", class: "plain", onClick: actions.zoomOut }),
      zoom,
      button({ label: t("zoom.in"), key: "+", iconName: "plus", class: "plain", onClick: actions.zoomIn }),
      button({ label: t("zoom.fit"), key: "0", iconName: "fit", class: "plain", onClick: actions.fit }),
      button({ label: t("zoom.turn"), key: "R", iconName: "turn", class: "plain", onClick: actions.turn }),
    ),
  );
}

function serverText({ api, connection, models }, kind, job) {
  if (connection !== "open") return t(`connection.${connection}`);
  if (api.isSlow) return t("connection.slow");
  if (kind) return job.left ? t("work.left", { work: t(`work.${kind}`), time: duration(job.left) }) : t(`work.${kind}`);
  return models === "ready" ? "" : t(`models.${models}`);
}

function duration(seconds) {
  return seconds < 90 ? t("seconds", { count: Math.ceil(seconds) }) : t("minutes", { count: Math.ceil(seconds / 60) });
}
