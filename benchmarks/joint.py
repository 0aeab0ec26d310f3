"""Are shading and painting better when they are trained as one network?

    python benchmarks/joint.py --data faces256-train.zip --held-out faces256-test.zip --paintings paintings.zip --steps 200 --out joint

From the weights that ship, two networks see the same batches: `separate` goes on with the shading's own loss, `joint` is
also asked that what is painted of its shaded pictures has the content features (relu4_2) of what is painted of the originals,
in the painting's style; its gradients pass through the one-pass painter, whose decoder learns too. Both, and the start, are
then judged on held-out pictures: the perceptual distance of what is painted of shaded pictures to what is painted of originals
(by the decoder that ships), and the Wasserstein distance of styles.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import tensorflow as tf
from tqdm import tqdm

from mangastyle import images, weights
from mangastyle.config import StyleConfig, TrainConfig
from mangastyle.data import dataset
from mangastyle.files import write_json
from mangastyle.shade import losses as shade_losses
from mangastyle.shade import simulate
from mangastyle.shade.infer import load_generator
from mangastyle.style import losses, onepass, transport, vgg
from mangastyle.style.prepare import to_pixels
from mangastyle.style.teach import JUDGE

CONTENT = "relu4_2"
DISTANCE, PERCEPTUAL, JOINT, STYLE = 100.0, 50.0, 5.0, 5.0  # weights of the losses
STRENGTH = 0.5


class Both:
    """A generator and a decoder that may learn, and the frozen VGG-19 that encodes and judges."""

    def __init__(self, shade_weights: str, fast_weights: str) -> None:
        self.generator, self.config = load_generator(weights.find(shade_weights), "float32")
        found = vgg.features(vgg.backbone("slim"), tuple(JUDGE))
        self.features = keras.Model(found.input, {name: found.output[name] / size for name, size in JUDGE.items()})
        self.decoder = onepass.decoder({name: found.output[name].shape[-1] for name in onepass.LAYERS})
        weights.load(weights.find(fast_weights, weights.ONEPASS), self.decoder)

    def shade(self, line: tf.Tensor, hint: tf.Tensor, training: bool) -> tf.Tensor:
        """Line art (b, s, s, 1) and hints (b, s, s, 3), in [-1, 1], to colour (b, s, s, 3) in 0..255."""
        return (self.generator({"line": line, "hint": hint}, training=training) + 1.0) * 127.5

    def paint(self, content: onepass.Features, painting: onepass.Features) -> tf.Tensor:
        """Features of contents and paintings to painted pictures (b, s, s, 3) in 0..255."""
        wanted = {name: transport.statistics(painting[name]) for name in onepass.LAYERS}
        return onepass.paint(self.decoder, content, wanted, onepass.grain(painting), tf.fill(tf.shape(content[CONTENT])[:1], STRENGTH))


def train_step(both: Both, frozen: Both, optimizer: keras.optimizers.Optimizer, joint: bool):
    """(uint8 pictures, draws, paintings) -> losses; `frozen` paints what the originals should become."""
    learning = both.generator.trainable_variables + (both.decoder.trainable_variables if joint else [])
    optimizer.build(learning)

    @tf.function
    def step(pictures, draws, paintings):  # (b, s, s, 3) uint8, (b, DRAWS), (b, s, s, 3) in 0..255
        line, hint, colour = simulate.examples(pictures, draws, "mixed", 0.15, True, 0.6)
        original = both.features((colour + 1.0) * 127.5)
        with tf.GradientTape() as tape:
            shaded = both.shade(line, hint, training=True)
            of_shaded = both.features(shaded)
            record = {
                "l1": tf.reduce_mean(shade_losses.l1(shaded / 127.5 - 1.0, colour)),
                "perceptual": tf.reduce_mean(shade_losses.perceptual(*({name: x[name] for name in onepass.LAYERS} for x in (of_shaded, original)))),
            }
            loss = DISTANCE * record["l1"] + PERCEPTUAL * record["perceptual"]
            if joint:
                painting = both.features(paintings)
                wanted = frozen.features(frozen.paint(original, painting))
                found = both.features(both.paint(of_shaded, painting))
                record["joint"] = tf.reduce_mean(losses.relative_error(found[CONTENT], wanted[CONTENT]))
                record["style"] = tf.reduce_mean(style_distance(found, painting))
                loss += JOINT * record["joint"] + STYLE * record["style"]
        optimizer.apply_gradients(zip(tape.gradient(loss, learning), learning))
        return record

    return step


def style_distance(found: onepass.Features, painting: onepass.Features) -> tf.Tensor:
    """Mean Wasserstein distance over the layers of `mangastyle style`, (b,)."""
    layers = StyleConfig.style_layers
    return tf.add_n([transport.distance(*(transport.statistics(x[name]) for x in (found, painting))) for name in layers]) / len(layers)


def judge(both: Both, frozen: Both, pictures: np.ndarray, paintings: np.ndarray, batch: int) -> tuple[dict[str, float], np.ndarray]:
    """Means over held-out pictures, uint8 (n, s, s, 3), each in one of the paintings, and a sheet of the first few."""
    random = np.random.Generator(np.random.Philox(key=1))
    draws, found, tiles = random.random((len(pictures), simulate.DRAWS), np.float32), [], []
    for start in range(0, len(pictures), batch):
        rows = slice(start, start + batch)
        line, hint, colour = simulate.examples(tf.constant(pictures[rows]), tf.constant(draws[rows]), "default")
        painting = both.features(paintings[rows])
        shaded = both.shade(line, hint, training=False)
        painted = both.paint(both.features(shaded), painting)
        wanted = frozen.paint(both.features((colour + 1.0) * 127.5), painting)
        features, goal = both.features(painted), both.features(wanted)
        layers = onepass.LAYERS
        distance = shade_losses.perceptual(*({name: x[name] for name in layers} for x in (features, goal)))
        apart = losses.relative_error(features[CONTENT], goal[CONTENT])
        found.append([np.asarray(x) for x in (distance, apart, style_distance(features, painting), style_distance(goal, painting))])
        tiles.append([to_pixels(np.asarray(x)) for x in (paintings[rows], shaded, painted, wanted)])
    means = np.concatenate(found, 1).mean(1)
    names = ("perceptual distance to the painted original", "content error to it", "style distance", "style distance of the painted original")
    rows = [np.hstack([tile[0] for tile in tiles_of]) for tiles_of in tiles]
    return dict(zip(names, map(float, means))), np.vstack(rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--weights", default="", help="the generator; default: the shipped one")
    parser.add_argument("--fast-weights", default="", help="the one-pass painter; default: the shipped one")
    parser.add_argument("--data", nargs="+", default=["drawn:500"], help="pictures to train on")
    parser.add_argument("--held-out", nargs="+", default=["drawn:3000-3100"], help="pictures to judge on")
    parser.add_argument("--paintings", nargs="+", required=True)
    parser.add_argument("--size", type=int, default=96)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--count", type=int, default=100, help="held-out pictures")
    parser.add_argument("--cache", default="")
    parser.add_argument("--out", default="joint", help="folder for joint.json and the sheets")
    options = parser.parse_args()

    def load(data: list[str]) -> np.ndarray:
        return dataset.load(TrainConfig(data=tuple(data), size=options.size, closeups=0.0, cache=options.cache)).base

    pictures, held_out, art = load(options.data), load(options.held_out)[: options.count], load(options.paintings)
    split = len(art) * 9 // 10  # the last tenth of the paintings is for judging
    frozen = Both(options.weights, options.fast_weights)
    unseen = np.float32(art[split + np.arange(len(held_out)) % (len(art) - split)])
    results = {}
    for name in ("start", "separate", "joint"):
        both = Both(options.weights, options.fast_weights)
        if name != "start":
            step = train_step(both, frozen, keras.optimizers.Adam(1e-4, beta_1=0.5), name == "joint")
            random = np.random.Generator(np.random.Philox(key=0))  # the same batches for both
            for _ in (bar := tqdm(range(options.steps), desc=name, disable=None)):
                rows, styles = random.integers(0, len(pictures), options.batch), random.integers(0, split, options.batch)
                draws = random.random((options.batch, simulate.DRAWS), np.float32)
                record = step(tf.constant(pictures[rows]), tf.constant(draws), tf.constant(np.float32(art[styles])))
                bar.set_postfix({key: f"{float(value):.3f}" for key, value in record.items()}, refresh=False)
        results[name], sheet = judge(both, frozen, held_out, unseen, options.batch)
        images.save(Path(options.out) / f"{name}.png", sheet, force=True)
        print(name, {key: round(value, 4) for key, value in results[name].items()}, flush=True)
    write_json(Path(options.out) / "joint.json", {"options": vars(options), "results": results})


if __name__ == "__main__":
    main()
