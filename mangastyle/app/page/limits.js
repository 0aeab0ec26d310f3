/** Limits of requests: for how long one is waited for, and how many there are at once. */

/** Ends what listens to its `signal` unless it is renewed, or ended, in time. */
export class TimeLimit {
  #controller = new AbortController();
  #timer;
  #ms;

  constructor(ms) {
    this.#ms = ms;
    this.isOver = false;
    this.renew();
  }

  get signal() {
    return this.#controller.signal;
  }

  renew() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.isOver = true;
      this.#controller.abort();
    }, this.#ms);
  }

  end() {
    clearTimeout(this.#timer);
  }
}

/** Lets so many through at once; the others wait for their turn. */
export class Gate {
  #free;
  #waiting = [];

  constructor(count) {
    this.#free = count;
  }

  async pass(work) {
    if (this.#free) this.#free -= 1;
    else await new Promise((resolve) => this.#waiting.push(resolve));
    try {
      return await work();
    } finally {
      if (this.#waiting.length) this.#waiting.shift()();
      else this.#free += 1;
    }
  }
}
