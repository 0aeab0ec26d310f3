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
import math
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from tqdm import tqdm

from mangastyle import images, precision, weights
from mangastyle.config import StyleConfig, TeachConfig, save_config
from mangastyle.data.crops import Crops
from mangastyle.errors import MangastyleError
from mangastyle.monitor import Interrupts, Log, clear, clear_error, restore, run_folder
from mangastyle.style import losses, onepass, transport, vgg
from mangastyle.style.onepass import Features

CONTENT = "relu4_2"
STYLE = ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1")
JUDGE = {**onepass.LAYERS, "relu5_1": 40.0, CONTENT: 500.0}  # with their size, which keeps float32 exact
WARM_UP = 100  # steps
SAMPLES = 6


def command(config: TeachConfig) -> None:
    """`mangastyle teach`: check the options, then train."""
    if config.crop % 16:
        raise MangastyleError(f"--crop {config.crop}: must be a multiple of 16, by which VGG-19 reduces pictures")
    teach(config)


def teach(config: TeachConfig) -> None:
    """Train up to step `config.steps`; the run folder gets config, log, samples, checkpoints and last.h5."""
    run = run_folder(config.out, config.resume, config.force)
    policy = precision.resolve(config.precision)
    if policy == "mixed_float16":  # the gradients of means over whole pictures would vanish
        raise MangastyleError(f"--precision {config.precision}: float16 is too narrow for this training; try float32")
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
            painter.optimizer.learning_rate = config.learning_rate * _schedule(step, config.steps)

            record = {name: float(value) for name, value in painter.train_step(contents, paintings, strength).items()}
            step += 1
            if not np.isfinite(list(record.values())).all():
                raise MangastyleError(
                    f"{run}: a loss is no longer a number at step {step}; the last good checkpoint is "
                    f"{manager.latest_checkpoint or 'none yet'}; go on with --resume and a lower --learning-rate"
                )
            log.write({"step": step, "seconds": time.monotonic() - began, **record})
            bar.set_postfix(content=f"{record['content']:.3f}", style=f"{record['style']:.3f}", refresh=False)
            bar.update()
            if step % config.checkpoint_every == 0:
                _save(run, manager, painter, crops, log, step)
        if step > start:
            _save(run, manager, painter, crops, log, step)
    if interrupts.stop:
        print(f"stopped by {interrupts.stop} at step {step}; go on with: mangastyle teach --resume --out {run}")


def _schedule(step: int, steps: int) -> float:
    """Share of the learning rate: up over the first steps, then down to zero along a cosine."""
    return min(1.0, (step + 1) / WARM_UP) * 0.5 * (1 + math.cos(math.pi * step / steps))


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

    def paint(self, content: Features, painting: Features, strength: tf.Tensor, seed: Any) -> tf.Tensor:
        """Features of contents and of paintings, both (b, ...), and strengths (b,), to pictures (b, c, c, 3)."""
        found, wanted = ({name: transport.statistics(x[name]) for name in onepass.LAYERS} for x in (content, painting))
        maps, noise = onepass.maps(found, wanted, strength), onepass.white_noise({name: tf.shape(x) for name, x in content.items()}, seed)
        moved = {name: maps[name](content[name]) for name in onepass.LAYERS}
        grain = {name: maps[f"{name}_grain"](x) for name, x in noise.items()}
        return onepass.decode(self.decoder, moved, grain, strength)

    def _train_step(self, contents: tf.Tensor, paintings: tf.Tensor, strength: tf.Tensor) -> dict[str, tf.Tensor]:
        """Crops (b, c, c, 3) of contents and paintings and strengths (b,) -> losses, each the batch's mean."""
        options = StyleConfig()
        both = self.features(tf.concat([contents, paintings], 0))
        content, painting = ({name: tf.split(x, 2)[i] for name, x in both.items()} for i in (0, 1))
        alpha, beta = (2 - 2 * strength) ** 2, (2 * strength) ** 2  # as `objective`
        with tf.GradientTape() as tape:
            painted = self.paint(content, painting, strength, tf.cast(self.optimizer.iterations, tf.int32))
            found = self.features(painted)
            of_content = _content_loss(found[CONTENT], content[CONTENT])
            of_layers = {name: transport.distance(transport.statistics(found[name]), transport.statistics(painting[name])) for name in STYLE}
            of_style = tf.add_n(list(of_layers.values())) / len(STYLE)
            of_tv = losses.total_variation(painted, "mean")
            weighed = alpha * options.content_weight * of_content + beta * options.style_weight * of_style
            loss = tf.reduce_mean((weighed + beta * options.tv_weight * of_tv) / (alpha + beta))
        variables = self.decoder.trainable_variables
        self.optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables))
        means = {"content": of_content, "style": of_style, "tv": of_tv, **of_layers}
        return {"loss": loss, **{name: tf.reduce_mean(value) for name, value in means.items()}}

    def sheet(self, contents: np.ndarray, paintings: np.ndarray) -> np.ndarray:
        """Contents, paintings, and the contents painted at three strengths, in rows: uint8 (h, w, 3)."""
        content, painting = self.features(contents), self.features(paintings)
        rows = [contents, paintings]
        for strength in (0.25, 0.5, 0.85):
            rows.append(self.paint(content, painting, tf.fill((len(contents),), strength), 0).numpy())
        return np.vstack([np.hstack(np.clip(np.rint(row), 0, 255).astype(np.uint8)) for row in rows])

def _content_loss(found: tf.Tensor, target: tf.Tensor) -> tf.Tensor:
    """`losses.content_loss` in the mean form, for each picture of a batch: (b, h, w, n) to (b,)."""
    return tf.reduce_mean(tf.math.squared_difference(found, target), (1, 2, 3)) / (tf.reduce_mean(target**2, (1, 2, 3)) + 1e-12)
