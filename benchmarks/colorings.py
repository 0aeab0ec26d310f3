"""How near does shading come to colorings of hand-drawn line art that another hand made?

    python benchmarks/colorings.py --data linearts/ --out colorings

The folder holds NN_line.png and a coloring of each, NN_color.jpg. Hints are taken from the coloring: none; 14 and 40 dots of its colors at
random places; and all of it, blurred by 3 % of the short side. For each, off the lines, means over the pictures: CIEDE2000 from the
coloring where it is colored (more than 6 from white) and where it is paper; colorfulness (Hasler and Suesstrunk, 2003); mean lightness L*.
White paper is 0 from paper and far from what is colored, and any lively guess is about as far from one coloring as white paper is.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import cv2
import numpy as np
import recording
from linearts import line_arts
from PIL import Image
from skimage.color import deltaE_ciede2000, rgb2lab

from mangastyle import Hint, Shader
from mangastyle.io import images, sheets
from mangastyle.io.files import write_json
from mangastyle.ops import pixels

DOTS = ((14, 0), (40, 1))  # how many, and the seed of their places
RADIUS = 7  # pixels, of a dot
BLUR = 0.03  # of the short side
PAPER = 6.0  # CIEDE2000 from white up to which the coloring is paper
INK = 200  # gray level up to which line art is line
WHITE = (100.0, 0.0, 0.0)
TILE = 256  # pixels, in the sheet
MEASURES = {
    "colored": "CIEDE2000 where the coloring is colored", "paper": "CIEDE2000 where it is paper", "colorfulness": "colorfulness",
    "lightness": "mean L*",
}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", default="", help="folder with NN_line.png and NN_color.jpg; default, to try it: drawn characters")
    parser.add_argument("--weights", default="regions", help="weights file, or one that ships: regions, shade, shade-paper")
    parser.add_argument("--count", type=int, default=15, help="how many line arts")
    parser.add_argument("--size", type=int, default=768, help="long side")
    parser.add_argument("--quick", action="store_true", help="one line art at 64 pixels, to see that everything runs")
    parser.add_argument("--out", default="colorings", help="folder for colorings.json and sheet.png")
    recording.add_option(parser)
    options = parser.parse_args()
    if options.quick:
        options.count, options.size = 1, 64

    shader, scores, tiles = Shader(options.weights), {}, []
    for name, art, coloring in line_arts(options.data, options.count):
        line, own = (scaled(picture, options.size) for picture in (art, coloring))
        off, lab = off_lines(line), rgb2lab(own)
        hints = {
            "no hint": None,
            **{f"{count} dots": dots(own, off, count, seed) for count, seed in DOTS},
            "blurred coloring": blurred(own),
        }
        made = {kind: shader(line, hint) for kind, hint in hints.items()} | {"the coloring itself": own}
        for kind, picture in made.items():
            scores.setdefault(kind, []).append(measure(picture, lab, off))
        tiles += [pixels.crop_square(pixels.resize(x, *pixels.fit_short_side(*x.shape[:2], TILE))) for x in (line, *made.values())]
        print(name, flush=True)
    means = {kind: {key: float(np.nanmean([found[key] for found in values])) for key in MEASURES} for kind, values in scores.items()}
    print("\n| hint | " + " | ".join(MEASURES.values()) + " |\n|---|" + "---:|" * len(MEASURES))
    for kind, mean in means.items():
        print(f"| {kind} | " + " | ".join(f"{mean[key]:.1f}" for key in MEASURES) + " |")
    write_json(Path(options.out) / "colorings.json", {"options": vars(options), "means": means, "scores": scores})
    images.save(Path(options.out) / "sheet.png", sheets.grid(tiles, 6, gap=4), force=True)
    rows = [recording.row(f"{kind}: {MEASURES[key]}", mean[key]) for kind, mean in means.items() for key in MEASURES]
    data = f"{len(scores['no hint'])} line arts with a coloring each, long side {options.size} px"
    recording.record(options.json, rows, data=data, seed=0)


def scaled(picture: np.ndarray, size: int) -> np.ndarray:
    """A picture (h, w, 3) with that long side."""
    factor = size / max(picture.shape[:2])
    return np.asarray(Image.fromarray(picture).resize([round(side * factor) for side in picture.shape[1::-1]], Image.Resampling.LANCZOS))


def off_lines(line: np.ndarray) -> np.ndarray:
    """Where line art (h, w, 3) and all that is within two pixels is paper, bool (h, w)."""
    return cv2.erode(np.asarray(Image.fromarray(line).convert("L")), np.ones((5, 5), np.uint8)) > INK


def dots(own: np.ndarray, off: np.ndarray, count: int, seed: int) -> Hint:
    """Dots of a coloring's colors at random places off the lines."""
    places = np.argwhere(off)
    rgb, mask = np.zeros_like(own), np.zeros(off.shape, np.float32)
    rows, columns = np.ogrid[: off.shape[0], : off.shape[1]]
    for y, x in places[np.random.default_rng(seed).choice(len(places), min(count, len(places)), replace=False)]:
        dot = (rows - y) ** 2 + (columns - x) ** 2 < RADIUS**2
        rgb[dot], mask[dot] = own[y, x], 1.0
    return Hint(rgb, mask)


def blurred(own: np.ndarray) -> Hint:
    return Hint(cv2.GaussianBlur(own, (0, 0), BLUR * min(own.shape[:2])))


def measure(picture: np.ndarray, lab: np.ndarray, off: np.ndarray) -> dict[str, float]:
    """Of a result, uint8 (h, w, 3), beside a coloring in CIE Lab (h, w, 3), where `off` is True; NaN where there is nothing."""
    found = rgb2lab(picture)
    apart, colored = deltaE_ciede2000(found, lab), deltaE_ciede2000(np.broadcast_to(WHITE, lab.shape), lab) > PAPER
    within = {"colored": apart[off & colored], "paper": apart[off & ~colored], "lightness": found[..., 0][off]}
    return {**{key: values.mean() if values.size else np.nan for key, values in within.items()}, "colorfulness": colorfulness(picture)}


def colorfulness(picture: np.ndarray) -> float:
    """Spread and mean of two opponent colors, of uint8 (h, w, 3)."""
    red, green, blue = np.moveaxis(picture.astype(np.float64), -1, 0)
    opponents = (red - green, (red + green) / 2 - blue)
    spread, mean = (np.hypot(*(value(x) for x in opponents)) for value in (np.std, np.mean))
    return float(spread + 0.3 * mean)


if __name__ == "__main__":
    main()
