"""One sheet of what style transfer can do: each content in each style, by every preset, optimiser and network.

    python benchmarks/style_sheet.py --weights vgg19.h5 --content a.png b.png --style x.jpg y.jpg --out style-sheet

Columns: content, painting, preset `paper` by L-BFGS and by Adam, `default`, `quality`, and `default` by the slim network.
Finished pictures are kept in --out, so that a stopped run goes on where it was.
"""

from __future__ import annotations

import argparse
import functools
import json
import os
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
from judge import Judge
from slim_vgg import read

from mangastyle import images, precision
from mangastyle.config import StyleConfig, settle
from mangastyle.data import characters, painters
from mangastyle.files import write_json
from mangastyle.style import prepare, vgg
from mangastyle.style.prepare import to_pixels
from mangastyle.style.transfer import Painter

COLUMNS = {
    "paper, L-BFGS": ("full", {"preset": "paper"}),
    "paper, Adam": ("full", {"preset": "paper", "optimizer": "adam"}),
    "default": ("full", {}),
    "quality": ("full", {"preset": "quality"}),
    "default, slim": ("slim", {}),
}


@functools.cache
def backbone(name: str, policy: str):
    return vgg.backbone(name, policy=policy)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--weights", required=True, help="HDF5 file of the full VGG-19")
    parser.add_argument("--slim", default="slim", help="HDF5 file of the slim VGG-19; default: the shipped one")
    parser.add_argument("--content", nargs="+", default=[], help="pictures; default: three drawn characters")
    parser.add_argument("--style", nargs="+", default=[], help="paintings; default: three of mangastyle's own")
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--paper-iterations", type=int, default=1000, help="of the preset paper")
    parser.add_argument("--only", nargs="+", choices=tuple(COLUMNS), default=list(COLUMNS))
    parser.add_argument("--out", default="style-sheet", help="folder for the pictures, sheet.png and sheet.json")
    options = parser.parse_args()

    contents = read(options.content) or [characters.draw(seed, options.size) for seed in (7, 8, 9)]
    paintings = read(options.style) or [painters.paint("brush", seed) for seed in range(3)]
    files = {"full": options.weights, "slim": options.slim}
    configs, networks = {}, {}
    for column in options.only:
        name, flags = COLUMNS[column]
        if flags.get("preset") == "paper":
            flags = {**flags, "iterations": options.paper_iterations}
        configs[column] = settle(StyleConfig, {**flags, "size": options.size})
        networks[column] = backbone(files[name], precision.resolve(configs[column].precision))
    judge = Judge(backbone(options.weights, "float32"), StyleConfig(size=options.size))
    rows, tiles = [], []
    for i, content in enumerate(contents):
        for j, painting in enumerate(paintings):
            content = images.resize(content, *prepare.size_of(content, judge.options))
            judged = judge.beside(content, painting)
            shown = images.resize(painting, content.shape[0], round(painting.shape[1] * content.shape[0] / painting.shape[0]))
            tiles.append([images.captioned(content, "content"), images.captioned(shown, "painting")])
            for column in options.only:
                stem = Path(options.out) / f"{i}-{j}-{column.replace(', ', '-').lower()}"
                record = stem.with_suffix(".json")
                if not record.exists():
                    began = time.monotonic()
                    painted = to_pixels(Painter([painting], configs[column], networks[column]).paint(content).picture)
                    seconds = time.monotonic() - began
                    images.save(stem.with_suffix(".png"), painted, force=True)
                    write_json(record, {"content": i, "painting": j, "column": column, "seconds": seconds, "losses": judged(painted)})
                rows.append(json.loads(record.read_text()))
                tiles[-1].append(images.captioned(images.load(stem.with_suffix(".png")).rgb, column))
                print(f"{stem.name}: {rows[-1]['seconds']:.1f} s, {rows[-1]['losses']}", flush=True)
    lines = [np.hstack(line) for line in tiles]
    width = max(line.shape[1] for line in lines)
    lines = [np.pad(line, ((0, 0), (0, width - line.shape[1]), (0, 0)), constant_values=255) for line in lines]
    images.save(Path(options.out) / "sheet.png", np.vstack(lines), force=True)
    write_json(Path(options.out) / "sheet.json", {"options": vars(options), "rows": rows})
    print("\n| | seconds, median | content loss, mean | Gram style loss, mean | Wasserstein style loss, mean |\n|---|---:|---:|---:|---:|")
    for column in options.only:
        of = [row for row in rows if row["column"] == column]
        mean = {name: np.mean([row["losses"][name] for row in of]) for name in ("content", "gram", "wasserstein")}
        print(f"| {column} | {np.median([row['seconds'] for row in of]):.1f} |", "{content:.3f} | {gram:.4f} | {wasserstein:.3f} |".format(**mean))


if __name__ == "__main__":
    main()
