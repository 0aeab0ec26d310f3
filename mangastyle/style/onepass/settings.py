"""Settings of the one-pass stylization (method onepass), and the specification of its decoder. No TensorFlow."""

from __future__ import annotations

from dataclasses import dataclass

from mangastyle.errors import MangastyleError
from mangastyle.io import registry
from mangastyle.settings import Settings, setting
from mangastyle.style.look import LookSettings

CURE = "give `onepass_weights` a file that training wrote, such as RUN/last.h5"
LAYERS = ("relu4_1", "relu3_1", "relu2_1", "relu1_1")  # of VGG-19, deepest first


@dataclass(frozen=True)
class OnePassSettings(LookSettings):
    """One pass of a trained network (method onepass)."""

    onepass_weights: str = setting(
        "onepass", "weights of the one-pass decoder: a file from mangastyle train-onepass, or the one that ships"
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

    def __post_init__(self) -> None:
        super().__post_init__()
        if len(self.widths) != len(self.layers):
            raise MangastyleError(f"`widths`: {len(self.widths)} for {len(self.layers)} `layers`; give one for each")

    @property
    def by_layer(self) -> dict[str, int]:
        """The widths by layer, deepest first."""
        return dict(zip(self.layers, self.widths))
