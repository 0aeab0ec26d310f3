/** Moves the picture. The pointers do that by themselves; this only gives it a name and a key. */
export class Hand {}
