"""Answers: results as pictures, or as a ZIP file of them."""

from __future__ import annotations

import io
import zipfile
from typing import Mapping, NamedTuple

import numpy as np
from PIL import Image

from mangastyle.app.encoding import png
from mangastyle.errors import MangastyleError
from mangastyle.io.formats import BY_SUFFIX
from mangastyle.io.images import Picture

PNG, WEBP = "png", "webp"
TYPES = {PNG: "image/png", WEBP: "image/webp"}
ZIP = "application/zip"


class Answer(NamedTuple):
    """A body, and its type."""

    data: bytes
    media_type: str


def wanted_format(given: str, accept: str) -> str:
    """The format of an answer: the one that is given, else the one that a header Accept names, else PNG.

    Examples
    --------
    >>> wanted_format("", "*/*"), wanted_format("", "image/webp"), wanted_format("png", "image/webp")
    ('png', 'webp', 'png')
    """
    if given:
        return given
    return WEBP if TYPES[WEBP] in accept and TYPES[PNG] not in accept else PNG


def encode(pictures: Mapping[str, Picture], form: str) -> Answer:
    """Results as they are sent.

    Parameters
    ----------
    pictures : mapping of str to Picture
        By name; rgb may be gray, (h, w).
    form : {"png", "webp"}

    Returns
    -------
    Answer
        The picture, if it is one, else a ZIP file with a picture NAME.png or NAME.webp for each.

    Raises
    ------
    MangastyleError
        For a picture that is larger than the format allows.

    Examples
    --------
    >>> gray = Picture(np.zeros((4, 5), np.uint8), None)
    >>> encode({"sketch": gray}, "png").media_type, encode({"sketch": gray, "hint": gray}, "png").media_type
    ('image/png', 'application/zip')
    """
    files = {name: encode_one(picture, form) for name, picture in pictures.items()}
    if len(files) == 1:
        return Answer(next(iter(files.values())), TYPES[form])
    together = io.BytesIO()
    with zipfile.ZipFile(together, "w") as archive:
        for name, data in files.items():
            archive.writestr(f"{name}.{form}", data)
    return Answer(together.getvalue(), ZIP)


def encode_one(picture: Picture, form: str) -> bytes:
    """A picture with its transparency as a file."""
    rgb, alpha = picture
    if form == PNG:
        return png(rgb if alpha is None else np.dstack([rgb, alpha] if rgb.ndim == 3 else [rgb] * 3 + [alpha]))
    image = Image.fromarray(np.ascontiguousarray(rgb)).convert("RGB")
    if alpha is not None:
        image.putalpha(Image.fromarray(np.ascontiguousarray(alpha)))
    data, known = io.BytesIO(), BY_SUFFIX[f".{form}"]
    try:
        image.save(data, known.decoder, **known.encoding)
    except ValueError as error:  # its limit of 16383 pixels a side
        raise MangastyleError(f"the result cannot be written as {form} ({error}); ask for png") from error
    return data.getvalue()
