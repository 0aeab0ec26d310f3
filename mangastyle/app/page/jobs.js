/** What the server is at, by kind ("shade", "style", "export", "folder"), and which document each request was about. */

import { forThisTab } from "./kept.js";

const REMEMBERED = 64; // requests
const TAB = "tab";
const TABS = 2 ** 20;
const TAGS = 2 ** 31; // of each tab
const TAGS_A_SECOND = 20; // at most, so that those after a reload are greater than those before

export class Jobs {
  #running = new Map(); // kind -> {done, of, left, since}
  #tab = tabNumber();
  #tag = this.#tab * TAGS + (Math.floor((TAGS_A_SECOND * Date.now()) / 1000) % TAGS);
  #documents = new Map(); // by tag
  #newest = {}; // tags, by kind
  #onChange;

  constructor(onChange) {
    this.#onChange = onChange;
  }

  get size() {
    return this.#running.size;
  }

  get kinds() {
    return [...this.#running.keys()];
  }

  /** The tag that the next request will have. */
  get nextTag() {
    return this.#tag + 1;
  }

  has(kind) {
    return this.#running.has(kind);
  }

  get(kind) {
    return this.#running.get(kind);
  }

  begin(kind) {
    this.#running.set(kind, { done: 0, of: 0, left: null, since: performance.now() });
    this.#onChange();
  }

  advance(kind, { done, of, left }) {
    this.#running.set(kind, { since: performance.now(), ...this.get(kind), done, of, left });
    this.#onChange();
  }

  end(kind) {
    this.#running.delete(kind);
    this.#onChange();
  }

  /** A tag for a request about a document. */
  tagFor(kind, doc) {
    this.#tag += 1;
    this.#newest[kind] = this.#tag;
    this.#documents.set(this.#tag, doc);
    if (this.#documents.size > REMEMBERED) this.#documents.delete(this.#documents.keys().next().value);
    return this.#tag;
  }

  documentOf(tag) {
    return this.#documents.get(tag);
  }

  /** Whether a request is not the newest of its kind, so that nobody waits for it. */
  isReplaced(kind, tag) {
    return isTag(tag) && kind in this.#newest && tag !== this.#newest[kind];
  }

  /** Whether another tab asked, which has the same picture. */
  isForeign(tag) {
    return isTag(tag) && Math.floor(tag / TAGS) !== this.#tab;
  }

  /** Forget what was about another picture. Tags go on: late answers must not be taken for new ones. */
  clear() {
    this.#running.clear();
    this.#documents.clear();
    this.#newest = {};
    this.#onChange();
  }
}

/** The same after a reload. */
function tabNumber() {
  const kept = Number(forThisTab.get(TAB));
  const number = kept || 1 + Math.floor(Math.random() * (TABS - 1));
  forThisTab.set(TAB, number);
  return number;
}

function isTag(tag) {
  return tag !== undefined && tag !== null;
}
