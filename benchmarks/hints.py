"""Does a stroke color the region it lies in, and nothing else? On drawn characters, whose line art is known to the pixel.

    python benchmarks/hints.py --count 20 --sizes 64 256 512 1024

A region is a connected area of paper enclosed by ink, at least --least of the picture. For each size, distances in CIEDE2000, medians
over regions, and the share of regions below 12:

- alone: one stroke in one region, of a color unrelated to the picture; distance of the region from that color.
- elsewhere: change of the rest of the picture by that stroke.
- together: a stroke of its own color in every region; distance of the regions from these colors.
- blurred: the hint is the whole picture, blurred to 24 pixels; distance of all paper from the character's flat colors.
- border, inside: `together` within 1.5 % of the side of a region's outline, and further in; bleeding over lines shows in the border.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import cv2
import numpy as np
import recording
from skimage.color import deltaE_ciede2000, rgb2lab

from mangastyle import Hint, Shader
from mangastyle.io import images, sheets
from mangastyle.io.files import write_json
from mangastyle.ops import pixels
from mangastyle.synthetic.characters import Character, character

COLORS = ((255, 217, 192), (200, 60, 60), (240, 190, 60), (70, 150, 90), (50, 90, 170), (130, 80, 160), (90, 60, 40), (235, 150, 190))
PAPER = 224  # gray level from which on line art counts as paper
RADIUS = 0.012  # of a stroke, in sides
BORDER = 0.015  # of a region, in sides
BLURRED = 24  # pixels
NEAR = 12.0  # CIEDE2000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--weights", default="regions", help="weights file, or one that ships: regions, shade, shade-paper")
    parser.add_argument("--count", type=int, default=20, help="how many characters")
    parser.add_argument("--seed", type=int, default=0, help="of the first one; the generator that ships was trained on those from 1000 on")
    parser.add_argument("--regions", type=int, default=3, help="of each character, that get a stroke alone")
    parser.add_argument("--least", type=float, default=0.01, help="share of the picture that a region must have")
    parser.add_argument("--sizes", type=int, nargs="+", default=[64, 256, 512, 1024])
    parser.add_argument("--quick", action="store_true", help="one character at 64 pixels, to see that everything runs")
    parser.add_argument("--out", default="hints", help="folder for hints.json and a sheet of each size")
    recording.add_option(parser)
    options = parser.parse_args()
    if options.quick:
        options.count, options.sizes = 1, [64]

    shader, found = Shader(options.weights), {}
    print("| side | regions | alone | below 12 | elsewhere | together | below 12 | border | inside | blurred |")
    print("|---:" * 10 + "|")
    for size in options.sizes:
        alone, together, blurred, tiles = [], [], [], []
        for i in range(options.count):
            drawn = character(options.seed + i, size)
            random = np.random.default_rng(options.seed + i)
            regions = regions_of(drawn.line, options.least)
            chosen = random.permutation(len(regions))[: options.regions]
            rows, single = single_strokes(shader, drawn, [regions[k] for k in chosen], random)
            alone += rows
            rows, every = own_strokes(shader, drawn, regions)
            together += rows
            blurred.append(blurred_picture(shader, drawn))
            line = np.repeat(drawn.line[..., None], 3, -1)
            tiles += [pixels.resize(tile, 256, 256) for tile in (line, *single, *every, drawn.rgb)]
        m = {}
        for rows in (alone, together, blurred):
            m |= {key: float(np.nanmedian([row[key] for row in rows])) for key in rows[0]}
        below = {name: float(np.mean([row[name] < NEAR for row in rows])) for name, rows in (("alone", alone), ("together", together))}
        found[size] = {"regions": len(together), "median": m, "below": below}
        print(
            f"| {size} | {len(together)} | {m['alone']:.1f} | {below['alone']:.0%} | {m['elsewhere']:.1f} "
            f"| {m['together']:.1f} | {below['together']:.0%} | {m['border']:.1f} | {m['inside']:.1f} | {m['blurred']:.1f} |", flush=True,
        )  # fmt: skip
        images.save(Path(options.out) / f"sheet-{size}.png", sheets.grid(tiles, 6, gap=4), force=True)
    write_json(Path(options.out) / "hints.json", {"options": vars(options), "found": found})
    rows = []
    for size, m in found.items():
        kinds = {"a stroke of its own in each region": "together", "one stroke alone": "alone"}
        rows += [recording.row(f"{kind}, {size} px: distance from it", m["median"][key], unit="CIEDE2000") for kind, key in kinds.items()]
        rows.append(recording.row(f"one stroke alone, {size} px: regions nearer than {NEAR:.0f}", 100 * m["below"]["alone"], unit="%"))
        rows.append(recording.row(f"one stroke alone, {size} px: change of the rest", m["median"]["elsewhere"], unit="CIEDE2000"))
    recording.record(options.json, rows, data=f"{options.count} drawn characters", seed=options.seed)


def regions_of(line: np.ndarray, least: float) -> list[np.ndarray]:
    """Masks, bool (h, w), of the regions of line art (h, w)."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats((line >= PAPER).astype(np.uint8), connectivity=4)
    return [labels == label for label in range(1, count) if stats[label, cv2.CC_STAT_AREA] >= least * labels.size]


def depth_of(region: np.ndarray) -> np.ndarray:
    """Distance of each pixel of a mask (h, w) from its outline, which includes the picture's edge, in pixels."""
    return cv2.distanceTransform(np.pad(region, 1).astype(np.uint8), cv2.DIST_L2, 5)[1:-1, 1:-1]


def parts_of(region: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The border of a mask (h, w), close to its outline, and the rest."""
    border = region & (depth_of(region) <= max(1.0, BORDER * min(region.shape)))
    return border, region & ~border


def stroke(region: np.ndarray) -> np.ndarray:
    """Mask, bool (h, w), of a round stroke where the region is widest."""
    depth = depth_of(region)
    y, x = np.unravel_index(np.argmax(depth), depth.shape)
    rows, columns = np.ogrid[: region.shape[0], : region.shape[1]]
    return ((rows - y) ** 2 + (columns - x) ** 2 <= max(1.0, RADIUS * min(region.shape)) ** 2) & region


def distance(picture: np.ndarray, other: np.ndarray) -> np.ndarray:
    """CIEDE2000 of two uint8 pictures (s, s, 3), or of one and a color (3,): (s, s)."""
    return deltaE_ciede2000(rgb2lab(picture), rgb2lab(np.broadcast_to(np.uint8(other), picture.shape)))


def hint_of(strokes: list[tuple[np.ndarray, np.ndarray]], height: int, width: int) -> Hint:
    """Strokes on a transparent ground: masks (h, w) and colors."""
    rgb, mask = np.zeros((height, width, 3), np.uint8), np.zeros((height, width), np.float32)
    for where, color in strokes:
        rgb[where], mask[where] = color, 1.0
    return Hint(rgb, mask)


def blurred(rgb: np.ndarray) -> Hint:
    """A whole picture (h, w, 3), at a short side of 24 pixels."""
    height, width = rgb.shape[:2]
    small = pixels.resize(rgb, *pixels.fit_short_side(height, width, BLURRED))
    return Hint(pixels.resize(small, height, width))


def single_strokes(
    shader: Shader, drawn: Character, regions: list[np.ndarray], random: np.random.Generator
) -> tuple[list[dict], list[np.ndarray]]:
    """One stroke at a time; distances, and the picture without a hint and with the last stroke."""
    line = np.repeat(drawn.line[..., None], 3, -1)
    without = with_it = shader(line)
    rows = []
    for region in regions:
        color = np.uint8(COLORS[random.integers(len(COLORS))])
        with_it = shader(line, hint_of([(stroke(region), color)], *line.shape[:2]))
        changed = distance(with_it, without)
        rows.append({"alone": distance(with_it, color)[region].mean(), "elsewhere": changed[~region].mean()})
    return rows, [without, with_it]


def own_strokes(shader: Shader, drawn: Character, regions: list[np.ndarray]) -> tuple[list[dict], list[np.ndarray]]:
    """A stroke in every region at once, of its flat color there; distances, the strokes and the picture."""
    side = drawn.line.shape[0]
    line = np.repeat(drawn.line[..., None], 3, -1)
    strokes = [(where, np.median(drawn.flat[where], axis=0).astype(np.uint8)) for where in map(stroke, regions)]
    hint = hint_of(strokes, side, side)
    shaded = shader(line, hint)
    rows = []
    for region, (_, color) in zip(regions, strokes):
        off = distance(shaded, color)
        border, inside = parts_of(region)
        rows.append(
            {"together": off[region].mean(), "border": off[border].mean(), "inside": off[inside].mean() if inside.any() else np.nan}
        )
    shown = np.where(hint.mask[..., None] > 0, hint.rgb, line)
    return rows, [shown, shaded]


def blurred_picture(shader: Shader, drawn: Character) -> dict[str, float]:
    """The blurred picture as the hint: mean distance of the result from the flat colors, over all paper."""
    shaded = shader(np.repeat(drawn.line[..., None], 3, -1), blurred(drawn.rgb))
    return {"blurred": distance(shaded, drawn.flat)[drawn.line >= PAPER].mean()}


if __name__ == "__main__":
    main()
