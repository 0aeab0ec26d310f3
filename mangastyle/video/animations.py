"""Clips that Pillow decodes: animated GIF, PNG, WebP and AVIF files, with the time of each frame and with opacity."""

from __future__ import annotations

import contextlib
import math
import warnings
from pathlib import Path
from typing import Any, Iterator

from PIL import Image

from mangastyle.errors import MangastyleError, counted
from mangastyle.io.decoding.reader import too_large
from mangastyle.io.decoding.to_rgb import to_rgb
from mangastyle.io.files import open_file
from mangastyle.video.clip import Clip, check_size
from mangastyle.video.frame import Frame

DECODERS = {"gif": "GIF", "png": "PNG", "webp": "WEBP", "avif": "AVIF"}
SHORTEST, USUAL = 10.0, 100.0  # milliseconds: what is as short or shorter is shown for the usual time, as browsers do
MOST_FRAMES = 1_000_000
END = 8  # bytes at the end of a GIF, among which its mark is
CLIP_PIXELS = 4_000_000_000  # pixels of all frames of a file of the largest size; it is read into memory


class Animation(Clip):
    """An animated picture.

    Parameters
    ----------
    path : Path
    kind : str
        One of `DECODERS`.
    max_pixels : int
        The largest height times width.

    Raises
    ------
    MangastyleError
        If it is a still picture, or cannot be decoded.
    """

    def __init__(self, path: Path, kind: str, max_pixels: int) -> None:
        self.path, self._kind, self._max_pixels = path, kind, max_pixels
        self.remarks = []
        times: list[float] = [0.0]
        alpha = False
        with self._opened() as image:
            if kind != "gif" and not _is_animated(image):
                raise MangastyleError(f"{path}: is a single picture, not a clip; name a clip, or a folder of frames")
            for _, picture, time in self._decoded(image):
                alpha = alpha or _is_transparent(picture)
                times.append(times[-1] + time)
            size = image.size
        count, remarks = len(times) - 1, self.remarks
        super().__init__(
            path, "apng" if kind == "png" else kind, (size[1], size[0]), count / times[-1], count=count, has_alpha=alpha,
            last=times[-1] - times[-2],
        )  # fmt: skip
        self.remarks = remarks

    def _read(self, wanted: range) -> Iterator[Frame]:
        now = 0.0
        with self._opened() as image:
            for number, picture, time in self._decoded(image):
                if number >= wanted.stop:
                    return
                if number in wanted:
                    rgb, alpha = to_rgb(picture, picture.info.get("icc_profile"), str(self.path))
                    if not self.has_alpha:
                        alpha = None
                    yield Frame(number, now, rgb, alpha)
                now += time

    @contextlib.contextmanager
    def _opened(self) -> Iterator[Image.Image]:
        """The file, its size checked."""
        with open_file(self.path) as file, _plain_errors(self.path):
            size = file.seek(0, 2)
            if problem := too_large(size, max(self._max_pixels, CLIP_PIXELS)):
                raise MangastyleError(f"{self.path}: {problem}")
            file.seek(0)
            image = Image.open(file, formats=(DECODERS[self._kind],))
            check_size(self.path, *image.size, self._max_pixels)
            yield image

    def _decoded(self, image: Image.Image) -> Iterator[tuple[int, Image.Image, float]]:
        """Number, pixels and seconds of each frame; a file that breaks off is a remark."""
        first = 1 if image.info.get("default_image") else 0  # a picture for programs that know no animated PNG
        size = image.size
        for number in range(MOST_FRAMES):
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    image.seek(number + first)
                    image.load()
            except (EOFError, OSError, SyntaxError, ValueError, IndexError) as error:
                if not number:
                    raise MangastyleError(f"{self.path}: damaged (its first frame cannot be read); download or save it again") from error
                if not isinstance(error, EOFError) or number < _promised(image, first):
                    self._remark(f"breaks off; the {counted(number, 'frame')} that it has are used")
                return
            if image.size != size:
                raise MangastyleError(
                    f"{self.path}: frame {number} is {image.width}x{image.height}, but the first is {size[0]}x{size[1]}; save it again"
                )
            time = float(image.info.get("duration") or 0)
            yield number, image, (time if time > SHORTEST else USUAL) / 1000


def _is_animated(image: Image.Image) -> bool:
    """Whether a picture has frames; one is enough in a PNG that says that it is animated."""
    return getattr(image, "is_animated", False) or image.info.get("default_image") is not None or "duration" in image.info


def _promised(image: Image.Image, first: int) -> float:
    """How many frames a file promises; of a GIF, whose header does not say it, infinitely many if the mark of its end is missing."""
    if image.format != "GIF":
        return getattr(image, "n_frames", 1) - first
    file: Any = image.fp  # type: ignore[attr-defined]  # of a picture that was opened from a file
    file.seek(max(0, file.seek(0, 2) - END))
    return 0 if b";" in file.read() else math.inf


def _is_transparent(picture: Image.Image) -> bool:
    """Whether a frame is transparent somewhere."""
    return picture.has_transparency_data and picture.convert("RGBA").getchannel("A").getextrema()[0] != 255


@contextlib.contextmanager
def _plain_errors(path: Path) -> Iterator[None]:
    """What Pillow raises while a header is read, in one line."""
    try:
        yield
    except (MangastyleError, MemoryError, GeneratorExit):
        raise
    except Exception as error:  # OSError, ValueError, SyntaxError, struct.error, EOFError ...
        raise MangastyleError(f"{path}: damaged (its header makes no sense); download or save it again") from error
