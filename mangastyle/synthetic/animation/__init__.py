"""Animated characters: clips of drawn characters with exact optical flow, occlusion and identity of each region.

`poses` says how a character moves; `bending` where that moves each point of each layer; `puppet` draws the layers.
"""

from __future__ import annotations

import functools
from typing import Iterator, NamedTuple

import cv2
import numpy as np

from mangastyle.errors import MangastyleError, check_integer, near
from mangastyle.synthetic.animation.bending import Bend
from mangastyle.synthetic.animation.poses import HELD, MOTIONS, Pose
from mangastyle.synthetic.animation.poses import motion as motion_of
from mangastyle.synthetic.animation.puppet import BACKDROP, LAYERS, Buffers, Puppet
from mangastyle.synthetic.characters import MAX_SEED, MAX_SIZE, MIN_SIZE
from mangastyle.synthetic.characters.design import design

ANIMATION_VERSION = 1  # raise it when clips of the same seeds change
RATE = 12  # frames in a second
DUSK = np.array([(0.62, 0.56, 0.74), (1.0, 0.86, 0.7)])  # what is left of each channel on the dark and the bright side
HELD_FRAMES = 4  # drawings that are kept
UNSEEN, SHARE = 2.0, 99.5  # gray levels by which nobody sees a change, and percent of the pixels that must not change more


class AnimationFrame(NamedTuple):
    """One frame, and what is true of it.

    Attributes
    ----------
    rgb : ndarray of uint8, shape (h, w, 3)
        The finished picture.
    line_art : ndarray of uint8, shape (h, w)
        Its true line art, ink 0 on paper 255.
    flat : ndarray of uint8, shape (h, w, 3)
        The color of the region at each pixel, without lines, shading, gradients, highlights and changes of light.
    regions : ndarray of int32, shape (h, w)
        Which part of the drawing is at each pixel, also under the lines: a number that the part has in all frames of the clip.
    flow : ndarray of float32, shape (h, w, 2)
        Where each pixel's point goes in the next frame: (dx, dy) in pixels.
    visible : ndarray of bool, shape (h, w)
        Whether it can be seen there: inside the picture and covered by nothing.
    """

    rgb: np.ndarray
    line_art: np.ndarray
    flat: np.ndarray
    regions: np.ndarray
    flow: np.ndarray
    visible: np.ndarray


class Animation:
    """A clip of a drawn character. It is drawn as it is read, and any frame can be read at any time.

    See `animation` for the parameters.
    """

    def __init__(self, seed: int, name: str, size: tuple[int, int], count: int, rate: float) -> None:
        self.count, self.rate, self.size = count, rate, size
        self._held, self._pose = HELD.get(name, 1), motion_of(seed, name)
        self._puppet = Puppet(design(seed), size)
        self._buffers = functools.lru_cache(HELD_FRAMES)(lambda index: self._puppet.draw(self._bend(index)))

    def __len__(self) -> int:
        return self.count

    def __iter__(self) -> Iterator[AnimationFrame]:
        return (self.frame(index) for index in range(self.count))

    def frame(self, index: int) -> AnimationFrame:
        """One frame, from 0."""
        drawn = self._drawn(index)
        regions = self._small(drawn.regions)
        flat = np.array(drawn.colors, np.uint8)[regions]
        picture = self._picture(index)  # (h, w, 4)
        return AnimationFrame(
            _lit(picture[..., :3], self._pose_of(index)), np.ascontiguousarray(picture[..., 3]), flat, regions, *self.flow(index, index + 1)
        )

    def flow(self, index: int, other: int) -> tuple[np.ndarray, np.ndarray]:
        """Where the points of one frame are in another one, before or after it.

        Parameters
        ----------
        index, other : int
            Any frames, also past the clip's end.

        Returns
        -------
        flow : ndarray of float32, shape (h, w, 2)
        visible : ndarray of bool, shape (h, w)
            As in `AnimationFrame`.
        """
        (height, width), step = self.size, self._puppet.oversampling
        layers = self._small(self._drawn(index).layers)
        y, x = np.mgrid[:height, :width]
        here = np.stack([x, y], -1).astype(np.float64)  # (h, w, 2)
        if self._moment(index) == self._moment(other):
            return np.zeros((height, width, 2), np.float32), np.ones((height, width), bool)
        start, end = self._bend(index), self._bend(other)
        to_units = min(self.size) / self._puppet.design.units
        middle = (np.array([width, height]) - 1) / 2
        there = here.copy()
        for number, layer in enumerate(LAYERS):
            where = layers == number
            if where.any():
                rest = start.back(layer, (here[where] - middle) / to_units)
                there[where] = end.forth(layer, rest) * to_units + middle
        seen = np.rint(there * step + (step - 1) / 2).astype(np.int64)  # drawn pixels
        inside = ((seen >= 0) & (seen < np.array([width, height]) * step)).all(-1)
        x, y = (np.clip(seen[..., i], 0, step * side - 1) for i, side in ((0, width), (1, height)))
        return (there - here).astype(np.float32), inside & (self._drawn(other).layers[y, x] == layers)

    def seen_flow(self, index: int, other: int) -> tuple[np.ndarray, np.ndarray]:
        """The flow as it is seen: a backdrop of which no pixel tells that it moves stands still.

        Parameters and results are those of `flow`, but for the backdrop, if it moves and yet shows the same where it stood before, to two
        gray levels in 99.5 % of its pixels: there the flow is 0, and what is backdrop in both frames is visible.
        """
        flow, visible = self.flow(index, other)
        here, there = (self._small(self._drawn(i).layers) == BACKDROP for i in (index, other))
        both = here & there
        clear = cv2.erode((both & visible).astype(np.uint8), np.ones((5, 5), np.uint8)) > 0  # of the person's outline
        if not clear.any():
            return flow, visible
        y, x = np.mgrid[: self.size[0], : self.size[1]].astype(np.float32)
        first, second = (self._picture(i)[..., :3] for i in (index, other))  # without the light, which changes, too
        moved = cv2.remap(second, x + flow[..., 0], y + flow[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        standing, moving = (np.percentile(cv2.absdiff(picture, first).max(-1)[clear], SHARE) for picture in (second, moved))
        if standing > moving + UNSEEN:
            return flow, visible
        return np.where(here[..., None], np.float32(0), flow), np.where(here, both, visible)

    def _moment(self, index: int) -> int:
        """The frame whose pose a frame has."""
        return index - index % self._held

    def _pose_of(self, index: int) -> Pose:
        return self._pose(self._moment(index) / self.rate)

    def _bend(self, index: int) -> Bend:
        return self._puppet.bend(self._pose_of(index))

    def _picture(self, index: int) -> np.ndarray:
        """A frame without its light, and its line art: uint8 (h, w, 4)."""
        return cv2.resize(self._drawn(index).picture, self.size[::-1], interpolation=cv2.INTER_AREA)

    def _small(self, drawn: np.ndarray) -> np.ndarray:
        """What is drawn larger than the frame, such as labels, at the frame's pixels: (h, w)."""
        step = self._puppet.oversampling
        return np.ascontiguousarray(drawn[step // 2 :: step, step // 2 :: step])

    def _drawn(self, index: int) -> Buffers:
        return self._buffers(self._moment(index))


def animation(seed: int, motion: str = "mixed", size: int | tuple[int, int] = 256, count: int = 48, rate: float = RATE) -> Animation:
    """A clip of a drawn character with its exact motion; a pure function of its arguments.

    Parameters
    ----------
    seed : int
        Which character, as for `mangastyle.synthetic.characters.draw`, and how it moves.
    motion : str
        turn (the head), blink (eyes and mouth), hair (it sways), walk, pan, zoom, light (it changes), mixed (all of them, less), or
        still: little motion, each frame shown twice, as animators draw on twos.
    size : int or (height, width)
        In pixels, 8 to 4096 each.
    count : int
        How many frames.
    rate : float
        Frames in a second.

    Returns
    -------
    Animation
        An iterable of `AnimationFrame`.

    Raises
    ------
    MangastyleError
        For an argument out of its range.

    Examples
    --------
    >>> clip = animation(7, "turn", 32, count=3)
    >>> [frame.rgb.shape for frame in clip]
    [(32, 32, 3), (32, 32, 3), (32, 32, 3)]
    >>> frame = clip.frame(0)
    >>> frame.flow.shape, frame.visible.shape, int(frame.regions.min())
    ((32, 32, 2), (32, 32), 0)
    """
    seed, count = check_integer("seed", seed, 0, MAX_SEED), check_integer("count", count, 1, 10**6)
    if motion not in MOTIONS:
        raise MangastyleError(f"`motion`: must be one of {', '.join(MOTIONS)}, not {motion!r}{near(motion, MOTIONS)}")
    sides = (size, size) if not isinstance(size, tuple) else size
    height, width = (check_integer("size", side, MIN_SIZE, MAX_SIZE) for side in sides)
    if not rate > 0:
        raise MangastyleError(f"`rate`: must be more than 0 frames in a second, not {rate}")
    return Animation(seed, motion, (height, width), count, rate)


def _lit(picture: np.ndarray, pose: Pose) -> np.ndarray:
    """The picture in the light of a pose: uint8 (h, w, 3)."""
    if not pose.light:
        return np.ascontiguousarray(picture)
    x = np.linspace(-1, 1, picture.shape[1])[:, None]
    bright = 0.5 + 0.5 * np.tanh(1.5 * (x * np.sign(pose.lamp) * abs(pose.lamp) + 0.2))
    gain = 1 + pose.light * (DUSK[0] + bright * (DUSK[1] - DUSK[0]) - 1)  # (w, 3)
    return np.rint(picture * gain).astype(np.uint8)
