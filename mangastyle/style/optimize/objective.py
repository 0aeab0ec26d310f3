"""The objective of the optimization: the weighted sum of its terms (equation 7), compiled, with its gradient (section 4.3)."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np

from mangastyle.engine import keras, tf
from mangastyle.style.look import normalize_weights
from mangastyle.style.optimize import losses, terms
from mangastyle.style.optimize.settings import OptimizeSettings
from mangastyle.style.optimize.terms import References
from mangastyle.style.preprocess import to_batch
from mangastyle.vgg import network as vgg

__all__ = ["Objective", "References"]


class Objective:
    """Losses and gradient of a picture of any size; one compiled graph serves all sizes and pictures, and all threads.

    Parameters
    ----------
    backbone : keras.Model
        A `vgg.network`.
    settings : OptimizeSettings
    num_styles : int
        How many paintings there are.
    temporal : float
        Weight of the temporal term, which needs `References.previous`; 0: there is none.

    Attributes
    ----------
    terms : list of Term
        The losses that are summed.
    names : tuple of str
        "total" and the names of the terms, as `__call__` orders them.
    features : keras.Model
        Pictures (1, h, w, 3) in 0..255 to {layer: float32 features (1, h', w', n)}.

    Raises
    ------
    MangastyleError
        For unknown layers and wrong numbers of weights.

    Examples
    --------
    >>> from mangastyle.vgg.backbone import backbone
    >>> objective = Objective(backbone("slim"), OptimizeSettings(), num_styles=1)
    >>> picture, content, painting = np.random.default_rng(0).integers(0, 256, (3, 32, 32, 3), np.uint8)
    >>> targets = objective.targets(References(content, [objective.style_statistics(painting)]))
    >>> found, gradient = objective(picture.astype(np.float32), targets)
    >>> objective.names, found.shape, gradient.shape
    (('total', 'content', 'style', 'tv'), TensorShape([4]), TensorShape([32, 32, 3]))
    """

    def __init__(self, backbone: keras.Model, settings: OptimizeSettings, num_styles: int, temporal: float = 0) -> None:
        settings.check(num_styles)
        shares = normalize_weights("style_weights", settings.style_weights, range(num_styles), "painting")
        self.settings = settings
        self.terms = terms.build(settings, list(shares.values()), vgg.counts(backbone, settings.style_layers), temporal)
        self.names = ("total", *(term.name for term in self.terms))
        layers = tuple(dict.fromkeys(layer for term in self.terms for layer in term.layers))
        self.features = vgg.features(backbone, layers, winograd=settings.winograd)
        # As graphs, which free intermediate activations. Contents have the size of the pictures that are optimized; paintings
        # have sizes of their own and come once, so that compiling Winograd's transforms for them would cost more than it saves.
        picture = [tf.TensorSpec((1, None, None, 3))]
        self._content_features = tf.function(self.features, picture)
        direct = vgg.features(backbone, settings.style_layers, winograd=False)
        self._style_features = tf.function(direct, picture)
        self._compiled = tf.function(self._losses_and_gradient, reduce_retracing=True)
        self._lock = threading.Lock()

    def style_statistics(self, painting: np.ndarray) -> dict[str, Any]:
        """The statistics of a painting, uint8 (h, w, 3), in every style layer: for `References`, for any number of pictures."""
        features = self._style_features(to_batch(painting))
        return {name: losses.style_target(features[name], self.settings.distance) for name in self.settings.style_layers}

    def targets(self, references: References) -> dict[str, Any]:
        """What each term compares with, by its name, for pictures of the content's size."""
        features = self._content_features(to_batch(references.content))
        return {term.name: term.targets(references, features) for term in self.terms}

    def __call__(self, picture: np.ndarray | tf.Tensor, targets: dict[str, Any]) -> tuple[tf.Tensor, tf.Tensor]:
        """Evaluate.

        Parameters
        ----------
        picture : ndarray or tensor of float32, shape (h, w, 3)
            0..255.
        targets : dict
            By `targets`.

        Returns
        -------
        losses : tensor of float32, shape (1 + terms,)
            The total and each term's loss without its weight, see `names`.
        gradient : tensor of float32, shape (h, w, 3)
            Of the total.
        """
        with self._lock:
            if not self._compiled.experimental_get_tracing_count():  # at once for all sizes: tracing takes seconds
                self._compiled.get_concrete_function(tf.TensorSpec((None, None, 3)), tf.nest.map_structure(_of_any_size, targets))
        return self._compiled(tf.convert_to_tensor(picture), targets)

    def losses(self, picture: tf.Tensor, features: terms.Features, targets: dict[str, Any]) -> dict[str, tf.Tensor]:
        """The loss of each term by name, without its weight, of a picture (1, h, w, 3) with these features."""
        return {term.name: term.loss(picture, features, targets[term.name]) for term in self.terms}

    def _losses_and_gradient(self, picture: tf.Tensor, targets: dict[str, Any]) -> tuple[tf.Tensor, tf.Tensor]:
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(picture)
            batch = tf.expand_dims(picture, 0)  # (1, h, w, 3)
            found = self.losses(batch, self.features(batch), targets)
            total: Any = sum(term.weight * found[term.name] for term in self.terms)
            # A mean's gradient at each feature is too small for float16 until it is a sum's; float32 undoes it.
            scale: Any = tf.cast(tf.size(picture), tf.float32) if self.settings.loss == "mean" else 1.0
            scaled = scale * total
        return tf.stack([total, *found.values()]), tape.gradient(scaled, picture) / scale


def _of_any_size(target: tf.Tensor | np.ndarray) -> tf.TensorSpec:
    """Maps (1, h, w, n) of any h and w, roots (1, n, r) of any rank."""
    shape = list(target.shape)
    return tf.TensorSpec(shape[:1] + [None] * len(shape[1:3]) + shape[3:], target.dtype)
