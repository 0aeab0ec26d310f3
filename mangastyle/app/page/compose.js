/** Flat colors from a label map and a table of colors. A change of one region touches only the box around it. */

export class FlatColors {
  #pixels;
  #image;
  #context;

  constructor(labels, colors) {
    this.labels = labels;
    this.canvas = document.createElement("canvas");
    this.canvas.width = labels.width;
    this.canvas.height = labels.height;
    this.#context = this.canvas.getContext("2d", { alpha: false });
    this.#image = this.#context.createImageData(labels.width, labels.height);
    this.#pixels = new Uint32Array(this.#image.data.buffer);
    this.table = new Uint32Array(labels.count).fill(0xffffffff);
    this.setColors(colors);
  }

  /** `colors` holds red, green and blue of each region. */
  setColors(colors) {
    const { table, labels } = this;
    for (let label = 0; label < table.length && 3 * label + 2 < colors.length; label++) {
      table[label] = packed(colors[3 * label], colors[3 * label + 1], colors[3 * label + 2]);
    }
    const { data } = labels;
    for (let i = 0; i < data.length; i++) this.#pixels[i] = table[data[i]];
    this.#context.putImageData(this.#image, 0, 0);
  }

  recolor(label, [red, green, blue]) {
    const { labels } = this;
    const color = packed(red, green, blue);
    if (this.table[label] === color) return;
    this.table[label] = color;
    const [left, top, right, bottom] = labels.box(label);
    for (let y = top; y < bottom; y++) {
      for (let i = y * labels.width + left, end = y * labels.width + right; i < end; i++) {
        if (labels.data[i] === label) this.#pixels[i] = color;
      }
    }
    this.#context.putImageData(this.#image, 0, 0, left, top, right - left, bottom - top);
  }

  color(label) {
    const value = this.table[label];
    return [value & 255, (value >> 8) & 255, (value >> 16) & 255];
  }
}

/** Each region in a color of its own, to see where they are. */
export function regionPicture(labels) {
  const colors = new Uint8Array(3 * labels.count);
  for (let label = 0; label < labels.count; label++) {
    const hash = Math.imul(label + 1, 2654435761) >>> 8;
    colors.set([110 + (hash & 127), 110 + ((hash >> 7) & 127), 110 + ((hash >> 14) & 127)], 3 * label);
  }
  return new FlatColors(labels, colors).canvas;
}

/** As canvases on all machines of today hold it: little-endian RGBA. */
function packed(red, green, blue) {
  return ((255 << 24) | (blue << 16) | (green << 8) | red) >>> 0;
}

/**
 * Draw the visible layers from the bottom to the top, as `mangastyle.ops.layers.composite` blends them. `pictures` holds what there
 * is by name; before the first colors have come, that is the original. Multiplying or screening at an opacity is a mixture with what is below, as in layered files.
 */
export function drawLayers(context, pictures, layers, ink, width, height) {
  const draw = (name, mode, strength = 1) => {
    const layer = layers[name];
    if (!pictures[name] || !layer.visible) return;
    context.globalCompositeOperation = mode;
    context.globalAlpha = layer.opacity * strength;
    context.drawImage(pictures[name], 0, 0, width, height);
  };
  context.globalAlpha = 1;
  context.globalCompositeOperation = "source-over";
  context.fillStyle = "#ffffff";
  context.fillRect(0, 0, width, height);
  if (!pictures.flat) return context.drawImage(pictures.original, 0, 0, width, height); // nothing is colored yet
  draw("original", "source-over");
  draw("flat", "source-over");
  draw("regions", "source-over");
  draw("shading", "multiply");
  draw("highlights", "screen");
  draw("line", "multiply", ink);
  draw("style", "source-over");
  context.globalCompositeOperation = "source-over";
  context.globalAlpha = 1;
}
