"""Paintings and masks of the commands `style` and `run`: the same for all pictures, or a folder with one for each."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable, Sequence

import numpy as np

from mangastyle.cli.by_picture import ByPicture
from mangastyle.errors import MangastyleError
from mangastyle.io import images
from mangastyle.style.settings import AUTO, choose_method
from mangastyle.vgg.spec import MIN_SIDE

if TYPE_CHECKING:
    from mangastyle.style.base import BaseStylizer
    from mangastyle.style.learned.painters import Painter

Arrays = ByPicture[np.ndarray]
PAINTERS = ".h5"  # ends the name of a file of learned painters
BLANK = np.full((MIN_SIDE, MIN_SIDE, 3), 255, np.uint8)


def read_paintings(names: Sequence[str], inputs: str, max_pixels: int) -> list[Arrays]:
    """What --style names: each a file or a folder; `MangastyleError` for a file that cannot be read."""
    found: list[Arrays] = []
    for name in names:
        if name.endswith(PAINTERS):
            from mangastyle.style.learned import painters  # its HDF5 library need not load for other files

            found += [ByPicture(name, inputs, lambda _, own=own: own.painting, "painting") for own in painters.read(name)]
        else:
            found.append(ByPicture(name, inputs, lambda path: images.load(path, max_pixels, MIN_SIDE).rgb, "painting"))
    return found


def painters_file(names: Sequence[str], method: str) -> str:
    """The file of learned painters among what --style names, if there is one; `MangastyleError` for several, or another method."""
    named = [name for name in names if name.endswith(PAINTERS)]
    if named and method != "learned":
        raise MangastyleError(f"{named[0]}: learned painters are for `method` learned, not {method}")
    if len(named) > 1:
        raise MangastyleError(f"{named[1]}: one file of learned painters is enough; learn all paintings into one")
    return named[0] if named else ""


def chosen_method(method: str, given: Sequence[str], names: Sequence[str]) -> str:
    """The method that was asked for; else learned, if --style names learned painters, or the first that has all options given."""
    if method == AUTO and any(name.endswith(PAINTERS) for name in names):
        return "learned"
    return choose_method(method, ["backbone" if name == "allow_download" else name for name in given])


def teacher(options: Any, minutes: float) -> Callable[[np.ndarray], Painter]:
    """What learns a painting that nobody has learned yet, with a line about it."""
    from mangastyle.progress import Bar
    from mangastyle.training import painter

    def learn(painting: np.ndarray) -> Painter:
        Bar.write(f"mangastyle: learning a painting of {painting.shape[1]}x{painting.shape[0]}, once, in {minutes:g} min", file=sys.stderr)
        return painter.learn(painting, minutes=minutes, seed=options.seed, precision=options.precision)

    return learn


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
