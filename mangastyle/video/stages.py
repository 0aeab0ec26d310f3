"""Stages of a clip: what makes, of a shot's frames, the frames of the next stage."""

from __future__ import annotations

from typing import Protocol

from mangastyle.lineart.sketch import sketch
from mangastyle.ops import pixels
from mangastyle.video.shot import Shot

STAGES = ("sketch", "shade", "style")


class Stage(Protocol):
    """What a clip's frames go through, shot by shot.

    Attributes
    ----------
    name : str
        Also that of its folder.
    """

    name: str

    def run(self, shot: Shot) -> None:
        """Fill `shot.kept` with a result, uint8 (h, w, 3), for each frame; what is there from an interrupted run is kept.

        Raises
        ------
        Cancelled
            When the shot's `cancel` is set.
        """


class Sketching:
    """Line art of each frame, by `mangastyle.sketch`. A `Stage`.

    Parameters
    ----------
    kind : str
        As for `mangastyle.sketch`.

    Examples
    --------
    >>> import numpy as np
    >>> shot = Shot.of([np.full((32, 32, 3), 255, np.uint8)])
    >>> Sketching().run(shot)
    >>> shot.results()[0].shape
    (32, 32, 3)
    """

    name = "sketch"

    def __init__(self, kind: str = "clean") -> None:
        self.kind = kind

    def run(self, shot: Shot) -> None:
        for index in range(len(shot)):
            if not shot.kept.has(index):
                shot.kept.write(index, pixels.to_rgb(sketch(shot.frame(index), kind=self.kind)))
            shot.step(index + 1, len(shot))
