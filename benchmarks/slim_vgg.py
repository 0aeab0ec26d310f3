"""How good a stand-in for VGG-19 is the slim one? Pictures stylized with either, both measured by the full network.

    python benchmarks/slim_vgg.py --weights vgg19.h5 --content faces/ --style art/*.jpg --out slim-vgg

Every content is stylized in every style with the `default` preset at --size, once with the full network and at three strengths with the
slim one. The full network measures in float32, by both distances of styles. Printed is the slim result's share of the full one's decrease
in style loss, interpolated between the strengths at the content loss of the full result.
"""

from __future__ import annotations

import argparse
import dataclasses
import os
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
from style_losses import StyleLosses

from mangastyle.io import images, sheets
from mangastyle.io.files import write_json
from mangastyle.io.folders import list_pictures
from mangastyle.kernels import precision
from mangastyle.ops import pixels
from mangastyle.style.optimize.losses import DISTANCES
from mangastyle.style.optimize.stylizer import OptimizeStylizer
from mangastyle.style.settings import OptimizeSettings
from mangastyle.synthetic import characters
from mangastyle.synthetic import paintings as painters
from mangastyle.vgg.backbone import backbone

STRENGTHS = (0.4, 0.5, 0.62)  # of the slim network: their content losses lie around the full network's
TILE = 192  # pixels, in the sheet


def share(distance: str, start: dict, full: dict, slim: list[dict]) -> float:
    """The slim network's decrease in style loss over the full one's, at the full one's content loss.

    Between two strengths the style loss decreases about in proportion to the logarithm of the content loss.
    """
    content, style = np.log([losses["content"] for losses in slim]), [losses[distance] for losses in slim]
    at = float(np.interp(np.log(full["content"]), content, style))
    return (start[distance] - at) / (start[distance] - full[distance])


def pair(content: np.ndarray, painting: np.ndarray, networks: dict, measure: StyleLosses) -> dict:
    """Stylize one content in one style with both networks and measure the results."""
    settings = measure.settings
    stylizer = OptimizeStylizer([painting], settings, backbone=networks["full"])
    content = pixels.resize(content, *stylizer.size_of(content))
    losses_of = measure.beside(content, painting)
    began = time.monotonic()
    full = stylizer.search(content).picture
    seconds = {"full": time.monotonic() - began}
    pictures, losses = {"full": pixels.to_uint8(full)}, {"full": losses_of(full)}
    for strength in STRENGTHS:
        began = time.monotonic()
        slim = OptimizeStylizer([painting], dataclasses.replace(settings, strength=strength), backbone=networks["slim"])
        stylized = slim.search(content).picture
        seconds[f"slim {strength}"] = time.monotonic() - began
        losses[f"slim {strength}"] = losses_of(stylized)
        pictures[f"slim {strength}"] = pixels.to_uint8(stylized)
    start, slim_losses = losses_of(content), [losses[f"slim {strength}"] for strength in STRENGTHS]
    return {
        "start": start, "losses": losses, "seconds": seconds,
        "share": {distance: share(distance, start, losses["full"], slim_losses) for distance in DISTANCES},
        "sheet": [content, painting, pictures["full"], pictures["slim 0.5"]],
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--weights", default="full", help="HDF5 file of the full VGG-19; default: the one in Keras' cache")
    parser.add_argument("--slim", default="slim", help="HDF5 file of the slim VGG-19; default: the one that ships")
    parser.add_argument("--content", nargs="+", default=[], help="pictures or folders; default: drawn characters")
    parser.add_argument("--style", nargs="+", default=[], help="paintings or folders; default: three of mangastyle's own")
    parser.add_argument("--count", type=int, default=10, help="how many contents")
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--iterations", type=int, default=OptimizeSettings.iterations)
    parser.add_argument("--quick", action="store_true", help="tiny numbers, to see that everything runs")
    parser.add_argument("--out", default="slim-vgg", help="folder for slim_vgg.json and sheet.png")
    options = parser.parse_args()
    if options.quick:
        options.count, options.size, options.iterations = 1, 48, 2

    contents = read(options.content)[: options.count] or [characters.draw(seed, options.size) for seed in range(options.count)]
    paintings = read(options.style) or [painters.paint("brush", seed) for seed in range(1 if options.quick else 3)]
    policy = precision.resolve("auto")
    networks = {name: backbone(file, policy=policy) for name, file in (("full", options.weights), ("slim", options.slim))}
    measure = StyleLosses(backbone(options.weights), OptimizeSettings(size=options.size, iterations=options.iterations))
    rows, tiles = [], []
    print("content, Wasserstein and Gram: the losses of the content itself, of the full network's result, of the slim one's\n")
    print("| content | painting | start | full | slim | share, Wasserstein | share, Gram | seconds, full and slim |")
    print("|---:|---:|---|---|---|---:|---:|---|")
    for i, content in enumerate(contents):
        for j, painting in enumerate(paintings):
            row = pair(content, painting, networks, measure)
            tiles += [pixels.resize(tile, TILE, TILE) for tile in row.pop("sheet")]
            rows.append({"content": i, "painting": j, **row})
            columns = (row["start"], row["losses"]["full"], row["losses"]["slim 0.5"])
            losses = " | ".join("{content:.3f} {wasserstein:.3f} {gram:.4f}".format(**found) for found in columns)
            shares = "{wasserstein:.1%} | {gram:.1%}".format(**row["share"])
            seconds = f"{row['seconds']['full']:.1f}, {row['seconds']['slim 0.5']:.1f}"
            print(f"| {i} | {j} | {losses} | {shares} | {seconds} |", flush=True)
    summary: dict = {"speed_median": float(np.median([row["seconds"]["full"] / row["seconds"]["slim 0.5"] for row in rows]))}
    for distance in DISTANCES:
        shares = [row["share"][distance] for row in rows]
        summary[distance] = {"mean": float(np.mean(shares)), "median": float(np.median(shares)), "least": min(shares)}
    print(f"\n{summary}")
    write_json(Path(options.out) / "slim_vgg.json", {"options": vars(options), "summary": summary, "rows": rows})
    images.save(Path(options.out) / "sheet.png", sheets.grid(tiles, 4 * len(paintings), gap=4), force=True)


def read(names: list[str]) -> list[np.ndarray]:
    """The pictures of files and folders."""
    paths = [path for name in names for path in (list_pictures(name).pictures if Path(name).is_dir() else [Path(name)])]
    return [images.load(path).rgb for path in paths]


if __name__ == "__main__":
    main()
