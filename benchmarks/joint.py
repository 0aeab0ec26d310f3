"""Are shading and stylization better when they are trained as one network?

    python benchmarks/joint.py --data faces256-train.zip --held-out faces256-test.zip --paintings paintings.zip --steps 200 --out joint

From the weights that ship, two networks are trained on the same batches: `separate` continues with the shading's own losses; `joint`
also has losses on the stylized result: its content features (relu4_2) should be those of the stylized originals, and its style that of
the painting. Gradients pass through the one-pass stylization, whose decoder is trained, too. Both, and the start, are measured on
held-out pictures: the perceptual distance between stylized shaded pictures and stylized originals (by the decoder that ships), and
the Wasserstein distance of styles.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import Any, Callable

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import tensorflow as tf
from tqdm import tqdm

from mangastyle.data import dataset
from mangastyle.io import images, registry, weights
from mangastyle.io.files import write_json
from mangastyle.ops import gaussian_ot, pixels
from mangastyle.shade.losses import l1
from mangastyle.shade.simulated_hints import NUM_UNIFORMS
from mangastyle.shade.unet_shader import load_generator
from mangastyle.style.onepass import network as onepass
from mangastyle.style.onepass.settings import OnePassSpec
from mangastyle.style.optimize.losses import relative_mse
from mangastyle.style.settings import OptimizeSettings
from mangastyle.synthetic import paintings as painters
from mangastyle.training.examples import make_training_examples
from mangastyle.training.onepass import LOSS_LAYERS
from mangastyle.training.settings import ExampleSettings
from mangastyle.vgg.backbone import backbone
from mangastyle.vgg.network import features
from mangastyle.vgg.perceptual import perceptual_distance

CONTENT = "relu4_2"
PIXEL, PERCEPTUAL, JOINT, STYLE = 100.0, 50.0, 5.0, 5.0  # weights of the losses
STRENGTH = 0.5
EXAMPLES = ExampleSettings(hint="mixed", hint_dropout=0.15, flip=True, random_crop_prob=0.0, thin_line_prob=0.6, hue_shift_prob=0.0)


class Both:
    """A generator and a decoder that may be trained, and the frozen VGG-19 that encodes and measures."""

    def __init__(self, shade_weights: str, onepass_weights: str) -> None:
        self.generator, self.spec = load_generator(shade_weights, "float32")
        found = features(backbone("slim"), tuple(LOSS_LAYERS))
        self.features = keras.Model(found.input, {name: found.output[name] / scale for name, scale in LOSS_LAYERS.items()})
        path = registry.find(onepass_weights)
        self.decoder = onepass.decoder(OnePassSpec.of(weights.read_spec(path, "onepass")[0]))
        weights.fill(self.decoder, path, "onepass")

    def shade(self, line: tf.Tensor, hint: tf.Tensor, training: bool) -> tf.Tensor:
        """Line art (b, s, s, 1) and hints (b, s, s, 3), in [-1, 1], to color (b, s, s, 3) in 0..255."""
        return (self.generator({"line": line, "hint": hint}, training=training) + 1.0) * 127.5

    def stylize(self, content: onepass.Features, painting: onepass.Features) -> tf.Tensor:
        """Features of contents and paintings to stylized pictures (b, s, s, 3) in 0..255."""
        content, painting = ({name: x[name] for name in onepass.LAYERS} for x in (content, painting))
        strength = tf.fill(tf.shape(content["relu4_1"])[:1], STRENGTH)
        return onepass.paint(self.decoder, content, onepass.gaussian_statistics(painting), onepass.style_residual(painting), strength)


def make_train_step(both: Both, frozen: Both, optimizer: keras.optimizers.Optimizer, joint: bool) -> Callable[..., dict[str, tf.Tensor]]:
    """(uint8 pictures, uniforms, paintings) -> losses; `frozen` makes the stylized originals."""
    variables = both.generator.trainable_variables + (both.decoder.trainable_variables if joint else [])
    optimizer.build(variables)

    @tf.function
    def step(pictures: tf.Tensor, uniforms: tf.Tensor, paintings: tf.Tensor) -> dict[str, tf.Tensor]:
        # (b, s, s, 3) uint8, (b, NUM_UNIFORMS), (b, s, s, 3) in 0..255
        line, hint, color = make_training_examples(pictures, uniforms, EXAMPLES)
        original = both.features((color + 1.0) * 127.5)
        with tf.GradientTape() as tape:
            shaded = both.shade(line, hint, training=True)
            shaded_features = both.features(shaded)
            layers = ({name: x[name] for name in onepass.LAYERS} for x in (shaded_features, original))
            record = {
                "l1": tf.reduce_mean(l1(shaded / 127.5 - 1.0, color)),
                "perceptual": tf.reduce_mean(perceptual_distance(*layers)),
            }
            loss = PIXEL * record["l1"] + PERCEPTUAL * record["perceptual"]
            if joint:
                painting = both.features(paintings)
                target = frozen.features(frozen.stylize(original, painting))
                stylized = both.features(both.stylize(shaded_features, painting))
                record["joint"] = tf.reduce_mean(relative_mse(stylized[CONTENT], target[CONTENT]))
                record["style"] = tf.reduce_mean(style_distance(stylized, painting))
                loss += JOINT * record["joint"] + STYLE * record["style"]
        optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables))
        return record

    return step


def style_distance(stylized: onepass.Features, painting: onepass.Features) -> tf.Tensor:
    """Mean Wasserstein distance over the layers of `mangastyle style`, (b,)."""
    layers = OptimizeSettings.style_layers
    source, target = (onepass.gaussian_statistics({name: x[name] for name in layers}) for x in (stylized, painting))
    return tf.add_n([gaussian_ot.wasserstein(source[name], target[name]) for name in layers]) / len(layers)


def evaluate(both: Both, frozen: Both, pictures: np.ndarray, paintings: np.ndarray, batch: int) -> tuple[dict[str, float], np.ndarray]:
    """Means over held-out pictures, uint8 (n, s, s, 3), each in one of the paintings, and a sheet of the first few."""
    random = np.random.Generator(np.random.Philox(key=1))
    uniforms, found, tiles = random.random((len(pictures), NUM_UNIFORMS), np.float32), [], []
    for start in range(0, len(pictures), batch):
        rows = slice(start, start + batch)
        line, hint, color = make_training_examples(
            tf.constant(pictures[rows]), tf.constant(uniforms[rows]), ExampleSettings.plain("proportional")
        )
        painting = both.features(paintings[rows])
        shaded = both.shade(line, hint, training=False)
        stylized = both.stylize(both.features(shaded), painting)
        target = frozen.stylize(both.features((color + 1.0) * 127.5), painting)
        source, goal = both.features(stylized), both.features(target)
        distance = perceptual_distance(*({name: x[name] for name in onepass.LAYERS} for x in (source, goal)))
        error = relative_mse(source[CONTENT], goal[CONTENT])
        found.append([np.asarray(x) for x in (distance, error, style_distance(source, painting), style_distance(goal, painting))])
        tiles.append([pixels.to_uint8(np.asarray(x)) for x in (paintings[rows], shaded, stylized, target)])
    means = np.concatenate(found, 1).mean(1)
    names = (
        "perceptual distance to the stylized original",
        "content error to it",
        "style distance",
        "style distance of the stylized original",
    )
    rows = [np.hstack([tile[0] for tile in row]) for row in tiles]
    return dict(zip(names, map(float, means))), np.vstack(rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--weights", default="shade", help="the generator; default: the one that ships")
    parser.add_argument("--onepass-weights", default="onepass", help="the one-pass decoder; default: the one that ships")
    parser.add_argument("--data", nargs="+", default=["drawn:500"], help="pictures to train on")
    parser.add_argument("--held-out", nargs="+", default=["drawn:3000-3100"], help="pictures to measure on")
    parser.add_argument("--paintings", nargs="+", default=[], help="default: mangastyle's own; the last tenth is for measuring")
    parser.add_argument("--size", type=int, default=96)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--count", type=int, default=100, help="held-out pictures")
    parser.add_argument("--cache", default="")
    parser.add_argument("--quick", action="store_true", help="tiny numbers, to see that everything runs")
    parser.add_argument("--out", default="joint", help="folder for joint.json and the sheets")
    options = parser.parse_args()
    if options.quick:
        options.data, options.held_out = ["drawn:4"], ["drawn:3000-3002"]
        options.size, options.batch, options.steps, options.count = 32, 2, 2, 2

    def load(data: list[str]) -> np.ndarray:
        return dataset.load(data, options.size, zoom=False, cache=options.cache).base

    pictures, held_out = load(options.data), load(options.held_out)[: options.count]
    art = load(options.paintings) if options.paintings else own_paintings(options.size, 4 if options.quick else 40)
    split = len(art) * 9 // 10  # the rest of the paintings is for measuring
    frozen = Both(options.weights, options.onepass_weights)
    unseen = np.float32(art[split + np.arange(len(held_out)) % (len(art) - split)])
    results: dict[str, Any] = {}
    for name in ("start", "separate", "joint"):
        both = Both(options.weights, options.onepass_weights)
        if name != "start":
            step = make_train_step(both, frozen, keras.optimizers.Adam(1e-4, beta_1=0.5), name == "joint")
            random = np.random.Generator(np.random.Philox(key=0))  # the same batches for both
            for _ in (bar := tqdm(range(options.steps), desc=name, disable=None)):
                rows, styles = random.integers(0, len(pictures), options.batch), random.integers(0, split, options.batch)
                uniforms = random.random((options.batch, NUM_UNIFORMS), np.float32)
                record = step(tf.constant(pictures[rows]), tf.constant(uniforms), tf.constant(np.float32(art[styles])))
                bar.set_postfix({key: f"{float(value):.3f}" for key, value in record.items()}, refresh=False)
        results[name], sheet = evaluate(both, frozen, held_out, unseen, options.batch)
        images.save(Path(options.out) / f"{name}.png", sheet, force=True)
        print(name, {key: round(value, 4) for key, value in results[name].items()}, flush=True)
    write_json(Path(options.out) / "joint.json", {"options": vars(options), "results": results})


def own_paintings(size: int, count: int) -> np.ndarray:
    """Paintings by mangastyle's own painters in turn, uint8 (count, size, size, 3)."""
    names = list(painters.PAINTERS)
    return np.stack([painters.paint(names[i % len(names)], i, size, size) for i in range(count)])


if __name__ == "__main__":
    main()
