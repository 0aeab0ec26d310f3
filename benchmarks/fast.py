"""One pass against optimisation: how much of the style it reaches, at what content loss, and how fast it is.

    python benchmarks/fast.py --weights vgg19.h5 --optimised slim-vgg/slim_vgg.json --fast-weights runs/onepass/last.h5 --out fast

The optimised results are those that `slim_vgg.py` found, in the file it wrote; contents and paintings are the ones it
names. Every content is painted in every style in one pass at several strengths; the judge is the full network in float32.
Between strengths, style is read off at 1.3 times the content loss of the optimised result.
"""

from __future__ import annotations

import argparse
import dataclasses
import os
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
from slim_vgg import Judge, read, share

from mangastyle import images
from mangastyle.config import StyleConfig
from mangastyle.files import read_json, write_json
from mangastyle.style import prepare, vgg
from mangastyle.style.fast import FastPainter
from mangastyle.style.transfer import Painter

STRENGTHS = (0.3, 0.5, 0.7, 0.9)
ALLOWED = 1.3  # content loss over the optimised result's
SIZES = (512, 1024)  # that are timed


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--weights", required=True, help="HDF5 file of the full VGG-19")
    parser.add_argument("--optimised", required=True, help="slim_vgg.json")
    parser.add_argument("--fast-weights", required=True, help="file of the one-pass painter")
    parser.add_argument("--repeats", type=int, default=7, help="of each timing")
    parser.add_argument("--out", default="fast", help="folder for fast.json and sheet.png")
    options = parser.parse_args()

    done = read_json(Path(options.optimised))
    contents, paintings = read(done["options"]["content"])[: done["options"]["count"]], read(done["options"]["style"])
    config = StyleConfig(fast=True, fast_weights=options.fast_weights, size=done["options"]["size"])
    judging, usual = vgg.backbone(options.weights), StyleConfig(size=config.size)
    painters = {s: [FastPainter([p], dataclasses.replace(config, strength=s)) for p in paintings] for s in STRENGTHS}
    rows, tiles = [], []
    print("content and Wasserstein losses: of the content itself, optimised, in one pass at strength 0.5\n")
    print("| content | painting | start | optimised | one pass | content over optimised | share of style, as it is | share at 1.3 |")
    print("|---:|---:|---|---|---|---:|---:|---:|")
    for row in done["rows"]:
        painting, content = paintings[row["painting"]], contents[row["content"]]
        reference = Painter([painting], usual, judging)
        judge = Judge(judging, reference, images.resize(content, *prepare.size_of(content, usual)))
        pictures = {s: painters[s][row["painting"]].paint(content) for s in STRENGTHS}
        judged = {s: judge(picture) for s, picture in pictures.items()}
        start, best = row["start"], row["losses"]["full"]
        found = {"content": row["content"], "painting": row["painting"], "judged": {str(s): value for s, value in judged.items()}}
        rows.append({
            **found, "ratio": judged[0.5]["content"] / best["content"],
            "share": (start["wasserstein"] - judged[0.5]["wasserstein"]) / (start["wasserstein"] - best["wasserstein"]),
            "share_allowed": share("wasserstein", start, {**best, "content": ALLOWED * best["content"]}, list(judged.values())),
        })  # fmt: skip
        tiles += [images.resize(tile, 256, 256) for tile in (content, painting, *pictures.values())]
        told = ("{content:.3f} {wasserstein:.3f}".format(**of) for of in (start, best, judged[0.5]))
        print(f"| {row['content']} | {row['painting']} | {' | '.join(told)} | {rows[-1]['ratio']:.2f} | {rows[-1]['share']:.1%} | {rows[-1]['share_allowed']:.1%} |", flush=True)
    summary = {}
    for name, worst in (("ratio", max), ("share", min), ("share_allowed", min)):
        of = [row[name] for row in rows]
        summary[name] = {"median": float(np.median(of)), "worst": worst(of)}
    seconds = {}
    for size in SIZES:
        painter, content = FastPainter([paintings[0]], dataclasses.replace(config, size=size)), images.resize(contents[0], size, size)
        painter.paint(content)  # compiles, and measures the painting
        taken = []
        for _ in range(options.repeats):
            began = time.monotonic()
            painter.paint(content)
            taken.append(time.monotonic() - began)
        seconds[size] = float(np.median(taken))
    print(f"\n{summary}\nseconds, median: {seconds}")
    write_json(Path(options.out) / "fast.json", {"options": vars(options), "summary": summary, "seconds": seconds, "rows": rows})
    images.save(Path(options.out) / "sheet.png", images.grid(tiles, 2 + len(STRENGTHS), gap=4), force=True)


if __name__ == "__main__":
    main()
