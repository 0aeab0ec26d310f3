"""How good are the colours at sizes the generator was not trained at, and what does refining them from coarse to fine add?

    python benchmarks/sizes.py --data faces256-test.zip --count 100 --backbone vgg19.h5

Pictures at each side go through `shade --hint auto`, and without a hint: laid out at 64 pixels, and from there refined scale by scale.
"Enlarged" is what refining has to beat: the layout's colours at 64 pixels, made as large as the picture. Told beside the originals at
that side, medians over the pictures.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np

from mangastyle import images
from mangastyle.config import TrainConfig
from mangastyle.data import dataset
from mangastyle.evaluate.command import measure
from mangastyle.evaluate.perceptual import Perceptual
from mangastyle.evaluate.sources import Example
from mangastyle.files import write_json
from mangastyle.shade.infer import Shader
from mangastyle.style import vgg

SHOWN = 6  # pictures on the sheet of each side
TOLD = {"perceptual": "perceptual distance", "ssim": "SSIM", "psnr": "PSNR (dB)", "euclidean_difference": "Euclidean (%)"}


class Sized:
    """The first `count` pictures at one side, shaded and refined up to `refine`: a source for `evaluate.command.measure`."""

    def __init__(self, pictures: dataset.Pictures, count: int, shader: Shader, hinted: bool, refine: int) -> None:
        self.pictures, self.count, self.shader, self.hinted, self.refine = pictures, count, shader, hinted, refine

    def __len__(self) -> int:
        return min(self.count, len(self.pictures.names))

    def __call__(self, rows: list[int]) -> list[Example]:
        return [Example(self.pictures.names[row], self._shaded(row), np.asarray(self.pictures.base[row])) for row in rows]

    def _shaded(self, row: int) -> np.ndarray:
        rgb = np.asarray(self.pictures.base[row])
        hint = self.shader.simulated_hint(rgb, seed=row) if self.hinted else None
        return self.shader(rgb, hint, refine=self.refine)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", nargs="+", default=["drawn:100"], help="pictures that were not trained on, as for mangastyle evaluate")
    parser.add_argument("--weights", default="", help="weights file of the generator; default: the shipped one")
    parser.add_argument("--count", type=int, default=100, help="how many pictures")
    parser.add_argument("--sizes", type=int, nargs="+", default=[64, 128, 256], help="sides of the pictures")
    parser.add_argument("--backbone", default="slim", help="VGG-19 for the perceptual distance, as for mangastyle style")
    parser.add_argument("--out", default="sizes", help="folder for sizes.json and a sheet of each side")
    options = parser.parse_args()

    shader, perceptual, found = Shader(options.weights), Perceptual(vgg.backbone(options.backbone)), []
    print(f"| hint | side | colours | {' | '.join(TOLD.values())} |\n|---|---:|---|{'---:|' * len(TOLD)}")
    for size in options.sizes:
        pictures = dataset.load(TrainConfig(data=tuple(options.data), size=size, closeups=0.0))
        tiles = [[images.resize(np.asarray(picture), 256, 256) for picture in pictures.base[:SHOWN]]]
        for hinted in (True, False):
            for refine in sorted({min(shader.config.size, size), size}):
                source = Sized(pictures, options.count, shader, hinted, refine)
                _, values, _ = measure(source, perceptual)
                median = {key: float(np.median(values[key])) for key in TOLD}
                row = {"hint": "auto" if hinted else "none", "side": size, "colours": "refined" if refine == size else "enlarged"}
                found.append({**row, "median": median})
                told = f"{median['perceptual']:.3f} | {median['ssim']:.3f} | {median['psnr']:.1f} | {median['euclidean_difference']:.1f}"
                print(f"| {' | '.join(map(str, row.values()))} | {told} |", flush=True)
                tiles.append([images.resize(example.generated, 256, 256) for example in source(list(range(min(SHOWN, len(source)))))])
        images.save(Path(options.out) / f"sheet-{size}.png", images.grid([tile for line in zip(*tiles) for tile in line], len(tiles), gap=4), force=True)
    write_json(Path(options.out) / "sizes.json", {"options": vars(options), "found": found})


if __name__ == "__main__":
    main()
