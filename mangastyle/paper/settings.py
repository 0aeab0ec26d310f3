"""Settings of the reconstructions and figures. No TensorFlow: the command line reads them, too."""

from __future__ import annotations

from dataclasses import dataclass

from mangastyle.settings import Settings, setting
from mangastyle.style.settings import OptimizeSettings
from mangastyle.vgg.spec import check_layers

LAYERS = ("conv1_1", "conv2_1", "conv3_1", "conv4_1", "conv5_1")  # Figs 10 and 11
QUICK = "MANGASTYLE_QUICK"  # environment variable: if set, figures are quick where nothing else is said


@dataclass(frozen=True)
class ReconstructSettings(Settings):
    """Reconstruction from VGG-19's features (Figs 10, 11)."""

    layers: tuple[str, ...] = setting(LAYERS, "VGG-19 layers, shallow to deep", common=True)
    kind: str = setting(
        "content",
        "content: from a layer's features; style: from the Gram matrices of a layer and of those before it",
        ("content", "style"),
        common=True,
    )
    size: int = setting(256, "short side to work at, less for long strips; 0 = the picture's own size", least=0, common=True)
    optimizer: str = setting("lbfgs", "lbfgs (SciPy) or adam", ("lbfgs", "adam"))
    iterations: int = setting(200, "iterations for each picture", least=1, common=True)
    learning_rate: float = setting(2.5, "Adam's step size, in gray levels of 255", least=0)
    tv_weight: float = setting(0.5, "weight of the total variation, against speckle", least=0)

    def check(self) -> None:
        """Raise `MangastyleError` for layers that VGG-19 does not have, and for a size that is too small for it."""
        check_layers("layers", self.layers)
        self.search.check(num_styles=1)

    @property
    def search(self) -> OptimizeSettings:
        """The optimization that makes a picture: from noise, at one scale, by the content loss or the style loss alone.

        Losses are relative to their targets, so that the weight of the total variation means the same for all layers.
        """
        return OptimizeSettings(
            content_layers=self.layers, style_layers=self.layers,
            content_weight=float(self.kind == "content"), style_weight=float(self.kind == "style"), tv_weight=self.tv_weight,
            loss="mean", distance="gram", style_size="content", init="noise", min_size=0,
            size=self.size, optimizer=self.optimizer, iterations=self.iterations, learning_rate=self.learning_rate,
        )  # fmt: skip


def layer_sets(layers: tuple[str, ...], kind: str) -> list[tuple[str, ...]]:
    """The layers of each picture of Figs 10 and 11: one layer for content, each layer and those before it for style.

    Examples
    --------
    >>> layer_sets(("conv1_1", "conv2_1"), "content"), layer_sets(("conv1_1", "conv2_1"), "style")
    ([('conv1_1',), ('conv2_1',)], [('conv1_1',), ('conv1_1', 'conv2_1')])
    """
    return [layers[i if kind == "content" else 0 : i + 1] for i in range(len(layers))]
