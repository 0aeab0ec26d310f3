"""Hand-drawn line art, small and at full size: do colors stay inside the lines, and do the lines stay as crisp as they were drawn?

    python benchmarks/linearts.py --data linearts/ --out linearts

The folder holds NN_line.png and, for hints, a coloring of each, NN_color.jpg. Hints are the coloring, blurred to 24 pixels; ten strokes
of its colors, in the largest regions; and none. A region is a connected area of paper, at least --least of the picture. For each hint
and short side, medians over pictures, with the coloring itself in the last rows:

- border: CIEDE2000 between a region's mean colors within 1.5 % of the side of its outline and further in: bleeding over lines.
- at lines: share of all changes of hue from pixel to pixel that lie on ink, or within 0.5 % of the side; in brackets the share of the
  picture that is so near to ink, which is the value of colors that do not follow lines.
- crisp: slope of lightness at the steepest tenth of the line art's edges, over that of black ink on this color.
"""

from __future__ import annotations

import argparse
import os
import time
from pathlib import Path
from typing import Iterator

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import cv2
import numpy as np
from hints import blurred, hint_of, parts_of, regions_of, stroke
from skimage.color import deltaE_ciede2000, rgb2lab

from mangastyle import Hint, Shader
from mangastyle.io import images, sheets
from mangastyle.io.files import write_json
from mangastyle.io.folders import list_pictures
from mangastyle.lineart.graph import downsample_lines
from mangastyle.ops import pixels
from mangastyle.synthetic import characters

STROKES = 10
NEAR = 0.005  # of the short side: pixels this near to ink lie at a line
STEEP = 90  # percentile of the line art's slopes above the grain of paper
INK = 128  # gray level below which line art is ink
TILE = 384  # pixels, in the sheet
METRICS = ("border", "at_lines", "near", "crisp", "seconds")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", default="", help="folder with NN_line.png and NN_color.jpg; default, to try it: drawn characters")
    parser.add_argument("--weights", default="shade", help="weights file of the generator; default: the one that ships")
    parser.add_argument("--count", type=int, default=15, help="how many line arts")
    parser.add_argument("--sizes", type=int, nargs="+", default=[64, 256, 1024], help="short sides")
    parser.add_argument("--least", type=float, default=0.002, help="share of the picture that a region must have")
    parser.add_argument("--quick", action="store_true", help="one line art at 64 pixels, to see that everything runs")
    parser.add_argument("--out", default="linearts", help="folder for linearts.json and sheet.png")
    options = parser.parse_args()

    if options.quick:
        options.count, options.sizes = 1, [64]

    shader, rows, tiles = Shader(options.weights), [], []
    for name, art, coloring in line_arts(options.data, options.count):
        for size in options.sizes:
            height, width = pixels.fit_short_side(*art.shape[:2], size)
            line, own = pixels.resize(art, height, width), pixels.resize(coloring, height, width)
            ink = downsample_lines(art, height, width).numpy()  # uint8 (h, w), lines black, however thin
            regions = regions_of(ink, options.least)
            kinds = {"coloring": blurred(own), "strokes": strokes(own, regions), "none": None}
            made = {}
            for kind, hint in kinds.items():
                began = time.monotonic()
                made[kind] = shader(line, hint)
                seconds = time.monotonic() - began
                rows.append({"art": name, "hint": kind, "side": size, "seconds": seconds, **measure(line, ink, made[kind], regions)})
            rows.append({"art": name, "hint": "the coloring itself", "side": size, "seconds": np.nan, **measure(line, ink, own, regions)})
        tiles += [pixels.resize(tile, *pixels.fit_short_side(*tile.shape[:2], TILE)) for tile in (line, *made.values(), own)]
        print(name, {row["hint"]: {key: round(row[key], 3) for key in METRICS} for row in rows[-4:]}, flush=True)

    print("\n| hint | side | border | at lines | crisp | seconds |\n|---|---:|---:|---:|---:|---:|")
    summary = []
    for kind in dict.fromkeys(row["hint"] for row in rows):
        for size in options.sizes:
            chosen = [row for row in rows if (row["hint"], row["side"]) == (kind, size)]
            m = {key: float(np.nanmedian([row[key] for row in chosen])) for key in METRICS if kind in kinds or key != "seconds"}
            summary.append({"hint": kind, "side": size, "median": m})
            seconds = f"{m['seconds']:.2f}" if "seconds" in m else ""
            print(f"| {kind} | {size} | {m['border']:.1f} | {m['at_lines']:.0%} ({m['near']:.0%}) | {m['crisp']:.2f} | {seconds} |")
    write_json(Path(options.out) / "linearts.json", {"options": vars(options), "summary": summary, "rows": rows})
    images.save(Path(options.out) / "sheet.png", sheets.grid([pixels.crop_square(tile) for tile in tiles], 5, gap=4), force=True)


def line_arts(folder: str, count: int) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """Name, line art and coloring, uint8 (h, w, 3), of those in a folder, or of drawn characters."""
    if not folder:
        for seed in range(count):
            drawn = characters.character(seed, 1024)
            yield str(seed), np.repeat(drawn.line[..., None], 3, -1), drawn.rgb
        return
    for path in [path for path in list_pictures(folder).pictures if path.stem.endswith("_line")][:count]:
        yield path.stem, images.load(path).rgb, images.load(path.with_name(path.name.replace("_line.png", "_color.jpg"))).rgb


def strokes(own: np.ndarray, regions: list[np.ndarray]) -> Hint:
    """A stroke in each of the largest regions, of the coloring's color there."""
    largest = sorted(regions, key=np.count_nonzero, reverse=True)[:STROKES]
    return hint_of([(where, np.median(own[where], axis=0)) for where in map(stroke, largest)], *own.shape[:2])


def measure(line: np.ndarray, ink: np.ndarray, shaded: np.ndarray, regions: list[np.ndarray]) -> dict[str, float]:
    """The metrics above for one picture: line art and result, uint8 (h, w, 3), and the network's line input (h, w)."""
    side = min(line.shape[:2])
    lab = rgb2lab(shaded)
    off = []
    for region in regions:
        border, inside = parts_of(region)
        if border.any() and inside.any():
            off.append(deltaE_ciede2000(lab[border].mean(0), lab[inside].mean(0)))
    near = cv2.distanceTransform(np.uint8(ink >= INK), cv2.DIST_L2, 5) <= max(1.0, NEAR * side)
    hue = sum(slope(lab[..., channel]) for channel in (1, 2))
    light = cv2.cvtColor(shaded, cv2.COLOR_RGB2GRAY)
    around = cv2.dilate(light, np.ones((3, 3), np.uint8)) / 255.0  # the color that the ink lies on
    drawn, found = slope(cv2.cvtColor(line, cv2.COLOR_RGB2GRAY)), slope(light)
    steep = drawn > np.percentile(drawn[drawn > 8], STEEP)  # 8: grain of paper
    return {
        "border": float(np.median(off)) if off else np.nan,
        "at_lines": float(hue[near].sum() / hue.sum()),
        "near": float(near.mean()),
        "crisp": float(np.median(found[steep] / (drawn[steep] * np.maximum(around[steep], 0.02)))),
    }


def slope(channel: np.ndarray) -> np.ndarray:
    """Length of the gradient of (h, w), by central differences."""
    rows, columns = np.gradient(np.float64(channel))
    return np.hypot(rows, columns)


if __name__ == "__main__":
    main()
