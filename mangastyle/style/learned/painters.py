"""Files of learned painters: decoders, each with the painting that it was fitted to. No TensorFlow."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any, Mapping, NamedTuple, Sequence

import numpy as np

from mangastyle.errors import MangastyleError
from mangastyle.io import files, registry, weights
from mangastyle.io.caches import cache_folder
from mangastyle.ops import pixels
from mangastyle.settings import to_json
from mangastyle.style.learned.settings import KIND, PaintersSpec
from mangastyle.style.onepass.settings import OnePassSpec
from mangastyle.vgg.spec import MIN_SIDE

PAINTING = "painting"  # name of the array that holds it
MAX_PIXELS = 1024**2  # of a painting in a file; larger ones are reduced
CURE = "learn it again by mangastyle learn"


class Painter(NamedTuple):
    """A painter.

    Attributes
    ----------
    digest : str
        Of the painting, see `digest`.
    painting : ndarray of uint8, shape (h, w, 3)
        Reduced to `MAX_PIXELS`.
    spec : OnePassSpec
        Of its decoder.
    arrays : {path: ndarray}
        The decoder's variables.
    """

    digest: str
    painting: np.ndarray
    spec: OnePassSpec
    arrays: Mapping[str, np.ndarray]


def digest(painting: np.ndarray) -> str:
    """The SHA-256 of a painting's shape and pixels, uint8 (h, w, 3), after it was reduced as in a file.

    Examples
    --------
    >>> digest(np.zeros((32, 32, 3), np.uint8))[:12]
    '8d1f85c61501'
    """
    painting = reduced(painting)
    return hashlib.sha256(repr(painting.shape).encode() + np.ascontiguousarray(painting).tobytes()).hexdigest()


def reduced(painting: np.ndarray) -> np.ndarray:
    """A painting of at most `MAX_PIXELS`."""
    height, width = painting.shape[:2]
    if height * width <= MAX_PIXELS:
        return painting
    scale = (MAX_PIXELS / (height * width)) ** 0.5
    short = max(MIN_SIDE, int(min(height, width) * scale))  # a strip is not made narrower than what can be painted with
    long = min(MAX_PIXELS // short, int(max(height, width) * scale))
    return pixels.resize(painting, *((short, long) if height < width else (long, short)))


def encoder_digest() -> str:
    """The SHA-256 of the slim VGG-19 that ships."""
    return files.sha256(registry.find("vgg19-slim"))


def write(path: str | Path, painters: Sequence[Painter], provenance: Mapping[str, Any]) -> None:
    """Write a file of painters, atomically; one that exists is replaced.

    Parameters
    ----------
    path : str or Path
    painters : sequence of Painter
        Of decoders of one form.
    provenance : mapping
        How they were made, as JSON can hold it.

    Raises
    ------
    MangastyleError
        For decoders of several forms, or if the disk refuses.
    """
    forms = {painter.spec for painter in painters}
    if len(forms) != 1:
        raise MangastyleError(f"{path}: painters whose decoders have different forms cannot be in one file; {CURE}")
    spec = PaintersSpec(**to_json(forms.pop()), paintings=tuple(p.digest for p in painters), encoder=encoder_digest())
    arrays: dict[str, np.ndarray] = {}
    for i, painter in enumerate(painters):
        arrays[f"{i}/{PAINTING}"] = painter.painting
        arrays |= {f"{i}/{name}": array for name, array in painter.arrays.items()}
    weights.write(path, KIND, spec, arrays, provenance)


def read_spec(path: str | Path) -> PaintersSpec:
    """What a file of painters holds; `MangastyleError` if it is missing, damaged, or was learned with another slim VGG-19."""
    spec = weights.parse_spec(path, PaintersSpec, weights.read_spec(path, KIND)[0])
    if spec.encoder != encoder_digest():
        raise MangastyleError(f"{path}: was learned with another slim VGG-19 than the one that ships now; {CURE}")
    return spec


def read(path: str | Path) -> list[Painter]:
    """Read a file of painters.

    Raises
    ------
    MangastyleError
        For a file that is missing, damaged, or was learned with another slim VGG-19.
    """
    spec, arrays = read_spec(path), weights.read(path, KIND).arrays
    form = OnePassSpec.of(spec)
    painters = []
    for i, name in enumerate(spec.paintings):
        own = {path.removeprefix(f"{i}/"): array for path, array in arrays.items() if path.startswith(f"{i}/")}
        painting = own.pop(PAINTING, np.zeros(0))
        if painting.ndim != 3 or painting.shape[2] != 3 or painting.min() < 0 or painting.max() > 255:
            raise MangastyleError(f"{path}: damaged: no painting {i}; {CURE}")
        painters.append(Painter(name, painting.astype(np.uint8), form, own))
    return painters


def cached(name: str, cache: str = "") -> Path:
    """The file in the cache folder for a painting with this digest."""
    return cache_folder(cache) / "painters" / f"{name}.h5"


def find(painting: np.ndarray, path: str = "", cache: str = "") -> Painter | None:
    """The painter of a painting: from a file, else from the cache folder; None if there is none.

    Raises
    ------
    MangastyleError
        For a file that is missing or damaged.
    """
    name = digest(painting)
    for painter in read(path) if path else ():
        if painter.digest == name:
            return painter
    kept = cached(name, cache)
    if not kept.exists():
        return None
    try:
        return read(kept)[0]
    except MangastyleError:  # of an earlier version, or damaged: it is learned again
        return None
