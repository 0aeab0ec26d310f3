"""Settings of the sketch. No TensorFlow and no OpenCV: the command line reads them, too."""

from __future__ import annotations

from dataclasses import dataclass

from mangastyle.errors import MangastyleError
from mangastyle.settings import Settings, setting, share

PAPER_BLOCK, PAPER_C = 9, 2.0  # of the paper, section 4.1
KINDS = ("threshold", "clean")
MAX_BLOCK = 32767  # OpenCV's sums of larger windows overflow


@dataclass(frozen=True)
class SketchSettings(Settings):
    """Line art by adaptive mean threshold (paper, section 4.1), or clean line art.

    Examples
    --------
    >>> SketchSettings(block=4)
    Traceback (most recent call last):
    mangastyle.errors.MangastyleError: `block`: must be an odd number from 3 to 32767, or 0 for automatic, not 4
    """

    kind: str = setting("threshold", "threshold: adaptive, as in the paper; clean: outlines and lines as drawn by hand", KINDS, common=True)
    detail: float = share(0.5, "with kind clean: 0 keeps strong lines only, 1 also faint ones", common=True)
    size: int = setting(0, "work at this short side and return to full size; 0 = the picture's own size", least=0, common=True)
    block: int = setting(0, "side of the mean's window, odd; 0 = grows with the picture from 9 at 256 px", least=0)
    c: float = setting(PAPER_C, "how much darker than its surroundings ink must be, in gray levels")
    despeckle: int = setting(0, "remove ink specks of fewer pixels than this", least=0)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.block and not (3 <= self.block <= MAX_BLOCK and self.block % 2):
            raise MangastyleError(f"`block`: must be an odd number from 3 to {MAX_BLOCK}, or 0 for automatic, not {self.block}")
