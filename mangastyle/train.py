"""Train a shading network: `python -m mangastyle.train --data pictures/ --out runs/mine`.

A conditional GAN (Isola et al. 2017; the paper's section 4.2): a U-Net (Ronneberger et al. 2015) colors line art with a hint, a
discriminator is trained to distinguish its pictures from originals, and pixel and perceptual losses keep them near the originals.

One visible loop. Read `train` top to bottom: load pictures, build networks, restore; then for each step draw a batch, update
discriminator and generator, log, and now and then validate, sample and save.
"""

from __future__ import annotations

import sys

if __name__ == "__main__":  # before TensorFlow loads: the command line loads it when the options are checked
    from mangastyle.cli.main import main

    sys.exit(main(["train", *sys.argv[1:]]))

import math
from pathlib import Path
from typing import Any, Callable, Iterator, Sequence

import numpy as np

from mangastyle.data import dataset
from mangastyle.engine import default_settings, keras, tf
from mangastyle.io import images, registry, weights
from mangastyle.kernels import precision as precisions
from mangastyle.kernels.fused_adam import FusedAdam
from mangastyle.ops.random import uniforms
from mangastyle.settings import to_json
from mangastyle.shade import losses, networks
from mangastyle.shade.simulated_hints import NUM_UNIFORMS, is_unhinted
from mangastyle.training import distributed
from mangastyle.training.averaging import update_average
from mangastyle.training.examples import compiled_examples, make_training_examples
from mangastyle.training.run import Ending, Session, linear_schedule
from mangastyle.training.run_folder import RunFolder
from mangastyle.training.settings import ExampleSettings, TrainSettings
from mangastyle.training.validate import Validation, reestimate_norm
from mangastyle.vgg.backbone import backbone
from mangastyle.vgg.network import features
from mangastyle.vgg.perceptual import PERCEPTUAL_LAYERS, perceptual_distance

VALIDATION_PICTURES = 256  # enough for a steady number, few enough to take seconds
NORM_BATCHES = 16  # training batches that give the averaged generator its BatchNorm statistics
RESTORE_CURE = " (the head fc ties the discriminator to `size`), or start anew from its weights with `init`"


def train(
    settings: TrainSettings, data: Sequence[str], run: RunFolder, *,
    init: str = "", seed: int = 0, precision: str = "auto", cache: str = "", max_pixels: int = images.MAX_PIXELS,
) -> Ending:  # fmt: skip
    """Train a shading network until the settings, Ctrl-C, SIGTERM or SIGHUP end it.

    The run folder gets log.jsonl, samples/, checkpoints/, last.h5 (the averaged weights) and best.h5 (those with the lowest
    validation loss). A run that was killed and resumed is equal, to the last bit, to one that was not.

    Parameters
    ----------
    settings : TrainSettings
    data : sequence of str
        Folders, .zip or .tar files, or ``drawn:N``, see `data.dataset.load`.
    run : RunFolder
    init : str
        Weights file of a shading network to start from.
    seed : int
        Every random choice follows from it and the step.
    precision : str
        float32, mixed_bfloat16, mixed_float16 or auto, see `kernels.precision.resolve`.
    cache : str
        Folder for decoded pictures.
    max_pixels : int
        Larger pictures are refused before they are decoded.

    Raises
    ------
    MangastyleError
        For settings at odds, pictures or weights that cannot be read, a checkpoint that does not fit, a loss that is not finite, or
        a disk that is full.

    Examples
    --------
    >>> train(TrainSettings(steps=1000), ["drawn:2000"], RunFolder("runs/mine"))  # doctest: +SKIP
    Ending(step=1000, stopped_by='')
    """
    settings.check()
    strategy = distributed.make_strategy(settings.strategy)
    distributed.share(strategy, "batch", settings.batch)
    pictures = dataset.load(data, settings.size, zoom=settings.random_crop_prob > 0, cache=cache, max_pixels=max_pixels)
    split = pictures.split(settings.validation, settings.test)
    batches = dataset.Batches(pictures, split["train"], settings.batch, seed, settings.random_crop_prob)
    validation = Validation(pictures.base[split["validation"][:VALIDATION_PICTURES]], settings.hint)
    limits = settings.steps, math.ceil(settings.epochs * len(split["train"]) / settings.batch)
    steps = min(filter(None, limits), default=0)  # until the end; 0 with `minutes` alone: the clock decides

    with strategy.scope():
        state = TrainState(settings, init=init, seed=seed, dtype=precisions.resolve(precision))
    train_step = make_train_step(settings, strategy, state)
    examples = training_batches(batches, settings, seed)

    with Session(run, state.trackables, batch=settings.batch, max_to_keep=settings.max_to_keep, steps=steps, cure=RESTORE_CURE) as session:
        print(", ".join(f"{len(rows)} pictures for {part}" for part, rows in split.items()))
        stream = distributed.stream(strategy, examples, session.start)
        seconds_before = float(state.seconds.numpy())

        def share_done() -> float:
            seconds = seconds_before + session.seconds
            state.seconds.assign(seconds)
            return max(session.step / steps if steps else 0.0, seconds / (60 * settings.minutes) if settings.minutes else 0.0)

        done = share_done()
        while done < 1 and not session.stop:
            rate = settings.learning_rate * (linear_schedule(done) if settings.decay == "linear" else 1.0)
            state.set_learning_rate(rate)

            record = train_step(next(stream), tf.constant(session.step))
            epoch = (session.step + 1) * settings.batch / len(split["train"])
            session.log({"epoch": epoch, **record, "learning_rate": rate}, done)

            done = share_done()
            save(session, settings, state, validation, examples, everything=done >= 1)
        if not session.saved:  # a signal came; an extra validation now might find other best weights than without it
            settle_norm(settings, state, examples)
            save_checkpoint(session, settings, state)
    return session.ending


def training_batches(batches: dataset.Batches, settings: TrainSettings, seed: int) -> distributed.Examples:
    """A function of the step: its pictures, uint8 (b, s, s, 3), and random numbers in [0, 1), float32 (b, NUM_UNIFORMS)."""
    return lambda step: (batches(step), uniforms(seed, step, settings.batch, NUM_UNIFORMS))


class TrainState:
    """All that training changes: generator and discriminator, their optimizers, the averaged generator, the clock."""

    def __init__(self, settings: TrainSettings, *, init: str = "", seed: int = 0, dtype: str = "float32") -> None:
        synchronized = settings.strategy != "none"  # BatchNorm statistics of the global batch, as on one device
        spec, against = settings.generator_spec, settings.discriminator_spec
        self.generator = networks.build(spec, dtype, seed, synchronized)
        self.discriminator = networks.discriminator(against, dtype, seed, synchronized) if against else None
        if init:
            weights.fill(self.generator, registry.find(init), "shade")
        # A second generator holds the moving average of the weights: its colors are steadier than those of any single step.
        self.averaged = networks.build(spec, dtype, seed, synchronized) if settings.ema else self.generator
        for averaged, variable in zip(self.averaged.variables, self.generator.variables):
            averaged.assign(variable)
        self.generator_optimizer = _adam(settings, dtype, self.generator)
        self.discriminator_optimizer: Any = _adam(settings, dtype, self.discriminator) if self.discriminator else None
        self.seconds = tf.Variable(0.0, dtype=tf.float64)  # of training, for `minutes`
        self.best = tf.Variable(np.inf, dtype=tf.float64)  # lowest validation loss so far
        self.trackables: dict[str, Any] = {name: part for name, part in vars(self).items() if part is not None}
        # Frozen, and therefore in no checkpoint.
        self.perceptual_net = features(backbone("slim", policy=dtype), PERCEPTUAL_LAYERS) if settings.perceptual_weight else None

    def set_learning_rate(self, rate: float) -> None:
        for optimizer in (self.generator_optimizer, self.discriminator_optimizer):
            if optimizer is not None:
                optimizer.learning_rate = rate


def make_train_step(settings: TrainSettings, strategy: tf.distribute.Strategy, state: TrainState) -> Callable[..., dict[str, tf.Tensor]]:
    """The compiled training step.

    A function of ((pictures, uniforms), step): uint8 (b, s, s, 3) and float32 (b, NUM_UNIFORMS) of the global batch, as
    `distributed.stream` gives them, and an integer scalar. Returns the losses, each the mean over the global batch.
    """
    pixel_loss = losses.PIXEL_LOSSES[settings.pixel_loss]

    def replica_step(pictures: tf.Tensor, uniforms: tf.Tensor) -> dict[str, tf.Tensor]:  # this replica's rows
        line, hint, color = make_training_examples(pictures, uniforms, settings)  # (b, s, s, 1), (b, s, s, 3) twice
        condition = {"hint": hint, "line": line} if settings.condition_on_line else {"hint": hint}

        unhinted = is_unhinted(uniforms, settings.hint_dropout)  # (b,)
        recon_weight = tf.where(unhinted, settings.unhinted_recon_weight, 1.0)
        gan_weight = tf.where(unhinted, 1.0, settings.hinted_gan_weight)

        def mean(values: tf.Tensor) -> tf.Tensor:  # over the global batch, so that replicas' gradients simply add up
            return tf.reduce_sum(values) / settings.batch

        with tf.GradientTape() as tape, tf.GradientTape() as discriminator_tape:
            generated = state.generator({"line": line, "hint": hint}, training=True)  # (b, s, s, 3)
            loss = settings.pixel_weight * mean(recon_weight * pixel_loss(generated, color))
            record = {"l1": mean(losses.l1(generated, color)), "l2": mean(losses.l2(generated, color))}
            if state.perceptual_net is not None:
                of_generated, of_color = (state.perceptual_net((x + 1.0) * 127.5) for x in (generated, color))
                perceptual = perceptual_distance(of_generated, of_color)  # (b,)
                record["perceptual"] = mean(perceptual)
                loss += settings.perceptual_weight * mean(recon_weight * perceptual)
            if state.discriminator is not None:
                fake = state.discriminator({"picture": generated, **condition}, training=True)
                real = state.discriminator({"picture": color, **condition}, training=True)
                d_loss = mean(losses.discriminator_loss(real, fake))
                loss += settings.gan_weight * mean(gan_weight * losses.adversarial_loss(fake))
                scaled_d_loss = state.discriminator_optimizer.scale_loss(d_loss)
                record["discriminator"] = d_loss
            scaled_loss = state.generator_optimizer.scale_loss(loss)
        _descend(state.generator_optimizer, tape, scaled_loss, state.generator)
        if state.discriminator is not None:
            _descend(state.discriminator_optimizer, discriminator_tape, scaled_d_loss, state.discriminator)
        return {"generator": loss, **record}

    @tf.function(autograph=False)
    def train_step(batch: tuple[Any, Any], step: tf.Tensor) -> dict[str, tf.Tensor]:
        record = strategy.run(replica_step, args=batch)
        if settings.ema:
            update_average(state.averaged.trainable_variables, state.generator.trainable_variables, settings.ema, step)
        return distributed.totals(strategy, record)

    return train_step


def save(
    session: Session, settings: TrainSettings, state: TrainState, validation: Validation,
    examples: distributed.Examples, everything: bool = False,
) -> None:  # fmt: skip
    """Validate, draw samples, write weights and checkpoint: each if this step is due for it, or all of them."""
    folder, step = session.run.path, session.step
    validating, sampling, saving = (
        everything or step % every == 0 for every in (settings.validate_every, settings.sample_every, settings.checkpoint_every)
    )
    if validating or sampling or saving:
        settle_norm(settings, state, examples)
    if validating:
        measured = validation.measure(state.averaged)
        session.log_scalars({f"validation/{name}": value for name, value in measured.items()})
        if measured["l1"] < float(state.best.numpy()):
            state.best.assign(measured["l1"])
            _save_weights(folder / "best.h5", settings, state, {"steps": step, "validation": measured})
    if sampling:
        sheet = validation.sheet(state.averaged)
        images.save(folder / "samples" / f"step-{step:07d}.png", sheet, force=True)
        session.log_picture(sheet)
    if saving:
        save_checkpoint(session, settings, state)


def settle_norm(settings: TrainSettings, state: TrainState, examples: distributed.Examples) -> None:
    """Give the averaged generator, if there is one, BatchNorm statistics that belong to its weights."""
    if settings.ema:
        reestimate_norm(state.averaged, _norm_inputs(settings, examples))


def save_checkpoint(session: Session, settings: TrainSettings, state: TrainState) -> None:
    """Write the latest weights and a checkpoint."""
    _save_weights(session.run.path / "last.h5", settings, state, {"steps": session.step})
    session.save()


def _save_weights(path: Path, settings: TrainSettings, state: TrainState, provenance: dict[str, Any]) -> None:
    against = settings.discriminator_spec
    how = {
        "discriminator": to_json(against) if against else None, "pixel_loss": settings.pixel_loss, "pixel_weight": settings.pixel_weight,
        "settings": to_json(settings),
    }  # fmt: skip
    weights.save_model(path, "shade", settings.generator_spec, state.averaged, {**provenance, **how})


def _norm_inputs(settings: TrainSettings, examples: distributed.Examples) -> Iterator[dict[str, tf.Tensor]]:
    """The same few training batches every time, as generator inputs."""
    make = compiled_examples(ExampleSettings.of(settings))
    for step in range(NORM_BATCHES):
        line, hint, _ = make(*examples(step))
        yield {"line": line, "hint": hint}


@default_settings()
def _adam(settings: TrainSettings, dtype: str, model: keras.Model) -> keras.optimizers.Optimizer:
    optimizer = FusedAdam(settings.learning_rate, beta_1=settings.beta_1)
    if dtype == "mixed_float16":
        optimizer = keras.optimizers.LossScaleOptimizer(optimizer)  # float16 gradients would vanish
    optimizer.build(model.trainable_variables)
    return optimizer


def _descend(optimizer: keras.optimizers.Optimizer, tape: tf.GradientTape, loss: tf.Tensor, model: keras.Model) -> None:
    optimizer.apply_gradients(zip(tape.gradient(loss, model.trainable_variables), model.trainable_variables))
