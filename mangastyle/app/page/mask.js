/** Where a painting paints: strokes, of which some take away. A mask that begins with one of these is everywhere before it. */

import { drawStroke } from "./strokes.js";

/** Draw a mask in white on what is transparent, or on black. */
export function drawMask(context, strokes, width, height) {
  context.fillStyle = "#ffffff";
  if (!strokes.length || strokes[0].erase) context.fillRect(0, 0, width, height);
  for (const stroke of strokes) {
    context.globalCompositeOperation = stroke.erase ? "destination-out" : "source-over";
    context.strokeStyle = context.fillStyle = "#ffffff";
    drawStroke(context, stroke);
  }
  context.globalCompositeOperation = "source-over";
}

/** A mask as a PNG data URL of the size of previews, white where it is. */
export function maskPicture(strokes, { width, height, preview }) {
  const canvas = document.createElement("canvas");
  canvas.width = preview.width;
  canvas.height = preview.height;
  const context = canvas.getContext("2d");
  context.scale(preview.width / width, preview.height / height);
  drawMask(context, strokes, width, height);
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.globalCompositeOperation = "destination-over";
  context.fillStyle = "#000000";
  context.fillRect(0, 0, preview.width, preview.height);
  return canvas.toDataURL("image/png");
}
