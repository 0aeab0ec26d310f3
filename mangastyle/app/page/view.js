/** Where the picture lies on the screen: scale, angle and place. Lengths on the screen are CSS pixels. */

export const SMALLEST = 0.02;
export const LARGEST = 40;
const MARGIN = 24; // CSS pixels around a picture that is fitted
const KEPT = 48; // CSS pixels of the picture that always stay in sight

export class View {
  scale = 1;
  angle = 0; // radians
  x = 0; // of the picture's center on the screen
  y = 0;
  #picture = { width: 1, height: 1 };
  #screen = { width: 1, height: 1 };
  #fitted = true;

  setPicture(width, height) {
    this.#picture = { width, height };
    this.fit();
  }

  /** A picture that was fitted stays so when the window changes; one that was not keeps what is in its middle. */
  setScreen(width, height) {
    const moved = [(width - this.#screen.width) / 2, (height - this.#screen.height) / 2];
    this.#screen = { width, height };
    if (this.#fitted) this.fit();
    else this.pan(...moved);
  }

  get screen() {
    return this.#screen;
  }

  fit() {
    const cos = Math.abs(Math.cos(this.angle));
    const sin = Math.abs(Math.sin(this.angle));
    const { width, height } = this.#picture;
    const wide = (this.#screen.width - 2 * MARGIN) / (width * cos + height * sin);
    const high = (this.#screen.height - 2 * MARGIN) / (width * sin + height * cos);
    this.scale = clamp(Math.min(wide, high), SMALLEST, LARGEST);
    this.x = this.#screen.width / 2;
    this.y = this.#screen.height / 2;
    this.#fitted = true;
  }

  /** One pixel of the picture on one pixel of the display. */
  actual(pixelRatio) {
    this.zoomTo(1 / pixelRatio, this.#screen.width / 2, this.#screen.height / 2);
  }

  /** Change the scale so that what lies at (x, y) on the screen stays there. */
  zoomTo(scale, x, y) {
    const wanted = clamp(scale, SMALLEST, LARGEST);
    const change = wanted / this.scale;
    this.x = x + (this.x - x) * change;
    this.y = y + (this.y - y) * change;
    this.scale = wanted;
    this.#fitted = false;
    this.#keepInSight();
  }

  zoomBy(factor, x = this.#screen.width / 2, y = this.#screen.height / 2) {
    this.zoomTo(this.scale * factor, x, y);
  }

  pan(dx, dy) {
    this.x += dx;
    this.y += dy;
    this.#fitted = false;
    this.#keepInSight();
  }

  rotateBy(angle, x = this.#screen.width / 2, y = this.#screen.height / 2) {
    const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
    const [dx, dy] = [this.x - x, this.y - y];
    this.x = x + cos * dx - sin * dy;
    this.y = y + sin * dx + cos * dy;
    this.angle = normalize(this.angle + angle);
    this.#fitted = false;
  }

  level() {
    this.angle = 0;
    this.fit();
  }

  /** The matrix (a, b, c, d, e, f) from the picture to the screen, `ratio` device pixels for each CSS pixel. */
  matrix(ratio = 1) {
    const cos = Math.cos(this.angle) * this.scale * ratio;
    const sin = Math.sin(this.angle) * this.scale * ratio;
    const { width, height } = this.#picture;
    return [cos, sin, -sin, cos, this.x * ratio - (cos * width - sin * height) / 2, this.y * ratio - (sin * width + cos * height) / 2];
  }

  toScreen(x, y) {
    const [a, b, c, d, e, f] = this.matrix();
    return [a * x + c * y + e, b * x + d * y + f];
  }

  toPicture(x, y) {
    const [a, b, c, d, e, f] = this.matrix();
    const determinant = a * d - b * c;
    return [(d * (x - e) - c * (y - f)) / determinant, (a * (y - f) - b * (x - e)) / determinant];
  }

  #keepInSight() {
    const reach = (Math.hypot(this.#picture.width, this.#picture.height) * this.scale) / 2;
    this.x = clamp(this.x, KEPT - reach, this.#screen.width - KEPT + reach);
    this.y = clamp(this.y, KEPT - reach, this.#screen.height - KEPT + reach);
  }
}

function clamp(value, least, most) {
  return Math.min(Math.max(value, least), most);
}

function normalize(angle) {
  const turn = 2 * Math.PI;
  return angle - turn * Math.round(angle / turn);
}
