"""Train a shading network: `python -m mangastyle.train --data pictures/ --out runs/mine`.

One visible loop. Read `train` top to bottom: build, restore, then for each step draw a batch, simulate line art
and hint, update discriminator and generator, log, and now and then validate, sample and save.
"""

from __future__ import annotations

import sys

if __name__ == "__main__":  # here, before TensorFlow loads: the command line loads it when it has read the options
    from mangastyle.cli import main

    sys.exit(main(["train", *sys.argv[1:]]))

import contextlib
import dataclasses
import math
import time
from pathlib import Path
from typing import Iterator

import keras
import numpy as np
import tensorflow as tf
from tqdm import tqdm

from mangastyle import images, precision, weights
from mangastyle.config import TrainConfig, save_config
from mangastyle.data import dataset
from mangastyle.errors import MangastyleError
from mangastyle.monitor import Interrupts, Log, clear, clear_error, restore, run_folder
from mangastyle.shade import losses, networks, simulate
from mangastyle.shade.adam import Adam
from mangastyle.shade.validate import Validation, reestimate_norm
from mangastyle.style import vgg

VALIDATION_PICTURES = 256  # enough for a steady number, few enough to take seconds
RESTORE_CURE = " (the fc head ties the discriminator to --size), or start anew from its weights with --init"
NORM_BATCHES = 16  # training batches that give the averaged generator its BatchNorm statistics


def command(config: TrainConfig) -> None:
    """`mangastyle train`: check the options, then describe the networks or train."""
    if config.size % networks.multiple(config):
        raise MangastyleError(f"--size {config.size}: must be a multiple of {networks.multiple(config)} with --levels {config.levels}")
    if config.validation + config.test >= 1:
        raise MangastyleError("--validation and --test: must leave pictures for training, so their sum must be less than 1")
    if config.describe:
        for model in networks.build(config):
            if model is not None:
                model.summary(line_length=110)
        return
    if not (config.epochs or config.steps or config.minutes):
        raise MangastyleError("say when to stop: --epochs, --steps or --minutes")
    train(config)


class Networks:
    """Everything that training changes: the networks, their optimizers, the averaged generator, the counters."""

    def __init__(self, config: TrainConfig) -> None:
        if config.perceptual_weight and config.size < vgg.MIN_SIDE:
            raise MangastyleError(f"--perceptual-weight: VGG-19 needs pictures of {vgg.MIN_SIDE} pixels; --size {config.size} is less")
        dtype = precision.resolve(config.precision)
        self.generator, self.discriminator = networks.build(config, dtype)
        if config.init:
            weights.load(weights.find(config.init), self.generator)
        # A second generator holds the moving average of the weights: steadier colours than any single step's.
        self.averaged = networks.build(config, dtype)[0] if config.ema else self.generator
        for averaged, variable in zip(self.averaged.variables, self.generator.variables):
            averaged.assign(variable)
        self.generator_optimizer = _adam(config, dtype, self.generator)
        self.discriminator_optimizer = _adam(config, dtype, self.discriminator) if self.discriminator else None
        self.step = tf.Variable(0, dtype=tf.int64)
        self.seconds = tf.Variable(0.0, dtype=tf.float64)
        self.best = tf.Variable(np.inf, dtype=tf.float64)  # lowest validation loss so far
        self.checkpoint = tf.train.Checkpoint(**{name: part for name, part in vars(self).items() if part is not None})
        # Never trained here, and therefore in no checkpoint.
        self.judge = vgg.features(vgg.backbone("slim", policy=dtype), losses.LAYERS) if config.perceptual_weight else None


def train(config: TrainConfig) -> None:
    """Train until `config` says stop; everything is written to the run folder `config.out`."""
    strategy = _strategy(config)
    if config.strategy == "multiworker" and strategy.cluster_resolver.task_id:  # workers after the first keep their own files
        config = dataclasses.replace(config, out=str(Path(config.out) / f"worker-{strategy.cluster_resolver.task_id}"))
    run = run_folder(config.out, config.resume, config.force)
    pictures = dataset.load(config)
    split = pictures.split(config.validation, config.test)
    batches = dataset.Batches(pictures, split["train"], config.batch, config.seed, config.closeups)
    validation = Validation(pictures.base[split["validation"][:VALIDATION_PICTURES]], config.hint)
    print(", ".join(f"{len(rows)} pictures for {part}" for part, rows in split.items()))
    limits = config.steps, math.ceil(config.epochs * len(split["train"]) / config.batch)
    steps = min(filter(None, limits), default=0)  # until the end; 0 with --minutes alone: the clock decides

    with strategy.scope():
        nets = Networks(config)
    if not config.resume:
        clear(run)  # only now, so that a mistake in the options harms no earlier training
    manager = tf.train.CheckpointManager(nets.checkpoint, str(run / "checkpoints"), max_to_keep=config.keep)
    if config.resume and manager.latest_checkpoint:
        restore(nets.checkpoint, manager.latest_checkpoint, RESTORE_CURE)
    save_config(run, "train", dataclasses.replace(config, resume=False, force=False))
    step = start = int(nets.step.numpy())

    train_step = make_train_step(config, strategy, nets)
    stream = iter(_stream(strategy, batches, start, config))
    began = last = time.monotonic()
    before = float(nets.seconds.numpy())  # of earlier runs
    bar = tqdm(total=steps or None, initial=start, unit="step", disable=None)
    with bar, contextlib.closing(Log(run, start)) as log, Interrupts() as interrupts:
        while not interrupts.stop:
            seconds = before + time.monotonic() - began
            progress = max(step / steps if steps else 0.0, seconds / (60 * config.minutes) if config.minutes else 0.0)
            if progress >= 1:
                break
            rate = _set_learning_rate(nets, config, progress)

            record = {name: float(value) for name, value in train_step(next(stream), tf.constant(step, tf.float32)).items()}
            step += 1
            if not np.isfinite(list(record.values())).all():
                raise MangastyleError(
                    f"{run}: a loss is no longer a number at step {step} ({record}); the last good checkpoint is "
                    f"{manager.latest_checkpoint or 'none yet'}; go on from it with --resume and a lower --learning-rate"
                )

            now = time.monotonic()
            record["pictures_per_second"], last = config.batch / (now - last), now
            log.write({"step": step, "epoch": step * config.batch / len(split["train"]), **record, "learning_rate": rate})
            bar.set_postfix({name: f"{value:.3g}" for name, value in record.items()}, refresh=False)
            bar.update()
            if _due(step, config):
                save(run, nets, manager, batches, validation, log, config, step, before + now - began)
                last = time.monotonic()
        if step > start:
            save(run, nets, manager, batches, validation, log, config, step, before + time.monotonic() - began, everything=True)
    ending = f"stopped by {interrupts.stop} at step {step}; --resume goes on" if interrupts.stop else f"done, {step} steps"
    print(f"{ending}; weights: {run / 'best.h5'} (lowest validation loss) and {run / 'last.h5'}")


def make_train_step(config: TrainConfig, strategy: tf.distribute.Strategy, nets: Networks):
    """The compiled step: (uint8 pictures, draws) of the global batch and its number -> losses, each the batch's mean."""
    distance = {"l1": losses.l1, "l2": losses.l2}[config.distance]

    def replica_step(pictures, draws):  # pictures (b, s, s, 3) uint8, draws (b, DRAWS)
        line, hint, colour = simulate.examples(pictures, draws, config.hint, config.no_hint, config.flip, config.fine, config.hues)
        condition = {"hint": hint, "line": line} if config.see_line else {"hint": hint}

        silent = simulate.silent(draws, config.no_hint)  # (b,)
        known, judged = tf.where(silent, config.hintless, 1.0), tf.where(silent, 1.0, config.hinted)  # what distances and verdicts count

        def mean(values):  # over the global batch, so that replicas' gradients simply add up
            return tf.reduce_sum(values) / config.batch

        with tf.GradientTape() as tape, tf.GradientTape() as discriminator_tape:
            generated = nets.generator({"line": line, "hint": hint}, training=True)  # (b, s, s, 3)
            loss = config.distance_weight * mean(known * distance(generated, colour))
            record = {"l1": mean(losses.l1(generated, colour)), "l2": mean(losses.l2(generated, colour))}
            if nets.judge is not None:
                found, wanted = (nets.judge((x + 1.0) * 127.5) for x in (generated, colour))
                perceptual = losses.perceptual(found, wanted)
                record["perceptual"] = mean(perceptual)
                loss += config.perceptual_weight * mean(known * perceptual)
            if nets.discriminator is not None:
                fake = nets.discriminator({"picture": generated, **condition}, training=True)
                real = nets.discriminator({"picture": colour, **condition}, training=True)
                verdict = mean(losses.discriminator_loss(real, fake))
                loss += config.gan_weight * mean(judged * losses.adversarial_loss(fake))
                scaled_verdict = nets.discriminator_optimizer.scale_loss(verdict)
                record["discriminator"] = verdict
            scaled = nets.generator_optimizer.scale_loss(loss)
        _descend(nets.generator_optimizer, tape, scaled, nets.generator)
        if nets.discriminator is not None:
            _descend(nets.discriminator_optimizer, discriminator_tape, scaled_verdict, nets.discriminator)
        return {"generator": loss, **record}

    @tf.function
    def train_step(batch, step):
        record = strategy.run(replica_step, args=batch)
        if config.ema:
            # A constant momentum would keep the random start for thousands of steps: warm it up.
            momentum = tf.minimum(config.ema, (1 + step) / (10 + step))
            for averaged, variable in zip(nets.averaged.trainable_variables, nets.generator.trainable_variables):
                averaged.assign(averaged + (1 - momentum) * (variable - averaged))
        return {name: strategy.reduce(tf.distribute.ReduceOp.SUM, value, axis=None) for name, value in record.items()}

    return train_step


def save(
    run: Path, nets: Networks, manager: tf.train.CheckpointManager, batches: dataset.Batches, validation: Validation,
    log: Log, config: TrainConfig, step: int, seconds: float, everything: bool = False,
) -> None:  # fmt: skip
    """Validate, draw samples and write weights and checkpoint, each if it is due at this step."""
    if config.ema:
        reestimate_norm(nets.averaged, _norm_inputs(batches, config))
    if everything or step % config.validate_every == 0:
        measured = validation.measure(nets.averaged)
        log.scalars(step, {f"validation/{name}": value for name, value in measured.items()})
        if measured["l1"] < float(nets.best.numpy()):
            nets.best.assign(measured["l1"])
            weights.save(run / "best.h5", nets.averaged, config, {"step": step, "validation": measured})
    if everything or step % config.sample_every == 0:
        sheet = validation.sheet(nets.averaged)
        images.save(run / "samples" / f"step-{step:07d}.png", sheet, force=True)
        log.picture(step, sheet)
    if everything or step % config.checkpoint_every == 0:
        weights.save(run / "last.h5", nets.averaged, config, {"step": step})
        nets.step.assign(step)
        nets.seconds.assign(seconds)
        with clear_error(run):
            manager.save(checkpoint_number=step)


def _due(step: int, config: TrainConfig) -> bool:
    return any(step % every == 0 for every in (config.validate_every, config.sample_every, config.checkpoint_every))


def _norm_inputs(batches: dataset.Batches, config: TrainConfig) -> Iterator[dict[str, tf.Tensor]]:
    """The same few training batches every time, as generator inputs."""
    examples = simulate.compiled_examples(config.hint, config.no_hint, config.flip, config.fine, config.hues)
    for step in range(NORM_BATCHES):
        line, hint, _ = examples(batches(step), dataset.draws(config.seed, step, config.batch, simulate.DRAWS))
        yield {"line": line, "hint": hint}


def _adam(config: TrainConfig, dtype: str, model: keras.Model) -> keras.optimizers.Optimizer:
    optimizer = Adam(config.learning_rate, beta_1=config.beta_1)
    if dtype == "mixed_float16":
        optimizer = keras.optimizers.LossScaleOptimizer(optimizer)  # float16 gradients would vanish
    optimizer.build(model.trainable_variables)
    return optimizer


def _set_learning_rate(nets: Networks, config: TrainConfig, progress: float) -> float:
    """Constant, or falling to zero over the last half of the run."""
    rate = config.learning_rate * (min(1.0, 2 - 2 * progress) if config.decay == "linear" else 1.0)
    for optimizer in (nets.generator_optimizer, nets.discriminator_optimizer):
        if optimizer is not None:
            optimizer.learning_rate = rate
    return rate


def _descend(optimizer: keras.optimizers.Optimizer, tape: tf.GradientTape, loss: tf.Tensor, model: keras.Model) -> None:
    optimizer.apply_gradients(zip(tape.gradient(loss, model.trainable_variables), model.trainable_variables))


def _strategy(config: TrainConfig) -> tf.distribute.Strategy:
    if config.strategy == "mirrored":
        devices = tf.config.list_logical_devices("GPU") or tf.config.list_logical_devices("CPU")
        strategy = tf.distribute.MirroredStrategy([device.name for device in devices])
    elif config.strategy == "multiworker":
        strategy = tf.distribute.MultiWorkerMirroredStrategy()  # the cluster comes from $TF_CONFIG
    else:
        strategy = tf.distribute.get_strategy()
    if config.batch % strategy.num_replicas_in_sync:
        raise MangastyleError(f"--batch {config.batch}: must be a multiple of the {strategy.num_replicas_in_sync} replicas")
    return strategy


def _stream(strategy: tf.distribute.Strategy, batches: dataset.Batches, start: int, config: TrainConfig):
    """(uint8 pictures, draws) for each step from `start` on; each replica gets its own rows of the same global batch."""
    share = config.batch // strategy.num_replicas_in_sync

    def pipeline(context: tf.distribute.InputContext) -> tf.data.Dataset:
        replicas = context.num_replicas_in_sync // context.num_input_pipelines
        first = context.input_pipeline_id * replicas

        def generate():
            step = start
            while True:
                pictures = batches(step)
                numbers = dataset.draws(config.seed, step, config.batch, simulate.DRAWS)
                for replica in range(first, first + replicas):
                    rows = slice(replica * share, (replica + 1) * share)
                    yield pictures[rows], numbers[rows]
                step += 1

        signature = (
            tf.TensorSpec((share, config.size, config.size, 3), tf.uint8),
            tf.TensorSpec((share, simulate.DRAWS), tf.float32),
        )
        return tf.data.Dataset.from_generator(generate, output_signature=signature).prefetch(4)

    return strategy.distribute_datasets_from_function(pipeline)
