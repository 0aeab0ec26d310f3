"""Files that belong to pictures because they have the pictures' names: hints, masks, paintings."""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from pathlib import Path, PurePath
from typing import Collection

from mangastyle.errors import MangastyleError
from mangastyle.io.folders import list_pictures


class Partners:
    """The files of a folder, to be found by the pictures that they belong to.

    A file belongs to the picture of the same inner path, whatever the suffixes: inner/a.png to inner/a.jpg. Where both a.jpg and
    a.png are pictures, a.jpg.png belongs to the former; a file of exactly the picture's name comes first.

    Parameters
    ----------
    folder : str or Path
    also : collection of str
        Suffixes of files that belong to pictures and are none, such as ".json".

    Attributes
    ----------
    files : list of Path
        All of them, sorted.

    Raises
    ------
    MangastyleError
        If the folder holds no such file.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for name in ("a.png", "b.json"):
    ...         _ = (Path(folder) / name).write_bytes(b"")
    ...     partners = Partners(folder, also=[".json"])
    >>> [(path := partners.of(PurePath(name))) and path.name for name in ("a.jpg", "b.png", "c.png")]
    ['a.png', 'b.json', None]
    """

    def __init__(self, folder: str | Path, also: Collection[str] = ()) -> None:
        self.folder = Path(folder)
        self.files = list_pictures(folder, also=also).pictures
        self._exact: dict[str, list[Path]] = defaultdict(list)
        self._by_stem: dict[str, list[Path]] = defaultdict(list)
        for file in self.files:
            inner = file.relative_to(self.folder)
            self._exact[_key(inner)].append(file)
            self._by_stem[_key(inner.with_suffix(""))].append(file)

    def of(self, inner: PurePath) -> Path | None:
        """The file that belongs to a picture.

        Parameters
        ----------
        inner : PurePath
            The picture's path within its own folder.

        Returns
        -------
        Path or None

        Raises
        ------
        MangastyleError
            If there are two.
        """
        for names, key in ((self._exact, inner), (self._by_stem, inner), (self._by_stem, inner.with_suffix(""))):
            found = names.get(_key(key), [])
            if len(found) > 1:
                raise MangastyleError(f"{found[0]} and {found[1]} have both the name of {inner}; keep one of them")
            if found:
                return found[0]
        return None


def _key(inner: PurePath) -> str:
    """A path as it is compared: file systems write accents in two ways."""
    return unicodedata.normalize("NFC", str(inner))
