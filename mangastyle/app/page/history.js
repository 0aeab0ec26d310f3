/** Undo and redo over whole documents. They share what did not change, so a step costs what it changed. */

export const STEPS = 500;

export class History {
  #past = [];
  #future = [];
  #key = null;

  constructor(present) {
    this.present = present;
  }

  get canUndo() {
    return this.#past.length > 0;
  }

  get canRedo() {
    return this.#future.length > 0;
  }

  /**
   * Make a document the present one. Changes with the same `key` in a row are one step, as while a slider moves;
   * `seal` ends that.
   */
  commit(doc, key = null) {
    if (doc === this.present) return false;
    if (key === null || key !== this.#key) {
      this.#past.push(this.present);
      if (this.#past.length > STEPS) this.#past.shift();
    }
    this.present = doc;
    this.#future = [];
    this.#key = key;
    return true;
  }

  seal() {
    this.#key = null;
  }

  undo() {
    return this.#go(this.#past, this.#future);
  }

  redo() {
    return this.#go(this.#future, this.#past);
  }

  #go(from, to) {
    if (!from.length) return false;
    to.push(this.present);
    this.present = from.pop();
    this.#key = null;
    return true;
  }

  /** As JSON, with at most so many steps each way: what documents share is written once, elements of lists too. */
  toJSON(most = STEPS) {
    const pool = new Pool();
    const past = last(this.#past, most);
    const documents = [...past, this.present, ...last(this.#future, most).reverse()];
    const steps = documents.map((doc) => pool.document(doc));
    return { at: past.length, steps, pool: pool.values };
  }

  /** `defaults` fills what documents of an earlier version lack. */
  static fromJSON({ at, steps, pool }, defaults) {
    const made = new Map();
    const value = (index) => {
      if (!made.has(index)) made.set(index, "list" in pool[index] ? pool[index].list.map(value) : pool[index].is);
      return made.get(index);
    };
    const documents = steps.map((step) => ({
      ...defaults,
      ...Object.fromEntries(Object.entries(step).map(([key, index]) => [key, value(index)])),
    }));
    const history = new History(documents[at]);
    history.#past = documents.slice(0, at);
    history.#future = documents.slice(at + 1).reverse();
    return history;
  }
}

function last(list, count) {
  return list.slice(Math.max(0, list.length - count));
}

/** Values by identity, numbered. */
class Pool {
  values = [];
  #numbers = new Map();

  document(doc) {
    return Object.fromEntries(Object.entries(doc).map(([key, value]) => [key, this.#number(value, Array.isArray(value))]));
  }

  #number(value, isList) {
    if (!this.#numbers.has(value)) {
      const entry = isList ? { list: value.map((element) => this.#number(element, false)) } : { is: value };
      this.#numbers.set(value, this.values.push(entry) - 1);
    }
    return this.#numbers.get(value);
  }
}
