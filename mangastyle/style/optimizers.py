"""Find the picture of least loss: SciPy's L-BFGS-B and Keras' Adam behind one protocol.

An objective takes a picture, float32 (h, w, 3) in 0..255, and returns its four losses, float (4,):
(total, content, style, tv), and the gradient of the total, float32 (h, w, 3). An optimiser calls back one
`Record` an iteration and returns the best picture it saw, also when it is interrupted by Ctrl-C.
"""

from __future__ import annotations

import math
import time
from typing import Any, Callable, NamedTuple

import keras
import numpy as np
import scipy.fft
import scipy.optimize
import tensorflow as tf
from threadpoolctl import threadpool_limits

from mangastyle.errors import MangastyleError

Objective = Callable[[Any], "tuple[Any, Any]"]
PIXELS = (0.0, 255.0)
CORRECTIONS = 5  # steps from which L-BFGS knows the curvature; each makes every iteration dearer
LOWEST = 0.02  # of the highest frequency: below it L-BFGS takes no larger steps
STIFFNESS = 3e-4  # pull on a pixel for each grey level it is out of bounds, in units of the first gradient's rms


class Record(NamedTuple):
    """What an iteration reports; iteration 0 is the start."""

    iteration: int
    evaluations: int  # of the objective, so far
    seconds: float  # since the start
    total: float
    content: float
    style: float
    tv: float
    picture: Callable[[], np.ndarray]  # float32 (h, w, 3) in 0..255, made on demand


class Result(NamedTuple):
    """The best picture, float32 (h, w, 3) in 0..255, its total loss, why the search ended, and whether by Ctrl-C."""

    picture: np.ndarray
    total: float
    reason: str
    interrupted: bool


Callback = Callable[[Record], None]


class _Watch:
    """Counts evaluations, guards against losses that are not finite, keeps the best picture, reports."""

    def __init__(self, objective: Objective, callback: Callback | None) -> None:
        self.objective, self.callback = objective, callback
        self.evaluations = 0
        self.best, self.best_total = None, math.inf
        self.started = time.monotonic()

    def evaluate(self, picture: Any) -> tuple[np.ndarray, Any]:
        """The objective at `picture`, which must not be written to afterwards."""
        losses, gradient = self.objective(picture)
        losses = np.asarray(losses, np.float64)
        self.evaluations += 1
        if not np.isfinite(losses[0]) or not bool(tf.reduce_all(tf.math.is_finite(gradient))):
            raise MangastyleError(
                f"the loss is no longer a finite number after {self.evaluations} evaluations; try --precision float32, "
                "or smaller weights of the losses"
            )
        if losses[0] < self.best_total or self.best is None:
            self.best, self.best_total = picture, float(losses[0])
        return losses, gradient

    def report(self, iteration: int, losses: np.ndarray, picture: Callable[[], np.ndarray]) -> None:
        if self.callback:
            seconds = time.monotonic() - self.started
            self.callback(Record(iteration, self.evaluations, seconds, *map(float, losses), picture))

    def result(self, start: np.ndarray, reason: str, interrupted: bool = False) -> Result:
        best = start if self.best is None else np.asarray(self.best)
        return Result(best, self.best_total, reason, interrupted)


def lbfgs(
    objective: Objective, start: np.ndarray, iterations: int, callback: Callback | None = None,
    bounds: tuple[float, float] = PIXELS,
) -> Result:  # fmt: skip
    """SciPy's L-BFGS-B in one unbroken call (a restart would drop the curvature it has learnt).

    Its variables are what is added to the start, in a cosine transform whose lower frequencies take larger steps: broad
    shapes and colours change sooner, and the same loss is reached in a quarter fewer iterations than with pixels.

    The objective only sees pixels clipped to `bounds`, and a gradient that pushes further out counts for nothing;
    a slight penalty draws what is out back in. SciPy's own bounds find the same picture in as many iterations, but
    their bookkeeping takes four times as long over each, longer than a small network does.
    A line search that finds no better point ends the search early; that is a normal end, given as the reason.
    """
    watch = _Watch(objective, callback)
    # The first step has length 1 in SciPy's variables: in these units that is about 2 grey levels at every pixel.
    units = 2 * math.sqrt(start.size) * _spectrum(*start.shape[:2])  # (h, w, 1)
    scale = stiffness = 0.0  # of the loss: it starts at 100 whatever the loss weights; of the penalty: by the gradient
    last = np.zeros(4)  # the losses of the latest evaluation; an iteration ends with the one it accepts
    done = 0

    def split(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The picture at x within the bounds, and by how much x exceeds them."""
        pixels = start + scipy.fft.idctn(units * x.reshape(start.shape).astype(np.float32), axes=(0, 1), norm="ortho")
        clipped = np.clip(pixels, *bounds)
        return clipped, pixels - clipped

    def scaled(x: np.ndarray) -> tuple[float, np.ndarray]:
        nonlocal scale, stiffness, last
        picture, excess = split(x)
        last, gradient = watch.evaluate(picture)
        gradient = np.asarray(gradient)
        if not scale:
            scale = 100 / abs(last[0]) if last[0] else 1.0
            stiffness = STIFFNESS * float(np.sqrt(np.mean(np.square(gradient, dtype=np.float64))))
            watch.report(0, last, lambda: start)
        penalty = stiffness * float(np.vdot(excess, excess)) / 2
        gradient = gradient * (excess * gradient >= 0) + stiffness * excess
        gradient = units * scipy.fft.dctn(gradient, axes=(0, 1), norm="ortho")
        return (last[0] + penalty) * scale, gradient.ravel().astype(np.float64) * scale

    def step(intermediate_result: scipy.optimize.OptimizeResult) -> None:
        nonlocal done
        done += 1
        x = intermediate_result.x.copy()
        watch.report(done, last, lambda: split(x)[0])

    try:
        # SciPy's own few operations gain nothing by threads, which would then wait busily on cores that TensorFlow needs.
        with threadpool_limits(1, user_api="blas"):
            found = scipy.optimize.minimize(
                scaled, np.zeros(start.size), method="L-BFGS-B", jac=True, callback=step,
                # Only `iterations` is to end the search: no tolerance, and evaluations to spare.
                options={"maxiter": iterations, "maxfun": 20 * iterations + 100, "ftol": 0.0, "gtol": 0.0, "maxcor": CORRECTIONS},
            )  # fmt: skip
    except KeyboardInterrupt:
        return watch.result(start, "interrupted", True)
    return watch.result(start, str(found.message))


def _spectrum(height: int, width: int) -> np.ndarray:
    """The step of each frequency f of a picture's cosine transform, 1 / sqrt(f), of mean square 1: float32 (h, w, 1)."""
    f = np.hypot(np.arange(height)[:, None] / height, np.arange(width) / width)
    steps = np.maximum(f, LOWEST) ** -0.5
    return (steps / np.sqrt(np.mean(np.square(steps)))).astype(np.float32)[..., None]


def adam(
    objective: Objective, start: np.ndarray, iterations: int, callback: Callback | None = None,
    bounds: tuple[float, float] = PIXELS, learning_rate: float = 1.0, averaging: float = 0.0,
) -> Result:  # fmt: skip
    """Keras' Adam; `learning_rate` is the size of a step in grey levels, and pixels are clipped after each step.

    With `averaging`, a momentum below 1, the moving average of all iterates is a candidate for the best picture too:
    it is without the noise that steps of one size leave on each of them.
    """
    watch = _Watch(objective, callback)
    variable = keras.Variable(start, dtype="float32")
    optimizer = keras.optimizers.Adam(learning_rate, beta_1=0.9, beta_2=0.999, epsilon=1e-12)
    average = tf.zeros_like(variable.value)  # of the pictures after each step, not yet divided by the sum of their weights
    done = 0
    interrupted = False
    try:
        for iteration in range(iterations + 1):
            picture = tf.identity(variable.value)
            losses, gradient = watch.evaluate(picture)
            watch.report(iteration, losses, picture.numpy)
            if iteration < iterations:
                optimizer.apply([gradient], [variable])
                variable.assign(tf.clip_by_value(variable.value, *bounds))
                done += 1
                if averaging:
                    average = averaging * average + (1 - averaging) * variable.value
    except KeyboardInterrupt:
        interrupted = True
    if averaging and done:
        watch.evaluate(average / (1 - averaging**done))
    return watch.result(start, "interrupted" if interrupted else "all iterations done", interrupted)
