"""Learn a painting: fit the one-pass decoder to it, from the one that ships.

A decoder for every painting has to guess from statistics what strokes look like. One that knows its painting does in one pass what the
optimization does in minutes (Johnson et al. 2016, "Perceptual Losses for Real-Time Style Transfer"; here the features are moved to the
painting's statistics in closed form first, so that minutes are enough to learn the rest). Losses are those of `training.onepass`.

One visible loop. Read `train` top to bottom: build, restore; then for each step draw crops, update the decoder, log, and now and then
save; at the end the painter.
"""

from __future__ import annotations

import dataclasses
import signal
import threading
import time
from typing import Any, Callable, NamedTuple, Sequence

import numpy as np

from mangastyle.data.crops import Crops
from mangastyle.engine import default_settings, keras, tf
from mangastyle.errors import Cancelled, check_calls
from mangastyle.io import images, registry
from mangastyle.io.files import read_json, sha256
from mangastyle.kernels import precision as precisions
from mangastyle.ops import pixels
from mangastyle.ops.gaussian_ot import sqrtm_and_inverse
from mangastyle.settings import to_json
from mangastyle.style import preprocess
from mangastyle.style.learned import painters
from mangastyle.style.learned.painters import Painter
from mangastyle.style.look import LookSettings
from mangastyle.style.onepass import network as onepass
from mangastyle.style.onepass import tiles
from mangastyle.style.onepass.settings import OnePassSpec
from mangastyle.training.onepass import SIDE, loss_features, loss_of, sheet, spread, start, style_layers
from mangastyle.training.painters_file import Lesson
from mangastyle.training.run import Interrupts, Session, cosine_schedule
from mangastyle.training.run_folder import CONFIG, RunFolder
from mangastyle.training.settings import STYLE_RESIDUALS, PainterSettings

DATA = ("drawn:60",)  # pictures to paint, if none are given
SIDES = (256, 384, 512)  # short sides of contents to learn for, in pixels: strokes grow with the picture
WARM_UP = 20  # steps
TRIAL = 6  # steps that tell how long one takes; the first one compiles
FEWEST = 50  # steps, however little time there is
CANCELLED = "learning a painting was cancelled; it goes on where it stopped"
SPARE = 0.95  # of the time that is left is spent on steps
SAMPLES = 4
STRENGTH = 0.5  # of the pictures that progress shows


class Progress(NamedTuple):
    """What is reported now and then before the first step, and after each step.

    Attributes
    ----------
    iteration, iterations : int
        Steps done, and all of them: before the first one, the fewest that there can be.
    picture : callable or None
        Makes a sample, painted as it is learned now: float32 (h, w, 3) in 0..255. None before the first step.
    """

    iteration: int
    iterations: int
    picture: Callable[[], np.ndarray] | None


def train(
    painting: np.ndarray, settings: PainterSettings, run: RunFolder, *, data: Sequence[str] = DATA, init: str = "onepass", seed: int = 0,
    precision: str = "auto", cache: str = "", max_pixels: int = images.MAX_PIXELS, sample: np.ndarray | None = None,
    progress: Callable[[Progress], object] | None = None, cancel: threading.Event | None = None,
) -> tuple[Painter, str]:  # fmt: skip
    """Fit the one-pass decoder to a painting.

    The run folder gets log.jsonl, samples/ and checkpoints/. Time decides how many steps there are, once; a run that was killed and
    resumed is then equal, to the last bit, to one that was not.

    Parameters
    ----------
    painting : ndarray of uint8, shape (h, w, 3)
    settings : PainterSettings
    run : RunFolder
    data : sequence of str
        Pictures to paint: folders, .zip or .tar files, or ``drawn:N``.
    init : str
        Weights file of a one-pass decoder to start from, or "onepass", which ships.
    seed, precision, cache, max_pixels
        As for `mangastyle.train.train`; float16 is refused.
    sample, progress, cancel
        As for `learn`.

    Returns
    -------
    painter : Painter
        As far as it has learned.
    stopped_by : str
        "" if it is done, else the signal.

    Raises
    ------
    MangastyleError
        As `mangastyle.train.train` does.
    Cancelled
        After `cancel` was set; what was learned is in the checkpoint.
    """
    began = time.monotonic()
    settings.check()
    check_calls(progress, cancel)
    policy = precisions.resolve_wide(precision)
    painting = painters.reduced(images.check_picture(painting, "painting", min_side=onepass.MULTIPLE * 4))
    shown = None if sample is None else images.check_picture(sample, "sample", min_side=onepass.MULTIPLE * 4)
    known = _stored_steps(run) or settings.steps

    def is_cancelled() -> bool:
        return cancel is not None and cancel.is_set()

    def prepared() -> None:
        """Report that there is no step yet."""
        if progress:
            progress(Progress(0, known or FEWEST, None))
        if is_cancelled():
            raise Cancelled(CANCELLED)

    prepared()
    crops = Crops(data, (), settings.crop, seed, cache=cache, max_pixels=max_pixels, side=SIDE)
    shown = pixels.to_uint8(crops.contents(-1, 1, 1.0)[0][0]) if shown is None else shown
    prepared()
    state = PainterState(painting, settings, init, policy)
    train_step = make_train_step(state)

    def example(step: int) -> tuple[Any, ...]:
        scale = state.scales[np.random.default_rng((seed, step)).integers(len(state.scales))]
        contents, strengths = crops.contents(step, settings.batch, min(1.0, settings.crop / scale.side))
        return contents, strengths, *scale.targets, scale.residual_at(step, settings.crop)

    prepared()
    steps = known or _steps_in(began + 60 * settings.minutes, state, train_step, example, prepared)
    run.config["steps"] = steps
    trackables = {"decoder": state.decoder, "optimizer": state.optimizer}
    with Session(run, trackables, batch=settings.batch, max_to_keep=1, steps=steps) as session:
        while session.step < steps and not (session.stop or is_cancelled()):
            rate = settings.learning_rate * cosine_schedule(session.step, steps, WARM_UP)
            state.optimizer.learning_rate = rate

            record = train_step(*example(session.step))
            session.log({**record, "learning_rate": rate})
            if session.step % settings.checkpoint_every == 0:
                save(session, state, crops)
            if progress:
                progress(Progress(session.step, steps, lambda: state.paint(shown)))
        save(session, state, crops)
        if session.step < steps and not session.stop:
            raise Cancelled(CANCELLED)
    return state.painter(), session.stop


def learn(
    painting: np.ndarray, *, minutes: float = PainterSettings.minutes, data: Sequence[str] = DATA, init: str = "onepass", seed: int = 0,
    precision: str = "auto", cache: str = "", sample: np.ndarray | None = None, progress: Callable[[Progress], object] | None = None,
    cancel: threading.Event | None = None,
) -> Painter:  # fmt: skip
    """Learn a painting for method learned, and keep the painter in the cache folder; what was interrupted goes on.

    Parameters
    ----------
    painting : ndarray of uint8, shape (h, w, 3)
    minutes : float
        Time to learn it.
    data : sequence of str
        Pictures to practice on, best such as will be painted: folders, .zip or .tar files, or ``drawn:N``.
    init, seed, precision, cache
        As for `train`.
    sample : ndarray of uint8, shape (h, w, 3), optional
        The picture that `progress` shows; by default one of those that are practiced on.
    progress : callable, optional
        Gets a `Progress` after each step.
    cancel : threading.Event, optional
        Set it, from any thread, to stop.

    Returns
    -------
    Painter

    Raises
    ------
    MangastyleError
        As `train` does.
    Cancelled
        After `cancel` was set, or if a signal ends it; what was learned is kept.

    Examples
    --------
    >>> learn(painting, minutes=5)  # doctest: +SKIP
    >>> stylize(content, painting, method="learned")  # doctest: +SKIP
    """
    path = painters.cached(painters.digest(painting), cache)
    settings = PainterSettings(minutes=minutes)
    given = {"init": sha256(registry.find(init)), "data": list(data), "seed": seed, "precision": precision, **to_json(settings)}
    lesson = Lesson(path.with_suffix(""), {"command": "learn", **given}, list(given))

    def train_in(run: RunFolder) -> tuple[Painter, str]:
        return train(
            painting, settings, run, data=data, init=init, seed=seed, precision=precision, cache=cache, sample=sample, progress=progress,
            cancel=cancel,
        )  # fmt: skip

    provenance = {"settings": to_json(settings), "seed": seed}
    _, stopped_by = lesson.learn(path, train_in, resume=lesson.can_resume, force=True, provenance=provenance)
    if stopped_by:
        signal.raise_signal(next(getattr(signal, number) for number, name in Interrupts.NAMES.items() if name == stopped_by))
        raise Cancelled(f"learning a painting was stopped by {stopped_by}; it goes on where it stopped")
    return painters.read(path)[0]  # as everybody else will get it


class Scale:
    """A painting beside contents of one size.

    Attributes
    ----------
    side : int
        Short side of the contents.
    targets : tuple
        Its statistics by layer, and a root of each covariance.
    """

    def __init__(self, side: int, features: onepass.Features, spec: OnePassSpec) -> None:
        self.side, self._spec = side, spec
        statistics = onepass.gaussian_statistics(style_layers(features))
        self.targets = (statistics, {name: sqrtm_and_inverse(found.covariance)[0] for name, found in statistics.items()})
        self._residual = onepass.style_residual(features, spec.windows)

    def residual_at(self, step: int, crop: int) -> onepass.Features:
        """The style residual for a crop, from random places."""
        return spread(self._residual, crop, self._spec, step)

    def residual_for(self, height: int, width: int) -> onepass.Features:
        """The style residual for a whole picture."""
        return onepass.lay_out(self._residual, height, width, self._spec.residual_block)


class PainterState:
    """The decoder and its optimizer, which learning changes, the frozen VGG-19, and the painting at several scales."""

    @default_settings()
    def __init__(self, painting: np.ndarray, settings: PainterSettings, init: str, policy: str) -> None:
        self.painting, self.features = painting, loss_features(policy)
        found, self.decoder = start(init, policy)
        self.spec = dataclasses.replace(found, **STYLE_RESIDUALS)  # also where the decoder that it starts from got them otherwise
        self.optimizer = keras.optimizers.Adam(settings.learning_rate)
        self.optimizer.build(self.decoder.trainable_variables)
        self.scales = [Scale(side, self.features(_beside(painting, side)), self.spec) for side in SIDES]

    def painter(self) -> Painter:
        """What was learned so far."""
        arrays = {variable.path: np.asarray(variable) for variable in self.decoder.variables}
        return Painter(painters.digest(self.painting), self.painting, self.spec, arrays)

    def paint(self, content: np.ndarray) -> np.ndarray:
        """A content uint8 (h, w, 3), reduced and painted by what was learned so far: float32 (h', w', 3) in 0..255."""
        scale, (height, width) = self.scales[0], content.shape[:2]
        size = pixels.fit_short_side(height, width, min(scale.side, height, width))
        padded = tiles.pad_to_multiple(pixels.resize(content, *size))
        features, residual = self.features(preprocess.to_batch(padded)), scale.residual_for(*padded.shape[:2])
        painted = onepass.paint(self.decoder, features, scale.targets[0], residual, tf.constant([STRENGTH]))
        return np.clip(painted[0, : size[0], : size[1]], 0, 255)

    def sheet(self, contents: np.ndarray) -> np.ndarray:
        """Contents (b, c, c, 3), and these painted at three strengths, in rows: uint8 (4 c, b c, 3)."""
        scale = self.scales[0]
        residual = scale.residual_at(0, contents.shape[1])
        return sheet([contents], self.decoder, self.features(contents), scale.targets[0], residual)


def make_train_step(state: PainterState) -> Callable[..., dict[str, tf.Tensor]]:
    """The compiled training step, a function of an example: contents, strengths, target, roots and residual."""

    @tf.function(autograph=False)
    def train_step(contents: tf.Tensor, strength: tf.Tensor, target: Any, roots: Any, residual: onepass.Features) -> dict[str, tf.Tensor]:
        content = state.features(contents)
        with tf.GradientTape() as tape:
            painted = onepass.paint(state.decoder, content, target, residual, strength)  # (b, c, c, 3)
            by_example, record = loss_of(painted, state.features(painted), content, target, strength, roots)
            loss = tf.reduce_mean(by_example)
        variables = state.decoder.trainable_variables
        state.optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables))
        return {"loss": loss, **{name: tf.reduce_mean(values) for name, values in record.items()}}

    return train_step


def save(session: Session, state: PainterState, crops: Crops) -> None:
    """Draw samples, write a checkpoint."""
    drawn = state.sheet(crops.contents(-1, SAMPLES, 1.0)[0])
    images.save(session.run.path / "samples" / f"step-{session.step:07d}.png", drawn, force=True)
    session.save()


def _beside(painting: np.ndarray, side: int) -> tf.Tensor:
    """A painting as it is compared with square contents of this side, float32 (1, h, w, 3), sides multiples of what VGG-19 halves."""
    return preprocess.to_batch(tiles.pad_to_multiple(preprocess.resize_style(painting, side, side, LookSettings())))


def _stored_steps(run: RunFolder) -> int:
    """The number of steps of the run that is resumed; 0 for a new one."""
    stored = read_json(run.path / CONFIG) if run.resume else {}
    return int(stored.get("steps", 0)) if isinstance(stored, dict) else 0


def _steps_in(
    end: float, state: PainterState, train_step: Callable[..., Any], example: Callable[[int], tuple[Any, ...]],
    between: Callable[[], None] = lambda: None,
) -> int:  # fmt: skip
    """How many steps there is time for until `end`, of `time.monotonic`; weights and optimizer are as before.

    `between` is called after each trial.
    """
    variables = [*state.decoder.variables, *state.optimizer.variables]
    before, spent = [np.asarray(variable) for variable in variables], []
    for step in range(TRIAL):
        began = time.monotonic()
        float(train_step(*example(step))["loss"])
        spent.append(time.monotonic() - began)
        between()
    for variable, value in zip(variables, before):
        variable.assign(value)
    return max(FEWEST, int(SPARE * (end - time.monotonic()) / float(np.median(spent[1:]))))
