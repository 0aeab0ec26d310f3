/**
 * Keeps the document safe: with the server, at most each second, and in the browser while the server does not answer. Whichever is
 * newer is opened again.
 */

import { forever } from "./kept.js";

const PAUSE = 900; // ms
const MOST_LETTERS = 7e6; // of JSON; the server takes 8 MiB
const SAVED_STEPS = [250, 60, 10, 0]; // to undo, each way: as many as fit
const PREFIX = "mangastyle.state.";

export class Autosave {
  #studio;
  #timer = null;
  #sending = Promise.resolve(); // one request after the other
  #record = null; // {id, revision, dirty, sending, conflict, sent} of the picture that is open

  constructor(studio) {
    this.#studio = studio;
    studio.on("document", () => this.#touch());
    studio.on("reconnected", () => this.#later());
    addEventListener("pagehide", () => this.#keepHere());
    document.addEventListener("visibilitychange", () => document.hidden && this.#keepHere());
  }

  /** What was saved of a session, and go on from there. The picture that is still open is saved first. */
  begin(session) {
    this.save();
    const revision = session.state_revision ?? 0;
    const sent = JSON.stringify(session.state);
    this.#record = { id: session.id, revision, dirty: false, sending: false, conflict: false, untouched: true, sent };
    const here = readHere(session.id);
    if (!here || here.revision <= revision) return session.state;
    Object.assign(this.#record, { revision: here.revision, untouched: false });
    return here.state;
  }

  /** Drop what the browser keeps of a picture that is deleted. */
  forget(id) {
    forever.remove(PREFIX + id);
  }

  #touch() {
    if (!this.#record) return;
    if (this.#record.untouched) {
      this.#record.untouched = false; // this is the document as it was opened
      queueMicrotask(() => this.#studio.emit("saved"));
      return;
    }
    this.#record.dirty = true;
    this.#later();
  }

  #later() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.save(), PAUSE);
  }

  #state(steps) {
    return { version: 1, history: this.#studio.history.toJSON(steps) };
  }

  /** With as much to undo as the server takes: of very large drawings less. */
  #largestState() {
    const fits = (one) => JSON.stringify(one).length < MOST_LETTERS;
    return SAVED_STEPS.map((steps) => this.#state(steps)).find(fits) ?? this.#state(0);
  }

  /** Save now; resolves when the server has it or cannot be asked. */
  save() {
    clearTimeout(this.#timer);
    const record = this.#record;
    if (record?.dirty && !record.conflict) {
      const state = this.#largestState();
      record.dirty = false;
      record.sending = true;
      this.#sending = this.#sending.then(() => this.#send(record, state));
    }
    return this.#sending;
  }

  async #send(record, state) {
    const before = record.sent;
    record.sent = JSON.stringify(state);
    try {
      const revision = record.revision + 1;
      await this.#studio.api.put(`/sessions/${record.id}/state`, { revision, state });
      record.revision = revision;
      record.sending = false;
      if (record.dirty && document.hidden) this.#keepHere();
      else forever.remove(PREFIX + record.id);
      if (record === this.#record && !record.dirty) this.#studio.emit("saved");
    } catch (error) {
      if (error.status === 409) await this.#onConflict(record, state, [before, record.sent]);
      else this.#onFailure(record, state, error);
    }
  }

  #onFailure(record, state, error) {
    record.dirty = true;
    record.sending = false;
    const kept = record === this.#record ? this.#keepHere() : keep(record, state);
    if (!kept) this.#studio.emit("unkept");
    this.#studio.report(error);
  }

  /** The server has a later document. If it is one that came from here, its answer was lost, or another tab only looked at it. */
  async #onConflict(record, state, ours) {
    try {
      const session = await this.#studio.api.get(`/sessions/${record.id}`);
      if (session.state_revision > record.revision && ours.includes(JSON.stringify(session.state))) {
        record.revision = session.state_revision;
        return this.#send(record, state);
      }
      this.#ask(record, session.state_revision);
    } catch (error) {
      this.#onFailure(record, state, error);
    }
  }

  /** Another tab has changed the same picture. Nothing is overwritten unless a person says so. */
  #ask(record, stored) {
    Object.assign(record, { dirty: true, sending: false, conflict: true });
    if (record !== this.#record) return;
    this.#studio.emit("conflict", () => {
      Object.assign(record, { revision: stored, conflict: false });
      this.save();
    });
  }

  /** Keep in the browser what the server does not have yet; whether that went well. */
  #keepHere() {
    const record = this.#record;
    if (!record || record.conflict || !(record.dirty || record.sending)) return true;
    return SAVED_STEPS.some((steps) => keep(record, this.#state(steps)));
  }
}

function keep(record, state) {
  return forever.set(PREFIX + record.id, JSON.stringify({ revision: record.revision + 1, state }));
}

function readHere(id) {
  try {
    return JSON.parse(forever.get(PREFIX + id));
  } catch {
    return null;
  }
}
