"""Sources of pictures to be measured. Two folders of files are here; a shading network at work is in `shaded_dataset`."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple, Protocol, Sequence

import numpy as np

from mangastyle.errors import MangastyleError
from mangastyle.io import images
from mangastyle.io.folders import list_pictures


class Example(NamedTuple):
    """A generated picture and its original, uint8 (h, w, 3), and what the network was given: line art and hint, or nothing."""

    name: str
    generated: np.ndarray
    original: np.ndarray
    given: tuple[np.ndarray, ...] = ()


class Source(Protocol):
    """Examples by number; the same number gives the same example again, so that they need not be kept in memory."""

    def __len__(self) -> int: ...

    def __call__(self, rows: Sequence[int]) -> list[Example]: ...


def choose(total: int, count: int, seed: int) -> np.ndarray:
    """Indices of `count` of `total` examples (0: all of them), chosen at random, in ascending order: int (count,).

    Examples
    --------
    >>> choose(5, 0, seed=0).tolist()
    [0, 1, 2, 3, 4]
    >>> len(choose(5, 2, seed=0))
    2
    """
    return np.sort(np.random.default_rng(seed).permutation(total)[: count or total])


class PairedFolders:
    """Pictures of one folder beside those of another with the same inner path, whatever their suffixes.

    Parameters
    ----------
    generated, originals : str or Path
        The two folders.
    count : int
        How many pairs, chosen at random; 0 for all.
    seed : int
        Of the choice.
    max_pixels : int
        Larger pictures are refused.

    Attributes
    ----------
    names : list of str
        The chosen inner paths, without suffix.
    unpaired : int
        How many pictures have no partner and are left out.

    Raises
    ------
    MangastyleError
        If a folder is missing or holds no picture, if no two pictures have the same name, and, when the pictures are read, if one
        cannot be read or differs in size from its partner.
    """

    def __init__(
        self, generated: str | Path, originals: str | Path, *, count: int = 0, seed: int = 0, max_pixels: int = images.MAX_PIXELS
    ) -> None:
        self.max_pixels = max_pixels
        self.paths = _pictures_of(Path(generated)), _pictures_of(Path(originals))
        names = sorted(self.paths[0].keys() & self.paths[1].keys())
        if not names:
            raise MangastyleError(f"{generated}: no picture has the name of one in {originals}")
        self.unpaired = len(self.paths[0].keys() ^ self.paths[1].keys())
        self.names = [names[i] for i in choose(len(names), count, seed)]

    def __len__(self) -> int:
        return len(self.names)

    def __call__(self, rows: Sequence[int]) -> list[Example]:
        """The examples of these numbers, read from their files."""
        found = []
        for name in (self.names[row] for row in rows):
            paths = [by_name[name] for by_name in self.paths]
            generated, original = (images.load(path, self.max_pixels).rgb for path in paths)
            if generated.shape != original.shape:
                (h, w, _), (other_h, other_w, _) = generated.shape, original.shape
                raise MangastyleError(f"{paths[0]} is {w}x{h} and {paths[1]} {other_w}x{other_h} pixels; only pictures of one size compare")
            found.append(Example(name, generated, original))
        return found


def _pictures_of(folder: Path) -> dict[str, Path]:
    """The pictures below a folder by inner path without suffix."""
    if not folder.is_dir():
        raise MangastyleError(f"{folder}: no such folder; `pairs` takes a folder of generated pictures and one of originals")
    return {str(path.relative_to(folder).with_suffix("")): path for path in list_pictures(folder).pictures}
