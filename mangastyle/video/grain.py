"""The grain of a painted shot: which stroke lies where, and how it moves with what it lies on. No TensorFlow."""

from __future__ import annotations

from typing import Mapping, NamedTuple

import numpy as np

from mangastyle.video.motion import Motion


class Grain(NamedTuple):
    """Where the strokes of a frame come from.

    Attributes
    ----------
    displacement : ndarray of float32, shape (rows, columns, 2)
        For each position the way (dx, dy) in pixels to the place of the shot's first frame whose stroke lies there.
    camera : ndarray of float64, shape (3, 3)
        The motion of the ground, from pixels (x, y, 1) of the frame to those of the first one.

    Examples
    --------
    >>> way, all_of_it = np.full((16, 16, 2), 4, np.float32), np.ones((16, 16), np.float32)
    >>> pan = Motion(way, all_of_it, np.array([[1, 0, 4], [0, 1, 4], [0, 0, 1.0]]), all_of_it)
    >>> moved = Grain.first(4, 4).moved(pan, step=4).moved(pan, step=4)
    >>> bool(np.all(moved.displacement == 8))
    True
    """

    displacement: np.ndarray
    camera: np.ndarray

    @classmethod
    def first(cls, rows: int, columns: int) -> Grain:
        """The grain of a shot's first frame: nothing has moved."""
        return cls(np.zeros((rows, columns, 2), np.float32), np.eye(3))

    @classmethod
    def of(cls, arrays: Mapping[str, np.ndarray]) -> Grain:
        """The grain that `arrays` gave."""
        return cls(arrays["displacement"], arrays["camera"])

    def arrays(self) -> dict[str, np.ndarray]:
        """What `of` needs."""
        return self._asdict()

    def moved(self, motion: Motion, step: int) -> Grain:
        """The grain of the next frame.

        Parameters
        ----------
        motion : Motion
            From the next frame to this one.
        step : int
            Pixels from position to position.

        Returns
        -------
        Grain
            Strokes lie on what they lay on. What comes into sight gets those of the ground, which the camera has moved over.
        """
        rows, columns = self.displacement.shape[:2]
        way, seen = (_at_positions(values, rows, columns, step) for values in (motion.way, motion.seen))
        y, x = np.arange(rows)[:, None], np.arange(columns)
        row = np.clip(np.rint(y + way[..., 1] / step), 0, rows - 1).astype(np.intp)
        column = np.clip(np.rint(x + way[..., 0] / step), 0, columns - 1).astype(np.intp)
        carried = self.displacement[row, column] + way  # of the nearest position: between two things there is nothing in between
        camera = self.camera @ motion.camera
        place = np.stack(np.broadcast_arrays(step * x + (step - 1) / 2, step * y + (step - 1) / 2, 1.0), -1)  # (rows, columns, 3)
        ground = (place @ camera.T - place)[..., :2]
        return Grain(np.where(seen[..., None] > 0.5, carried, ground).astype(np.float32), camera)


def _at_positions(values: np.ndarray, rows: int, columns: int, step: int) -> np.ndarray:
    """Values of pixels (h, w, ...) at the centers of positions; the last pixels count beyond the border, too."""
    height, width = values.shape[:2]
    y, x = (np.minimum(np.arange(count) * step + step // 2, side - 1) for count, side in ((rows, height), (columns, width)))
    return values[y[:, None], x]
