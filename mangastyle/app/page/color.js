/** Colors as "#rrggbb", as [red, green, blue] of 0 to 255, and as [hue 0..360, saturation 0..1, value 0..1]. */

export function toRgb(hex) {
  const number = parseInt(hex.slice(1), 16);
  return [number >> 16, (number >> 8) & 255, number & 255];
}

export function toHex([red, green, blue]) {
  return `#${((1 << 24) | (red << 16) | (green << 8) | blue).toString(16).slice(1)}`;
}

/** What a person may have typed, as "#rrggbb", or null. */
export function parseHex(text) {
  const digits = text.trim().replace(/^#/, "").toLowerCase();
  if (/^[0-9a-f]{3}$/.test(digits)) return `#${[...digits].map((digit) => digit + digit).join("")}`;
  return /^[0-9a-f]{6}$/.test(digits) ? `#${digits}` : null;
}

export function toHsv(hex) {
  const [red, green, blue] = toRgb(hex).map((channel) => channel / 255);
  const value = Math.max(red, green, blue);
  const range = value - Math.min(red, green, blue);
  if (!range) return [0, 0, value];
  let sector = value === red ? (green - blue) / range : value === green ? 2 + (blue - red) / range : 4 + (red - green) / range;
  if (sector < 0) sector += 6;
  return [sector * 60, range / value, value];
}

export function fromHsv([hue, saturation, value]) {
  const channel = (n) => {
    const k = (n + hue / 60) % 6;
    return Math.round(255 * (value - value * saturation * Math.max(0, Math.min(k, 4 - k, 1))));
  };
  return toHex([channel(5), channel(3), channel(1)]);
}

/** Black or white, whichever is read better on a color. */
export function contrasting(hex) {
  const [red, green, blue] = toRgb(hex);
  return 0.299 * red + 0.587 * green + 0.114 * blue > 140 ? "#000000" : "#ffffff";
}
