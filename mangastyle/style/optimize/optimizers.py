"""Find the picture of least loss: SciPy's L-BFGS-B and Keras' Adam behind one protocol.

An objective takes a picture, float32 (h, w, 3) in 0..255, and returns its losses, float (1 + terms,), the total first,
and the gradient of the total, float32 (h, w, 3). An optimizer calls back one `Step` an iteration and returns the best
picture it evaluated, also when it is interrupted by Ctrl-C or cancelled.
"""

from __future__ import annotations

import math
import threading
import time
from typing import Any, Callable, NamedTuple

import numpy as np
import scipy.fft
import scipy.optimize
from threadpoolctl import threadpool_limits

from mangastyle.engine import default_settings, keras, tf
from mangastyle.errors import Cancelled, MangastyleError

Objective = Callable[[Any], "tuple[Any, Any]"]
PIXELS = (0.0, 255.0)
CORRECTIONS = 5  # steps from which L-BFGS estimates the curvature; each makes every iteration dearer
LOWEST = 0.02  # of the highest frequency: below it `cosine_preconditioner` takes no larger steps
STIFFNESS = 3e-4  # pull on a pixel for each gray level it is out of bounds, in units of the first gradient's rms
FIRST_STEP = 2.0  # gray levels at every pixel, about: the first step of L-BFGS
INTERRUPTED, CANCELLED = "interrupted", "cancelled"  # reasons


class Step(NamedTuple):
    """What an iteration reports; iteration 0 is the start.

    Attributes
    ----------
    iteration : int
    evaluations : int
        Of the objective, so far.
    seconds : float
        Since the start.
    losses : tuple of float
        As the objective returns them, the total first.
    picture : callable
        Makes the picture on demand: float32 (h, w, 3) in 0..255.
    """

    iteration: int
    evaluations: int
    seconds: float
    losses: tuple[float, ...]
    picture: Callable[[], np.ndarray]


class Result(NamedTuple):
    """How a search ended.

    Attributes
    ----------
    picture : ndarray of float32, shape (h, w, 3)
        The best one, 0..255.
    total : float
        Its total loss; infinite if nothing was evaluated.
    reason : str
        Why the search ended.
    interrupted : bool
        Whether it was stopped by Ctrl-C or cancelled.
    """

    picture: np.ndarray
    total: float
    reason: str
    interrupted: bool


Callback = Callable[[Step], None]


class Preconditioner(NamedTuple):
    """A linear change of variables, picture change = M x, for an optimizer that searches in x instead of in pixels.

    Attributes
    ----------
    apply : callable
        M: x, float32 (h, w, 3), to the change of the picture, float32 (h, w, 3).
    adjoint : callable
        The transpose of M: gradient by the picture to gradient by x.
    """

    apply: Callable[[np.ndarray], np.ndarray]
    adjoint: Callable[[np.ndarray], np.ndarray]


def identity_preconditioner(height: int, width: int, unit: float = 1.0) -> Preconditioner:
    """None but for a unit: x is the change of the pixels over `unit`.

    Examples
    --------
    >>> identity_preconditioner(1, 2, unit=2.0).apply(np.ones((1, 2, 1), np.float32)).ravel().tolist()
    [2.0, 2.0]
    """
    return Preconditioner(lambda x: np.float32(unit) * x, lambda gradient: np.float32(unit) * gradient)


def cosine_preconditioner(height: int, width: int, unit: float = 1.0) -> Preconditioner:
    """Search in the discrete cosine transform, where a frequency f takes steps of 1 / sqrt(f).

    Broad shapes and colors change sooner, and the same loss is reached in a quarter fewer iterations than with pixels. The
    losses and their minima are the same. M = unit C' D with the orthonormal cosine transform C and a diagonal D of mean
    square 1.

    Parameters
    ----------
    height, width : int
        Of the picture.
    unit : float
        What x = 1 stands for, in gray levels.

    Returns
    -------
    Preconditioner

    Examples
    --------
    >>> m, x = cosine_preconditioner(4, 6), np.random.default_rng(0).normal(size=(2, 4, 6, 3)).astype(np.float32)
    >>> bool(np.isclose(np.vdot(m.apply(x[0]), x[1]), np.vdot(x[0], m.adjoint(x[1])), rtol=1e-4))  # adjoint
    True
    """
    steps = unit * _spectrum(height, width)  # (h, w, 1)
    return Preconditioner(
        lambda x: np.asarray(scipy.fft.idctn(steps * x, axes=(0, 1), norm="ortho")),
        lambda gradient: steps * np.asarray(scipy.fft.dctn(gradient, axes=(0, 1), norm="ortho")),
    )


def _spectrum(height: int, width: int) -> np.ndarray:
    """The step of each frequency f of a picture's cosine transform, 1 / sqrt(f), of mean square 1: float32 (h, w, 1)."""
    f = np.hypot(np.arange(height)[:, None] / height, np.arange(width) / width)
    steps = np.maximum(f, LOWEST) ** -0.5
    return (steps / np.sqrt(np.mean(np.square(steps)))).astype(np.float32)[..., None]


class _Watch:
    """Counts evaluations, refuses losses that are not finite, keeps the best picture, reports, polls `cancel`."""

    def __init__(self, objective: Objective, callback: Callback | None, cancel: threading.Event | None) -> None:
        self.objective, self.callback, self.cancel = objective, callback, cancel
        self.evaluations = 0
        self.best, self.best_total = None, math.inf
        self.started = time.monotonic()

    def evaluate(self, picture: Any) -> tuple[np.ndarray, Any]:
        """The objective at `picture`, which must not be written to afterwards."""
        if self.cancel is not None and self.cancel.is_set():
            raise Cancelled
        losses, gradient = self.objective(picture)
        losses = np.asarray(losses, np.float64)
        self.evaluations += 1
        if not np.isfinite(losses[0]) or not bool(tf.reduce_all(tf.math.is_finite(gradient))):
            raise MangastyleError(
                f"the loss is no longer a finite number after {self.evaluations} evaluations; try `precision` float32, "
                "or smaller weights of the losses"
            )
        if losses[0] < self.best_total or self.best is None:
            self.best, self.best_total = picture, float(losses[0])
        return losses, gradient

    def report(self, iteration: int, losses: np.ndarray, picture: Callable[[], np.ndarray]) -> None:
        if self.callback:
            seconds = time.monotonic() - self.started
            self.callback(Step(iteration, self.evaluations, seconds, tuple(map(float, losses)), picture))

    def result(self, start: np.ndarray, reason: str) -> Result:
        best = start if self.best is None else np.asarray(self.best)
        return Result(best, self.best_total, reason, reason in (INTERRUPTED, CANCELLED))


def lbfgs(
    objective: Objective, start: np.ndarray, iterations: int, callback: Callback | None = None,
    cancel: threading.Event | None = None, bounds: tuple[float, float] = PIXELS,
    preconditioner: Callable[[int, int, float], Preconditioner] = cosine_preconditioner,
) -> Result:  # fmt: skip
    """SciPy's L-BFGS-B in one unbroken call (a restart would drop its estimate of the curvature).

    The objective only gets pixels clipped to `bounds`, a gradient that pushes further out counts for nothing, and a slight
    penalty draws what is out back in. SciPy's own bounds find the same picture in as many iterations, but their bookkeeping
    takes four times as long over each, longer than a small network does. A line search that finds no better point ends the
    search early; that is a normal end, given as the reason.

    Parameters
    ----------
    objective : callable
        See the module.
    start : ndarray of float32, shape (h, w, 3)
    iterations : int
        The search ends after so many.
    callback : callable, optional
        Gets a `Step` an iteration.
    cancel : threading.Event, optional
        Ends the search at the next evaluation.
    bounds : (float, float)
        Least and greatest value of a pixel.
    preconditioner : callable
        (height, width, unit) to the `Preconditioner` of a picture of this size; its x is 0 at the start.

    Returns
    -------
    Result

    Examples
    --------
    >>> target = np.full((4, 5, 3), 200, np.float32)
    >>> def quadratic(picture):
    ...     error = picture - target
    ...     return [float((error**2).sum() / 2)], error
    >>> lbfgs(quadratic, np.full((4, 5, 3), 128, np.float32), 20).picture.round().mean().item()
    200.0
    """
    watch = _Watch(objective, callback, cancel)
    # The first step has length 1 in SciPy's variables: in this unit that is about `FIRST_STEP` at every pixel.
    height, width, _ = start.shape
    change = preconditioner(height, width, FIRST_STEP * math.sqrt(start.size))
    scale = stiffness = 0.0  # of the loss: it starts at 100 whatever the loss weights; of the penalty: by the gradient
    last = np.zeros(1)  # the losses of the latest evaluation; an iteration ends with the one it accepts
    done = 0

    def split(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The picture at x within the bounds, and by how much x exceeds them."""
        pixels = start + change.apply(x.reshape(start.shape).astype(np.float32))
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
        gradient = change.adjoint(gradient)
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
        return watch.result(start, INTERRUPTED)
    except Cancelled:
        return watch.result(start, CANCELLED)
    return watch.result(start, str(found.message))


def adam(
    objective: Objective, start: np.ndarray, iterations: int, callback: Callback | None = None,
    cancel: threading.Event | None = None, bounds: tuple[float, float] = PIXELS, learning_rate: float = 1.0, averaging: float = 0.0,
) -> Result:  # fmt: skip
    """Keras' Adam; pixels are clipped after each step.

    Parameters
    ----------
    objective, start, iterations, callback, cancel, bounds
        As for `lbfgs`.
    learning_rate : float
        Size of a step, in gray levels.
    averaging : float
        Momentum, below 1, of a moving average of all iterates. It is a candidate for the best picture, too: it is without the
        noise that steps of one size leave on each of them. 0 = none.

    Returns
    -------
    Result

    Examples
    --------
    >>> def quadratic(picture):
    ...     error = picture - 200.0
    ...     return [tf.reduce_sum(error**2) / 2], error
    >>> adam(quadratic, np.full((4, 5, 3), 190, np.float32), 20, learning_rate=1.0).picture.round().mean().item()
    200.0
    """
    watch = _Watch(objective, callback, cancel)
    variable = keras.Variable(start, dtype="float32")
    with default_settings():
        optimizer = keras.optimizers.Adam(learning_rate, beta_1=0.9, beta_2=0.999, epsilon=1e-12)
        optimizer.build([variable])
    average = tf.zeros_like(variable.value)  # of the pictures after each step, not yet divided by the sum of their weights
    done, reason = 0, "all iterations done"
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
        reason = INTERRUPTED
    except Cancelled:
        reason = CANCELLED
    if averaging and done and reason != CANCELLED:
        watch.evaluate(average / (1 - averaging**done))
    return watch.result(start, reason)
