"""What of a painted shot is the same for all its frames: the feature transform, the colors, and the strokes that move."""

from __future__ import annotations

import cv2
import numpy as np

from mangastyle.engine import tf
from mangastyle.ops.gaussian_ot import GaussianStatistics
from mangastyle.style.look import LookSettings
from mangastyle.style.onepass import network, tiles
from mangastyle.style.onepass.stylizer import OnePassStylizer
from mangastyle.video.grain import Grain
from mangastyle.video.shot import Shot

APART, MOST = 8, 8  # frames from one that is measured to the next, and how many are
WHOLE, PART = 1152**2, 576**2  # pixels of frames that are painted at once, and of the tiles of larger ones: a clip needs memory beside
COLORS_SIDE = 256  # pixels of the long side at which the colors of a frame are measured
NAME = "statistics"  # of the arrays that are kept


def measured(count: int) -> range:
    """Which of the frames of a shot tell its statistics.

    Examples
    --------
    >>> list(measured(20)), len(measured(1000))
    ([0, 8, 16], 8)
    """
    return range(0, count, max(APART, -(-count // MOST)))


def shot_colors(shot: Shot, settings: LookSettings) -> np.ndarray | None:
    """Some frames side by side, for a painting that gets the content's colors; None if it keeps its own.

    Examples
    --------
    >>> shot = Shot.of([np.zeros((8, 12, 3), np.uint8)] * 9)
    >>> shot_colors(shot, LookSettings()) is None, shot_colors(shot, LookSettings(match_colors=True)).shape
    (True, (8, 24, 3))
    """
    if not (settings.match_colors or settings.keep_colors):
        return None
    frames = [shot.frame(i) for i in measured(len(shot))]
    scale = min(1.0, COLORS_SIDE / max(frames[0].shape))
    return np.hstack([cv2.resize(frame, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) for frame in frames])


def pixels_at_once(height: int, width: int) -> int:
    """How many pixels of a frame are painted at once.

    Examples
    --------
    >>> [pixels_at_once(height, width) >= height * width for height, width in ((720, 1280), (1080, 1920))]
    [True, False]
    """
    return WHOLE if height * width <= WHOLE else PART


class FixedStyle:
    """One pass with one feature transform for a whole shot, and strokes that move.

    The feature transform depends on the mean and covariance of the content's features. Those of single frames tremble, and what is
    painted with them flickers; here they are those of up to `MOST` frames together (as the sequence-level sharing of ReReVST).

    Parameters
    ----------
    onepass : OnePassStylizer
    shot : Shot
        Its `kept` gets the statistics.
    colors : ndarray of uint8, shape (h, w, 3), or None
        By `shot_colors`.

    Attributes
    ----------
    step : int
        Pixels from position to position of the grain.

    References
    ----------
    Wang, Yang, Xu, Liu: "Consistent Video Style Transfer via Relaxation and Regularization" (2020), for statistics of a sequence.
    """

    def __init__(self, onepass: OnePassStylizer, shot: Shot, colors: np.ndarray | None) -> None:
        self._onepass = onepass
        self._style = onepass.style_cache(shot.frame(0), colors, laid_out=False)
        self._size = onepass.size_of(shot.frame(0))
        self._at_once = pixels_at_once(*self._size)
        self._statistics = self._measure(shot)
        layers = list(self._style.residual)  # none, of a decoder that gets no strokes
        self.step = network.stride(layers[-1]) if layers else network.MULTIPLE

    def first_grain(self) -> Grain:
        """The grain of the first frame, which lies as in a picture that is painted alone."""
        return Grain.first(*(-(-side // network.MULTIPLE) * network.MULTIPLE // self.step for side in self._size))

    def paint(self, frame: np.ndarray, grain: Grain) -> np.ndarray:
        """Paint a frame, uint8 (h, w, 3), with the strokes where its grain has them."""
        style = self._onepass.displaced(self._style, grain.displacement)
        return self._onepass(frame, content_statistics=self._statistics, style=style, at_once=self._at_once)

    def _measure(self, shot: Shot) -> dict[str, GaussianStatistics]:
        kept = shot.kept.load(NAME)
        if kept is None:
            parts = [self._onepass.content_statistics(shot.frame(i), self._at_once) for i in measured(len(shot))]
            found = tiles.merge_statistics(parts, np.ones((len(parts), 1)))
            kept = {f"{layer}/{key}": x.numpy() for layer, of in found.items() for key, x in of._asdict().items()}
            shot.kept.save(NAME, kept)
        layers = dict.fromkeys(name.split("/")[0] for name in kept)
        return {layer: GaussianStatistics(*(tf.constant(kept[f"{layer}/{key}"]) for key in GaussianStatistics._fields)) for layer in layers}
