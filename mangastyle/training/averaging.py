"""The moving average of a network's weights, which is steadier than those of any single step."""

from __future__ import annotations

from typing import Iterable

from mangastyle.engine import keras, tf


def update_average(averaged: Iterable[keras.Variable], variables: Iterable[keras.Variable], momentum: float, step: tf.Tensor) -> None:
    """Move averaged weights towards the latest, inside a graph.

    With a constant momentum the random start would stay in the average for thousands of steps, so it is warmed up.

    Parameters
    ----------
    averaged, variables : iterable of Keras variables
        The averages, and the weights themselves.
    momentum : float in 0..1
        Share of the average that stays, once it is warmed up.
    step : scalar integer tensor
        Steps done before this one.

    Examples
    --------
    >>> average, weight = tf.Variable(0.0), tf.Variable(1.0)
    >>> update_average([average], [weight], 0.999, tf.constant(0))
    >>> round(float(average), 3)
    0.9
    """
    step = tf.cast(step, tf.float32)
    share = tf.minimum(momentum, (1 + step) / (10 + step))
    for average, variable in zip(averaged, variables):
        average.assign(average + (1 - share) * (variable - average))
