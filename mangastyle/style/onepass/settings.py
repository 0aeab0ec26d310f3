"""Settings of the one-pass stylization (method onepass), and the specification of its decoder. No TensorFlow."""

from __future__ import annotations

from dataclasses import dataclass

from mangastyle.errors import MangastyleError
from mangastyle.io import registry
from mangastyle.settings import Settings, setting, share
from mangastyle.style.look import LookSettings

CURE = "give `onepass_weights` a file that training wrote, such as RUN/last.h5"
LAYERS = ("relu4_1", "relu3_1", "relu2_1", "relu1_1")  # of VGG-19, deepest first


@dataclass(frozen=True)
class OnePassSettings(LookSettings):
    """One pass of a trained network (method onepass)."""

    onepass_weights: str = setting(
        "onepass",
        "weights of the one-pass decoder: a file from mangastyle train-onepass, or the one that ships",
        metavar="FILE",
        words=("onepass",),
    )

    def check_files(self) -> None:
        from mangastyle.io import weights  # its HDF5 library need not load for `--help`

        weights.read_spec(registry.find(self.onepass_weights, CURE), "onepass")


@dataclass(frozen=True)
class OnePassSpec(Settings):
    """Specification of a one-pass decoder: all that a weights file needs to know to build it.

    Examples
    --------
    >>> OnePassSpec().by_layer
    {'relu4_1': 192, 'relu3_1': 96, 'relu2_1': 48, 'relu1_1': 16}
    """

    layers: tuple[str, ...] = setting(LAYERS, "VGG-19 layers whose features it decodes, deepest first", LAYERS)
    widths: tuple[int, ...] = setting((192, 96, 48, 16), "features of each of these layers", least=1)
    residual_blocks: tuple[int, ...] = setting((0, 0, 0, 0), "residual blocks of the decoder at each of these layers", least=0)
    modulated: bool = setting(False, "whether means and deviations of the painting's features scale and shift those of the decoder")
    residual_windows: tuple[int, ...] = setting(
        (5, 9),
        "positions across of the local mean that style residuals are without, for the deepest layers; 0: of the whole painting",
        least=0,
    )
    residual_block: int = setting(
        0,
        "style residuals are laid out in blocks of so many positions across from random places, so that strokes come along and what is "
        "painted does not; 0: in one piece",
        least=0,
    )
    residual_share: float = share(0.4, "how much of the style residuals is used")

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("widths", "residual_blocks"):
            if len(given := getattr(self, name)) != len(self.layers):
                raise MangastyleError(f"`{name}`: {len(given)} for {len(self.layers)} `layers`; give one for each")
        if len(self.residual_windows) > len(self.layers):
            raise MangastyleError(f"`residual_windows`: {len(self.residual_windows)} for {len(self.layers)} `layers`; give one for each")

    @property
    def by_layer(self) -> dict[str, int]:
        """The widths by layer, deepest first."""
        return dict(zip(self.layers, self.widths))

    @property
    def windows(self) -> dict[str, int]:
        """The windows of the style residuals by layer, deepest first."""
        return dict(zip(self.layers, self.residual_windows))
