/** The server, as the page of its protocol describes it: requests with the token, pictures as bitmaps, events with reconnection. */

import { Gate, TimeLimit } from "./limits.js";
import { forThisTab } from "./kept.js";

const BASE = "/api/v1";
const WAIT = 45_000; // ms until an answer begins, and between its parts
const SENDING_WAIT = 180_000; // the same for a file that is sent: the server takes 120 s for it, and then reads it
const SLOW = 6_000; // ms, after which it is said that the server is waited for
const SILENCE = 30_000; // ms without a sign of life, after which a connection counts as dead
const FIRST_WAIT = 400; // ms before the first reconnection; doubles up to LONGEST_WAIT
const LONGEST_WAIT = 5_000;
const HIDDEN_AFTER = 2_000; // ms for which a tab has been hidden when it gives its stream back
const HIDDEN_PAUSE = 3_000; // ms between two questions of a hidden tab
const SMALL_AT_ONCE = 3; // small pictures that are loaded at once: browsers have six connections for all tabs

/** What a request came to: `status` is 0 if no server answered. */
export class ApiError extends Error {
  constructor(status, message, details = {}) {
    super(message);
    this.status = status;
    this.details = details;
  }
}

/**
 * The token, or what gives it, is taken from the opened address, once, and kept for this tab: a reload needs it again. It is empty if
 * there is none.
 */
export async function takeToken() {
  const given = new URLSearchParams(location.hash.slice(1));
  if (given.has("token") || given.has("code")) history.replaceState(null, "", location.pathname);
  const token = given.get("token") || (await exchange(given.get("code")));
  if (token) forThisTab.set("token", token);
  return token || (forThisTab.get("token") ?? "");
}

/** A code is good for one time: what a program opens a browser with, other users of the machine can read. */
async function exchange(code) {
  if (!code) return "";
  try {
    return (await new Api("").post("/token", { code })).token;
  } catch {
    return ""; // the page says that the token is missing
  }
}

export class Api {
  #token;
  #small = new Gate(SMALL_AT_ONCE);
  #slow = 0; // requests whose answer takes long

  /** Called when requests begin to take long, and when none does any more. */
  onSlow = () => {};

  constructor(token) {
    this.#token = token;
  }

  get isSlow() {
    return this.#slow > 0;
  }

  get(path) {
    return this.#json(path, {});
  }

  /** `isPatient`: the answer is computed, and may take a while. */
  post(path, body, { isPatient = false } = {}) {
    return this.#json(path, { method: "POST", ...asJson(body), isPatient });
  }

  put(path, body) {
    return this.#json(path, { method: "PUT", ...asJson(body) });
  }

  delete(path) {
    return this.#json(path, { method: "DELETE" });
  }

  /** Send a file. Its type decides what the server takes it for; browsers do not know the types of all pictures. */
  upload(path, blob) {
    const type = blob.type.startsWith("image/") || blob.type === "application/zip" ? blob.type : "application/octet-stream";
    return this.#json(path, { method: "POST", headers: { "Content-Type": type }, body: blob, isPatient: true });
  }

  blob(path) {
    return this.#ask(path, {}, readBlob);
  }

  /** A picture that is shown beside what a person works on: a few at once, so that nothing else waits for them. */
  small(path) {
    return this.#small.pass(() => this.#ask(path, { isPatient: true }, readBlob));
  }

  /** A picture as it is, without color management. */
  async bitmap(path) {
    return createImageBitmap(await this.blob(path), { colorSpaceConversion: "none", premultiplyAlpha: "none" });
  }

  async labels(path) {
    return new Uint32Array(await (await this.blob(path)).arrayBuffer());
  }

  #json(path, options) {
    return this.#ask(path, options, (answer) => (answer.status === 204 ? null : answer.json()));
  }

  /** Ask, and read the answer; what only asks is asked once more if it was not answered in time. */
  async #ask(path, options, read) {
    try {
      return await this.#askOnce(path, options, read);
    } catch (error) {
      if (!error.details?.isLate || options.method) throw error;
      return this.#askOnce(path, options, read);
    }
  }

  async #askOnce(path, { isPatient = false, ...options }, read) {
    const limit = new TimeLimit(isPatient ? SENDING_WAIT : WAIT);
    const isSlow = !isPatient && this.#noteSlow();
    try {
      return await read(await this.#fetch(path, { ...options, signal: limit.signal }), limit);
    } catch (error) {
      // Browsers tell by a TypeError that the network failed while an answer was read.
      if (limit.isOver || error instanceof TypeError) throw new ApiError(0, "no answer", { isLate: limit.isOver });
      throw error;
    } finally {
      limit.end();
      if (isSlow) isSlow.end();
    }
  }

  /** Count a request as slow when it has become that; `end()` when it is over. */
  #noteSlow() {
    let isCounted = false;
    const timer = setTimeout(() => {
      isCounted = true;
      this.#slow += 1;
      if (this.#slow === 1) this.onSlow();
    }, SLOW);
    return {
      end: () => {
        clearTimeout(timer);
        if (!isCounted) return;
        this.#slow -= 1;
        if (!this.#slow) this.onSlow();
      },
    };
  }

  async #fetch(path, { headers = {}, ...options }) {
    let answer;
    try {
      answer = await fetch(BASE + path, { ...options, headers: { ...headers, Authorization: `Bearer ${this.#token}` }, cache: "no-store" });
    } catch (error) {
      if (error.name === "AbortError") throw error;
      throw new ApiError(0, "no answer");
    }
    if (!answer.ok) {
      const details = await answer.json().catch(() => ({}));
      throw new ApiError(answer.status, details.error ?? `${answer.status} ${answer.statusText}`, details);
    }
    return answer;
  }

  /**
   * Listen to a session until `stop` is called. `onEvent(name, data)` gets each event; `onState` gets "open", "lost" (it goes on
   * trying), "denied" (another token) or "gone" (no such session), after which it ends.
   *
   * A tab that nobody sees asks from time to time instead: a stream takes one of the few connections that a browser has for all its
   * tabs.
   */
  listen(session, onEvent, onState) {
    const stream = { stopped: false, lastId: session.last_event ?? null, wait: FIRST_WAIT, abort: null, wake: () => {}, isHidden: false };
    let timer = null;
    const onVisibility = () => {
      clearTimeout(timer);
      if (document.hidden) timer = setTimeout(() => turn(true), HIDDEN_AFTER);
      else turn(false);
    };
    const turn = (isHidden) => {
      if (isHidden === stream.isHidden) return;
      stream.isHidden = isHidden;
      stream.abort?.abort();
      stream.wake();
    };
    document.addEventListener("visibilitychange", onVisibility);
    onVisibility();
    this.#follow(session.id, stream, onEvent, onState);
    return () => {
      stream.stopped = true;
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", onVisibility);
      stream.abort?.abort();
      stream.wake();
    };
  }

  async #follow(session, stream, onEvent, onState) {
    while (!stream.stopped) {
      const { isHidden } = stream;
      try {
        await this.#readEvents(session, stream, onEvent, onState);
        if (isHidden && !stream.stopped) await pause(stream, HIDDEN_PAUSE);
        if (isHidden) continue;
      } catch (error) {
        if (stream.stopped) return;
        if (error.status === 401 || error.status === 403) return onState("denied");
        if (error.status === 404) return onState("gone");
      }
      if (stream.stopped) return;
      if (isHidden !== stream.isHidden) continue; // ended by the page itself
      onState("lost");
      await pause(stream, stream.wait);
      stream.wait = Math.min(2 * stream.wait, LONGEST_WAIT);
    }
  }

  async #readEvents(session, stream, onEvent, onState) {
    stream.abort = new AbortController();
    const headers = stream.lastId === null ? {} : { "Last-Event-ID": stream.lastId };
    const path = `/sessions/${session}/events${stream.isHidden ? "?once=1" : ""}`;
    let timer = null;
    const watch = () => {
      clearTimeout(timer);
      timer = setTimeout(() => stream.abort.abort(), SILENCE);
    };
    try {
      watch();
      const answer = await this.#fetch(path, { headers, signal: stream.abort.signal });
      stream.wait = FIRST_WAIT;
      onState("open");
      const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
      let rest = "";
      for (;;) {
        watch();
        const { value, done } = await reader.read();
        if (done) return;
        const blocks = (rest + value).replaceAll("\r\n", "\n").split("\n\n");
        rest = blocks.pop();
        for (const block of blocks) readBlock(block, stream, onEvent);
      }
    } finally {
      clearTimeout(timer);
    }
  }
}

/** Wait, unless something comes before. */
function pause(stream, ms) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    stream.wake = () => {
      clearTimeout(timer);
      resolve();
    };
  });
}

/** What an answer holds, part by part: as long as parts come, nobody gives up. */
async function readBlob(answer, limit) {
  const parts = [];
  for (const reader = answer.body.getReader(); ; ) {
    limit.renew();
    const { value, done } = await reader.read();
    if (done) return new Blob(parts, { type: answer.headers.get("Content-Type") ?? "" });
    parts.push(value);
  }
}

function asJson(body) {
  return { headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
}

function readBlock(block, stream, onEvent) {
  let name = "message";
  const data = [];
  for (const line of block.split("\n")) {
    const [, field, value] = /^([^:]*):? ?(.*)$/.exec(line);
    if (field === "event") name = value;
    else if (field === "data") data.push(value);
    else if (field === "id") stream.lastId = value;
  }
  if (!data.length) return;
  try {
    onEvent(name, JSON.parse(data.join("\n")));
  } catch (error) {
    reportError(error); // a fault of the page, which must not end the stream as a fault of the network does
  }
}
