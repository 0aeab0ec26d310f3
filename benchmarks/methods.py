"""What each method of `mangastyle style` leaves of the style error, how long it takes, and which measures tell the methods apart.

    python benchmarks/methods.py --weights vgg19.h5 --content faces/ --style paintings/ --painters painters.h5 --out methods

Every content in every painting, by every method, and by `optimize` with the full network beside the slim one. Measured are what is
left of the style error and the content loss, by the full network in float32, and the distances of patches of pixels at three scales.
Seconds are of one call in this process: of the second for onepass, polish and learned, of the first, tracing included, for the others.
Finished pictures are kept in --out, so that a stopped run continues where it was.
"""

from __future__ import annotations

import argparse
import functools
import hashlib
import json
import os
import time
from pathlib import Path
from typing import Any, Callable

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import recording
import tensorflow as tf
from slim_vgg import read

from mangastyle.evaluate.style_metrics import RemainingStyle, patch_distance
from mangastyle.io import images, registry, sheets
from mangastyle.io.files import sha256, write_json
from mangastyle.kernels import precision
from mangastyle.ops import pixels
from mangastyle.style import preprocess
from mangastyle.style.look import LookSettings
from mangastyle.style.optimize.losses import content_loss
from mangastyle.style.stylize import Stylizer
from mangastyle.synthetic import characters
from mangastyle.synthetic import paintings as painters
from mangastyle.vgg.backbone import backbone
from mangastyle.vgg.network import features

METHODS = ("content", "onepass", "polish", "learned", "optimize", "full")  # content: itself; full: optimize by the full network
UNIT = "optimize"  # the others' errors are over this one's
TWICE = ("onepass", "polish", "learned")  # called twice, of which the second is timed: tracing would take longer than painting
ORDER = ("content", "onepass", "polish", "optimize")  # from the farthest from the painting to the nearest
ERRORS = {
    "style": "style error left", "patches 1": "patches, full size", "patches 2": "patches, half", "patches 4": "patches, quarter"
}  # fmt: skip
FILES = {
    "onepass": ("onepass",), "polish": ("onepass", "vgg19-slim"), "learned": ("vgg19-slim",), "optimize": ("vgg19-slim",), "full": ()
}  # fmt: skip
CONTENT_LAYER = "relu4_2"
SHEET_ROWS = 6

load = functools.cache(backbone)
Made = tuple[np.ndarray, dict[str, Any]]  # picture, {"seconds", ...}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add_pictures(parser)
    parser.add_argument(
        "--methods", nargs="+", choices=METHODS, default=list(METHODS), help=f"{UNIT}, which the others are compared with, is always there"
    )
    parser.add_argument("--painters", default="", help="file of mangastyle learn with all paintings; without it there is no method learned")
    parser.add_argument("--out", default="methods", help="folder for the pictures, methods.json and sheet-0.png, sheet-1.png ...")
    recording.add_option(parser)
    options = parser.parse_args()
    methods = [name for name in METHODS if name in (*options.methods, UNIT) and (name != "learned" or options.painters)]

    contents, paintings = read_pictures(options)
    measure, rows, tiles = Measure(load(options.weights)), [], []
    for i, content in enumerate(contents):
        for j, painting in enumerate(paintings):
            errors_of = measure.beside(content, painting)
            tiles.append([sheets.captioned(content, "content"), sheets.captioned(beside(painting, content), "painting")])
            for name in methods:
                made = make(name, content, painting, settings_of(name, options), options, Path(options.out) / f"{i:02d}-{j:02d}-{name}")
                rows.append({"content": i, "painting": j, "method": name, **made[1], **errors_of(made[0])})
                if name != "content":
                    tiles[-1].append(sheets.captioned(made[0], name))
                print(f"{i} {j} {name}: " + ", ".join(f"{key} {value:.4g}" for key, value in list(rows[-1].items())[3:]), flush=True)
    summary, orders = summarize(rows, methods), ordered(rows, methods)
    write_json(Path(options.out) / "methods.json", {"options": vars(options), "summary": summary, "orders": orders, "rows": rows})
    print_tables(summary, orders, len(contents) * len(paintings))
    write_sheets(tiles, Path(options.out))
    data = f"{len(contents)} contents in {len(paintings)} paintings, short side {options.size} px"
    recording.record(options.json, recorded(summary), data=data)


def recorded(summary: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows for results/, all but those of the content itself."""
    rows = []
    for name, found in summary.items():
        if name not in ("content", UNIT):
            for error, title in ERRORS.items():
                rows.append(recording.row(f"{title} by `{name}`", found[error]["mean"], unit=f"× slim `{UNIT}`'s"))
        if name != "content":
            rows.append(recording.row(f"content loss of `{name}`, median", found["content loss"]))
            rows.append(recording.row(f"seconds of `{name}`, median", found["seconds"], unit="s"))
    if "full" in summary:
        rows.append(recording.row(f"style error left by slim over full `{UNIT}`", 1 / summary["full"]["style"]["mean"]))
    return rows


def add_pictures(parser: argparse.ArgumentParser) -> None:
    """The options of what is painted, and by which VGG-19 it is measured."""
    parser.add_argument("--weights", default="full", help="HDF5 file of the full VGG-19; default: the one in Keras' cache")
    parser.add_argument("--content", nargs="+", default=[], help="pictures or folders; default: three drawn characters")
    parser.add_argument("--style", nargs="+", default=[], help="paintings or folders; default: three of mangastyle's own")
    parser.add_argument("--size", type=int, default=256, help="short side")
    parser.add_argument("--quick", action="store_true", help="tiny numbers, to see that everything runs")


def read_pictures(options: argparse.Namespace) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Contents, with the short side asked for, and paintings."""
    if options.quick:
        options.size = 48
    contents = read(options.content) or [characters.draw(seed, options.size) for seed in (7, 8, 9)[: 1 if options.quick else 3]]
    contents = [pixels.resize(x, *pixels.fit_short_side(*x.shape[:2], options.size)) for x in contents]
    paintings = read(options.style) or [painters.paint("brush", seed) for seed in range(1 if options.quick else 3)]
    return contents, paintings


def beside(painting: np.ndarray, content: np.ndarray) -> np.ndarray:
    """A painting as high as a content, for a sheet."""
    return pixels.resize(painting, content.shape[0], round(painting.shape[1] * content.shape[0] / painting.shape[0]))


class Measure:
    """The errors of pictures; graphs serve all sizes, contents and paintings."""

    def __init__(self, network: keras.Model) -> None:
        self.remaining = RemainingStyle(network)
        encode = features(network, (CONTENT_LAYER,), winograd=False)
        self._features = tf.function(lambda x: encode(x)[CONTENT_LAYER], [tf.TensorSpec((1, None, None, 3))])

    def beside(self, content: np.ndarray, painting: np.ndarray) -> Callable[[np.ndarray], dict[str, Any]]:
        """A function of pictures as large as the content to their errors, "style" by layer as well."""
        painting = preprocess.resize_style(painting, *content.shape[:2], LookSettings())
        left_in, target = self.remaining.beside(painting), self._features(preprocess.to_batch(content))

        def errors(picture: np.ndarray) -> dict[str, Any]:
            left, patches = left_in(picture), patch_distance(picture, painting)
            return {
                "style": sum(left.values()), **left,
                **{f"patches {1 << k}": float(distance) for k, distance in enumerate(patches)},
                "content loss": float(content_loss(self._features(preprocess.to_batch(picture)), target, "mean")),
            }  # fmt: skip

        return errors


def settings_of(name: str, options: argparse.Namespace) -> dict[str, Any]:
    """Arguments of `Stylizer`: all that decides how a method paints, but for the network."""
    settings: dict[str, Any] = {"method": "optimize" if name == "full" else name, "size": 0}
    if name == "learned":
        settings |= {"painters": options.painters}
    if options.quick and name in ("optimize", "full"):
        settings["iterations"] = 2
    if options.quick and name == "polish":
        settings["polish_iterations"] = 2
    return settings


def make(name: str, content: np.ndarray, painting: np.ndarray, settings: dict[str, Any], options: argparse.Namespace, stem: Path) -> Made:
    """A picture by a method, and the seconds it took; from the folder if it is there, of the same pictures, settings and weights."""
    if name == "content":
        return content, {"seconds": 0.0}
    weights = [sha256(registry.find(file)) for file in FILES[name]] + ([sha256(options.painters)] if name == "learned" else [])

    def paint(content: np.ndarray, painting: np.ndarray) -> Made:
        network: dict[str, Any] = {}
        if name in ("optimize", "full"):
            network["backbone"] = load(options.weights if name == "full" else "slim", policy=precision.resolve("auto"))
        stylizer = Stylizer(painting, **settings, **network)
        if name in TWICE:
            stylizer(content)
        began = time.monotonic()
        picture = stylizer(content)
        return picture, {"seconds": time.monotonic() - began}

    return kept(stem, [settings, weights, options.weights if name == "full" else ""], content, painting, paint)


def kept(stem: Path, made_with: Any, content: np.ndarray, painting: np.ndarray, make: Callable[[np.ndarray, np.ndarray], Made]) -> Made:
    """What is made of two pictures, with its facts; from the folder if it is there, of the same pictures and settings."""
    made_of = repr((content.shape, painting.shape, made_with)).encode() + content.tobytes() + painting.tobytes()
    source, record = hashlib.sha256(made_of).hexdigest(), stem.with_suffix(".json")
    if record.exists() and (found := json.loads(record.read_text()))["source"] == source:
        return images.load(stem.with_suffix(".png")).rgb, found["facts"]
    picture, facts = make(content, painting)
    images.save(stem.with_suffix(".png"), picture, force=True)
    write_json(record, {"source": source, "facts": facts})
    return picture, facts


def pairs(rows: list[dict], name: str, error: str) -> np.ndarray:
    """An error of one method in all pairs, in order."""
    return np.array([row[error] for row in rows if row["method"] == name])


def summarize(rows: list[dict], methods: list[str]) -> dict[str, dict[str, Any]]:
    """By method: mean (geometric) and worst of each error over the unit's, medians of content loss and seconds."""
    summary: dict[str, dict[str, Any]] = {}
    for name in methods:
        summary[name] = {key: float(np.median(pairs(rows, name, key))) for key in ("content loss", "seconds")}
        for error in ERRORS:
            ratios = pairs(rows, name, error) / pairs(rows, UNIT, error)
            summary[name][error] = {"mean": float(np.exp(np.mean(np.log(ratios)))), "worst": float(np.max(ratios))}
    return summary


def ordered(rows: list[dict], methods: list[str]) -> dict[str, dict[str, int]]:
    """By error: in how many pairs each step of `ORDER` leads nearer to the painting, as far as it was made, and all steps do."""
    orders = {}
    present = [name for name in ORDER if name in methods]
    for error in ERRORS:
        found = {name: pairs(rows, name, error) for name in present}
        steps = {}
        for far, near in zip(present, present[1:]):
            equal = near == UNIT and far == "polish"  # polish may be as good
            steps[f"{far} {'>=' if equal else '>'} {near}"] = found[far] >= found[near] if equal else found[far] > found[near]
        counts = {step: int(right.sum()) for step, right in steps.items()}
        orders[error] = {**counts, "all": int(np.all(list(steps.values()), 0).sum())} if steps else {}
    return orders


def print_tables(summary: dict[str, dict[str, Any]], orders: dict[str, dict[str, int]], count: int) -> None:
    print(f"\nErrors over those of {UNIT} in {count} pairs, geometric mean and worst; medians of content loss and seconds.")
    print(f"Seconds of {', '.join(TWICE)} are of a second call, the others' of the first, tracing included.\n")
    print("| | " + " | ".join(ERRORS.values()) + " | content loss | seconds |\n|---|" + "---:|" * (len(ERRORS) + 2))
    for name, found in summary.items():
        ratios = " | ".join("{mean:.2f}, {worst:.2f}".format(**found[error]) for error in ERRORS)
        print(f"| {name} | {ratios} | {found['content loss']:.3f} | {found['seconds']:.2f} |")
    steps = list(next(iter(orders.values())))
    if steps:
        print(f"\nIn how many of {count} pairs each error has the methods in order.\n")
        print("| | " + " | ".join(steps) + " |\n|---|" + "---:|" * len(steps))
        for error, counts in orders.items():
            print(f"| {ERRORS[error]} | " + " | ".join(str(counts[step]) for step in steps) + " |")


def write_sheets(tiles: list[list[np.ndarray]], folder: Path) -> None:
    """A row for each pair: content, painting, and what the methods made of them."""
    for k, first in enumerate(range(0, len(tiles), SHEET_ROWS)):
        lines = []
        for row in tiles[first : first + SHEET_ROWS]:
            height = max(tile.shape[0] for tile in row)  # captions are as high as their pictures need them
            lines.append(np.hstack([np.pad(x, ((0, height - x.shape[0]), (0, 0), (0, 0)), constant_values=255) for x in row]))
        width = max(line.shape[1] for line in lines)
        lines = [np.pad(line, ((0, 0), (0, width - line.shape[1]), (0, 0)), constant_values=255) for line in lines]
        images.save(folder / f"sheet-{k}.png", np.vstack(lines), force=True)


if __name__ == "__main__":
    main()
