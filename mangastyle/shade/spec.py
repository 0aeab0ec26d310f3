"""What shading networks are made of, and how they are used. No TensorFlow: the command line and weights files read it, too."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from mangastyle.settings import Settings, setting, share

OWN = "own"  # the hint that is the picture itself, for networks that color regions
HINT_KINDS = ("mixed", "proportional", "paper", "strokes", "none")  # simulated hints: functions of `shade.simulated_hints`


class HintRecipe(NamedTuple):
    """A hint made as in the paper (section 4.2): 30 square areas painted white, then one box blur.

    box, blur : sides of the areas and of the blur's box. in_pixels : they are pixels, instead of shares of the short side.
    """

    box: float
    blur: float
    in_pixels: bool


# At 64 px the paper's blur is wider than the picture and leaves almost one flat color. The source of the idea (deepcolor) worked at
# 256 px; `proportional` keeps its proportions at every size.
HINT_RECIPES = {"proportional": HintRecipe(0.2, 0.39, False), "paper": HintRecipe(10.0, 100.0, True)}


@dataclass(frozen=True)
class NetworkSettings(Settings):
    """Network."""

    network: str = setting(
        "unet", "unet: U-Net, trained against a discriminator; baseline: the simple CNN of Fig. 2", ("unet", "baseline"), common=True
    )
    width: int = setting(64, "features of the first level; each level doubles them", least=1)
    levels: int = setting(4, "levels of the U-Net, each of stride 2", least=1)
    residual_blocks: int = setting(1, "residual blocks at the lowest level (Fig. 7)", least=0)
    upsample: str = setting("resize", "transpose: 5x5 transposed convolution; resize: enlarge, then convolve", ("transpose", "resize"))
    size: int = setting(64, "side of the training pictures, in pixels", least=8, common=True)


@dataclass(frozen=True)
class ShadeSpec(NetworkSettings):
    """Specification of a generator or of the baseline: all that a weights file stores to build the network and to use it.

    The arguments of its layers, the side of the pictures that it was trained on, and the kind of line art that it expects.

    Examples
    --------
    >>> ShadeSpec(width=32, levels=3).multiple
    8
    """

    soft_lines: bool = setting(True, "trained with thin, soft line art as well as with adaptive threshold's")

    @property
    def multiple(self) -> int:
        """Height and width given to the network must be multiples of this."""
        return 1 if self.network == "baseline" else 2**self.levels


@dataclass(frozen=True)
class DiscriminatorSpec(Settings):
    """Specification of a discriminator.

    Examples
    --------
    >>> DiscriminatorSpec(head="patch").multiple
    16
    """

    head: str = setting("fc", "fc: fully connected, one logit a picture; patch: one logit a region", ("fc", "patch"))
    condition_on_line: bool = setting(True, "show the line art to the discriminator too")
    width: int = setting(64, "features of the first level; each level doubles them", least=1)
    levels: int = setting(4, "levels, each of stride 2", least=1)
    size: int = setting(64, "side of the pictures, to which the head fc is tied", least=8)

    @property
    def multiple(self) -> int:
        """Height and width given to the network must be multiples of this."""
        return 2**self.levels


@dataclass(frozen=True)
class RegionSpec(Settings):
    """Network that colors regions.

    All that a weights file stores to build the network and to use it.

    Examples
    --------
    >>> RegionSpec().size
    256
    """

    size: int = setting(256, "longer side at which the network sees the line art, in pixels", least=8)
    widths: tuple[int, ...] = setting((24, 48, 96, 160, 192), "features of each level of the line art, each of stride 2", least=1)
    width: int = setting(160, "features of a region", least=1)
    heads: int = setting(5, "attention heads", least=1)
    blocks: int = setting(4, "blocks of attention", least=1)
    colors: int = setting(128, "colors of the palette", least=1)

    @property
    def features(self) -> int:
        """How many features a region gets of the line art: of the finest level, and of the next."""
        return 2 * self.widths[0] + 4 * self.widths[1] // 3


@dataclass(frozen=True)
class ShadingSpec(Settings):
    """Specification of a network that shades flat colors: all that a weights file stores to build the network and to use it.

    Examples
    --------
    >>> ShadingSpec().multiple
    16
    """

    widths: tuple[int, ...] = setting((48, 64, 80), "features of each level, from a quarter of the size on, each half as large", least=1)
    blocks: int = setting(2, "residual blocks at each level, on the way down and on the way back", least=0)
    side: int = setting(512, "short side at which larger pictures are shaded, in pixels", least=16)

    @property
    def multiple(self) -> int:
        """Height and width given to the network must be multiples of this."""
        return 4 * 2 ** (len(self.widths) - 1)


@dataclass(frozen=True)
class ShadeSettings(Settings):
    """How a picture is colored."""

    work_size: int = setting(0, "short side at which the colors are laid out; 0 = as the weights were trained", least=0)
    refine: int = setting(512, "short side up to which a U-Net sharpens its colors, scale by scale", least=8)
    ink: float = share(0.7, "opacity of the line art over the colors", common=True)
    shading: str = setting(
        "soft", "soft: shadows with gentle edges; cel: in one step; none: flat colors", ("soft", "cel", "none"), common=True
    )
    light: str = setting("left", "side above the picture that the light comes from", ("left", "right"))
    variant: int = setting(0, "colors without a hint: 0, the most likely; 1, 2, ...: other samples", least=0, most=2**31 - 1)
    gap: float = setting(0.03, "widest gap in a line that is closed, as a share of the short side", least=0, most=0.2)
