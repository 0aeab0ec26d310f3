"""Train the decoder of one-pass stylization: any content, any painting, any strength.

Encoder and loss network are the slim VGG-19 that ships, frozen. The losses are those of the optimization (`style.optimize`): content
at relu4_2, the Wasserstein distance of styles at five depths, and total variation, weighted by the strength. Features are
moved to the painting's statistics in closed form (Lu et al. 2019); the decoder learns to turn moved features into pictures, as in
Huang and Belongie 2017 ("Arbitrary Style Transfer in Real-time with Adaptive Instance Normalization").

One visible loop. Read `train` top to bottom: build, restore; then for each step draw crops, update the decoder, log, and now and
then draw samples and save.
"""

from __future__ import annotations

from typing import Any, Callable, Mapping, Sequence

import numpy as np

from mangastyle.data.crops import Crops
from mangastyle.engine import default_settings, keras, tf
from mangastyle.io import images, registry, weights
from mangastyle.kernels import precision as precisions
from mangastyle.ops.gaussian_ot import GaussianStatistics, wasserstein
from mangastyle.ops.pixels import to_uint8
from mangastyle.settings import to_json
from mangastyle.style.onepass import network as onepass
from mangastyle.style.onepass.network import Features, gaussian_statistics
from mangastyle.style.onepass.settings import OnePassSpec
from mangastyle.style.optimize import losses
from mangastyle.style.optimize.settings import OptimizeSettings
from mangastyle.training import distributed
from mangastyle.training.run import Ending, Session, cosine_schedule
from mangastyle.training.run_folder import RunFolder
from mangastyle.training.settings import OnePassTrainSettings
from mangastyle.vgg.backbone import backbone
from mangastyle.vgg.network import features

LOSS = OptimizeSettings()  # what the optimization minimizes by default
LOSS_LAYERS = {**onepass.LAYERS, "relu5_1": 40.0, "relu4_2": 500.0}  # layers with their scale, which keeps float32 exact
WARM_UP = 100  # steps
SIDE = 512  # of the pictures that crops are cut from, in pixels
SAMPLES = 6
SAMPLE_STRENGTHS = (0.25, 0.5, 0.85)


def train(
    settings: OnePassTrainSettings, data: Sequence[str], run: RunFolder, *, paintings: Sequence[str] = (),
    init: str = "", seed: int = 0, precision: str = "auto", cache: str = "", max_pixels: int = images.MAX_PIXELS,
) -> Ending:  # fmt: skip
    """Train a one-pass decoder for `settings.steps` steps.

    The run folder gets log.jsonl, samples/, checkpoints/ and last.h5. A run that was killed and resumed is equal, to the last bit, to
    one that was not.

    Parameters
    ----------
    settings : OnePassTrainSettings
    data, paintings : sequence of str
        Pictures and paintings: folders, .zip or .tar files, or ``drawn:N``. Without paintings, the pictures serve as such.
    run : RunFolder
    init : str
        Weights file of a one-pass decoder to start from.
    seed, precision, cache, max_pixels
        As for `mangastyle.train.train`; float16 is refused.

    Raises
    ------
    MangastyleError
        As `mangastyle.train.train` does.

    Examples
    --------
    >>> train(OnePassTrainSettings(steps=1000), ["pictures"], RunFolder("runs/mine"), paintings=["art"])  # doctest: +SKIP
    Ending(step=1000, stopped_by='')
    """
    settings.check()
    policy = precisions.resolve_wide(precision)  # the gradients of means over whole pictures would vanish in float16
    strategy = distributed.make_strategy(settings.strategy)
    distributed.share(strategy, "batch", settings.batch)
    crops = Crops(data, paintings, settings.crop, seed, cache=cache, max_pixels=max_pixels, side=SIDE)

    with strategy.scope():
        state = TrainState(settings, init=init, seed=seed, policy=policy)
    train_step = make_train_step(settings, strategy, state)

    def examples(step: int) -> tuple[np.ndarray, ...]:  # (b, c, c, 3) twice, (b,)
        return crops.style_pairs(step, settings.batch)

    with Session(run, state.trackables, batch=settings.batch, max_to_keep=settings.max_to_keep, steps=settings.steps) as session:
        stream = distributed.stream(strategy, examples, session.start)
        while session.step < settings.steps and not session.stop:
            rate = settings.learning_rate * cosine_schedule(session.step, settings.steps, WARM_UP)
            state.optimizer.learning_rate = rate

            record = train_step(next(stream), tf.constant(session.step))
            session.log({**record, "learning_rate": rate})
            if session.step % settings.checkpoint_every == 0:
                save(session, settings, state, crops)
        if not session.saved:
            save(session, settings, state, crops)
    return session.ending


@default_settings()
def loss_features(policy: str) -> keras.Model:
    """The slim VGG-19 from pictures (b, h, w, 3) in 0..255 to {layer of LOSS_LAYERS: features (b, h', w', n) of order 1}."""
    found = features(backbone("slim", policy=policy), tuple(LOSS_LAYERS), winograd=False)
    return keras.Model(found.input, {name: found.output[name] / scale for name, scale in LOSS_LAYERS.items()})


def start(init: str, policy: str) -> tuple[OnePassSpec, keras.Model]:
    """Specification and decoder of a weights file, or of the one that ships ("onepass")."""
    return onepass.read_decoder(registry.find(init, cure="name a file that the training of a one-pass decoder wrote"), policy)


class TrainState:
    """The decoder and its optimizer, which training changes, and the frozen VGG-19 for encoding and losses."""

    @default_settings()
    def __init__(self, settings: OnePassTrainSettings, *, init: str = "", seed: int = 0, policy: str = "float32") -> None:
        self.features = loss_features(policy)
        if init:
            self.spec, self.decoder = start(init, policy)
        else:
            self.spec = settings.decoder_spec(tuple(self.features.output[name].shape[-1] for name in onepass.LAYERS))
            self.decoder = onepass.decoder(self.spec, policy, seed)
        self.optimizer = keras.optimizers.Adam(settings.learning_rate)
        self.optimizer.build(self.decoder.trainable_variables)
        self.trackables: dict[str, Any] = {"decoder": self.decoder, "optimizer": self.optimizer}

    def sheet(self, contents: np.ndarray, paintings: np.ndarray) -> np.ndarray:
        """Contents, paintings (b, c, c, 3), and the contents stylized at three strengths, in rows: uint8 (5 c, b c, 3)."""
        content, painting = self.features(contents), self.features(paintings)
        target = gaussian_statistics(style_layers(painting))
        residual = spread(onepass.style_residual(painting, self.spec.windows), contents.shape[1], self.spec, 0)
        return sheet([contents, paintings], self.decoder, content, target, residual)


def sheet(
    rows: list[np.ndarray], decoder: keras.Model, content: Features, target: Mapping[str, GaussianStatistics], residual: Features
) -> np.ndarray:
    """Rows of pictures (b, c, c, 3), and below them the contents stylized at `SAMPLE_STRENGTHS`: uint8 (h, b c, 3)."""
    for strength in SAMPLE_STRENGTHS:
        strengths = tf.fill((len(rows[0]),), strength)
        rows = [*rows, onepass.paint(decoder, content, target, residual, strengths).numpy()]
    return np.vstack([np.hstack(list(to_uint8(row))) for row in rows])


def make_train_step(
    settings: OnePassTrainSettings, strategy: tf.distribute.Strategy, state: TrainState
) -> Callable[..., dict[str, tf.Tensor]]:  # fmt: skip
    """The compiled training step.

    A function of ((contents, paintings, strengths), step): float32 (b, c, c, 3) twice and (b,) of the global batch, as
    `distributed.stream` gives them, and an integer scalar. Returns the losses, each the mean over the global batch.
    """

    def replica_step(contents: tf.Tensor, paintings: tf.Tensor, strength: tf.Tensor, step: tf.Tensor) -> dict[str, tf.Tensor]:
        both = state.features(tf.concat([contents, paintings], 0))
        content, painting = ({name: tf.split(x, 2)[i] for name, x in both.items()} for i in (0, 1))  # (b, h', w', n) each
        target = gaussian_statistics(style_layers(painting))
        residual = spread(onepass.style_residual(painting, state.spec.windows), settings.crop, state.spec, step)

        def mean(values: tf.Tensor) -> tf.Tensor:  # over the global batch, so that replicas' gradients simply add up
            return tf.reduce_sum(values) / settings.batch

        with tf.GradientTape() as tape:
            stylized = onepass.paint(state.decoder, content, target, residual, strength)  # (b, c, c, 3)
            result, style_weight = state.features(stylized), settings.style_weight
            by_example, record = loss_of(stylized, result, content, target, strength, style_weight=style_weight)
            loss = mean(by_example)
        variables = state.decoder.trainable_variables
        state.optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables))
        return {"loss": loss, **{name: mean(values) for name, values in record.items()}}

    @tf.function(autograph=False)
    def train_step(batch: tuple[Any, Any, Any], step: tf.Tensor) -> dict[str, tf.Tensor]:
        return distributed.totals(strategy, strategy.run(replica_step, args=(*batch, step)))

    return train_step


def loss_of(
    stylized: tf.Tensor, result: Features, content: Features, target: Mapping[str, GaussianStatistics], strength: tf.Tensor,
    roots: Mapping[str, tf.Tensor] | None = None, style_weight: float = LOSS.style_weight,
) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:  # fmt: skip
    """The optimization's loss by the strength, in units that do not depend on it.

    Parameters
    ----------
    stylized : tensor, shape (b, c, c, 3)
    result, content : {layer: (b, h', w', n)}
        Features of `stylized` and of the contents, in `LOSS_LAYERS`.
    target : {layer: GaussianStatistics}
        Of b paintings, or of one for all.
    strength : tensor, shape (b,)
    roots : {layer: (1, n, n)}, optional
        Of the target's covariances, where they are known.
    style_weight : float
        Weight of the style loss at strength 0.5, where content's is 1.

    Returns
    -------
    loss : tensor, shape (b,)
    record : dict of tensors, shape (b,)
        Its terms, without their weights.
    """
    alpha, beta = losses.strength_to_weights(strength)  # (b,) each
    content_loss = tf.add_n([losses.relative_mse(result[name], content[name]) for name in LOSS.content_layers])  # (b,)
    source = gaussian_statistics(style_layers(result))
    by_layer = {name: wasserstein(source[name], target[name], root=roots[name] if roots else None) for name in LOSS.style_layers}
    style_loss = tf.add_n([share * by_layer[name] for name, share in LOSS.layer_weights().items()])  # (b,)
    tv_loss = tf.fill(tf.shape(strength), distributed.replica_mean(losses.total_variation(stylized, "mean")))  # of the whole batch
    weighted = alpha * LOSS.content_weight * content_loss + beta * (style_weight * style_loss + LOSS.tv_weight * tv_loss)
    return weighted / (alpha + beta), {"content": content_loss, "style": style_loss, "tv": tv_loss, **by_layer}


def save(session: Session, settings: OnePassTrainSettings, state: TrainState, crops: Crops) -> None:
    """Draw samples of held-out pictures, write weights and checkpoint."""
    contents, paintings, _ = crops.style_pairs(-1, SAMPLES, held_out=True)
    drawn, folder = state.sheet(contents, paintings), session.run.path
    images.save(folder / "samples" / f"step-{session.step:07d}.png", drawn, force=True)
    session.log_picture(drawn)
    provenance = {"steps": session.step, "settings": to_json(settings)}
    weights.save_model(folder / "last.h5", "onepass", state.spec, state.decoder, provenance)
    session.save()


def style_layers(found: Features) -> Features:
    """The features in the layers whose statistics carry the style."""
    return {name: found[name] for name in LOSS.style_layers}


def spread(residual: Features, crop: int, spec: OnePassSpec, step: Any) -> Features:
    """The style's residual (b, h', w', n) for crops, from random places in each step: strokes must fit everywhere."""
    if spec.residual_block:
        return onepass.lay_out(residual, crop, crop, spec.residual_block, step)
    deepest = next(iter(residual))
    offset = tf.random.stateless_uniform((2,), (step, 0), 0, tf.shape(residual[deepest])[1], tf.int32)
    shifts = {name: offset * (onepass.stride(deepest) // onepass.stride(name)) for name in residual}
    return onepass.lay_out({name: tf.roll(x, shifts[name], (1, 2)) for name, x in residual.items()}, crop, crop)
