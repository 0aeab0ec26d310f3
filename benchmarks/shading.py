"""How long does coloring line art take, and how much memory, networks loaded?

    python benchmarks/shading.py

Line art of a drawn figure, at two sizes, by `mangastyle.Shader` from arrays: without a hint, with 14 dots of the figure's colors, and the
colored figure as its own hint. Seconds are medians of calls after a first one, which compiles. Peak memory is that of the whole process,
of which each size has one of its own.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import recording
import train_step

from mangastyle.io.files import write_json

SIZES = ((1400, 1024), (3000, 2000))  # height, width
DOTS = 14


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=70001, help="of the figure")
    parser.add_argument("--repeats", type=int, default=5, help="calls of each kind")
    parser.add_argument("--weights", default="regions", help="weights file, or one that ships")
    parser.add_argument("--quick", action="store_true", help="a small figure and one call, to see that everything runs")
    parser.add_argument("--out", default="shading", help="folder for shading.json")
    parser.add_argument("--job", help=argparse.SUPPRESS)  # what a process of its own is to do, as JSON
    recording.add_option(parser)
    options = parser.parse_args()
    if options.job:
        train_step.serve(json.loads(options.job), {"shade": shade})
        return
    if options.quick:
        options.repeats = 1
    found, rows = {}, []
    print("| size | hint | seconds | peak memory |\n|---|---|---:|---:|")
    for height, width in ((96, 64),) if options.quick else SIZES:
        job = {"what": "shade", "height": height, "width": width}
        job |= {"seed": options.seed, "repeats": options.repeats, "weights": options.weights}
        report, size = train_step.Worker(job).finish(), f"{width}×{height}"
        found[size] = report
        for kind, seconds in report["seconds"].items():
            print(f"| {size} | {kind} | {seconds:.2f} | {report['memory'] / 1e9:.1f} GB |", flush=True)
            rows.append(recording.row(f"{size}, {kind}", seconds, unit="s"))
        rows.append(recording.row(f"{size}, peak memory", report["memory"] / 1e9, unit="GB"))
    write_json(Path(options.out) / "shading.json", {"options": vars(options), "found": found})
    recording.record(options.json, rows, data="a drawn figure's line art", seed=options.seed)


def shade(job: dict) -> tuple[None, dict]:
    """Seconds of each kind of hint, and the peak memory in bytes."""
    from mangastyle import Hint, Shader
    from mangastyle.synthetic.figures import figure

    drawn = figure(job["seed"], job["height"], job["width"])
    shader, mask = Shader(job["weights"]), np.zeros(drawn.rgb.shape[:2], np.float32)
    for y, x in np.random.default_rng(0).integers(8, np.array(mask.shape) - 8, (DOTS, 2)):
        mask[y - 7 : y + 8, x - 7 : x + 8] = 1.0
    kinds = {
        "no hint": (drawn.line, None),
        f"{DOTS} dots": (drawn.line, Hint(drawn.flat, mask)),
        "a color picture": (drawn.rgb, Hint(drawn.rgb)),
    }
    seconds = {}
    for kind, given in kinds.items():
        times = []
        for _ in range(job["repeats"] + 1):
            began = time.monotonic()
            shader(*given)
            times.append(time.monotonic() - began)
        seconds[kind] = float(np.median(times[1:]))
    return None, {"seconds": seconds, "memory": train_step.peak_memory()}


if __name__ == "__main__":
    main()
