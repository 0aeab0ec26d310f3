"""How good a stand-in for VGG-19 is the slim one? Pictures painted with either, both judged by the full network.

    python benchmarks/slim_vgg.py --weights vgg19.h5 --content faces/ --style art/*.jpg --out slim-vgg

Every content is painted in every style with the `default` preset at --size, once with the full network and at three
strengths with the slim one. The judge is the full network in float32, by both distances of styles. Printed is the slim
result's share of the full one's decrease in style loss, read off between the strengths at the content loss of the full
result.
"""

from __future__ import annotations

import argparse
import dataclasses
import os
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
from judge import Judge

from mangastyle import images, precision
from mangastyle.config import StyleConfig
from mangastyle.data import characters, painters
from mangastyle.files import write_json
from mangastyle.style import losses, prepare, vgg
from mangastyle.style.prepare import to_pixels
from mangastyle.style.transfer import Painter

STRENGTHS = (0.4, 0.5, 0.62)  # of the slim network: their content losses lie around the full network's
TILE = 192  # pixels, in the sheet


def share(distance: str, start: dict, full: dict, slim: list[dict]) -> float:
    """The slim network's decrease in style loss over the full one's, at the full one's content loss.

    Between two strengths style falls about in proportion to the logarithm of content.
    """
    content, style = np.log([found["content"] for found in slim]), [found[distance] for found in slim]
    at = float(np.interp(np.log(full["content"]), content, style))
    return (start[distance] - at) / (start[distance] - full[distance])


def pair(content: np.ndarray, painting: np.ndarray, networks: dict, judge: Judge) -> dict:
    """Paint one content in one style with both networks and judge the results."""
    options = judge.options
    painter = Painter([painting], options, networks["full"])
    content = images.resize(content, *prepare.size_of(content, options))
    losses_of = judge.beside(content, painting)
    began = time.monotonic()
    full = painter.paint(content).picture
    seconds = {"full": time.monotonic() - began}
    pictures, judged = {"full": to_pixels(full)}, {"full": losses_of(full)}
    for strength in STRENGTHS:
        began = time.monotonic()
        painted = Painter([painting], dataclasses.replace(options, strength=strength), networks["slim"]).paint(content).picture
        seconds[f"slim {strength}"] = time.monotonic() - began
        judged[f"slim {strength}"] = losses_of(painted)
        pictures[f"slim {strength}"] = to_pixels(painted)
    start, slim = losses_of(content), [judged[f"slim {strength}"] for strength in STRENGTHS]
    return {
        "start": start, "losses": judged, "seconds": seconds,
        "share": {distance: share(distance, start, judged["full"], slim) for distance in losses.DISTANCES},
        "sheet": [content, painting, pictures["full"], pictures["slim 0.5"]],
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--weights", required=True, help="HDF5 file of the full VGG-19")
    parser.add_argument("--slim", default="slim", help="HDF5 file of the slim VGG-19; default: the shipped one")
    parser.add_argument("--content", nargs="+", default=[], help="pictures or folders; default: drawn characters")
    parser.add_argument("--style", nargs="+", default=[], help="paintings or folders; default: three of mangastyle's own")
    parser.add_argument("--count", type=int, default=10, help="how many contents")
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--iterations", type=int, default=StyleConfig.iterations)
    parser.add_argument("--out", default="slim-vgg", help="folder for slim_vgg.json and sheet.png")
    options = parser.parse_args()

    contents = read(options.content)[: options.count] or [characters.draw(seed, options.size) for seed in range(options.count)]
    paintings = read(options.style) or [painters.paint("brush", seed) for seed in range(3)]
    policy = precision.resolve("auto")
    networks = {name: vgg.backbone(of, policy=policy) for name, of in (("full", options.weights), ("slim", options.slim))}
    judge = Judge(vgg.backbone(options.weights), StyleConfig(size=options.size, iterations=options.iterations))
    rows, tiles = [], []
    print("content, Wasserstein and Gram: the losses of the content itself, of the full network's result, of the slim one's\n")
    print("| content | painting | start | full | slim | share, Wasserstein | share, Gram | seconds, full and slim |")
    print("|---:|---:|---|---|---|---:|---:|---|")
    for i, content in enumerate(contents):
        for j, painting in enumerate(paintings):
            row = pair(content, painting, networks, judge)
            tiles += [images.resize(tile, TILE, TILE) for tile in row.pop("sheet")]
            rows.append({"content": i, "painting": j, **row})
            told = ("{content:.3f} {wasserstein:.3f} {gram:.4f}".format(**found) for found in (row["start"], row["losses"]["full"], row["losses"]["slim 0.5"]))
            shares = "{wasserstein:.1%} | {gram:.1%}".format(**row["share"])
            seconds = f"{row['seconds']['full']:.1f}, {row['seconds']['slim 0.5']:.1f}"
            print(f"| {i} | {j} | {' | '.join(told)} | {shares} | {seconds} |", flush=True)
    summary = {"speed_median": float(np.median([row["seconds"]["full"] / row["seconds"]["slim 0.5"] for row in rows]))}
    for distance in losses.DISTANCES:
        shares = [row["share"][distance] for row in rows]
        summary[distance] = {"mean": float(np.mean(shares)), "median": float(np.median(shares)), "least": min(shares)}
    print(f"\n{summary}")
    write_json(Path(options.out) / "slim_vgg.json", {"options": vars(options), "summary": summary, "rows": rows})
    images.save(Path(options.out) / "sheet.png", images.grid(tiles, 4 * len(paintings), gap=4), force=True)


def read(names: list[str]) -> list[np.ndarray]:
    """The pictures of files and folders."""
    paths = [path for name in names for path in (images.find(name) if Path(name).is_dir() else [Path(name)])]
    return [images.load(path).rgb for path in paths]


if __name__ == "__main__":
    main()
