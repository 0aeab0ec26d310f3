"""The judge of painted pictures: the full VGG-19's losses, in float32, whatever painted them."""

from __future__ import annotations

import dataclasses
from typing import Callable

import keras
import numpy as np
import tensorflow as tf

from mangastyle.config import StyleConfig
from mangastyle.style import losses, prepare
from mangastyle.style.objective import Objective, Targets, batch


class Judge:
    """Content loss and both style losses of pictures; one graph serves all sizes, contents and paintings."""

    def __init__(self, backbone: keras.Model, options: StyleConfig) -> None:
        self.objectives = {distance: Objective(backbone, dataclasses.replace(options, distance=distance), 1) for distance in losses.DISTANCES}
        self.options, self.features = options, next(iter(self.objectives.values())).features
        self._losses = tf.function(self._found, reduce_retracing=True)

    def beside(self, content: np.ndarray, painting: np.ndarray) -> Callable[[np.ndarray], dict[str, float]]:
        """A function of pictures (h, w, 3) as large as the content, to {"content", "gram", "wasserstein"}."""
        painting = prepare.shown(painting, *content.shape[:2], self.options)
        targets = {
            distance: Targets(objective.content_targets(content), [objective.style_targets(painting)], [])
            for distance, objective in self.objectives.items()
        }
        return lambda picture: {name: float(value) for name, value in self._losses(batch(picture), targets).items()}

    def _found(self, picture: tf.Tensor, targets: dict[str, Targets]) -> dict[str, tf.Tensor]:
        features = self.features(picture)
        found = {}
        for distance, objective in self.objectives.items():
            found["content"], found[distance] = objective.losses(features, targets[distance])
        return found
