"""Settings of all trainings. No TensorFlow: the command line reads them, too."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from mangastyle.errors import MangastyleError
from mangastyle.settings import Settings, setting, share
from mangastyle.shade.spec import HINT_KINDS, DiscriminatorSpec, NetworkSettings, RegionSpec, ShadeSpec, ShadingSpec
from mangastyle.style.onepass.settings import OnePassSpec
from mangastyle.vgg.spec import MIN_SIDE, WIDTHS

# How decoders of today get what becomes strokes. In one piece (`residual_block` 0) a painting's own figures would cross a face.
STYLE_RESIDUALS: dict[str, Any] = {"residual_windows": (0, 9), "residual_block": 4, "residual_share": 1.0}


@dataclass(frozen=True)
class ExampleSettings(Settings):
    """Training examples."""

    hint: str = setting("mixed", "simulated hint to train with", HINT_KINDS, common=True)
    hint_dropout: float = share(0.15, "share of the examples without a hint")
    flip: bool = setting(True, "mirror half of the pictures")
    random_crop_prob: float = share(0.2, "share of close-ups: crops at 1.3 to 4 times the size, from pictures that have the pixels")
    thin_line_prob: float = share(0.6, "share of the examples with thin, soft line art, as drawn by hand; the others have the paper's")
    hue_shift_prob: float = share(0.25, "share of the examples with rotated hues of the hint, so that the network follows hints")

    @staticmethod
    def plain(hint: str) -> ExampleSettings:
        """Settings without augmentation: every picture gets a hint of this kind. For measurements."""
        return ExampleSettings(hint, hint_dropout=0.0, flip=False, random_crop_prob=0.0, thin_line_prob=0.0, hue_shift_prob=0.0)


@dataclass(frozen=True)
class LossSettings(Settings):
    """Losses."""

    discriminator: str = setting("fc", "discriminator's head: fc, one logit a picture; patch, one logit a region", ("fc", "patch"))
    condition_on_line: bool = setting(True, "show the line art to the discriminator too")
    gan_weight: float = setting(1.0, "weight of the adversarial loss in the generator; 0 = train without discriminator", least=0)
    hinted_gan_weight: float = share(
        1.0, "factor on the adversarial loss for examples with a hint, whose colors the reconstruction losses determine"
    )
    pixel_loss: str = setting("l1", "pixel loss beside the adversarial loss", ("l1", "l2"))
    pixel_weight: float = setting(100.0, "weight of the pixel loss", least=0)
    perceptual_weight: float = setting(0.0, "weight of the perceptual loss (slim VGG-19)", least=0)
    unhinted_recon_weight: float = share(
        1.0, "factor on pixel and perceptual loss for examples without a hint: their colors are ambiguous, and the mean of all is gray"
    )


@dataclass(frozen=True)
class ScheduleSettings(Settings):
    """Schedule."""

    epochs: float = setting(0, "stop after this many passes over the data", least=0, common=True)
    steps: int = setting(0, "stop after this many steps", least=0, common=True)
    minutes: float = setting(0, "stop after this many minutes", least=0, common=True)
    batch: int = setting(32, "pictures per step, over all devices", least=1, common=True)
    learning_rate: float = setting(2e-4, "Adam's step size", least=0, common=True)
    beta_1: float = setting(0.5, "Adam's momentum", least=0, most=0.9999)
    decay: str = setting("linear", "learning rate over the last half of the run: constant, or linear to zero", ("constant", "linear"))
    ema: float = setting(0.999, "momentum of the generator's averaged weights; 0 = no averaging", least=0, most=0.99999)


@dataclass(frozen=True)
class RunSettings(Settings):
    """Running, for every training."""

    strategy: str = setting("none", "tf.distribute strategy", ("none", "mirrored", "multiworker"))
    checkpoint_every: int = setting(500, "steps between checkpoints", least=1)
    max_to_keep: int = setting(2, "checkpoints to keep", least=1)


@dataclass(frozen=True)
class TrainSettings(RunSettings, ScheduleSettings, LossSettings, NetworkSettings, ExampleSettings):
    """Training of a shading network (paper, section 4.2)."""

    validation: float = share(0.02, "share of the pictures held out to choose the best weights")
    test: float = share(0.02, "share of the pictures that training does not use")
    validate_every: int = setting(500, "steps between validations", least=1)
    sample_every: int = setting(500, "steps between sample sheets", least=1)

    @property
    def generator_spec(self) -> ShadeSpec:
        """The specification of the generator that is trained."""
        return ShadeSpec(**vars(NetworkSettings.of(self)), soft_lines=self.thin_line_prob > 0)

    @property
    def discriminator_spec(self) -> DiscriminatorSpec | None:
        """The specification of the discriminator that it is trained against; None for the baseline and without adversarial loss."""
        if self.network == "baseline" or not self.gan_weight:
            return None
        return DiscriminatorSpec(self.discriminator, self.condition_on_line, self.width, self.levels, self.size)

    def check(self) -> None:
        """Raise `MangastyleError` for settings that contradict each other."""
        if self.size % self.generator_spec.multiple:
            raise MangastyleError(
                f"`size`: must be a multiple of {self.generator_spec.multiple} with `levels` {self.levels}, not {self.size}"
            )
        if self.perceptual_weight and self.size < MIN_SIDE:
            raise MangastyleError(f"`perceptual_weight`: VGG-19 needs pictures of {MIN_SIDE} pixels; `size` is {self.size}")
        if self.validation + self.test >= 1:
            raise MangastyleError("`validation` and `test`: must leave pictures for training, so their sum must be less than 1")
        if not (self.epochs or self.steps or self.minutes):
            raise MangastyleError("say when to stop: `epochs`, `steps` or `minutes`")


@dataclass(frozen=True)
class CropSettings(RunSettings):
    """Training on crops of pictures and paintings."""

    crop: int = setting(160, "side of the training crops, in pixels; a multiple of 16", least=32, common=True)
    batch: int = setting(6, "crops per step, over all devices", least=1, common=True)
    steps: int = setting(8000, "stop after this many steps", least=1, common=True)
    learning_rate: float = setting(2e-3, "the optimizer's step size at its highest", least=0, common=True)
    checkpoint_every: int = setting(250, "steps between checkpoints", least=1)
    max_to_keep: int = setting(1, "checkpoints to keep", least=1)

    def check(self) -> None:
        """Raise `MangastyleError` for settings that contradict each other or VGG-19."""
        check_crop(self.crop)


@dataclass(frozen=True)
class SlimVGGSettings(CropSettings):
    """Distillation of a slim VGG-19 from the full one."""

    widths: tuple[int, ...] = setting(
        (16, 48, 96, 192, 192), "channels of the five blocks; the full VGG-19 has 64 128 256 512 512", least=1, common=True
    )
    num_canvases: int = setting(3, "style transfers in progress (canvases), from which the slim network learns beside the crops", least=1)
    canvas_steps: int = setting(60, "steps of each of them, before a new one begins", least=1)
    gram_weight: float = setting(0.5, "weight of the Gram matrices' errors beside the features'", least=0)
    learning_rate: float = setting(2e-3, "Lamb's step size at its highest, as a share of each weight array's norm", least=0, common=True)

    def check(self) -> None:
        super().check()
        if len(self.widths) != len(WIDTHS) or any(few > many for few, many in zip(self.widths, WIDTHS)):
            given, full = (" ".join(map(str, widths)) for widths in (self.widths, WIDTHS))
            raise MangastyleError(f"`widths`: must be {len(WIDTHS)} numbers, at most the full VGG-19's {full}, not {given}")


@dataclass(frozen=True)
class OnePassTrainSettings(CropSettings):
    """Training of the one-pass decoder."""

    crop: int = setting(256, "side of the training crops, in pixels; a multiple of 16", least=64, common=True)
    batch: int = setting(3, "crops per step, over all devices", least=1, common=True)
    steps: int = setting(20000, "stop after this many steps", least=1, common=True)
    learning_rate: float = setting(1e-3, "Adam's step size at its highest", least=0, common=True)
    style_weight: float = setting(28.0, "weight of the style loss at strength 0.5, where that of the content is 1", least=0, common=True)
    residual_blocks: tuple[int, ...] = setting((2, 2, 0, 0), "residual blocks of the decoder at relu4_1, 3_1, 2_1 and 1_1", least=0)
    modulated: bool = setting(True, "let the painting's statistics scale and shift the decoder's features")

    def decoder_spec(self, widths: tuple[int, ...]) -> OnePassSpec:
        """The specification of a decoder for features of these widths, deepest first."""
        return OnePassSpec(widths=widths, residual_blocks=self.residual_blocks, modulated=self.modulated, **STYLE_RESIDUALS)


@dataclass(frozen=True)
class PainterSettings(Settings):
    """Fitting of the one-pass decoder to a painting."""

    minutes: float = setting(5.0, "minutes for each painting; they set the number of steps", least=0, common=True)
    steps: int = setting(0, "number of steps for each painting, instead of minutes; 0 = by minutes", least=0, common=True)
    crop: int = setting(256, "side of the training crops, in pixels; a multiple of 16", least=64)
    batch: int = setting(2, "crops per step", least=1)
    learning_rate: float = setting(1e-3, "Adam's step size at its highest", least=0)
    checkpoint_every: int = setting(100, "steps between checkpoints", least=1)

    def check(self) -> None:
        """Raise `MangastyleError` for settings that contradict each other or VGG-19."""
        check_crop(self.crop)
        if not (self.minutes or self.steps):
            raise MangastyleError("say when to stop: `minutes` or `steps`")


@dataclass(frozen=True)
class ShadingTrainSettings(CropSettings):
    """Training of the network that shades flat colors."""

    crop: int = setting(192, "side of the training crops, in pixels; a multiple of 16", least=64, common=True)
    batch: int = setting(8, "crops per step, over all devices", least=1, common=True)
    steps: int = setting(20000, "stop after this many steps", least=1, common=True)
    learning_rate: float = setting(4e-4, "Adam's step size at its highest", least=0, common=True)
    widths: tuple[int, ...] = setting((48, 64, 80), "features of each level, from a quarter of the size on", least=1)
    blocks: int = setting(2, "residual blocks at each level, on the way down and on the way back", least=0)
    drawn_share: float = share(0.75, "share of the examples that are drawn characters")
    pixel_weight: float = setting(5.0, "weight of the shaded picture's error", least=0)
    edge_weight: float = setting(5.0, "weight of the error of differences between neighboring pixels", least=0)
    perceptual_weight: float = setting(0.0, "weight of the perceptual loss (slim VGG-19)", least=0)
    ema: float = setting(0.999, "momentum of the averaged weights", least=0, most=0.99999)

    @property
    def spec(self) -> ShadingSpec:
        """The specification of the network that is trained."""
        return ShadingSpec(widths=self.widths, blocks=self.blocks)

    def check(self) -> None:
        super().check()
        if self.crop % self.spec.multiple:
            raise MangastyleError(f"`crop`: must be a multiple of {self.spec.multiple} for {len(self.widths)} `widths`, not {self.crop}")


@dataclass(frozen=True)
class RegionTrainSettings(RunSettings, RegionSpec):
    """Training of the network that colors regions."""

    batch: int = setting(12, "pictures per step, over all devices", least=1, common=True)
    steps: int = setting(20000, "stop after this many steps", least=1, common=True)
    learning_rate: float = setting(4e-4, "AdamW's step size at its highest", least=0, common=True)
    weight_decay: float = setting(1e-4, "AdamW's weight decay", least=0)
    ema: float = setting(0.999, "momentum of the averaged weights", least=0, most=0.99999)
    regions: int = setting(159, "largest number of regions of a picture that are used, by size", least=4, most=255)
    shares: tuple[float, ...] = setting((), "relative frequency of each of --data; default: its number of pictures", least=0, common=True)
    max_to_keep: int = setting(1, "checkpoints to keep", least=1)

    @property
    def spec(self) -> RegionSpec:
        """The specification of the network that is trained."""
        return RegionSpec.of(self)

    def check(self) -> None:
        """Raise `MangastyleError` for settings that contradict each other."""
        if len(self.widths) < 3:
            raise MangastyleError(f"`widths`: must be at least 3 numbers, not {len(self.widths)}")
        multiple = 2 ** len(self.widths)
        if self.size % multiple:
            raise MangastyleError(f"`size`: must be a multiple of {multiple} with {len(self.widths)} `widths`, not {self.size}")
        if self.width % self.heads:
            raise MangastyleError(f"`width`: must be a multiple of {self.heads} `heads`, not {self.width}")


def check_crop(crop: int) -> None:
    """`MangastyleError` for a side of crops that VGG-19 does not halve evenly."""
    if crop % 16:
        raise MangastyleError(f"`crop`: must be a multiple of 16, the reduction of VGG-19's deepest layers, not {crop}")
