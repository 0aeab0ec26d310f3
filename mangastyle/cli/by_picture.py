"""What an option names for the pictures: one file for all of them, or a folder with a file of each picture's name."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Callable, Collection, Generic, Sequence, TypeVar

from mangastyle.errors import MangastyleError, counted
from mangastyle.io.partners import Partners

T = TypeVar("T")


class ByPicture(Generic[T]):
    """Hints, masks or paintings, picture by picture.

    Parameters
    ----------
    name : str
        A file, read at once, or a folder, of which each file is read when it is its picture's turn.
    inputs : str
        The picture or folder of pictures that a command works on.
    read : callable
        From a file to what it holds.
    noun : str
        What a file holds, for messages.
    also : collection of str
        Suffixes of files that hold it and are no pictures.

    Attributes
    ----------
    shared : object or None
        What the file for all pictures holds; None for a folder.

    Raises
    ------
    MangastyleError
        If the file cannot be read, or the folder holds none.
    """

    def __init__(self, name: str, inputs: str, read: Callable[[Path], T], noun: str, also: Collection[str] = ()) -> None:
        self.path, self.noun, self._inputs, self._read = Path(name), noun, Path(inputs), read
        self._partners = Partners(name, also) if self.path.is_dir() else None
        if self._partners and not inputs:
            raise MangastyleError(f"{name}: a folder of {noun}s is matched by the pictures' names; name the picture or folder, too")
        self.shared: T | None = None if self._partners else read(self.path)

    def file(self, picture: Path) -> Path | None:
        """The file for a picture; None if the folder has none of its name. `MangastyleError` if it has two."""
        if self._partners is None:
            return self.path
        inner = picture.relative_to(self._inputs) if self._inputs.is_dir() else Path(picture.name)
        return self._partners.of(inner)

    def find(self, picture: Path) -> T | None:
        """What the file for a picture holds; None if the folder has none of its name. `MangastyleError` if it cannot be read."""
        path = self.file(picture)
        return self.shared if self._partners is None or path is None else self._read(path)

    def get(self, picture: Path) -> T:
        """The same; `MangastyleError` if the folder has none of its name."""
        found = self.find(picture)
        if found is None:
            raise MangastyleError(f"{picture}: no {self.noun} of its name in {self.path}")
        return found

    def check(self, pictures: Sequence[Path], without: str) -> None:
        """Compare the folder with the pictures, and say in a line what does not fit.

        Parameters
        ----------
        pictures : sequence of Path
            All pictures of the command.
        without : str
            What happens to a picture that has no file, such as "fail".

        Raises
        ------
        MangastyleError
            If no picture has a file, or one has two.
        """
        if self._partners is None:
            return
        found = {file for picture in pictures if (file := self.file(picture))}
        lacking = sum(self.file(picture) is None for picture in pictures)
        if not found:
            whose = f"any picture in {self._inputs}" if self._inputs.is_dir() else self._inputs.name
            raise MangastyleError(f"{self.path}: holds no {self.noun} for {whose}; it must have the picture's name, as a.png for a.jpg")
        notes = []
        if lacking:
            notes.append(f"no {self.noun} for {lacking} of {counted(len(pictures), 'picture')}, which will {without}")
        if self._inputs.is_dir() and (spare := len(self._partners.files) - len(found)):
            notes.append(f"{counted(spare, self.noun)} without a picture")
        if notes:
            logging.getLogger("mangastyle").warning(f"{self.path}: {'; '.join(notes)}")
