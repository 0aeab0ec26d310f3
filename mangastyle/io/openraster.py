"""Writing OpenRaster files (.ora): layers for Krita, GIMP, MyPaint and others.

References
----------
OpenRaster, version 0.0.5: https://www.openraster.org.
"""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Iterator
from xml.etree import ElementTree

import numpy as np
from PIL import Image

from mangastyle.io.files import atomic
from mangastyle.io.layer import RESOLUTION, Group, Stack, check_stack, content_box

VERSION = "0.0.5"
MIMETYPE = "image/openraster"
OPERATIONS = {"normal": "svg:src-over", "multiply": "svg:multiply", "screen": "svg:screen"}
THUMBNAIL = 256  # its longest side, in pixels
COMPRESSION = 4  # of PNGs, 1 to 9: the usual 6 takes 1.4 times as long for files that are 5 % smaller


def write(path: str | Path, stack: Stack, merged: np.ndarray, alpha: np.ndarray | None = None, force: bool = False) -> None:
    """Write layers as an OpenRaster file, atomically; the same layers give the same bytes.

    Layers are cropped to what is on them.

    Parameters
    ----------
    path : str or Path
        The file.
    stack : sequence of Layer and Group
        From the bottom to the top.
    merged : ndarray of uint8, shape (h, w, 3)
        What the layers show together, for programs that read no layers.
    alpha : ndarray of uint8, shape (h, w), or None
        The opacity of `merged`.
    force : bool
        Whether a file that exists may be overwritten.

    Raises
    ------
    MangastyleError
        For layers that do not suit, a file that exists, or a disk that refuses.

    Examples
    --------
    >>> import tempfile
    >>> from mangastyle.io.layer import Layer
    >>> white = np.full((4, 5, 3), 255, np.uint8)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write(Path(folder) / "a.ora", [Layer("Paper", white)], white)
    ...     zipfile.ZipFile(Path(folder) / "a.ora").namelist()
    ['mimetype', 'data/1.png', 'stack.xml', 'mergedimage.png', 'Thumbnails/thumbnail.png']
    """
    height, width = merged.shape[:2]
    check_stack(stack, height, width)
    root = ElementTree.Element("image", version=VERSION, w=f"{width}", h=f"{height}", xres=f"{RESOLUTION}", yres=f"{RESOLUTION}")
    with atomic(path, force) as temporary, zipfile.ZipFile(temporary, "w") as file:
        file.writestr(zipfile.ZipInfo("mimetype"), MIMETYPE)  # first and not compressed, so that it is found without unpacking
        _add_layers(file, ElementTree.SubElement(root, "stack"), stack, names=_names())
        text = ElementTree.tostring(root, encoding="UTF-8", xml_declaration=True)
        file.writestr(zipfile.ZipInfo("stack.xml"), text, zipfile.ZIP_DEFLATED)
        image = _image(merged, alpha)
        _add_png(file, "mergedimage.png", image)
        image.thumbnail((THUMBNAIL, THUMBNAIL))
        _add_png(file, "Thumbnails/thumbnail.png", image)


def _names() -> Iterator[str]:
    """A name in the archive for each layer."""
    number = 0
    while True:
        number += 1
        yield f"data/{number}.png"


def _add_layers(file: zipfile.ZipFile, parent: ElementTree.Element, stack: Stack, names: Iterator[str]) -> None:
    """Add the pictures of layers to the archive, and their elements to their group's: the top layer is the first."""
    for item in reversed(stack):
        visibility = "visible" if item.visible else "hidden"
        if isinstance(item, Group):
            group = ElementTree.SubElement(parent, "stack", name=item.name, isolation="isolate", visibility=visibility)
            _add_layers(file, group, item.layers, names)
            continue
        top, left, bottom, right = content_box(item)
        if bottom:
            box = np.s_[top:bottom, left:right]
            image = _image(item.rgb[box], np.full(item.rgb.shape[:2], 255, np.uint8)[box] if item.alpha is None else item.alpha[box])
        else:
            image = Image.new("RGBA", (1, 1))
        _add_png(file, name := next(names), image)
        ElementTree.SubElement(
            parent, "layer", {"name": item.name, "src": name, "x": f"{left}", "y": f"{top}", "opacity": f"{item.opacity:g}",
                              "visibility": visibility, "composite-op": OPERATIONS[item.mode]},
        )  # fmt: skip


def _image(rgb: np.ndarray, alpha: np.ndarray | None) -> Image.Image:
    image = Image.fromarray(np.ascontiguousarray(rgb))
    if alpha is not None:
        image.putalpha(Image.fromarray(np.ascontiguousarray(alpha)))
    return image


def _add_png(file: zipfile.ZipFile, name: str, image: Image.Image) -> None:
    """Add a PNG to the archive as it is: it is compressed."""
    with file.open(zipfile.ZipInfo(name), "w", force_zip64=True) as entry:
        image.save(entry, "PNG", compress_level=COMPRESSION)
