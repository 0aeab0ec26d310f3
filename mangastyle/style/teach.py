"""Train the one-pass painter's decoder: any content, any painting, any strength.

The slim VGG-19 that encodes judges, too, by the losses of `mangastyle style`: content at relu4_2, the Wasserstein
distance of styles at five depths, total variation, weighed as its strength weighs them. Encoder and judge are frozen;
features are moved without training at all. What is learned is to paint them.

One visible loop. Read `teach` top to bottom: build, restore, then for each step draw crops, move features, paint, judge,
update, log, and now and then draw samples and save.
"""

from __future__ import annotations

import contextlib
import dataclasses
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from tqdm import tqdm

from mangastyle import images, precision, weights
from mangastyle.config import StyleConfig, TeachConfig, save_config
from mangastyle.data.crops import Crops, check_crop
from mangastyle.monitor import Interrupts, Log, clear, clear_error, refuse_nan, restore, run_folder, schedule
from mangastyle.style import losses, onepass, transport, vgg
from mangastyle.style.objective import balance
from mangastyle.style.onepass import Features
from mangastyle.style.prepare import to_pixels
from mangastyle.style.transport import Statistics

JUDGE = {**onepass.LAYERS, "relu5_1": 40.0, "relu4_2": 500.0}  # layers with their size, which keeps float32 exact
LOSS = StyleConfig()  # what `mangastyle style` minimises by default
WARM_UP = 100  # steps
SAMPLES = 6


def command(config: TeachConfig) -> None:
    """`mangastyle teach`: check the options, then train."""
    check_crop(config.crop)
    teach(config)


def teach(config: TeachConfig) -> None:
    """Train up to step `config.steps`; the run folder gets config, log, samples, checkpoints and last.h5."""
    run = run_folder(config.out, config.resume, config.force)
    policy = precision.resolve_wide(config.precision)  # the gradients of means over whole pictures would vanish in float16
    crops = Crops(config)
    painter = Painter(config, policy)
    if not config.resume:
        clear(run)  # only now, so that a mistake in the options harms no earlier training
    checkpoint = tf.train.Checkpoint(decoder=painter.decoder, optimizer=painter.optimizer, step=painter.step)
    manager = tf.train.CheckpointManager(checkpoint, str(run / "checkpoints"), max_to_keep=1)
    if latest := manager.latest_checkpoint:
        restore(checkpoint, latest, ", or start anew with --force")
    save_config(run, "teach", dataclasses.replace(config, resume=False))

    step = start = int(painter.step.numpy())
    bar = tqdm(total=config.steps, initial=start, unit="step", disable=None)
    began = time.monotonic()
    with bar, contextlib.closing(Log(run, start)) as log, ThreadPoolExecutor(1) as ahead, Interrupts() as interrupts:
        upcoming = ahead.submit(crops.examples, step, config.batch)
        while step < config.steps and not interrupts.stop:
            contents, paintings, strength = upcoming.result()  # (b, c, c, 3) twice, (b,)
            upcoming = ahead.submit(crops.examples, step + 1, config.batch)
            painter.optimizer.learning_rate = config.learning_rate * schedule(step, config.steps, WARM_UP)

            record = {name: float(value) for name, value in painter.train_step(contents, paintings, strength).items()}
            step += 1
            refuse_nan(run, step, record, manager.latest_checkpoint)
            log.write({"step": step, "seconds": time.monotonic() - began, **record})
            bar.set_postfix(content=f"{record['content']:.3f}", style=f"{record['style']:.3f}", refresh=False)
            bar.update()
            if step % config.checkpoint_every == 0:
                _save(run, manager, painter, crops, log, step)
        if step > start:
            _save(run, manager, painter, crops, log, step)
    if interrupts.stop:
        print(f"stopped by {interrupts.stop} at step {step}; go on with: mangastyle teach --resume --out {run}")


def _save(run: Path, manager: tf.train.CheckpointManager, painter: Painter, crops: Crops, log: Log, step: int) -> None:
    sheet = painter.sheet(*crops.examples(-1, SAMPLES, held_out=True)[:2])
    images.save(run / "samples" / f"step-{step:07d}.png", sheet, force=True)
    log.picture(step, sheet)
    onepass.save(run / "last.h5", painter.decoder, painter.config, {"steps": step})
    painter.step.assign(step)
    with clear_error(run):
        manager.save(checkpoint_number=step)


class Painter:
    """The decoder, its optimizer, and the frozen network that encodes and judges."""

    def __init__(self, config: TeachConfig, policy: str) -> None:
        self.config = config
        found = vgg.features(vgg.backbone("slim", policy=policy), tuple(JUDGE))
        self.features = keras.Model(found.input, {name: found.output[name] / size for name, size in JUDGE.items()})
        self.decoder = onepass.decoder({name: found.output[name].shape[-1] for name in onepass.LAYERS}, policy)
        if config.init:
            weights.load(weights.find(config.init, cure="--init takes a file that 'mangastyle teach' wrote"), self.decoder)
        self.optimizer = keras.optimizers.Adam(config.learning_rate)
        self.optimizer.build(self.decoder.trainable_variables)
        self.step = tf.Variable(0, dtype=tf.int64)
        self.train_step = tf.function(self._train_step)

    def _train_step(self, contents: tf.Tensor, paintings: tf.Tensor, strength: tf.Tensor) -> dict[str, tf.Tensor]:
        """Crops (b, c, c, 3) of contents and paintings and strengths (b,) -> losses, each the batch's mean."""
        both = self.features(tf.concat([contents, paintings], 0))
        content, painting = ({name: tf.split(x, 2)[i] for name, x in both.items()} for i in (0, 1))
        wanted = _statistics(painting)
        grain = _shifted(onepass.grain(painting), tf.cast(self.optimizer.iterations, tf.int32))
        alpha, beta = balance(strength)
        with tf.GradientTape() as tape:
            painted = onepass.paint(self.decoder, content, wanted, grain, strength)
            found = self.features(painted)
            of_content = tf.add_n([losses.relative_error(found[name], content[name]) for name in LOSS.content_layers])
            of_layers = {name: transport.distance(of, wanted[name]) for name, of in _statistics(found).items()}
            of_style = tf.add_n(list(of_layers.values())) / len(of_layers)
            of_tv = losses.total_variation(painted, "mean")
            weighed = alpha * LOSS.content_weight * of_content + beta * LOSS.style_weight * of_style
            loss = tf.reduce_mean((weighed + beta * LOSS.tv_weight * of_tv) / (alpha + beta))
        variables = self.decoder.trainable_variables
        self.optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables))
        means = {"content": of_content, "style": of_style, "tv": of_tv, **of_layers}
        return {"loss": loss, **{name: tf.reduce_mean(value) for name, value in means.items()}}

    def sheet(self, contents: np.ndarray, paintings: np.ndarray) -> np.ndarray:
        """Contents, paintings, and the contents painted at three strengths, in rows: uint8 (h, w, 3)."""
        content, painting = self.features(contents), self.features(paintings)
        wanted, grain = _statistics(painting), onepass.grain(painting)
        rows = [contents, paintings]
        for strength in (0.25, 0.5, 0.85):
            rows.append(onepass.paint(self.decoder, content, wanted, grain, tf.fill((len(contents),), strength)).numpy())
        return np.vstack([np.hstack(to_pixels(row)) for row in rows])


def _shifted(grain: Features, seed: tf.Tensor) -> Features:
    """Grain (b, h', w', n) shifted over its edges by a random way, the same in every layer: strokes must serve any place."""
    deepest = next(iter(grain))
    way = tf.random.stateless_uniform((2,), (seed, 0), 0, tf.shape(grain[deepest])[1], tf.int32)
    return {name: tf.roll(x, way * (onepass.reduction(deepest) // onepass.reduction(name)), (1, 2)) for name, x in grain.items()}


def _statistics(features: Features) -> dict[str, Statistics]:
    """Of each picture of a batch, in every layer that carries the style."""
    return {name: transport.statistics(features[name]) for name in LOSS.style_layers}
