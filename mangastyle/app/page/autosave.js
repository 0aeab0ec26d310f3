/**
 * Keeps the document safe: with the server, at most each second, and in the browser while the server does not answer. Whichever is
 * newer is opened again.
 */

const PAUSE = 900; // ms
const MOST_LETTERS = 7e6; // of JSON; the server takes 8 MiB
const SAVED_STEPS = [250, 60, 10]; // to undo, each way: as many as fit
const PREFIX = "mangastyle.state.";

export class Autosave {
  #studio;
  #timer = null;
  #dirty = false;
  #saving = null;
  #revision = 0;
  #conflict = false;

  constructor(studio) {
    this.#studio = studio;
    studio.on("document", () => this.#touch());
    studio.on("reconnected", () => this.#dirty && this.#later());
    addEventListener("pagehide", () => this.#keepHere());
    document.addEventListener("visibilitychange", () => document.hidden && this.#keepHere());
  }

  /** What was saved of a session, and go on from there. */
  begin(session) {
    this.#revision = session.state_revision ?? 0;
    this.#dirty = this.#conflict = false;
    clearTimeout(this.#timer);
    const here = readHere(session.id);
    if (!here || here.revision <= this.#revision) return session.state;
    this.#revision = here.revision;
    return here.state;
  }

  #touch() {
    this.#dirty = true;
    this.#later();
  }

  #later() {
    clearTimeout(this.#timer);
    if (!this.#conflict) this.#timer = setTimeout(() => this.save(), PAUSE);
  }

  /** With as much to undo as the server takes: of very large drawings less. */
  #state() {
    const state = (steps) => ({ version: 1, history: this.#studio.history.toJSON(steps) });
    const fits = (one) => JSON.stringify(one).length < MOST_LETTERS;
    return SAVED_STEPS.map(state).find(fits) ?? state(0);
  }

  /** Save now; resolves when the server has it or cannot be asked. */
  async save() {
    clearTimeout(this.#timer);
    await this.#saving;
    if (!this.#dirty || !this.#studio.session || this.#conflict) return;
    this.#saving = this.#send(this.#studio.session.id);
    await this.#saving;
  }

  async #send(id) {
    this.#dirty = false;
    const revision = this.#revision + 1;
    try {
      await this.#studio.api.put(`/sessions/${id}/state`, { revision, state: this.#state() });
      this.#revision = revision;
      localStorage.removeItem(PREFIX + id);
      this.#studio.emit("saved");
    } catch (error) {
      this.#dirty = true;
      if (error.status === 409) this.#onConflict(error.details.revision);
      else this.#keepHere();
    }
  }

  /** Another tab has saved the same picture. Nothing is overwritten unless a person says so. */
  #onConflict(stored) {
    this.#conflict = true;
    this.#studio.emit("conflict", () => {
      this.#revision = stored;
      this.#conflict = false;
      this.save();
    });
  }

  #keepHere() {
    const { session } = this.#studio;
    if (!this.#dirty || !session || this.#conflict) return;
    try {
      localStorage.setItem(PREFIX + session.id, JSON.stringify({ revision: this.#revision + 1, state: this.#state() }));
    } catch {
      // The browser's space is used up. The document is still in this tab.
    }
  }
}

function readHere(id) {
  try {
    return JSON.parse(localStorage.getItem(PREFIX + id));
  } catch {
    return null;
  }
}
