"""One sheet of what style transfer can do: each content in each style, by every preset, optimizer and network.

    python benchmarks/style_sheet.py --weights vgg19.h5 --content a.png b.png --style x.jpg y.jpg --out style-sheet

Columns: content, painting, preset `paper` by L-BFGS and by Adam, `default`, `quality`, and `default` by the slim network.
Finished pictures are kept in --out, so that a stopped run continues where it was.
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
from slim_vgg import read
from style_losses import StyleLosses

from mangastyle.cli import style
from mangastyle.cli.options import settle
from mangastyle.io import images, sheets
from mangastyle.io.files import write_json
from mangastyle.kernels import precision
from mangastyle.ops import pixels
from mangastyle.style.optimize.stylizer import OptimizeStylizer
from mangastyle.style.settings import OptimizeSettings
from mangastyle.synthetic import characters
from mangastyle.synthetic import paintings as painters
from mangastyle.vgg.backbone import backbone

COLUMNS = {
    "paper, L-BFGS": ("full", {"preset": "paper"}),
    "paper, Adam": ("full", {"preset": "paper", "optimizer": "adam"}),
    "default": ("full", {}),
    "quality": ("full", {"preset": "quality"}),
    "default, slim": ("slim", {}),
}

load = functools.cache(backbone)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--weights", default="full", help="HDF5 file of the full VGG-19; default: the one in Keras' cache")
    parser.add_argument("--slim", default="slim", help="HDF5 file of the slim VGG-19; default: the one that ships")
    parser.add_argument("--content", nargs="+", default=[], help="pictures; default: three drawn characters")
    parser.add_argument("--style", nargs="+", default=[], help="paintings; default: three of mangastyle's own")
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--paper-iterations", type=int, default=1000, help="of the preset paper")
    parser.add_argument("--only", nargs="+", choices=tuple(COLUMNS), default=list(COLUMNS))
    parser.add_argument("--quick", action="store_true", help="tiny numbers, to see that everything runs")
    parser.add_argument("--out", default="style-sheet", help="folder for the pictures, sheet.png and sheet.json")
    options = parser.parse_args()
    if options.quick:
        options.size, options.paper_iterations = 48, 2

    contents = read(options.content) or [characters.draw(seed, options.size) for seed in (7, 8, 9)[: 1 if options.quick else 3]]
    paintings = read(options.style) or [painters.paint("brush", seed) for seed in range(1 if options.quick else 3)]
    files = {"full": options.weights, "slim": options.slim}
    settings, networks = {}, {}
    for column in options.only:
        name, flags = COLUMNS[column]
        if flags.get("preset") == "paper":
            flags = {**flags, "iterations": options.paper_iterations}
        if options.quick:
            flags = {**flags, "iterations": 2}
        chosen = settle(style.Options, {**flags, "size": options.size})
        settings[column] = OptimizeSettings.of(chosen)
        networks[column] = load(files[name], policy=precision.resolve(chosen.precision))
    measure = StyleLosses(load(options.weights, policy="float32"), OptimizeSettings(size=options.size))
    rows, tiles = [], []
    for i, content in enumerate(contents):
        for j, painting in enumerate(paintings):
            if options.size:
                content = pixels.resize(content, *pixels.fit_short_side(*content.shape[:2], options.size))
            losses_of = measure.beside(content, painting)
            shown = pixels.resize(painting, content.shape[0], round(painting.shape[1] * content.shape[0] / painting.shape[0]))
            tiles.append([sheets.captioned(content, "content"), sheets.captioned(shown, "painting")])
            for column in options.only:
                stem = Path(options.out) / f"{i}-{j}-{column.replace(', ', '-').lower()}"
                record = stem.with_suffix(".json")
                if not record.exists():
                    began = time.monotonic()
                    stylized = OptimizeStylizer([painting], settings[column], backbone=networks[column])(content)
                    seconds = time.monotonic() - began
                    images.save(stem.with_suffix(".png"), stylized, force=True)
                    write_json(record, {"content": i, "painting": j, "column": column, "seconds": seconds, "losses": losses_of(stylized)})
                rows.append(json.loads(record.read_text()))
                tiles[-1].append(sheets.captioned(images.load(stem.with_suffix(".png")).rgb, column))
                print(f"{stem.name}: {rows[-1]['seconds']:.1f} s, {rows[-1]['losses']}", flush=True)
    lines = [np.hstack(line) for line in tiles]
    width = max(line.shape[1] for line in lines)
    lines = [np.pad(line, ((0, 0), (0, width - line.shape[1]), (0, 0)), constant_values=255) for line in lines]
    images.save(Path(options.out) / "sheet.png", np.vstack(lines), force=True)
    write_json(Path(options.out) / "sheet.json", {"options": vars(options), "rows": rows})
    print("\n| | seconds, median | content loss, mean | Gram style loss, mean | Wasserstein style loss, mean |\n|---|---:|---:|---:|---:|")
    for column in options.only:
        own = [row for row in rows if row["column"] == column]
        mean = {name: np.mean([row["losses"][name] for row in own]) for name in ("content", "gram", "wasserstein")}
        seconds = np.median([row["seconds"] for row in own])
        print(f"| {column} | {seconds:.1f} | {mean['content']:.3f} | {mean['gram']:.4f} | {mean['wasserstein']:.3f} |")


if __name__ == "__main__":
    main()
