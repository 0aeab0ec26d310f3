"""Listing the pictures of a folder, and saying what is left out."""

from __future__ import annotations

import logging
import os
import re
import stat
from collections import Counter
from pathlib import Path
from typing import Collection, NamedTuple, Sequence

from mangastyle.errors import MangastyleError, counted
from mangastyle.io.files import SPECIAL
from mangastyle.io.formats import FORMATS, is_picture_name

FOLDER_LINK = "link to a folder"  # not followed: it may lead round in a circle, or to pictures that are listed already
PLURALS = {FOLDER_LINK: "links to folders"}
KINDS_TOLD = 6  # in one line


class Listing(NamedTuple):
    """The pictures of a folder.

    Attributes
    ----------
    pictures : list of Path
        Its picture files, sorted.
    left_out : Counter of str
        How many other things there are, by suffix (".txt") or kind ("pipe"). Of what is hidden, pictures and folders count.
    """

    pictures: list[Path]
    left_out: Counter[str]


def list_pictures(folder: str | Path, skip: Path | None = None, also: Collection[str] = ()) -> Listing:
    """All pictures in a folder and in the folders within it; what is left out is said in one line.

    Only regular files are listed, and links to them. Links to folders are not followed.

    Parameters
    ----------
    folder : str or Path
        Where to look.
    skip : Path or None
        A folder within it that is passed over, such as that of the results.
    also : collection of str
        Further suffixes of files that are listed, such as ".json".

    Returns
    -------
    Listing

    Raises
    ------
    MangastyleError
        If there is no picture, or the folder cannot be read.

    Examples
    --------
    >>> import tempfile
    >>> logging.getLogger("mangastyle").setLevel(logging.ERROR)  # without the remark
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for name in ("b.png", "a.JPG", "notes.txt"):
    ...         _ = (Path(folder) / name).write_bytes(b"")
    ...     listing = list_pictures(folder)
    >>> [path.name for path in listing.pictures], dict(listing.left_out)
    (['a.JPG', 'b.png'], {'.txt': 1})
    >>> logging.getLogger("mangastyle").setLevel(logging.NOTSET)
    """
    top = str(folder)
    skipped = os.stat(skip) if skip and os.path.exists(skip) else None
    found: list[str] = []
    left_out, pending = Counter[str](), [top]
    while pending:
        place = pending.pop()
        try:
            with os.scandir(place) as entries:
                for entry in entries:
                    kind = _kind(entry, also)
                    if kind == "picture":
                        found.append(entry.path)
                    elif kind == "folder":
                        if skipped is None or not os.path.samestat(skipped, os.stat(entry.path)):
                            pending.append(entry.path)
                    elif kind:
                        left_out[kind] += 1
        except OSError as error:
            if place == top:
                raise MangastyleError(f"{folder}: cannot read this folder ({error.strerror})") from error
            left_out["unreadable folder"] += 1
    note = left_out_note(left_out)
    if not found:
        common = " ".join(x.suffixes[0] for x in FORMATS if x.writable)
        raise MangastyleError(f"{folder}: no picture in this folder{f'; {note}' if note else ''}; pictures end in {common} and others")
    if note:
        logging.getLogger("mangastyle").warning(f"{folder}: {note}")
    return Listing([Path(name) for name in sorted(found, key=lambda name: name.split(os.sep))], left_out)


def left_out_note(left_out: Counter[str]) -> str:
    """What was left out, for people; empty if nothing was.

    Examples
    --------
    >>> left_out_note(Counter({".txt": 3, "pipe": 2, "device": 1}))
    '6 left out: 3 .txt, 2 pipes, 1 device'
    >>> left_out_note(Counter())
    ''
    """
    kinds = sorted(left_out.items(), key=lambda item: (-item[1], item[0]))  # those of which there are most first
    told = [_counted(count, kind) for kind, count in kinds[:KINDS_TOLD]]
    if rest := sum(count for _, count in kinds[KINDS_TOLD:]):
        told.append(f"{rest} of other kinds")
    return f"{left_out.total()} left out: {', '.join(told)}" if left_out else ""


def _counted(count: int, kind: str) -> str:
    """A kind with its number."""
    if kind.startswith((".", "with")):  # suffixes have no plural
        return f"{count} {kind}"
    return f"{count} {PLURALS[kind]}" if count > 1 and kind in PLURALS else counted(count, kind)


def _kind(entry: os.DirEntry[str], also: Collection[str]) -> str:
    """What an entry of a folder is: "picture", "folder", what it is counted as, or "" for hidden files of no interest."""
    hidden = entry.name.startswith(".")
    if entry.is_dir(follow_symlinks=False):
        return "hidden folder" if hidden else "folder"
    if hidden:
        return "hidden picture" if is_picture_name(entry.name[1:]) else ""
    suffix = os.path.splitext(entry.name)[1].lower()
    if not entry.is_file(follow_symlinks=False):
        try:
            mode = entry.stat().st_mode
        except OSError:
            mode = stat.S_IFREG  # a link to nothing: reading it says what is wrong
        if stat.S_ISDIR(mode):
            return FOLDER_LINK
        if stat.S_IFMT(mode) in SPECIAL:
            return SPECIAL[stat.S_IFMT(mode)]
    if is_picture_name(entry.name) or suffix in also:
        return "picture"
    return (suffix if re.fullmatch(r"\.\w{1,12}", suffix) else "with an odd suffix") if suffix else "without suffix"


def result_paths(pictures: Sequence[Path]) -> dict[Path, Path]:
    """The name of each picture's result: PNG; a.jpg beside a.png keeps both endings, and so does a.jpg.png, which would meet the former's.

    Examples
    --------
    >>> [file.name for file in result_paths([Path("a.jpg"), Path("a.png"), Path("b.jpg")]).values()]
    ['a.jpg.png', 'a.png.png', 'b.png']
    """
    stems = Counter(path.with_suffix("") for path in pictures)
    clear = {path: stems[path.with_suffix("")] == 1 and not is_picture_name(path.stem) for path in pictures}
    return {path: path.with_name(f"{path.stem if clear[path] else path.name}.png") for path in pictures}
