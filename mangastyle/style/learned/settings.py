"""Settings of stylization by a painter that was learned (method learned), and what a file of painters holds. No TensorFlow."""

from __future__ import annotations

from dataclasses import dataclass

from mangastyle.settings import setting
from mangastyle.style.onepass.settings import OnePassSettings, OnePassSpec

KIND = "painters"  # of weights files


@dataclass(frozen=True)
class LearnedSettings(OnePassSettings):
    """One pass of a network that was fitted to the painting (method learned)."""

    painters: str = setting(
        "", "file of painters from mangastyle learn; those of other paintings are in the user's cache folder", metavar="FILE"
    )

    def check_files(self) -> None:
        super().check_files()
        if self.painters:
            from mangastyle.io import weights

            weights.read_spec(self.painters, KIND)


@dataclass(frozen=True)
class PaintersSpec(OnePassSpec):
    """Specification of learned painters: decoders of one form, each fitted to a painting."""

    paintings: tuple[str, ...] = setting((), "SHA-256 of each painting's pixels, see `painters.digest`")
    encoder: str = setting("", "SHA-256 of the weights file of the slim VGG-19 whose features they decode")
