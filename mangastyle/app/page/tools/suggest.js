/** Asks for other colors of the region under the pointer, and shows them beside it. */

export class Suggest {
  outlines = true;

  constructor(desk) {
    this.desk = desk;
  }

  down(point, event) {
    const { studio } = this.desk;
    const [x, y] = point;
    if ((studio.pictures.labels?.at(x, y) ?? -1) >= 0) this.desk.suggestFor([[x, y]], event);
  }
}
