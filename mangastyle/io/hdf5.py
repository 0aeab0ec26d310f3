"""HDF5 files of unknown origin: what they declare is checked before memory is taken, and nothing leads out of them.

A file of 2 KB may declare an array of 100 GB, a filter that unpacks to as much, data in another file, or groups that hold each other.
"""

from __future__ import annotations

import contextlib
import math
from pathlib import Path
from typing import Any, Iterator

import h5py
import numpy as np

from mangastyle.errors import MangastyleError
from mangastyle.io import json_text
from mangastyle.io.files import open_file

MOST_BYTES = 2**30  # of a file, and of its arrays as float32; the full VGG-19 with its classifier has 0.6 GB
MOST_OBJECTS = 10_000
MOST_DEPTH = 16  # groups within one another
MOST_BESIDE = 2**26  # bytes of a file that are no arrays
MOST_PARTS, MOST_PACKED = 4096, 2**20  # of a compressed array, and the bytes of each as it is stored
GZIP = {h5py.h5z.FILTER_DEFLATE, h5py.h5z.FILTER_SHUFFLE, h5py.h5z.FILTER_FLETCHER32}
MOST_TEXT = 16 * 2**20  # bytes of an attribute
SIGNATURE = b"\x89HDF\r\n\x1a\n"

DAMAGED = (OSError, RuntimeError, KeyError, ValueError, TypeError, AttributeError, OverflowError, MemoryError)  # what h5py raises


@contextlib.contextmanager
def opened(path: str | Path, cure: str = "") -> Iterator[h5py.File]:
    """Open a file for reading.

    Parameters
    ----------
    path : str or Path
        The file.
    cure : str
        What error messages end with.

    Yields
    ------
    h5py.File
        The open file. What HDF5 refuses in it, here or within the context, is one line.

    Raises
    ------
    MangastyleError
        If it is missing, damaged, too large, or no HDF5 file.
    """
    with open_file(path) as file:
        size = file.seek(0, 2)
        file.seek(0)
        if file.read(len(SIGNATURE)) != SIGNATURE:
            raise MangastyleError(f"{path}: not a weights file, or damaged (it is no HDF5 file){cure}")
    if size > MOST_BYTES:
        raise MangastyleError(f"{path}: not a weights file; it has {size / 1e9:.1f} GB, and the most is {MOST_BYTES / 1e9:.1f} GB")
    try:
        with h5py.File(path, "r") as file:
            stored = sum(item.id.get_storage_size() for item in arrays(path, file).values())
            if size - stored > MOST_BESIDE:  # h5py takes texts into memory whole, several times
                raise MangastyleError(f"{path}: not a weights file; it holds {(size - stored) / 1e6:.0f} MB that are no arrays")
            yield file
    except DAMAGED as error:
        raise MangastyleError(f"{path}: not a weights file, or damaged ({' '.join(str(error).split())[:200]}){cure}") from error


def attribute(file: h5py.File, name: str) -> Any:
    """An attribute of a file, a text or a number.

    Raises
    ------
    KeyError
        If the file has no such attribute.
    ValueError
        If it is neither, or longer than 16 MB.
    """
    if name not in file.attrs:
        raise KeyError(name)
    stored = file.attrs.get_id(name)
    if stored.shape != () or stored.get_storage_size() > MOST_TEXT or stored.dtype.kind not in "OSUiu":
        raise ValueError(f"{name} is neither a text nor a number")
    value = file.attrs[name]
    if isinstance(value, bytes):
        value = value.decode()
    if not isinstance(value, (str, int, np.integer)) or isinstance(value, str) and len(value) > MOST_TEXT:
        raise ValueError(f"{name} is neither a text of usual length nor a number")
    return value


def json_attribute(file: h5py.File, name: str) -> Any:
    """The value of an attribute that is JSON.

    Raises
    ------
    KeyError, ValueError
        As from `attribute`; and if it is not JSON.
    """
    text = attribute(file, name)
    try:
        return json_text.parse(str(text), name)
    except MangastyleError as error:
        raise ValueError(str(error)) from error


def arrays(path: str | Path, file: h5py.File, below: str = "/") -> dict[str, h5py.Dataset]:
    """The arrays of a file; none of them is read yet.

    Parameters
    ----------
    path : str or Path
        The file's name.
    file : h5py.File
        The file.
    below : str
        The group that is searched.

    Returns
    -------
    dict of str to h5py.Dataset
        By their paths below that group, in alphabetical order.

    Raises
    ------
    MangastyleError
        If they are larger than 1 GB together, or if one is compressed or lies in another file.
    """
    found: dict[str, h5py.Dataset] = {}
    seen, size = 0, 0
    pending: list[tuple[str, Any, int]] = [("", file[below], 0)] if _is_own(file, below) else []
    while pending:
        prefix, group, depth = pending.pop()
        for name in group:
            seen += 1
            if seen > MOST_OBJECTS or depth > MOST_DEPTH:
                raise MangastyleError(f"{path}: not a weights file, or damaged: it has too many groups")
            if not isinstance(group.get(name, getlink=True), h5py.HardLink):
                raise MangastyleError(f"{path}: damaged: {prefix}{name} is a link, which is not followed")
            item = group[name]
            if isinstance(item, h5py.Group):
                pending.append((f"{prefix}{name}/", item, depth + 1))
            elif isinstance(item, h5py.Dataset):
                size += _checked_size(path, prefix + name, item)
                if size > MOST_BYTES:
                    raise MangastyleError(f"{path}: not a weights file, or damaged: its arrays have more than {MOST_BYTES / 1e9:.1f} GB")
                found[prefix + name] = item
    return dict(sorted(found.items()))


def _checked_size(path: str | Path, name: str, array: h5py.Dataset) -> int:
    """The bytes that an array has in memory; `MangastyleError` if it is not simply there."""
    stored = array.id.get_create_plist()
    if array.external or array.is_virtual:
        raise MangastyleError(f"{path}: damaged: {name} lies in another file, which is not read")
    if filters := {stored.get_filter(i)[0] for i in range(stored.get_nfilters())}:
        _check_packed(path, name, array, filters)
    if array.shape is None or array.dtype.kind in "OSUV":
        return 0  # no array of numbers, which who reads it refuses
    itemsize = max(array.dtype.itemsize, 4)
    return itemsize * max(math.prod(array.shape), math.prod(array.chunks or ()))


def _check_packed(path: str | Path, name: str, array: h5py.Dataset, filters: set[int]) -> None:
    """Let gzip pass, which packs a thousand to one at most: parts that are small as they are stored stay small; `MangastyleError` else."""
    count = array.id.get_num_chunks()
    if not filters <= GZIP or count > MOST_PARTS or any(array.id.get_chunk_info(i).size > MOST_PACKED for i in range(count)):
        raise MangastyleError(f"{path}: {name} is compressed in a way that is not read; write it without, as by h5repack -f NONE")


def _is_own(file: h5py.File, path: str) -> bool:
    """Whether all groups on a path are there, and in this file."""
    group: Any = file
    for part in path.split("/"):
        if part:
            if not isinstance(group, h5py.Group) or not isinstance(group.get(part, getlink=True), h5py.HardLink):
                return False
            group = group[part]
    return isinstance(group, h5py.Group)
