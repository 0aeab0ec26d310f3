"""How near does the network over regions come to the colors of pictures that its training held out?

    python benchmarks/region_colors.py --data illustrations.zip faces256-train.zip lineart-train.zip

For each source and number of colors that are drawn as known, large regions more often: CIEDE2000 from the picture's own colors, mean over
regions by their areas, where the picture is colored and where it is paper; and the mean chroma in CIE Lab, beside the pictures' own.
"""

from __future__ import annotations

import argparse
import os
from typing import NamedTuple

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import recording
import tensorflow as tf
from skimage.color import deltaE_ciede2000

from mangastyle import Shader
from mangastyle.io.files import write_json
from mangastyle.shade.color_choice import choose
from mangastyle.training.region_augment import RegionExample, known_regions, plain
from mangastyle.training.region_examples import RegionExamples
from mangastyle.training.region_samples import MOST
from mangastyle.training.regions import network_inputs

KNOWN = (0, 14, 40)
PAPER = 6.0  # CIEDE2000 from white up to which a region is paper
WHITE = (100.0, 0.0, 0.0)
PARTS = ("colored", "paper")


class Errors(NamedTuple):
    """CIEDE2000 where a picture is colored, and where it is paper (NaN if nothing is); mean chroma, found and true."""

    colored: float
    paper: float
    chroma: float
    true_chroma: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", nargs="+", default=["drawn:600"], help="what the network was trained on; a part of it was held out")
    parser.add_argument("--weights", default="regions", help="weights file of a network that colors regions, or the one that ships")
    parser.add_argument("--count", type=int, default=40, help="pictures of each source at most")
    parser.add_argument("--known", type=int, nargs="+", default=KNOWN, help="how many colors are drawn as known")
    parser.add_argument("--variant", type=int, default=0, help="as for mangastyle shade")
    parser.add_argument("--cache", default="", help="folder for samples; default: the user's cache folder")
    parser.add_argument("--quick", action="store_true", help="a few small drawn characters, to see that everything runs")
    parser.add_argument("--out", default="region_colors.json", help="file for the numbers")
    recording.add_option(parser)
    options = parser.parse_args()
    if options.quick:
        options.data, options.count = ["drawn:30"], 2

    shader, found = Shader(options.weights, precision="float32"), {}
    source = RegionExamples(options.data, (), shader.spec.size, MOST, 0, cache=options.cache)
    print("| source | pictures | known | colored | paper | chroma | true chroma |\n" + "|---" * 7 + "|")
    for name, (records, rows) in zip(options.data, source.held_out):
        for count in options.known:
            errors = [
                of_picture(shader, plain(records[row], MOST + 1), count, options.variant, i) for i, row in enumerate(rows[: options.count])
            ]
            if errors:
                mean = Errors(*np.nanmean(errors, 0).round(2).tolist())
                found[f"{name}, {count}"] = mean._asdict()
                print(f"| {name} | {len(errors)} | {count} | " + " | ".join(f"{x:.1f}" for x in mean) + " |", flush=True)
    write_json(options.out, {"options": vars(options), "found": found})
    rows = [
        recording.row(f"{name} colors known, {part}", errors[part], unit="CIEDE2000") for name, errors in found.items() for part in PARTS
    ]
    recording.record(options.json, rows, data=f"at most {options.count} held-out pictures of each source", seed=0)


def of_picture(shader: Shader, example: RegionExample, count: int, variant: int, seed: int) -> Errors:
    """The errors of one picture of which so many colors are drawn as known."""
    used = int(example.valid.sum()) + 1
    areas, colors = example.areas[:used], example.colors[:used]
    random = np.random.default_rng([count, seed])
    known = known_regions(areas, count, random) if count else np.zeros_like(areas)
    given = colors * known[:, None]
    parts = {"areas": areas, "centers": example.centers[:used], "given": given, "known": known, "valid": example.valid[:used]}
    batch = RegionExample(*(x[None] for x in example._replace(**parts)))
    network = shader.network
    logits = network.model(network_inputs(batch), training=False)[0, 1:]  # (t, 1 + t + k)
    offered = tf.concat([tf.constant(given, tf.float32), network.palette], 0)
    known_share = tf.constant(np.sum(areas * known) / areas.sum(), tf.float32)
    chosen = choose(logits, offered, known_share, tf.constant(variant)).numpy()
    areas, true, known = areas[1:], colors[1:], known[1:]
    chosen = np.where(known[:, None] > 0, true, chosen)
    apart = deltaE_ciede2000(chosen, true)
    colored = deltaE_ciede2000(np.full_like(true, WHITE), true) > PAPER
    within = [np.average(apart[part], weights=areas[part]) if areas[part].sum() > 0.01 else np.nan for part in (colored, ~colored)]
    chroma = [np.average(np.hypot(x[:, 1], x[:, 2]), weights=areas) for x in (chosen, true)]
    return Errors(*within, *chroma)


if __name__ == "__main__":
    main()
