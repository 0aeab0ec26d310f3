"""Hand-drawn line art, small and at full size: do colours keep inside the lines, and do the lines stay as crisp as they were drawn?

    python benchmarks/linearts.py --data linearts/ --out linearts

The folder holds NN_line.png and, for hints, a colouring of each, NN_color.jpg. Hints are the colouring, blurred to 24 pixels; ten strokes
of its colours, in the largest regions; and none. A region is paper that hangs together, at least --least of the picture. Told
for each hint and short side, medians over pictures, the colouring itself in the last rows:

- border: CIEDE2000 between a region's mean colours within 1.5 % of the side of its outline and further in: what comes over lines.
- at lines: the share of all changes of hue from pixel to pixel that lies on ink, or within 0.5 % of the side; in brackets the
  share of the picture that is so near to ink, which is what colours that know no lines would have.
- crisp: the slope of lightness at the steepest tenth of the line art's edges, over what black ink on this colour would have.
"""

from __future__ import annotations

import argparse
import os
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import cv2
import numpy as np
from hints import blurred, hint_of, parts_of, regions_of, stroke
from skimage.color import deltaE_ciede2000, rgb2lab

from mangastyle import images
from mangastyle.files import write_json
from mangastyle.shade import lines
from mangastyle.shade.hints import Hint
from mangastyle.shade.infer import Shader

STROKES = 10
NEAR = 0.005  # of the short side: what still lies at a line
STEEP = 90  # percentile of the line art's slopes, of those that are slopes at all
INK = 128  # grey level below which line art is ink
TILE = 384  # pixels, in the sheet
MEASURES = ("border", "at_lines", "near", "crisp", "seconds")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True, help="folder with NN_line.png and NN_color.jpg")
    parser.add_argument("--weights", default="", help="weights file of the generator; default: the shipped one")
    parser.add_argument("--count", type=int, default=15, help="how many line arts")
    parser.add_argument("--sizes", type=int, nargs="+", default=[64, 256, 1024], help="short sides")
    parser.add_argument("--least", type=float, default=0.002, help="share of the picture that a region must have")
    parser.add_argument("--out", default="linearts", help="folder for linearts.json and sheet.png")
    options = parser.parse_args()

    shader, rows, tiles = Shader(options.weights), [], []
    for path in images.find(options.data):
        if not path.stem.endswith("_line") or len(tiles) == 5 * options.count:
            continue
        art = images.load(path).rgb
        colouring = images.load(path.with_name(path.name.replace("_line.png", "_color.jpg"))).rgb
        for size in options.sizes:
            height, width = images.fit_short_side(*art.shape[:2], size)
            line, own = images.resize(art, height, width), images.resize(colouring, height, width)
            seen = lines.reduce(art, height, width).numpy()  # lines black, however thin
            regions = regions_of(seen, options.least)
            kinds = {"colouring": blurred(own), "strokes": strokes(own, regions), "none": None}
            made = {}
            for kind, hint in kinds.items():
                began = time.monotonic()
                made[kind] = shader(line, hint)
                rows.append({"art": path.stem, "hint": kind, "side": size, "seconds": time.monotonic() - began, **measure(line, seen, made[kind], regions)})
            rows.append({"art": path.stem, "hint": "the colouring itself", "side": size, "seconds": np.nan, **measure(line, seen, own, regions)})
        tiles += [images.resize(tile, *images.fit_short_side(*tile.shape[:2], TILE)) for tile in (line, *made.values(), own)]
        print(path.name, {row["hint"]: {name: round(row[name], 3) for name in MEASURES} for row in rows[-4:]}, flush=True)

    print("\n| hint | side | border | at lines | crisp | seconds |\n|---|---:|---:|---:|---:|---:|")
    summary = []
    for kind in dict.fromkeys(row["hint"] for row in rows):
        for size in options.sizes:
            chosen = [row for row in rows if (row["hint"], row["side"]) == (kind, size)]
            median = {name: float(np.nanmedian([row[name] for row in chosen] or [np.nan])) for name in MEASURES if kind in kinds or name != "seconds"}
            summary.append({"hint": kind, "side": size, "median": median})
            seconds = f"{median['seconds']:.2f}" if "seconds" in median else ""
            print(f"| {kind} | {size} | {median['border']:.1f} | {median['at_lines']:.0%} ({median['near']:.0%}) | {median['crisp']:.2f} | {seconds} |")
    write_json(Path(options.out) / "linearts.json", {"options": vars(options), "summary": summary, "rows": rows})
    images.save(Path(options.out) / "sheet.png", images.grid([images.crop_square(tile) for tile in tiles], 5, gap=4), force=True)


def strokes(own: np.ndarray, regions: list[np.ndarray]) -> Hint:
    """A dab in each of the largest regions, of the colour that the colouring has there."""
    largest = sorted(regions, key=np.count_nonzero, reverse=True)[:STROKES]
    dabs = [(where, np.median(own[where], axis=0)) for where in map(stroke, largest)]
    return hint_of(dabs, *own.shape[:2])


def measure(line: np.ndarray, seen: np.ndarray, shaded: np.ndarray, regions: list[np.ndarray]) -> dict[str, float]:
    """What the docstring above tells of one picture: line art and result, uint8 (h, w, 3), lines as the network sees them (h, w)."""
    side = min(line.shape[:2])
    lab = rgb2lab(shaded)
    off = []
    for region in regions:
        border, inside = parts_of(region)
        if border.any() and inside.any():
            off.append(deltaE_ciede2000(lab[border].mean(0), lab[inside].mean(0)))
    near = cv2.distanceTransform(np.uint8(seen >= INK), cv2.DIST_L2, 5) <= max(1.0, NEAR * side)
    hue = sum(slope(lab[..., channel]) for channel in (1, 2))
    light = cv2.cvtColor(shaded, cv2.COLOR_RGB2GRAY)
    around = cv2.dilate(light, np.ones((3, 3), np.uint8)) / 255.0  # the colour that the ink lies on
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
