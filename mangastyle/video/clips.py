"""Opening clips: video files, animated pictures, folders of frames."""

from __future__ import annotations

import math
import re
import sys
from pathlib import Path
from typing import Any

from mangastyle.errors import MangastyleError, check_integer
from mangastyle.io.files import open_file
from mangastyle.io.images import MAX_PIXELS
from mangastyle.video.animations import DECODERS, Animation
from mangastyle.video.clip import Clip as Clip
from mangastyle.video.containers import DECODED, HEAD, kind_of, read_facts
from mangastyle.video.films import Film
from mangastyle.video.frame_folders import FrameFolder

SUFFIXES = (".mp4", ".webm", ".mov", ".avi", ".mkv", ".gif", ".apng", ".webp")  # for messages; others are read, too
ADDRESS = r"[A-Za-z][A-Za-z0-9+.-]+:/?/"  # how an address in a network begins; its double slash is one in a Path


def open_clip(path: str | Path, max_pixels: int = MAX_PIXELS, rate: float | None = None) -> Clip:
    """Open a clip for reading. What it is, is judged by what it holds, whatever its name.

    Video files (mp4, mov, webm, mkv, avi, and others) are decoded by OpenCV's FFmpeg; animated GIF, PNG, WebP and AVIF files by
    Pillow; the pictures of a folder, in any format that `mangastyle` reads, are frames in the natural order of their names. Frames are
    upright, and sRGB on white. Files alone are opened: no address, and nothing that a file names. Should the size change within a video
    file, later frames are scaled to the first one's size.

    Parameters
    ----------
    path : str or Path
        A file, or a folder of frames.
    max_pixels : int
        The largest height times width of a frame; checked before any is decoded.
    rate : float, optional
        Frames per second of a folder; by default what its clip.json says, or 24.

    Returns
    -------
    Clip

    Raises
    ------
    MangastyleError
        If it is missing, no clip, too large, without a frame, or of a codec that cannot be decoded; it names the file.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> from mangastyle.video.writers import open_writer
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with open_writer(Path(folder) / "blink.webm", (64, 48), rate=12) as writer:
    ...         for gray in (0, 128, 255):
    ...             writer.write(np.full((64, 48, 3), gray, np.uint8))
    ...     clip = open_clip(Path(folder) / "blink.webm")
    ...     print(clip.width, clip.height, clip.rate, [(frame.number, round(frame.time, 3), frame.rgb.shape) for frame in clip.frames()])
    48 64 12.0 [(0, 0.0, (64, 48, 3)), (1, 0.083, (64, 48, 3)), (2, 0.167, (64, 48, 3))]
    """
    check_integer("max_pixels", max_pixels, 1, sys.maxsize)
    if rate is not None and not (isinstance(rate, (int, float)) and math.isfinite(rate) and rate > 0):
        raise MangastyleError(f"`rate`: must be the number of frames per second, not {rate!r}")
    path = _checked_path(path)
    if path.is_dir():
        return FrameFolder(path, max_pixels, rate)
    with open_file(path) as file:
        head = file.read(HEAD)
        kind = kind_of(head)
        if kind in DECODED:
            return Film(path, read_facts(file, kind), max_pixels)
    if kind in DECODERS:
        return Animation(path, kind, max_pixels)
    if not head:
        raise MangastyleError(f"{path}: the file is empty")
    if kind == "picture":
        raise MangastyleError(f"{path}: is a single picture, not a clip; name a clip, or a folder of frames")
    raise MangastyleError(f"{path}: is no clip; clips end in {' '.join(SUFFIXES)}, or are folders of frames")


def _checked_path(path: Any) -> Path:
    """A path, if an argument is one, and not an address."""
    if not isinstance(path, (str, Path)) or "\0" in str(path):
        raise MangastyleError(f"`path`: must be the name of a file or a folder (str or Path), not {path!r}")
    if re.match(ADDRESS, str(path)) and not Path(path).exists():
        raise MangastyleError(f"{path}: is no file; download the clip, and name the file")
    return Path(path)
