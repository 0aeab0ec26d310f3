"""Train the network that shades flat colors.

One visible loop. Read `train` top to bottom: build, restore; then for each step draw examples, update the network and the average of its
weights, log, and now and then validate, draw samples and save.
"""

from __future__ import annotations

from typing import Any, Callable, Sequence

import numpy as np

from mangastyle.engine import default_settings, keras, tf
from mangastyle.io import images, registry, weights
from mangastyle.kernels import precision as precisions
from mangastyle.ops.pixels import to_uint8
from mangastyle.settings import to_json
from mangastyle.shade import shading_network
from mangastyle.shade.shading_losses import Tones, predicted, shaded, shading_losses, tones_of
from mangastyle.training import distributed
from mangastyle.training.averaging import update_average
from mangastyle.training.picture_parts import ShadingExample
from mangastyle.training.run import Ending, Session, cosine_schedule
from mangastyle.training.run_folder import RunFolder
from mangastyle.training.settings import ShadingTrainSettings
from mangastyle.training.shading_examples import ShadingExamples
from mangastyle.vgg.backbone import backbone
from mangastyle.vgg.network import features
from mangastyle.vgg.perceptual import perceptual_distance

WARM_UP = 100  # steps
CLIP = 0.25  # largest norm of a step's gradient
PERCEPTUAL_LAYERS = ("relu1_1", "relu2_1", "relu3_1")  # of VGG-19: what is deeper sees things, not shadows
SAMPLES = 8
VALIDATION = 48  # held-out pictures


def train(
    settings: ShadingTrainSettings, data: Sequence[str], run: RunFolder, *, init: str = "", seed: int = 0, precision: str = "auto",
    cache: str = "", max_pixels: int = images.MAX_PIXELS,
) -> Ending:  # fmt: skip
    """Train a shading network for `settings.steps` steps.

    The run folder gets log.jsonl, samples/, checkpoints/ and last.h5, the averaged weights. A run that was killed and resumed is equal, to
    the last bit, to one that was not.

    Parameters
    ----------
    settings : ShadingTrainSettings
    data : sequence of str
        Colored pictures: folders, .zip or .tar files, or ``drawn:N``.
    run : RunFolder
    init : str
        Weights file of a shading network to start from.
    seed, precision, cache, max_pixels
        As for `mangastyle.train.train`; float16 is refused.

    Raises
    ------
    MangastyleError
        As `mangastyle.train.train` does.

    Examples
    --------
    >>> train(ShadingTrainSettings(steps=1000), ["pictures"], RunFolder("runs/mine"))  # doctest: +SKIP
    Ending(step=1000, stopped_by='')
    """
    settings.check()
    policy = precisions.resolve_wide(precision)
    strategy = distributed.make_strategy(settings.strategy)
    distributed.share(strategy, "batch", settings.batch)
    source = ShadingExamples(data, settings.crop, settings.drawn_share, seed, cache=cache, max_pixels=max_pixels)

    with strategy.scope():
        state = TrainState(settings, init=init, seed=seed, policy=policy)
    train_step = make_train_step(settings, strategy, state)

    def examples(step: int) -> ShadingExample:
        return source.batch(step, settings.batch)

    with Session(run, state.trackables, batch=settings.batch, max_to_keep=settings.max_to_keep, steps=settings.steps) as session:
        stream = distributed.stream(strategy, examples, session.start)
        while session.step < settings.steps and not session.stop:
            rate = settings.learning_rate * cosine_schedule(session.step, settings.steps, WARM_UP)
            state.optimizer.learning_rate = rate

            record = train_step(next(stream), tf.constant(session.step))
            session.log({**record, "learning_rate": rate})
            if session.step % settings.checkpoint_every == 0:
                save(session, settings, state, source)
        if not session.saved:
            save(session, settings, state, source)
    return session.ending


class TrainState:
    """The network, the average of its weights, and the optimizer, which training changes; and the frozen VGG-19."""

    @default_settings()
    def __init__(self, settings: ShadingTrainSettings, *, init: str = "", seed: int = 0, policy: str = "float32") -> None:
        self.network, self.averaged = (shading_network.build(settings.spec, policy, seed) for _ in range(2))
        if init:
            weights.fill(self.network, registry.find(init, cure="name a file that the training of shading wrote"), "shading")
        for averaged, variable in zip(self.averaged.variables, self.network.variables):
            averaged.assign(variable)
        self.optimizer = keras.optimizers.Adam(settings.learning_rate, global_clipnorm=CLIP)
        self.optimizer.build(self.network.trainable_variables)
        self.trackables: dict[str, Any] = {"network": self.network, "averaged": self.averaged, "optimizer": self.optimizer}
        self.vgg = features(backbone("slim", policy=policy), PERCEPTUAL_LAYERS) if settings.perceptual_weight else None

    def shade(self, batch: ShadingExample) -> tuple[dict[str, tf.Tensor], tf.Tensor, tf.Tensor, tf.Tensor]:
        """By the averaged weights: the network's output, and picture, flat colors and weight, in 0..1."""
        line, flat, picture, weight, softness = _in_shares(*map(tf.constant, batch))
        return self.averaged({"line": line, "flat": flat, "softness": softness}, training=False), picture, flat, weight

    def sheet(self, batch: ShadingExample) -> np.ndarray:
        """Flat colors, soft shading, the likeliest tone of each pixel and pictures (b, c, c, 3), in rows: uint8 (4 c, b c, 3)."""
        found, picture, flat, _ = self.shade(batch)
        tones, ink = predicted(found), tf.constant(batch.line)[..., None] / 255
        cel = tones._replace(shares=tf.one_hot(tf.argmax(tones.shares, -1), 3))
        rows = [flat * ink, shaded(flat, tones) * ink, shaded(flat, cel) * ink, picture]
        return np.vstack([np.hstack(list(to_uint8(255 * row.numpy()))) for row in rows])


def make_train_step(
    settings: ShadingTrainSettings, strategy: tf.distribute.Strategy, state: TrainState
) -> Callable[..., dict[str, tf.Tensor]]:  # fmt: skip
    """The compiled training step.

    A function of (the arrays of a `ShadingExample`, step) of the global batch, as `distributed.stream` gives them, and an integer scalar.
    Returns the losses, each the mean over the global batch.
    """

    def replica_step(*arrays: tf.Tensor) -> dict[str, tf.Tensor]:
        line, flat, picture, weight, softness = _in_shares(*arrays)  # (b, c, c, 1), (b, c, c, 3) twice, (b, c, c, 1), (b, 1)

        def mean(values: tf.Tensor) -> tf.Tensor:  # over the global batch, so that replicas' gradients simply add up
            return tf.reduce_sum(values) / settings.batch

        with tf.GradientTape() as tape:
            found = state.network({"line": line, "flat": flat, "softness": softness}, training=True)
            record = {name: mean(loss) for name, loss in shading_losses(found, picture, flat, weight).items()}
            loss = record["tones"] + record["colors"] + settings.pixel_weight * record["pixels"] + settings.edge_weight * record["edges"]
            if state.vgg is not None:
                own = shaded(flat, predicted(found))
                target = tf.stop_gradient(weight * picture + (1 - weight) * own)
                record["perceptual"] = mean(perceptual_distance(state.vgg(255 * own * line), state.vgg(255 * target * line)))
                loss += settings.perceptual_weight * record["perceptual"]
        variables = state.network.trainable_variables
        state.optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables))
        return {"loss": loss, **record}

    @tf.function(autograph=False)
    def train_step(batch: tuple[Any, ...], step: tf.Tensor) -> dict[str, tf.Tensor]:
        record = strategy.run(replica_step, args=tuple(batch))
        update_average(state.averaged.trainable_variables, state.network.trainable_variables, settings.ema, step)
        return distributed.totals(strategy, record)

    return train_step


def save(session: Session, settings: ShadingTrainSettings, state: TrainState, source: ShadingExamples) -> None:
    """Validate on held-out pictures, draw samples of them, write weights and checkpoint."""
    measured = validate(state, source)
    session.log_scalars({f"validation/{name}": value for name, value in measured.items()})
    sheet, folder = state.sheet(source.batch(-1, SAMPLES, held_out=True)), session.run.path
    images.save(folder / "samples" / f"step-{session.step:07d}.png", sheet, force=True)
    session.log_picture(sheet)
    provenance = {"steps": session.step, "validation": measured, "settings": to_json(settings)}
    weights.save_model(folder / "last.h5", "shading", settings.spec, state.averaged, provenance)
    session.save()


def validate(state: TrainState, source: ShadingExamples) -> dict[str, float]:
    """On held-out pictures: the losses, those of flat colors alone, and the shares of shadow and light, the pictures' and the network's."""
    records = []
    for step in range(-2 - VALIDATION // SAMPLES, -2):
        found, picture, flat, weight = state.shade(source.batch(step, SAMPLES, held_out=True))
        own, true = predicted(found), tones_of(picture, flat)
        record = {name: float(tf.reduce_mean(loss)) for name, loss in shading_losses(found, picture, flat, weight).items()}
        record["flat_pixels"] = float(tf.reduce_mean(weight * tf.abs(flat - picture)))
        records.append({**record, **_shares("true", true, weight), **_shares("own", own, weight)})
    return {name: float(np.mean([record[name] for record in records])) for name in records[0]}


def _shares(name: str, tones: Tones, weight: tf.Tensor) -> dict[str, float]:
    shadow, _, light = np.mean(weight * tones.shares, (0, 1, 2))
    return {f"{name}_shadow": float(shadow), f"{name}_light": float(light)}


def _in_shares(line: tf.Tensor, flat: tf.Tensor, picture: tf.Tensor, weight: tf.Tensor, light: tf.Tensor) -> tuple[tf.Tensor, ...]:
    """The arrays of a batch as float32 (b, c, c, 1 or 3) in 0..1, and softness (b, 1)."""
    line, flat, picture, weight = (tf.cast(x, tf.float32) for x in (line, flat, picture, weight))
    return line[..., None] / 255, flat / 255, picture / 255, weight[..., None], light[:, 1:]
