"""Train the network that colors regions.

One visible loop. Read `train` top to bottom: build, restore; then for each step draw examples, update the network and the average of its
weights, log, and now and then validate, draw samples and save.
"""

from __future__ import annotations

from typing import Any, Callable, Sequence

import numpy as np

from mangastyle.engine import default_settings, keras, tf
from mangastyle.io import images, registry, weights
from mangastyle.kernels import precision as precisions
from mangastyle.settings import to_json
from mangastyle.shade import region_network
from mangastyle.training import distributed
from mangastyle.training.averaging import update_average
from mangastyle.training.region_augment import RegionExample
from mangastyle.training.region_examples import RegionExamples
from mangastyle.training.region_losses import color_loss
from mangastyle.training.region_sheets import sheet
from mangastyle.training.run import Ending, Session, cosine_schedule
from mangastyle.training.run_folder import RunFolder
from mangastyle.training.settings import RegionTrainSettings
from mangastyle.training.validate import reestimate_norm

WARM_UP = 300  # steps
CLIP = 1.0  # largest norm of all gradients together
NORM_BATCHES = 8  # for the BatchNorm statistics of the averaged weights
SAMPLES = 6


def train(
    settings: RegionTrainSettings, data: Sequence[str], run: RunFolder, *, init: str = "", seed: int = 0, precision: str = "auto",
    cache: str = "", max_pixels: int = images.MAX_PIXELS,
) -> Ending:  # fmt: skip
    """Train a network that colors regions for `settings.steps` steps.

    The run folder gets log.jsonl, samples/, checkpoints/, last.h5, the averaged weights, and best.h5, those of them with the lowest
    loss on held-out pictures. A run that was killed and resumed is equal, to the last bit, to one that was not.

    Parameters
    ----------
    settings : RegionTrainSettings
    data : sequence of str
        Colored pictures, some with their line art: see `region_sources.load`.
    run : RunFolder
    init : str
        Weights file of a network that colors regions to start from; its palette stays.
    seed, precision, cache, max_pixels
        As for `mangastyle.train.train`; float16 is refused.

    Raises
    ------
    MangastyleError
        As `mangastyle.train.train` does.

    Examples
    --------
    >>> train(RegionTrainSettings(steps=1000), ["pictures"], RunFolder("runs/mine"))  # doctest: +SKIP
    Ending(step=1000, stopped_by='')
    """
    settings.check()
    policy = precisions.resolve_wide(precision)
    strategy = distributed.make_strategy(settings.strategy)
    distributed.share(strategy, "batch", settings.batch)
    source = RegionExamples(data, settings.shares, settings.size, settings.regions, seed, cache=cache, max_pixels=max_pixels)
    palette = source.palette(settings.colors)

    with strategy.scope():
        state = TrainState(settings, palette, init=init, seed=seed, policy=policy)
    train_step = make_train_step(settings, strategy, state)

    def examples(step: int) -> RegionExample:
        return source.batch(step, settings.batch)

    with Session(run, state.trackables, batch=settings.batch, max_to_keep=settings.max_to_keep, steps=settings.steps) as session:
        stream = distributed.stream(strategy, examples, session.start)
        while session.step < settings.steps and not session.stop:
            rate = settings.learning_rate * cosine_schedule(session.step, settings.steps, WARM_UP)
            state.optimizer.learning_rate = rate

            record = train_step(next(stream), tf.constant(session.step))
            session.log({**record, "learning_rate": rate})
            if session.step % settings.checkpoint_every == 0 or session.step == settings.steps:
                settle_norm(settings, state, source)
                validate(session, settings, state, source)
                save(session, settings, state)
        if not session.saved:  # a signal came; an extra validation now might find other best weights than without it
            settle_norm(settings, state, source)
            save(session, settings, state)
    return session.ending


class TrainState:
    """The network, the average of its weights, the optimizer, and the lowest validation loss: all that training changes."""

    @default_settings()
    def __init__(
        self, settings: RegionTrainSettings, palette: np.ndarray, *, init: str = "", seed: int = 0, policy: str = "float32"
    ) -> None:  # fmt: skip
        synchronized = settings.strategy != "none"  # BatchNorm statistics of the global batch, as on one device
        self.network, self.averaged = (region_network.build(settings.spec, policy, seed, synchronized) for _ in range(2))
        self.network.decoder.get_layer("palette").colors.assign(palette)
        if init:
            weights.fill(self.network.model, registry.find(init, cure="name a file that the training of regions wrote"), "regions")
        for averaged, variable in zip(self.averaged.model.variables, self.network.model.variables):
            averaged.assign(variable)
        self.optimizer = keras.optimizers.AdamW(settings.learning_rate, weight_decay=settings.weight_decay)
        self.optimizer.build(self.network.model.trainable_variables)
        self.best = tf.Variable(np.inf, dtype=tf.float64)
        parts = {"network": self.network.model, "averaged": self.averaged.model, "optimizer": self.optimizer, "best": self.best}
        self.trackables: dict[str, Any] = parts


def network_inputs(example: RegionExample) -> dict[str, tf.Tensor]:
    """What the network gets of an example."""
    ink, labels, areas, centers, given, known, valid = map(tf.convert_to_tensor, example[:7])
    return dict(ink=ink[..., None], labels=labels, areas=areas, centers=centers, colors=given, known=known, valid=valid)


def make_train_step(
    settings: RegionTrainSettings, strategy: tf.distribute.Strategy, state: TrainState
) -> Callable[..., dict[str, tf.Tensor]]:  # fmt: skip
    """The compiled training step.

    A function of (the arrays of a `RegionExample`, step) of the global batch, as `distributed.stream` gives them, and an integer scalar.
    Returns the loss and the norm of its gradients.
    """
    replicas = strategy.num_replicas_in_sync

    def replica_step(*arrays: tf.Tensor) -> dict[str, tf.Tensor]:
        example = RegionExample(*arrays)
        variables = state.network.model.trainable_variables
        with tf.GradientTape() as tape:
            logits = state.network.model(network_inputs(example), training=True)  # (b, n, n + k)
            losses = color_loss(logits, example.given, state.network.palette, example.colors)  # (b, n)
            loss = tf.reduce_sum(example.weights * losses)  # the weights of the global batch sum to 1
        # Replicas' gradients add up in the optimizer; their sum is what must not be too long.
        gradients = distributed.replica_mean(tape.gradient(loss, variables))
        gradients, norm = tf.clip_by_global_norm(gradients, CLIP / replicas)
        state.optimizer.apply_gradients(zip(gradients, variables))
        return {"loss": loss, "gradient_norm": norm}

    @tf.function(autograph=False)
    def train_step(batch: tuple[Any, ...], step: tf.Tensor) -> dict[str, tf.Tensor]:
        record = strategy.run(replica_step, args=tuple(batch))
        update_average(state.averaged.model.trainable_variables, state.network.model.trainable_variables, settings.ema, step)
        return distributed.totals(strategy, record)

    return train_step


def settle_norm(settings: RegionTrainSettings, state: TrainState, source: RegionExamples) -> None:
    """Give the averaged network BatchNorm statistics that belong to its weights, by the same few training batches every time."""
    batches = (network_inputs(source.batch(step, settings.batch)) for step in range(NORM_BATCHES))
    reestimate_norm(state.averaged.encoder, ({name: batch[name] for name in ("ink", "labels", "areas")} for batch in batches))


def validate(session: Session, settings: RegionTrainSettings, state: TrainState, source: RegionExamples) -> None:
    """Log the losses on held-out pictures and samples of them; keep the best weights."""
    measured, folder = measure(settings, state, source), session.run.path
    session.log_scalars({f"validation/{name}": value for name, value in measured.items()})
    if measured["loss"] < float(state.best.numpy()):
        state.best.assign(measured["loss"])
        _save_weights(folder / "best.h5", settings, state, {"steps": session.step, "validation": measured})
    made = sheet(state.averaged, settings.spec, source.validation_samples()[:SAMPLES], source.validation(True, 0, SAMPLES).known)
    images.save(folder / "samples" / f"step-{session.step:07d}.png", made, force=True)
    session.log_picture(made)


def measure(settings: RegionTrainSettings, state: TrainState, source: RegionExamples) -> dict[str, float]:
    """The averaged network's loss on held-out pictures: with some colors known, with none, and the mean of both."""
    found = {}
    for name, hinted in (("hinted", True), ("unhinted", False)):
        total, count = 0.0, len(source.validation_samples())
        for first in range(0, count, settings.batch):
            example = source.validation(hinted, first, settings.batch)
            logits = state.averaged.model(network_inputs(example), training=False)
            losses = color_loss(logits, tf.constant(example.given), state.averaged.palette, tf.constant(example.colors))
            total += float(tf.reduce_sum(example.weights * losses))
        found[name] = total / count
    return {"loss": (found["hinted"] + found["unhinted"]) / 2, **found}


def save(session: Session, settings: RegionTrainSettings, state: TrainState) -> None:
    """Write the latest weights and a checkpoint."""
    _save_weights(session.run.path / "last.h5", settings, state, {"steps": session.step})
    session.save()


def _save_weights(path: Any, settings: RegionTrainSettings, state: TrainState, provenance: dict[str, Any]) -> None:
    weights.save_model(path, "regions", settings.spec, state.averaged.model, {**provenance, "settings": to_json(settings)})
