/** Asks for other colors of the region under the pointer, and shows them beside it. */

export class Suggest {
  outlines = true;

  constructor(desk) {
    this.desk = desk;
  }

  down(point, event) {
    const [x, y] = point;
    if (this.desk.regions?.at(x, y) >= 0) this.desk.suggestFor([[x, y]], event);
  }
}
