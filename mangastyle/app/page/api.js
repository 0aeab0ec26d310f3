/** The server, as the page of its protocol describes it: requests with the token, pictures as bitmaps, events with reconnection. */

import { forThisTab } from "./kept.js";

const BASE = "/api/v1";
const SILENCE = 30_000; // ms without a sign of life, after which a connection counts as dead
const FIRST_WAIT = 400; // ms before the first reconnection; doubles up to LONGEST_WAIT
const LONGEST_WAIT = 5_000;

/** What a request came to: `status` is 0 if no server answered. */
export class ApiError extends Error {
  constructor(status, message, details = {}) {
    super(message);
    this.status = status;
    this.details = details;
  }
}

/** The token is taken from the opened address, once, and kept for this tab: a reload needs it again. */
export function takeToken() {
  const given = new URLSearchParams(location.hash.slice(1)).get("token");
  if (given) {
    forThisTab.set("token", given);
    history.replaceState(null, "", location.pathname);
  }
  return given || (forThisTab.get("token") ?? "");
}

export class Api {
  #token;

  constructor(token) {
    this.#token = token;
  }

  get(path) {
    return this.#json(path, {});
  }

  post(path, body) {
    return this.#json(path, { method: "POST", ...asJson(body) });
  }

  put(path, body) {
    return this.#json(path, { method: "PUT", ...asJson(body) });
  }

  /** Send a file. Its type decides what the server takes it for; browsers do not know the types of all pictures. */
  upload(path, blob) {
    const type = blob.type.startsWith("image/") || blob.type === "application/zip" ? blob.type : "application/octet-stream";
    return this.#json(path, { method: "POST", headers: { "Content-Type": type }, body: blob });
  }

  async blob(path) {
    return (await this.#fetch(path, {})).blob();
  }

  /** A picture as it is, without color management. */
  async bitmap(path) {
    return createImageBitmap(await this.blob(path), { colorSpaceConversion: "none", premultiplyAlpha: "none" });
  }

  async labels(path) {
    return new Uint32Array(await (await this.#fetch(path, {})).arrayBuffer());
  }

  async #json(path, options) {
    const answer = await this.#fetch(path, options);
    return answer.status === 204 ? null : answer.json();
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
   */
  listen(session, onEvent, onState) {
    const stream = { stopped: false, lastId: session.last_event ?? null, wait: FIRST_WAIT, abort: null };
    this.#follow(session.id, stream, onEvent, onState);
    return () => {
      stream.stopped = true;
      stream.abort?.abort();
    };
  }

  async #follow(session, stream, onEvent, onState) {
    while (!stream.stopped) {
      try {
        await this.#readEvents(session, stream, onEvent, onState);
      } catch (error) {
        if (stream.stopped) return;
        if (error.status === 401 || error.status === 403) return onState("denied");
        if (error.status === 404) return onState("gone");
      }
      if (stream.stopped) return;
      onState("lost");
      await new Promise((resolve) => setTimeout(resolve, stream.wait));
      stream.wait = Math.min(2 * stream.wait, LONGEST_WAIT);
    }
  }

  async #readEvents(session, stream, onEvent, onState) {
    stream.abort = new AbortController();
    const headers = stream.lastId === null ? {} : { "Last-Event-ID": stream.lastId };
    const answer = await this.#fetch(`/sessions/${session}/events`, { headers, signal: stream.abort.signal });
    stream.wait = FIRST_WAIT;
    onState("open");
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    let timer = null;
    const watch = () => {
      clearTimeout(timer);
      timer = setTimeout(() => stream.abort.abort(), SILENCE);
    };
    try {
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
