/** What tools do to a document: how strokes, fills and locks get along with each other and with the regions. */

import * as documents from "./document.js";
import { toHex } from "./color.js";
import { cutStroke, distanceTo } from "./strokes.js";

/** Labels of the regions that are locked. */
export function lockedLabels(doc, labels) {
  return new Set(doc.locks.map(({ x, y }) => labels.at(x, y)));
}

function step(labels) {
  return 1 / labels.scaleX;
}

/** A document without what hints say about some regions. */
export function clearRegions(doc, labels, cleared) {
  const inside = (x, y) => cleared.has(labels.at(x, y));
  return documents.cutHints(
    doc,
    (stroke) => cutStroke(stroke, inside, step(labels), documents.newId),
    (fill) => !inside(fill.x, fill.y),
  );
}

/** Give regions a color: each whole, whatever was said of it before. Locked ones are left alone. */
export function fillRegions(doc, labels, places, color) {
  const locked = lockedLabels(doc, labels);
  const free = places.filter(([x, y]) => labels.at(x, y) >= 0 && !locked.has(labels.at(x, y)));
  if (!free.length) return doc;
  const cleared = clearRegions(doc, labels, new Set(free.map(([x, y]) => labels.at(x, y))));
  return free.reduce((current, place) => {
    const [x, y] = labels.seed(...place);
    return documents.addFill(current, { id: documents.newId(), x, y, color });
  }, cleared);
}

/**
 * Add a stroke: it ends where a locked region begins, and it takes over from fills, which speak for whole regions. Strokes of
 * several colors share a region. Also gives the places whose regions now have the stroke's color alone.
 */
export function paintStroke(doc, labels, stroke) {
  if (!labels) return { doc: documents.addStroke(doc, stroke), places: [] };
  const locked = lockedLabels(doc, labels);
  const parts = cutStroke(stroke, (x, y) => locked.has(labels.at(x, y)), step(labels), documents.newId);
  let current = doc;
  const places = [];
  for (const part of parts) {
    const under = labels.under(part.points);
    const others = current.strokes.filter((other) => other.color !== part.color);
    current = documents.cutHints(
      current,
      (other) => [other],
      (fill) => !under.has(labels.at(fill.x, fill.y)),
    );
    current = documents.addStroke(current, part);
    const shared = new Set(others.flatMap((other) => [...labels.under(other.points).keys()]));
    for (const [label, place] of under) if (!shared.has(label)) places.push(place);
  }
  return { doc: current, places };
}

/** Rub out strokes and the dots of fills along a path. */
export function eraseAlong(doc, points, radius, smallest) {
  const inside = (x, y) => distanceTo(points, [x, y]) <= radius;
  const cut = (stroke) => cutStroke(stroke, inside, Math.max(radius / 4, smallest), documents.newId);
  return documents.cutHints(doc, cut, (fill) => !inside(fill.x, fill.y));
}

export function toggleLock(doc, labels, place, rgb) {
  const label = labels.at(...place);
  const rest = doc.locks.filter(({ x, y }) => labels.at(x, y) !== label);
  if (rest.length < doc.locks.length) return documents.setLocks(doc, rest);
  const [x, y] = labels.seed(...place);
  return documents.setLocks(doc, [...doc.locks, { id: documents.newId(), x, y, color: toHex(rgb) }]);
}
