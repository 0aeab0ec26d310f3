"""L-BFGS-B and Adam on a quadratic whose bounded minimum is known."""

from __future__ import annotations

import threading

import numpy as np
import pytest
import scipy.fft
import tensorflow as tf

from mangastyle.errors import MangastyleError
from mangastyle.style.optimize import optimizers

SHAPE = (4, 5, 3)
TARGET = np.random.default_rng(0).uniform(-60, 315, SHAPE).astype(np.float32)  # in part beyond the bounds
BEST = np.clip(TARGET, 0, 255)
CURVATURE = np.geomspace(1, 30, TARGET.size, dtype=np.float32).reshape(SHAPE)
START = np.full(SHAPE, 128, np.float32)


def quadratic(picture, target=TARGET):
    error = tf.convert_to_tensor(picture) - target
    content = tf.reduce_sum(CURVATURE * error**2) / 2
    return tf.stack([content, content, 0.0, 0.0]), CURVATURE * error


def value(picture: np.ndarray) -> float:
    return float(quadratic(picture)[0][0])


def run(name: str, objective, iterations: int, callback=None, cancel=None) -> optimizers.Result:
    if name == "adam":
        return optimizers.adam(objective, START, iterations, callback, cancel, learning_rate=4.0)
    return optimizers.lbfgs(objective, START, iterations, callback, cancel)


METHODS = pytest.mark.parametrize("name", ["lbfgs", "adam"])


@METHODS
def test_finds_the_minimum_within_the_bounds(name):
    result = run(name, quadratic, 100 if name == "lbfgs" else 300)
    assert result.picture.dtype == np.float32 and result.picture.shape == SHAPE
    assert result.total == pytest.approx(value(BEST), rel=1e-3) == value(result.picture)
    assert not result.interrupted


@METHODS
def test_finds_the_minimum(name):
    result = run(name, lambda picture: quadratic(picture, BEST), 100 if name == "lbfgs" else 300)
    np.testing.assert_allclose(result.picture, BEST, atol=0.5)


@pytest.mark.parametrize("factor", [1e-12, 1e9])
def test_lbfgs_does_not_depend_on_the_scale_of_the_loss(factor):
    def scaled(picture):
        losses, gradient = quadratic(picture, BEST)
        return tf.cast(losses, tf.float64) * factor, tf.cast(gradient, tf.float64) * factor

    np.testing.assert_allclose(run("lbfgs", scaled, 100).picture, BEST, atol=0.5)


def test_the_first_step_of_lbfgs_is_broad():
    """Of a gradient of all frequencies alike, low ones move more, as 1 / f."""
    pictures = []

    def noise(picture):
        pictures.append(np.array(picture))
        direction = scipy.fft.idctn(np.ones((32, 48, 3), np.float32), axes=(0, 1), norm="ortho")
        return tf.stack([tf.reduce_sum(picture * direction)] * 4), direction

    start = np.full((32, 48, 3), 128, np.float32)
    optimizers.lbfgs(noise, start, 1)
    moved = scipy.fft.dctn(start - pictures[1], axes=(0, 1), norm="ortho")
    assert np.sqrt(np.mean(moved**2)) == pytest.approx(np.sqrt(np.mean((start - pictures[1]) ** 2)))
    np.testing.assert_allclose(moved[8, 0] / moved[16, 0], 2, rtol=0.01)  # 1 / sqrt(f) in the step and in the slope
    np.testing.assert_allclose(moved[0, 12] / moved[16, 24], np.sqrt(8), rtol=0.01)


@METHODS
def test_one_record_an_iteration(name):
    records: list[optimizers.Step] = []
    result = run(name, quadratic, 5, records.append)
    assert [r.iteration for r in records] == [0, 1, 2, 3, 4, 5]
    assert records[0].losses[0] == pytest.approx(value(START), rel=1e-6)
    for r in records:
        assert r.evaluations >= r.iteration + 1 and r.seconds >= 0
        assert r.losses[1:] == (r.losses[0], 0, 0)
        assert r.losses[0] == pytest.approx(value(r.picture()), rel=1e-4)
        assert r.picture().min() >= 0 and r.picture().max() <= 255
    assert result.total == min(r.losses[0] for r in records)


@METHODS
def test_keeps_the_best_picture_not_the_last(name):
    seen: list[np.ndarray] = []

    def turns_bad(picture):
        seen.append(np.array(picture))
        losses, gradient = quadratic(picture)
        return losses + (1e9 if len(seen) > 4 else 0), gradient

    result = run(name, turns_bad, 8)
    best = min(seen[:4], key=value)
    np.testing.assert_array_equal(result.picture, best)
    assert result.total < 1e9


@METHODS
def test_interruption_returns_the_best_picture(name):
    def stop(record):
        if record.iteration == 3:
            raise KeyboardInterrupt

    result = run(name, quadratic, 100, stop)
    assert result.interrupted
    assert value(result.picture) < 0.9 * value(START)

    def at_once(picture):
        raise KeyboardInterrupt

    np.testing.assert_array_equal(run(name, at_once, 100).picture, START)


@METHODS
def test_cancelling_returns_the_best_picture(name):
    cancel = threading.Event()

    def stop(step):
        if step.iteration == 3:
            cancel.set()

    result = run(name, quadratic, 100, stop, cancel)
    assert result.interrupted and result.reason == optimizers.CANCELLED
    assert value(result.picture) < 0.9 * value(START)
    before = run(name, quadratic, 100, cancel=cancel)
    assert before.interrupted and before.total == np.inf
    np.testing.assert_array_equal(before.picture, START)


@pytest.mark.parametrize("make", [optimizers.identity_preconditioner, optimizers.cosine_preconditioner])
def test_preconditioners_are_linear_with_their_adjoint(make):
    change, (x, y) = make(40, 60, 3.0), np.random.default_rng(0).normal(size=(2, 40, 60, 3)).astype(np.float32)
    np.testing.assert_allclose(change.apply(2 * x - y), 2 * change.apply(x) - change.apply(y), atol=1e-3)
    assert np.vdot(change.apply(x), y) == pytest.approx(np.vdot(x, change.adjoint(y)), rel=1e-3, abs=1)
    assert np.sqrt(np.mean(change.apply(x) ** 2)) == pytest.approx(3, rel=0.2)  # white noise of size 1


def test_lbfgs_without_preconditioning_finds_the_same_minimum():
    result = optimizers.lbfgs(lambda picture: quadratic(picture, BEST), START, 100, preconditioner=optimizers.identity_preconditioner)
    np.testing.assert_allclose(result.picture, BEST, atol=0.5)


@METHODS
@pytest.mark.parametrize("where", ["loss", "gradient"])
def test_numbers_that_are_not_finite_are_an_error(name, where):
    calls = []

    def diverges(picture):
        calls.append(1)
        losses, gradient = quadratic(picture)
        bad = float("nan") if len(calls) == 3 else 1.0
        return (losses * bad, gradient) if where == "loss" else (losses, gradient * bad)

    with pytest.raises(MangastyleError, match="no longer.*finite.*`precision` float32"):
        run(name, diverges, 20)
    assert len(calls) == 3


def test_average_of_adams_pictures_is_a_candidate():
    best, averaged = (optimizers.adam(quadratic, START, 60, learning_rate=40.0, averaging=a) for a in (0.0, 0.9))
    assert averaged.total < best.total
    assert averaged.total == pytest.approx(value(averaged.picture), rel=1e-5)
    assert averaged.picture.min() >= 0 and averaged.picture.max() <= 255


@METHODS
def test_objective_gets_pixels_within_the_bounds_only(name):
    seen: list[np.ndarray] = []

    def watched(picture):
        seen.append(np.array(picture))
        return quadratic(picture)

    run(name, watched, 30)
    assert min(x.min() for x in seen) >= 0 and max(x.max() for x in seen) <= 255
