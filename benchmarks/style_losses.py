"""Losses of stylized pictures by the full VGG-19 in float32, whatever made them."""

from __future__ import annotations

import dataclasses
from typing import Any, Callable

import keras
import numpy as np
import tensorflow as tf

from mangastyle.style import preprocess
from mangastyle.style.optimize.losses import DISTANCES
from mangastyle.style.optimize.objective import Objective, References
from mangastyle.style.settings import OptimizeSettings


class StyleLosses:
    """Content loss and both style losses of pictures; one graph serves all sizes, contents and paintings."""

    def __init__(self, backbone: keras.Model, settings: OptimizeSettings) -> None:
        self.objectives = {
            distance: Objective(backbone, dataclasses.replace(settings, distance=distance), num_styles=1) for distance in DISTANCES
        }
        self.settings, self.features = settings, next(iter(self.objectives.values())).features
        self._losses = tf.function(self._compute, reduce_retracing=True)

    def beside(self, content: np.ndarray, painting: np.ndarray) -> Callable[[np.ndarray], dict[str, float]]:
        """A function of pictures (h, w, 3) as large as the content, to {"content", "gram", "wasserstein"}."""
        painting = preprocess.resize_style(painting, *content.shape[:2], self.settings)
        targets = {
            distance: objective.targets(References(content, [objective.style_statistics(painting)]))
            for distance, objective in self.objectives.items()
        }
        return lambda picture: {name: float(value) for name, value in self._losses(preprocess.to_batch(picture), targets).items()}

    def _compute(self, picture: tf.Tensor, targets: dict[str, Any]) -> dict[str, tf.Tensor]:
        features, losses = self.features(picture), {}
        for distance, objective in self.objectives.items():
            found = objective.losses(picture, features, targets[distance])
            losses["content"], losses[distance] = found["content"], found["style"]
        return losses
