"""Writing clips: which writer, by the end of the name."""

from __future__ import annotations

import functools
import os
from fractions import Fraction
from pathlib import Path
from typing import Any, Callable

from mangastyle.errors import MangastyleError, check_integer
from mangastyle.io.files import open_file, refuse_unwritable
from mangastyle.video import ffmpeg
from mangastyle.video.animation_writers import ApngWriter, GifWriter, WebpWriter
from mangastyle.video.clip import Clip
from mangastyle.video.containers import DECODED, HEAD, kind_of, read_facts
from mangastyle.video.folder_writer import FolderWriter
from mangastyle.video.webm import WebmWriter
from mangastyle.video.writer import Writer as Writer
from mangastyle.video.writer import rate_of

ANIMATIONS: dict[str, type[Writer]] = {".webp": WebpWriter, ".apng": ApngWriter, ".gif": GifWriter}
MOST_SIDE = 65535


def open_writer(
    path: str | Path, size: tuple[int, int], *, rate: float | Fraction, alpha: bool = False, last: float | None = None,
    audio_from: str | Path | Clip | None = None, start: float | None = None, force: bool = True,
) -> Writer:  # fmt: skip
    """A writer of a clip, to be used as a context; the end of the name says what is written.

    - .webm: VP9, which browsers play; opacity is kept where there is an `ffmpeg`;
    - .webp, .apng, .gif: animated pictures with opacity; .webp is exact for drawings, .apng always, .gif has 255 colors;
    - a folder, whose name has no suffix or ends in a slash: PNG files with opacity, and clip.json with their times;
    - .mp4, .m4v, .mov, .mkv: H.264, where there is an `ffmpeg` on the PATH.

    Frames keep their times: to the millisecond, in .gif to the hundredth of a second. In .webm, .mp4 and so on, four pixels share one hue.
    Odd sizes are kept but by H.264, whose last row or column is repeated.

    Parameters
    ----------
    path : str or Path
        The file or folder; missing folders above it are created.
    size : (int, int)
        Height and width of the frames, in pixels.
    rate : float or Fraction
        Frames per second; their mean where times are given that differ.
    alpha : bool
        Whether opacity is to be kept. Where that cannot be, a remark says so, and frames stay on white.
    last : float, optional
        How long the last frame is shown, in seconds; by default one of `rate`, as always by H.264.
    audio_from : str, Path or Clip, optional
        A clip whose sound is kept (.webm, .mp4, .m4v, .mov, .mkv; needs an `ffmpeg`).
    start : float, optional
        Where in that clip the pictures begin, in seconds; by default at the first frame's time. The sound ends with the last frame.
    force : bool
        Whether a clip of this name may be replaced. A folder is only if it holds nothing but frames.

    Returns
    -------
    Writer
        Its ``write(rgb, alpha=None, time=None)`` takes a frame.

    Raises
    ------
    MangastyleError
        For a name that is no format, or one that cannot be written here.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with open_writer(Path(folder) / "blink.webp", (8, 8), rate=12.5) as writer:
    ...         for gray in (0, 255):
    ...             writer.write(np.full((8, 8, 3), gray, np.uint8))
    ...     print(writer.count, os.listdir(folder))
    2 ['blink.webp']
    """
    height, width = (check_integer("size", side, 1, MOST_SIDE) for side in size)
    exact = rate_of(rate)
    if last is not None and not 0 < last < float("inf"):
        raise MangastyleError(f"`last`: must be seconds, not {last!r}")
    sound = _sound(audio_from, start)
    check_result(path, sound is not None)
    make = _maker(path, alpha, sound, (height, width))
    target = Path(path)
    writer = make(target, (height, width), exact, alpha=alpha, last=last, force=force)
    if alpha and not writer.alpha:
        writer._remark("opacity is not kept; install ffmpeg, or name a .webp")
    if isinstance(audio_from, Clip) and audio_from.has_audio is False:
        writer._remark(f"{audio_from.path} has no sound to keep")
    return writer


def check_result(path: str | Path, sound: bool = False) -> None:
    """Fail early, before long work, where `open_writer` could not write.

    Parameters
    ----------
    path : str or Path
        The file or folder.
    sound : bool
        Whether sound is to be kept.

    Raises
    ------
    MangastyleError
        For a name that is no format, one that needs an `ffmpeg` that is not there, or a place that cannot be written in.

    Examples
    --------
    >>> check_result("clip.mpeg")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    mangastyle.errors.MangastyleError: clip.mpeg: cannot write this format; end the name in .webm .webp .apng .gif .mp4 ...
    """
    suffix = _suffix(path)
    known = [".webm", *ANIMATIONS, *(x for x in ffmpeg.CODECS if x != ".webm")]
    if suffix and suffix not in known:
        raise MangastyleError(f"{path}: cannot write this format; end the name in {' '.join(known)}, or in / for a folder")
    program = ffmpeg.find_ffmpeg()
    if suffix in ffmpeg.CODECS and suffix != ".webm" and not program:
        raise MangastyleError(f"{path}: {suffix} is written by ffmpeg, which is not on the PATH; install it, or name a .webm")
    if sound and suffix not in ffmpeg.CODECS:
        raise MangastyleError(f"{path}: holds no sound; name a .webm or .mp4, or leave out `keep_audio`")
    if sound and not program:
        raise MangastyleError(f"{path}: sound is kept by ffmpeg, which is not on the PATH; install it, or leave out `keep_audio`")
    refuse_unwritable(Path(path))


def _suffix(path: str | Path) -> str:
    """The end of the name that says what is written; empty for a folder."""
    if str(path).endswith(("/", os.sep)) or Path(path).is_dir():
        return ""
    return Path(path).suffix.lower()


def _maker(path: str | Path, alpha: bool, sound: ffmpeg.Sound | None, size: tuple[int, int]) -> Callable[..., Writer]:
    """What makes the writer."""
    suffix, program = _suffix(path), ffmpeg.find_ffmpeg()
    if not suffix:
        return FolderWriter
    if suffix in ANIMATIONS:
        return ANIMATIONS[suffix]
    odd = sound is not None and bool(size[0] % 2 or size[1] % 2)
    kind: type[Writer] = ffmpeg.webm_writer(alpha, odd, program) if suffix == ".webm" else ffmpeg.FfmpegWriter
    given: dict[str, Any] = {} if kind is WebmWriter else {"program": program}
    whole = ffmpeg.with_sound(kind, program or "", sound) if sound else kind
    return functools.partial(whole, **given) if given else whole


def _sound(source: str | Path | Clip | None, start: float | None) -> ffmpeg.Sound | None:
    """Where the sound comes from; None if there is none."""
    if source is None or isinstance(source, Clip) and source.has_audio is False:
        return None
    if start is not None and not 0 <= start < float("inf"):
        raise MangastyleError(f"`start`: must be seconds, not {start!r}")
    path = source.path if isinstance(source, Clip) else Path(source)
    with open_file(path) as file:
        kind = kind_of(file.read(HEAD))
        if kind not in DECODED:
            raise MangastyleError(f"{path}: has no sound that can be kept; leave out `keep_audio`")
        facts = read_facts(file, kind)
    return None if facts.listed and not facts.audio else ffmpeg.Sound(path, facts.kind, facts.audio, start)
