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
import math
import os
import time
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import methods
import numpy as np
import recording
from methods import Made, kept

from mangastyle.cli import style
from mangastyle.cli.options import settle
from mangastyle.io import images, registry, sheets
from mangastyle.io.files import sha256, write_json
from mangastyle.kernels import precision
from mangastyle.style.optimize.stylizer import OptimizeStylizer
from mangastyle.style.settings import OptimizeSettings

OURS, THEIRS = "ours", "theirs"
MEASURES = {**methods.ERRORS, "content loss": "content loss"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    methods.add_pictures(parser)
    parser.add_argument("--content-weight", type=float, default=0.015, help="theirs; more keeps more of the content")
    parser.add_argument(
        "--painting-size", choices=("area", "side"), default="area", help="theirs: of the content's area, as ours, or of its long side"
    )
    parser.add_argument("--factor", type=float, default=1.0, help="theirs: how many times our seconds; 0: its whole recipe")
    parser.add_argument("--out", default="quality", help="folder for the pictures, quality.json and sheet.png")
    recording.add_option(parser)
    options = parser.parse_args()
    if options.weights != "random":
        options.weights = str(registry.find_vgg19(options.weights))
    weights = options.weights if options.weights == "random" else sha256(options.weights)

    contents, paintings = methods.read_pictures(options)
    measure, ours, out = methods.Measure(methods.load(options.weights)), Ours(options), Path(options.out)
    rows, tiles = [], []
    for i, content in enumerate(contents):
        for j, painting in enumerate(paintings):
            stem, errors_of = f"{i:02d}-{j:02d}", measure.beside(content, painting)
            made = {OURS: kept(out / f"{stem}-{OURS}", [weights, ours.source], content, painting, ours)}
            settings = theirs_settings(content, made[OURS][1]["seconds"], options)
            made[THEIRS] = kept(out / f"{stem}-{THEIRS}", [weights, settings], content, painting, functools.partial(theirs, settings))
            for name, (picture, facts) in made.items():
                rows.append({"content": i, "painting": j, "method": name, **facts, **errors_of(picture)})
                found = ", ".join(f"{key} {rows[-1][key]:.4g}" for key in MEASURES)
                print(f"{i} {j} {name}: {facts['seconds']:.1f} s, {facts['iterations']} iterations, {found}", flush=True)
            tiles.append(tiles_of(content, painting, made))
        print(f"ours / theirs so far: {brief(summarize(rows))}", flush=True)
    write_json(out / "quality.json", {"options": vars(options), "summary": summarize(rows), "rows": rows})
    images.save(out / "sheet.png", sheet(tiles), force=True)
    print_table(summarize(rows))
    data = f"{len(contents)} contents in {len(paintings)} paintings, short side {options.size} px"
    recording.record(options.json, recorded(summarize(rows)), data=data)


def recorded(summary: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows for results/: the medians of both, and the mean ratios."""
    rows = []
    for key, found in summary.items():
        title, reference = MEASURES.get(key, key), {"style_transfer": recording.rounded(found[THEIRS])}
        rows.append(recording.row(f"{title}, `quality`, median", found[OURS], reference=reference))
        rows.append(recording.row(f"{title}, ours / theirs, geometric mean", found["ratio"]))
    return rows


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
    pictures = {"content": content, "painting": methods.beside(painting, content), **{name: picture for name, (picture, _) in made.items()}}
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
