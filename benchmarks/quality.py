"""Optimization with the preset `quality` beside the best known tool that optimizes pictures, in the same time.

    python benchmarks/quality.py --weights vgg19.h5 --content faces/ --style paintings/ --out quality

Every content in every painting: `mangastyle style --method optimize --preset quality` with the full VGG-19, timed, then the recipe of
`torch_multiscale.py`, Katherine Crowson's `style_transfer` in PyTorch, with as many seconds, or --factor times as many. Measured are what
is left of the style error and the content loss, by the full network in float32, and the distances of patches of pixels at three scales,
as in `methods.py`. Styles compare only at like content losses, so that theirs may need another --content-weight.

Seconds run from pictures in memory to the result, the painting's statistics included. Before, each is called once for each size of
content with few iterations: tracing, compiling and the measure of what an iteration costs do not count. Both are in this process, one
after the other. Finished pictures are kept in --out, so that a stopped run continues where it was.
"""

from __future__ import annotations

import argparse
import dataclasses
import functools
import hashlib
import json
import math
import os
import time
from pathlib import Path
from typing import Any, Callable

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import methods
import numpy as np
from slim_vgg import read

from mangastyle.cli import style
from mangastyle.cli.options import settle
from mangastyle.io import images, registry, sheets
from mangastyle.io.files import sha256, write_json
from mangastyle.kernels import precision
from mangastyle.ops import pixels
from mangastyle.style.optimize.stylizer import OptimizeStylizer
from mangastyle.style.settings import OptimizeSettings
from mangastyle.synthetic import characters
from mangastyle.synthetic import paintings as painters

OURS, THEIRS = "ours", "theirs"
MEASURES = {**methods.ERRORS, "content loss": "content loss"}

Made = tuple[np.ndarray, dict[str, Any]]  # picture, {"seconds", "iterations", ...}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--weights", default="full", help="HDF5 file of the full VGG-19; default: the one in Keras' cache")
    parser.add_argument("--content", nargs="+", default=[], help="pictures or folders; default: three drawn characters")
    parser.add_argument("--style", nargs="+", default=[], help="paintings or folders; default: three of mangastyle's own")
    parser.add_argument("--size", type=int, default=256, help="short side")
    parser.add_argument("--content-weight", type=float, default=0.015, help="theirs; more keeps more of the content")
    parser.add_argument(
        "--painting-size", choices=("area", "side"), default="area", help="theirs: of the content's area, as ours, or of its long side"
    )
    parser.add_argument("--factor", type=float, default=1.0, help="theirs: how many times our seconds; 0: its whole recipe")
    parser.add_argument("--quick", action="store_true", help="tiny numbers, to see that everything runs")
    parser.add_argument("--out", default="quality", help="folder for the pictures, quality.json and sheet.png")
    options = parser.parse_args()
    if options.quick:
        options.size = 48
    if options.weights != "random":
        options.weights = str(registry.find_vgg19(options.weights))
    weights = options.weights if options.weights == "random" else sha256(options.weights)

    contents = read(options.content) or [characters.draw(seed, options.size) for seed in (7, 8, 9)[: 1 if options.quick else 3]]
    contents = [pixels.resize(x, *pixels.fit_short_side(*x.shape[:2], options.size)) for x in contents]
    paintings = read(options.style) or [painters.paint("brush", seed) for seed in range(1 if options.quick else 3)]
    measure, ours, out = methods.Measure(methods.load(options.weights)), Ours(options), Path(options.out)
    rows, tiles = [], []
    for i, content in enumerate(contents):
        for j, painting in enumerate(paintings):
            stem, errors_of = str(out / f"{i:02d}-{j:02d}"), measure.beside(content, painting)
            made = {OURS: kept(f"{stem}-{OURS}", [weights, ours.source], content, painting, ours)}
            settings = theirs_settings(content, made[OURS][1]["seconds"], options)
            made[THEIRS] = kept(f"{stem}-{THEIRS}", [weights, settings], content, painting, functools.partial(theirs, settings))
            for name, (picture, facts) in made.items():
                rows.append({"content": i, "painting": j, "method": name, **facts, **errors_of(picture)})
                found = ", ".join(f"{key} {rows[-1][key]:.4g}" for key in MEASURES)
                print(f"{i} {j} {name}: {facts['seconds']:.1f} s, {facts['iterations']} iterations, {found}", flush=True)
            tiles.append(tiles_of(content, painting, made))
        print(f"ours / theirs so far: {brief(summarize(rows))}", flush=True)
    write_json(out / "quality.json", {"options": vars(options), "summary": summarize(rows), "rows": rows})
    images.save(out / "sheet.png", sheet(tiles), force=True)
    print_table(summarize(rows))


class Ours:
    """The preset `quality`: one stylizer for all paintings and contents."""

    def __init__(self, options: argparse.Namespace) -> None:
        flags = {"preset": "quality", "size": 0, **({"iterations": 2} if options.quick else {})}
        self.settings = OptimizeSettings.of(settle(style.Options, flags))
        policy = precision.resolve("auto")
        self.source = [dataclasses.asdict(self.settings), policy]
        self.load = functools.partial(methods.load, options.weights, policy=policy)
        self.stylizer: OptimizeStylizer | None = None
        self.warm: set[tuple[int, ...]] = set()  # sizes of contents

    def __call__(self, content: np.ndarray, painting: np.ndarray) -> Made:
        if self.stylizer is None:
            self.stylizer = OptimizeStylizer([painting], self.settings, backbone=self.load())
        if content.shape not in self.warm:  # one iteration for every 40
            self.stylizer.settings = dataclasses.replace(self.settings, iterations=1)
            self.stylizer.use([painting])
            self.stylizer(content)
            self.stylizer.settings = self.settings
            self.warm.add(content.shape)
        self.stylizer.use([painting.copy()])  # of which nothing is kept
        began = time.monotonic()
        picture = self.stylizer(content)
        return picture, {"seconds": time.monotonic() - began, "iterations": self.stylizer.iterations(content)}


def theirs_settings(content: np.ndarray, seconds: float, options: argparse.Namespace) -> dict[str, Any]:
    """Arguments of `torch_multiscale.stylize`; `seconds` are ours."""
    settings: dict[str, Any] = {"content_weight": options.content_weight, "painting_size": options.painting_size}
    if options.quick:
        settings |= {"iterations": 2, "initial_iterations": 2}
    limit = options.factor * seconds if options.factor else math.inf
    return {"vgg_path": options.weights, "size": max(content.shape[:2]), "seconds": limit, **settings}


def theirs(settings: dict[str, Any], content: np.ndarray, painting: np.ndarray) -> Made:
    import torch_multiscale  # only here: --help works without PyTorch

    return torch_multiscale.stylize(content, painting, **settings)


def kept(stem: str, made_with: Any, content: np.ndarray, painting: np.ndarray, make: Callable[[np.ndarray, np.ndarray], Made]) -> Made:
    """What is made of two pictures, with its facts; from the folder if it is there, of the same pictures and settings."""
    made_of = repr((content.shape, painting.shape, made_with)).encode() + content.tobytes() + painting.tobytes()
    source, record = hashlib.sha256(made_of).hexdigest(), Path(f"{stem}.json")
    if record.exists() and (found := json.loads(record.read_text()))["source"] == source:
        return images.load(f"{stem}.png").rgb, found["facts"]
    picture, facts = make(content, painting)
    images.save(f"{stem}.png", picture, force=True)
    write_json(record, {"source": source, "facts": facts})
    return picture, facts


def summarize(rows: list[dict]) -> dict[str, dict[str, Any]]:
    """By measure: geometric mean of ours over theirs, in how many pairs ours is lower, of how many, and both medians."""
    summary = {}
    for key in (*MEASURES, "seconds", "iterations"):
        ours, theirs = (methods.pairs(rows, name, key) for name in (OURS, THEIRS))
        summary[key] = {
            "ratio": float(np.exp(np.mean(np.log(ours / theirs)))), "lower": int((ours < theirs).sum()), "pairs": len(ours),
            OURS: float(np.median(ours)), THEIRS: float(np.median(theirs)),
        }  # fmt: skip
    return summary


def brief(summary: dict[str, dict[str, Any]]) -> str:
    return ", ".join("{key} {ratio:.3f} ({lower} of {pairs} lower)".format(key=key, **summary[key]) for key in MEASURES)


def print_table(summary: dict[str, dict[str, Any]]) -> None:
    print("\nGeometric means of the ratios ours / theirs, in how many pairs ours is lower, and the medians of both.\n")
    print("| | ours / theirs | ours lower | ours | theirs |\n|---|---:|---:|---:|---:|")
    for key, found in summary.items():
        numbers = "{ratio:.3f} | {lower} of {pairs} | {ours:.4g} | {theirs:.4g}".format(**found)
        print(f"| {MEASURES.get(key, key)} | {numbers} |")


def tiles_of(content: np.ndarray, painting: np.ndarray, made: dict[str, Made]) -> list[np.ndarray]:
    """A row of the sheet: content, painting, ours, theirs."""
    shown = pixels.resize(painting, content.shape[0], round(painting.shape[1] * content.shape[0] / painting.shape[0]))
    pictures = {"content": content, "painting": shown, **{name: picture for name, (picture, _) in made.items()}}
    return [sheets.captioned(picture, name) for name, picture in pictures.items()]


def sheet(tiles: list[list[np.ndarray]]) -> np.ndarray:
    """All rows, on white: tiles of a column have one width, those of a row one height."""
    heights = [max(tile.shape[0] for tile in row) for row in tiles]
    widths = [max(tile.shape[1] for tile in column) for column in zip(*tiles)]
    return np.vstack([
        np.hstack([
            np.pad(x, ((0, height - x.shape[0]), (0, width - x.shape[1]), (0, 0)), constant_values=255) for x, width in zip(row, widths)
        ])
        for row, height in zip(tiles, heights)
    ])  # fmt: skip


if __name__ == "__main__":
    main()
