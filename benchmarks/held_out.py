"""How well does a shading network colour pictures it never saw? SSIM, PSNR and differences, with a sheet to look at.

    python benchmarks/held_out.py --data faces96-test.zip --weights weights/shade.h5 --out held-out

Every picture of --data is cropped and reduced as in training, sketched, given each kind of hint, and coloured.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import tensorflow as tf
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from mangastyle import images, weights
from mangastyle.config import TrainConfig
from mangastyle.data import dataset
from mangastyle.shade import simulate
from mangastyle.shade.infer import load_generator
from mangastyle.shade.validate import Validation

HINTS = ("default", "paper", "mixed", "none")


def measure(original: np.ndarray, generated: np.ndarray) -> dict[str, float]:
    """Of two uint8 (h, w, 3) pictures: SSIM, PSNR in dB, mean absolute and root mean square difference in %."""
    difference = (original.astype(np.float64) - generated) / 2.55
    return {
        "ssim": structural_similarity(original, generated, channel_axis=2, data_range=255),
        "psnr": peak_signal_noise_ratio(original, generated, data_range=255),
        "mean_absolute_%": float(np.abs(difference).mean()),
        "rms_%": float(np.sqrt((difference**2).mean())),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", nargs="+", required=True)
    parser.add_argument("--weights", default="")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--sheet", type=int, default=12, help="pictures on the sheet")
    args = parser.parse_args()

    model, trained = load_generator(weights.find(args.weights))
    pictures = np.asarray(dataset.load(TrainConfig(data=tuple(args.data), size=trained.size, closeups=0.0)).base)
    draws = dataset.draws(0, 0, len(pictures), simulate.DRAWS)
    table = {}
    for hint in HINTS:
        generated, shown = [], []
        for start in range(0, len(pictures), 50):
            rows = slice(start, start + 50)
            line, given, _ = simulate.examples(tf.constant(pictures[rows]), tf.constant(draws[rows]), hint)
            generated += list(images.to_uint8(model({"line": line, "hint": given}, training=False).numpy()))
            shown += list(images.to_uint8(given.numpy()))
        for name, made in ((hint, generated), (f"{hint}, the hint itself as the picture", shown)):
            values = [measure(a, b) for a, b in zip(pictures, made)]
            table[name] = {key: float(np.mean([v[key] for v in values])) for key in values[0]}
            table[name]["mean_absolute_<=12%"] = float(np.mean([v["mean_absolute_%"] <= 12 for v in values]))
    args.out.mkdir(parents=True, exist_ok=True)
    (args.out / "held-out.json").write_text(json.dumps(table, indent=2) + "\n")
    sheet = Validation(pictures[: args.sheet], "mixed").sheet(model, args.sheet)
    images.save(args.out / "held-out.png", sheet, force=True)
    keys = list(next(iter(table.values())))
    print("| hint |", " | ".join(keys), "|\n|---|" + "---|" * len(keys))
    for name, row in table.items():
        print(f"| {name} |", " | ".join(f"{row[key]:.3f}" for key in keys), "|")


if __name__ == "__main__":
    main()
