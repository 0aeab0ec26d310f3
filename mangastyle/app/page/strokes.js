/** Geometry and drawing of strokes. */

const LEAST_WIDTH = 0.25; // share of a stroke's width that the lightest pressure leaves

export function widthAt(stroke, point) {
  return point.length > 2 ? stroke.width * (LEAST_WIDTH + (1 - LEAST_WIDTH) * point[2]) : stroke.width;
}

/** The width of a stroke for those who know only one: the mean of its points'. */
export function meanWidth(stroke) {
  return stroke.points.reduce((sum, point) => sum + widthAt(stroke, point), 0) / stroke.points.length;
}

export function drawStroke(context, stroke) {
  const { points } = stroke;
  context.lineCap = context.lineJoin = "round";
  if (points.length === 1) {
    context.beginPath();
    context.arc(points[0][0], points[0][1], widthAt(stroke, points[0]) / 2, 0, 2 * Math.PI);
    context.fill();
  } else if (points[0].length > 2) drawPressed(context, stroke);
  else drawEven(context, stroke);
}

function drawEven(context, { points, width }) {
  context.lineWidth = width;
  context.beginPath();
  context.moveTo(points[0][0], points[0][1]);
  for (const [x, y] of points.slice(1)) context.lineTo(x, y);
  context.stroke();
}

function drawPressed(context, stroke) {
  for (let i = 1; i < stroke.points.length; i++) {
    const [from, to] = [stroke.points[i - 1], stroke.points[i]];
    context.lineWidth = (widthAt(stroke, from) + widthAt(stroke, to)) / 2;
    context.beginPath();
    context.moveTo(from[0], from[1]);
    context.lineTo(to[0], to[1]);
    context.stroke();
  }
}

/**
 * Fewer points that stay within `tolerance` of all (Ramer, Douglas, Peucker), without recursion. Of a stroke of some `width`, its
 * edges stay within it, too, where the pressure changes.
 */
export function simplify(points, tolerance, width = 0) {
  if (points.length < 3) return points;
  const kept = new Uint8Array(points.length);
  kept[0] = kept[points.length - 1] = 1;
  const spans = [[0, points.length - 1]];
  while (spans.length) {
    const [from, to] = spans.pop();
    const [farthest, distance] = farthestBetween(points, from, to, width);
    if (distance <= tolerance) continue;
    kept[farthest] = 1;
    spans.push([from, farthest], [farthest, to]);
  }
  return points.filter((_, i) => kept[i]);
}

function farthestBetween(points, from, to, width) {
  let [farthest, greatest] = [from, 0];
  for (let i = from + 1; i < to; i++) {
    const { distance, share } = nearestOn(points[i], points[from], points[to]);
    const [pressed, first, last] = [points[i], points[from], points[to]].map((point) => point[2] ?? 0);
    const edge = (Math.abs(pressed - first - share * (last - first)) * (1 - LEAST_WIDTH) * width) / 2;
    if (Math.max(distance, edge) > greatest) [farthest, greatest] = [i, Math.max(distance, edge)];
  }
  return [farthest, greatest];
}

/** How far a place is from a segment, and at which share of its length it is nearest. */
function nearestOn([x, y], [x0, y0], [x1, y1]) {
  const [dx, dy] = [x1 - x0, y1 - y0];
  const length = dx * dx + dy * dy;
  const share = length ? Math.min(Math.max(((x - x0) * dx + (y - y0) * dy) / length, 0), 1) : 0;
  return { distance: Math.hypot(x - x0 - share * dx, y - y0 - share * dy), share };
}

/** The least distance of a place from the middle of a stroke. */
export function distanceTo(points, place) {
  if (points.length === 1) return Math.hypot(points[0][0] - place[0], points[0][1] - place[1]);
  let least = Infinity;
  for (let i = 1; i < points.length; i++) least = Math.min(least, nearestOn(place, points[i - 1], points[i]).distance);
  return least;
}

/** Places along a stroke, at most `step` apart, its points among them. */
export function* along(points, step) {
  yield points[0];
  for (let i = 1; i < points.length; i++) {
    const [from, to] = [points[i - 1], points[i]];
    const parts = Math.max(1, Math.ceil(Math.hypot(to[0] - from[0], to[1] - from[1]) / step));
    for (let part = 1; part <= parts; part++) yield from.map((value, axis) => value + ((to[axis] - value) * part) / parts);
  }
}

/** The parts of a stroke whose middle is not `inside`; the stroke itself if that is all of it. */
export function cutStroke(stroke, inside, step, newId) {
  const parts = [];
  let current = [];
  let touched = false;
  for (const point of along(stroke.points, step)) {
    if (!inside(point[0], point[1])) {
      current.push(point);
      continue;
    }
    touched = true;
    if (current.length) parts.push(current);
    current = [];
  }
  if (!touched) return [stroke];
  if (current.length) parts.push(current);
  return parts.map((points) => ({ ...stroke, id: newId(), points: simplify(points, step / 4, stroke.width) }));
}
