"""Paintings and masks of the commands `style` and `run`: the same for all pictures, or a folder with one for each."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Sequence

import numpy as np

from mangastyle.cli.by_picture import ByPicture
from mangastyle.io import images
from mangastyle.vgg.spec import MIN_SIDE

if TYPE_CHECKING:
    from mangastyle.style.base import BaseStylizer

Arrays = ByPicture[np.ndarray]
BLANK = np.full((MIN_SIDE, MIN_SIDE, 3), 255, np.uint8)


def read_paintings(names: Sequence[str], inputs: str, max_pixels: int) -> list[Arrays]:
    """What --style names: each a file or a folder; `MangastyleError` for a file that cannot be read."""
    return [ByPicture(name, inputs, lambda path: images.load(path, max_pixels, MIN_SIDE).rgb, "painting") for name in names]


def placeholders(paintings: Sequence[Arrays]) -> list[np.ndarray]:
    """Paintings to make a stylizer with, before any picture has its turn: white paper stands for those of a folder."""
    return [BLANK if given.shared is None else given.shared for given in paintings]


def choose(stylizer: BaseStylizer, picture: Path, paintings: Sequence[Arrays], masks: Sequence[np.ndarray] = ()) -> list[np.ndarray]:
    """Give a stylizer the paintings of a picture and its masks, float32 (h, w); returns the paintings.

    What the stylizer keeps of paintings it keeps as long as they are the same for picture after picture.
    """
    chosen = [given.get(picture) for given in paintings]
    stylizer.use(chosen, masks)
    return chosen
