"""How good are the colors at sizes that the generator was not trained at, and what does refining them from coarse to fine add?

    python benchmarks/sizes.py --data faces256-test.zip --count 100 --backbone vgg19.h5

Pictures at each side are colored as by `shade --hint simulated`, and without a hint: laid out at 64 pixels, and from there refined scale
by scale. "Enlarged" is the baseline of refining: the layout's colors at 64 pixels, resized to the picture. Metrics compare with the
originals at that side, medians over the pictures.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import Sequence

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np

from mangastyle import Shader
from mangastyle.data import dataset
from mangastyle.evaluate.metrics import METRICS
from mangastyle.evaluate.network_metrics import NETWORK_METRICS
from mangastyle.evaluate.run import load, measure
from mangastyle.evaluate.sources import Example
from mangastyle.io import images, sheets
from mangastyle.io.files import write_json
from mangastyle.ops import pixels
from mangastyle.vgg.backbone import backbone

SHOWN = 6  # pictures on the sheet of each side
SHOWN_METRICS = ("perceptual", "ssim", "psnr", "euclidean_difference")


class Sized:
    """The first `count` pictures at one side, shaded and refined up to `refine`: a source for `evaluate.run.measure`."""

    def __init__(self, pictures: dataset.Pictures, count: int, shader: Shader, hinted: bool, refine: int) -> None:
        self.pictures, self.count, self.shader, self.hinted, self.refine = pictures, count, shader, hinted, refine

    def __len__(self) -> int:
        return min(self.count, len(self.pictures.names))

    def __call__(self, rows: Sequence[int]) -> list[Example]:
        return [Example(self.pictures.names[row], self._shaded(row), np.asarray(self.pictures.base[row])) for row in rows]

    def _shaded(self, row: int) -> np.ndarray:
        rgb = np.asarray(self.pictures.base[row])
        hint = self.shader.simulated_hint(rgb, seed=row) if self.hinted else None
        return self.shader(rgb, hint, refine=self.refine)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", nargs="+", default=["drawn:100"], help="pictures that were not trained on, as for mangastyle evaluate")
    parser.add_argument("--weights", default="shade", help="weights file of the generator; default: the one that ships")
    parser.add_argument("--count", type=int, default=100, help="how many pictures")
    parser.add_argument("--sizes", type=int, nargs="+", default=[64, 128, 256], help="sides of the pictures")
    parser.add_argument("--backbone", default="slim", help="VGG-19 for the perceptual distance, as for mangastyle style")
    parser.add_argument("--quick", action="store_true", help="two pictures at two sides, to see that everything runs")
    parser.add_argument("--out", default="sizes", help="folder for sizes.json and a sheet of each side")
    options = parser.parse_args()
    if options.quick:
        options.data, options.count, options.sizes = ["drawn:2"], 2, [64, 96]

    metrics = {name: {**NETWORK_METRICS, **METRICS}[name] for name in SHOWN_METRICS}
    shader, functions, found = Shader(options.weights), load(metrics, backbone(options.backbone)), []
    print(f"| hint | side | colors | {' | '.join(metric.name for metric in metrics.values())} |\n|---|---:|---|{'---:|' * len(metrics)}")
    for size in options.sizes:
        pictures = dataset.load(options.data, size, zoom=False)
        tiles = [[pixels.resize(np.asarray(picture), 256, 256) for picture in pictures.base[:SHOWN]]]
        for hinted in (True, False):
            for refine in sorted({min(shader.spec.size, size), size}):
                source = Sized(pictures, options.count, shader, hinted, refine)
                values = measure(source, functions, {}).values
                median = {key: float(np.median(values[key])) for key in metrics}
                row = {"hint": "simulated" if hinted else "none", "side": size, "colors": "refined" if refine == size else "enlarged"}
                found.append({**row, "median": median})
                medians = f"{median['perceptual']:.3f} | {median['ssim']:.3f} | {median['psnr']:.1f} | {median['euclidean_difference']:.1f}"
                print(f"| {' | '.join(map(str, row.values()))} | {medians} |", flush=True)
                tiles.append([pixels.resize(example.generated, 256, 256) for example in source(range(min(SHOWN, len(source))))])
        sheet = sheets.grid([tile for line in zip(*tiles) for tile in line], len(tiles), gap=4)
        images.save(Path(options.out) / f"sheet-{size}.png", sheet, force=True)
    write_json(Path(options.out) / "sizes.json", {"options": vars(options), "found": found})


if __name__ == "__main__":
    main()
