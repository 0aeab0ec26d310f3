"""Settings of the optimization (method optimize). No TensorFlow: the command line reads them, too."""

from __future__ import annotations

from dataclasses import dataclass

from mangastyle.errors import MangastyleError
from mangastyle.settings import setting
from mangastyle.style.look import LookSettings, normalize_weights
from mangastyle.vgg.spec import block_of, check_layers

# Layers near the pixels count more: their statistics are colors and the fine grain of strokes, which the eye compares first.
BLOCK_WEIGHTS = (16.0, 12.0, 6.0, 1.0, 1.0)
STARTS = ("content", "style", "noise")  # where the optimization may start (Fig. 11)


@dataclass(frozen=True)
class OptimizeSettings(LookSettings):
    """Optimization on VGG-19 features (method optimize)."""

    init: str = setting("content", "start from content, style or noise (Fig. 11)", STARTS)
    optimizer: str = setting("lbfgs", "lbfgs (SciPy) or adam", ("lbfgs", "adam"))
    iterations: int = setting(25, "iterations at the final size; a scale of half its side gets twice as many", least=1, common=True)
    min_size: int = setting(128, "short side of the coarsest scale; 0 = paint at the final size alone", least=0)
    num_scales: int = setting(0, "at most so many scales, of which the final size is one; 0 = all from the coarsest on", least=0)
    oversample: float = setting(1.0, "factor on the size while painting; the result is reduced, and its strokes are finer", least=1, most=8)
    scale_step: float = setting(2.0, "factor between the sizes of successive scales", least=1.05)
    learning_rate: float = setting(2.5, "Adam's step size, in gray levels of 255", least=0)
    averaging: float = setting(
        0.0, "momentum of the moving average of Adam's iterates, a candidate for the result; 0 = no average", least=0, most=0.9999
    )
    precondition: bool = setting(True, "run L-BFGS on a cosine transform with larger steps at low frequencies; off: on pixels")
    loss: str = setting(
        "mean", "sum: the paper's equations; mean: relative to the target, independent of the picture's size", ("sum", "mean")
    )
    content_weight: float = setting(1.0, "alpha of equation 7 at strength 0.5", least=0)
    style_weight: float = setting(20.0, "beta of equation 7 at strength 0.5", least=0)
    tv_weight: float = setting(4.0, "weight of the total variation, against speckle", least=0)
    content_layers: tuple[str, ...] = setting(("relu4_2",), "VGG-19 layers of the content loss")
    style_layers: tuple[str, ...] = setting(("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1"), "VGG-19 layers of the style loss")
    style_layer_weights: tuple[float, ...] = setting(
        (),
        "weight of each style layer (w of equation 5); default: 16, 12, 6, 1 and 1 in blocks 1 to 5 for wasserstein, all equal for gram, "
        "as in the paper",
        least=0,
    )
    distance: str = setting(
        "wasserstein",
        "style distance: wasserstein, of the means and covariances of features; gram, equation 4 of the paper",
        ("wasserstein", "gram"),
    )
    pooling: str = setting("average", "average, as the paper has it, or max, as VGG-19 was trained", ("average", "max"))
    winograd: bool = setting(
        True,
        "Winograd convolutions on CPUs, which are faster; errors of gradients are 0.02 % in float32, and 5 % instead of 4 % in bfloat16",
    )

    def layer_weights(self) -> dict[str, float]:
        """The share of each style layer in the style loss, with the sum 1.

        Raises
        ------
        MangastyleError
            For too few or too many `style_layer_weights`, or if all are 0.

        Examples
        --------
        >>> OptimizeSettings(style_layers=("relu2_1", "conv3_1", "relu4_1", "pool5")).layer_weights()
        {'relu2_1': 0.6, 'conv3_1': 0.3, 'relu4_1': 0.05, 'pool5': 0.05}
        >>> OptimizeSettings(style_layers=("relu2_1", "relu4_1"), distance="gram").layer_weights()
        {'relu2_1': 0.5, 'relu4_1': 0.5}
        """
        weights = self.style_layer_weights
        if not weights and self.distance == "wasserstein":
            weights = tuple(BLOCK_WEIGHTS[block_of(layer) - 1] for layer in self.style_layers)
        return normalize_weights("style_layer_weights", weights, self.style_layers)

    def check(self, num_styles: int, num_masks: int = 0) -> None:
        """As `LookSettings.check`; also layers that VGG-19 does not have, and weights that leave nothing to optimize.

        Examples
        --------
        >>> OptimizeSettings(content_layers=("rleu4_2",)).check(num_styles=1)  # doctest: +ELLIPSIS
        Traceback (most recent call last):
        mangastyle.errors.MangastyleError: `content_layers`: VGG-19 has no layer 'rleu4_2' (did you mean 'relu4_2'?)...
        """
        super().check(num_styles, num_masks)
        check_layers("content_layers", self.content_layers)
        check_layers("style_layers", self.style_layers)
        self.layer_weights()
        if not (self.content_weight and self.strength < 1 or self.style_weight and self.strength > 0):
            raise MangastyleError(
                f"`content_weight` {self.content_weight:g} and `style_weight` {self.style_weight:g} leave nothing to paint by "
                f"at `strength` {self.strength:g}; make one of them more than 0"
            )
