"""The terms of the objective: content, style and total variation, for clips also a temporal one. Each has a weight, targets and a loss.

To add a term, write a subclass of `Term` and add it in `build`: objective, records, CSV files and plots take it from there.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, Mapping, NamedTuple, Sequence

import numpy as np

from mangastyle.engine import tf
from mangastyle.ops import masks
from mangastyle.style.optimize import losses
from mangastyle.style.optimize.settings import OptimizeSettings

Features = Mapping[str, tf.Tensor]  # by layer, (1, h', w', n)


class Previous(NamedTuple):
    """The result for the frame before, warped to this one.

    Attributes
    ----------
    picture : ndarray of uint8, shape (h, w, 3)
    weight : ndarray of float32, shape (h, w)
        How much each pixel counts, 0..1; 0 where it shows something else.
    """

    picture: np.ndarray
    weight: np.ndarray


class References(NamedTuple):
    """What a picture is compared with, at one size.

    Attributes
    ----------
    content : ndarray of uint8, shape (h, w, 3)
    styles : sequence of {layer: statistics}
        Of each painting, by `Objective.style_statistics`.
    masks : sequence of ndarray of float32, shape (h, w)
        For each painting, 0..1; none if the paintings act everywhere.
    previous : Previous, optional
        Of the content's size.
    """

    content: np.ndarray
    styles: Sequence[Mapping[str, Any]]
    masks: Sequence[np.ndarray] = ()
    previous: Previous | None = None


class Term(ABC):
    """A loss of the picture and its weight in the total.

    Attributes
    ----------
    name : str
        What records call the loss.
    weight : float
    layers : tuple of str
        VGG-19 layers whose features it needs.
    """

    name: str
    layers: tuple[str, ...] = ()

    def __init__(self, weight: float) -> None:
        self.weight = weight

    @abstractmethod
    def targets(self, references: References, features: Features) -> Any:
        """What the loss compares with, a structure of tensors; `features` are the content's, in the layers of all terms."""

    @abstractmethod
    def loss(self, picture: tf.Tensor, features: Features, targets: Any) -> tf.Tensor:
        """The loss, a scalar, of a picture (1, h, w, 3) in 0..255 with these features."""


class ContentTerm(Term):
    """Equation 1, summed over layers."""

    name = "content"

    def __init__(self, weight: float, layers: tuple[str, ...], reduction: str) -> None:
        super().__init__(weight)
        self.layers, self.reduction = layers, reduction

    def targets(self, references: References, features: Features) -> dict[str, tf.Tensor]:
        return {name: features[name] for name in self.layers}

    def loss(self, picture: tf.Tensor, features: Features, targets: dict[str, tf.Tensor]) -> tf.Tensor:
        return tf.add_n([losses.content_loss(features[name], target, self.reduction) for name, target in targets.items()])


class StyleTargets(NamedTuple):
    """For each painting {layer: statistics}, and {layer: mask (1, h', w', 1)} or nothing where the paintings act everywhere."""

    styles: list[Any]
    masks: list[dict[str, Any]]


class StyleTerm(Term):
    """The weighted mean of the style losses (equation 5) against each painting, where its mask lets it act.

    Parameters
    ----------
    weight : float
    layers : {layer: weight}
    shares : sequence of float
        Weight of each painting, with the sum 1.
    reduction, distance : str
        See `losses`.
    num_features : {layer: N of equation 4}
    """

    name = "style"

    def __init__(
        self, weight: float, layers: Mapping[str, float], shares: Sequence[float], reduction: str, distance: str,
        num_features: Mapping[str, int],
    ) -> None:  # fmt: skip
        super().__init__(weight)
        self.layers, self.layer_weights, self.shares = tuple(layers), layers, shares
        self.reduction, self.distance, self.num_features = reduction, distance, num_features

    def targets(self, references: References, features: Features) -> StyleTargets:
        shapes: Any = {name: tuple(features[name].shape[1:3]) for name in self.layers}
        return StyleTargets(list(references.styles), [masks.at_layers(mask, shapes) for mask in references.masks])

    def loss(self, picture: tf.Tensor, features: Features, targets: StyleTargets) -> tf.Tensor:
        everywhere = {} if targets.masks else {name: losses.style_source(features[name], self.distance) for name in self.layers}
        total = tf.zeros(())
        for i, (share, target) in enumerate(zip(self.shares, targets.styles, strict=True)):
            sources = everywhere or {
                name: losses.style_source(features[name], self.distance, targets.masks[i][name]) for name in self.layers
            }
            total += share * losses.style_loss(sources, target, self.reduction, self.distance, self.layer_weights, self.num_features)
        return total


class TotalVariationTerm(Term):
    """Differences of neighboring pixels."""

    name = "tv"

    def __init__(self, weight: float, reduction: str) -> None:
        super().__init__(weight)
        self.reduction = reduction

    def targets(self, references: References, features: Features) -> tuple[()]:
        return ()

    def loss(self, picture: tf.Tensor, features: Features, targets: tuple[()]) -> tf.Tensor:
        return losses.total_variation(picture, self.reduction)


class TemporalTerm(Term):
    """Difference from the previous result, where it shows the same. Its references need one."""

    name = "temporal"

    def __init__(self, weight: float, reduction: str) -> None:
        super().__init__(weight)
        self.reduction = reduction

    def targets(self, references: References, features: Features) -> tuple[tf.Tensor, tf.Tensor]:
        previous = references.previous
        assert previous is not None
        return tf.constant(previous.picture[None], tf.float32), tf.constant(previous.weight[None, ..., None], tf.float32)

    def loss(self, picture: tf.Tensor, features: Features, targets: tuple[tf.Tensor, tf.Tensor]) -> tf.Tensor:
        return losses.temporal_loss(picture, *targets, self.reduction)


def build(settings: OptimizeSettings, shares: Sequence[float], num_features: Mapping[str, int], temporal: float = 0) -> list[Term]:
    """The terms of equation 7, with total variation, in the order of records and CSV columns.

    Parameters
    ----------
    settings : OptimizeSettings
    shares : sequence of float
        Weight of each painting, with the sum 1.
    num_features : {style layer: N of equation 4}
    temporal : float
        Weight of the temporal term; without it there is none.

    Returns
    -------
    list of Term

    Examples
    --------
    >>> [(term.name, term.weight) for term in build(OptimizeSettings(strength=1.0), [1.0], {})]
    [('content', 0.0), ('style', 80.0), ('tv', 16.0)]
    """
    alpha, beta = losses.strength_to_weights(settings.strength)
    terms: list[Term] = [
        ContentTerm(alpha * settings.content_weight, settings.content_layers, settings.loss),
        StyleTerm(beta * settings.style_weight, settings.layer_weights(), shares, settings.loss, settings.distance, num_features),
        TotalVariationTerm(beta * settings.tv_weight, settings.loss),
    ]
    return [*terms, TemporalTerm(temporal, settings.loss)] if temporal else terms
