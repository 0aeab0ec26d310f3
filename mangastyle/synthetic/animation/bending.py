"""Where a pose moves the points of each layer of a character, and back. Both ways are exact, so that the flow between poses is."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from mangastyle.synthetic.animation.poses import Pose
from mangastyle.synthetic.characters import NECK
from mangastyle.synthetic.characters.face import EYE_X, EYE_Y

BALL = np.array([1.3, 1.7])  # how wide and high the front of the head is that turns, in units
MOUTH_Y = 0.82
REACH = 2.3  # how far a fold is felt, in its heights
ROUNDS = 12  # of the fixed point; each leaves less than a third of the error


class Layer(NamedTuple):
    """What moves as one.

    depth : how far it goes with a turning head; things behind it go the other way.
    head : whether it is on the head, else on the body.
    root : height at which hair begins to sway; None for what does not.
    features : whether eyes and mouth are on it.
    parallax : how far it goes with the camera; less than 1 for what is far away. A far one is part of no character.
    """

    depth: float = 0.0
    head: bool = False
    root: float | None = None
    features: bool = False
    parallax: float = 1.0


class Fold(NamedTuple):
    """What opens and closes: points are drawn together in height to a `share`; those farther away follow, less and less.

    x, y : where points meet. width : to both sides, past which it fades. above, below : height of what is drawn together.
    """

    x: float
    y: float
    width: float
    above: float
    below: float
    share: float


class Bend:
    """The layers of a character in one pose. Points are (n, 2) in units, x to the right and y down, from the picture's center.

    Parameters
    ----------
    center : (float, float)
        Between the eyes, at rest.
    pose : Pose

    Examples
    --------
    >>> bend, face = Bend((0.1, -0.2), Pose(turn=0.3, tilt=0.1, blink=0.5, zoom=0.2)), Layer(1.0, True, features=True)
    >>> points = np.random.default_rng(0).uniform(-2, 2, (100, 2))
    >>> bool(np.abs(bend.back(face, bend.forth(face, points)) - points).max() < 1e-5)
    True
    """

    def __init__(self, center: tuple[float, float], pose: Pose) -> None:
        self.center, self.pose = np.array(center), pose
        self._pan, self._zoom = np.array(pose.pan), math.exp(pose.zoom)

    def forth(self, layer: Layer, points: np.ndarray) -> np.ndarray:
        """Where points of the drawing at rest are in this pose."""
        pose, p = self.pose, np.asarray(points, np.float64) - self.center
        if layer.parallax < 1:
            p = p - (pose.scroll, 0)
        else:
            if layer.features:
                for fold in self._folds():
                    p = _folded(p, fold)
            if layer.root is not None:
                p = p + self._sway(p, layer.root)
            if layer.depth:
                p = p + self._turn(p, layer.depth)
            if layer.head:
                p = _turned(p, pose.tilt, NECK)
            else:
                p = p - self._breath(p)
            p = _turned(p, pose.lean, 3.0) + pose.shift
        return self._zoom * (p + self.center - layer.parallax * self._pan)

    def back(self, layer: Layer, points: np.ndarray) -> np.ndarray:
        """Where points in this pose are in the drawing at rest."""
        pose, p = self.pose, points / self._zoom + layer.parallax * self._pan - self.center
        if layer.parallax < 1:
            return p + (pose.scroll, 0) + self.center
        p = _turned(p - pose.shift, -pose.lean, 3.0)
        if layer.head:
            p = _turned(p, -pose.tilt, NECK)
        else:
            moved = p
            for _ in range(ROUNDS if pose.breath else 0):
                p = moved + self._breath(p)
        if layer.depth and (pose.turn or pose.nod):
            moved = p
            for _ in range(ROUNDS):
                p = moved - self._turn(p, layer.depth)
        if layer.root is not None:
            p = p - self._sway(p, layer.root)
        if layer.features:
            for fold in reversed(self._folds()):
                p = _folded(p, fold, inverse=True)
        return p + self.center

    def _turn(self, p: np.ndarray, depth: float) -> np.ndarray:
        """The way of points of a turning head: farthest in the middle of the face."""
        share = depth * np.exp(-np.square(p / BALL).sum(1, keepdims=True))
        return share * (self.pose.turn, self.pose.nod)

    def _sway(self, p: np.ndarray, root: float) -> np.ndarray:
        """The way of hair: sideways, more the farther down, as a wave that runs down it."""
        below = np.maximum(p[:, 1] - root, 0)
        loose = below**2 / (0.8 + below)
        return np.stack([self.pose.sway * loose * np.sin(self.pose.phase - 1.3 * below), np.zeros(len(p))], 1)

    def _breath(self, p: np.ndarray) -> np.ndarray:
        """The way of the chest and shoulders."""
        return np.stack([np.zeros(len(p)), self.pose.breath * np.exp(-np.square((p[:, 1] - 1.9) / 0.9))], 1)

    def _folds(self) -> list[Fold]:
        """What opens and closes: the eyes and the mouth."""
        eye = 1 - 0.93 * self.pose.blink
        eyes = [Fold(side * EYE_X, EYE_Y + 0.14, 0.36, 0.5, 0.22, eye) for side in (-1, 1)]
        return [*eyes, Fold(0.0, MOUTH_Y, 0.26, 0.1, 0.16, 1 + self.pose.talk)]


def _turned(p: np.ndarray, angle: float, y: float) -> np.ndarray:
    """Points turned clockwise about (0, y)."""
    c, s = math.cos(angle), math.sin(angle)
    return (p - (0, y)) @ np.array([[c, s], [-s, c]]) + (0, y)


def _folded(p: np.ndarray, fold: Fold, inverse: bool = False) -> np.ndarray:
    """Points after a fold, or before it."""
    if fold.share == 1:
        return p
    aside = np.clip((np.abs(p[:, 0] - fold.x) - fold.width) / (0.3 * fold.width), 0, 1)
    left = 1 + (fold.share - 1) * (1 - aside * aside * (3 - 2 * aside))  # of the height, at each point's x
    away = p[:, 1] - fold.y
    height = np.where(away < 0, fold.above, fold.below)
    reach, knots = REACH * height, (height, height * left)
    low, high = knots[::-1] if inverse else knots  # where the inner part ends, before and after
    far = np.abs(away)
    moved = np.where(far < low, far * high / low, np.where(far < reach, high + (far - low) * (reach - high) / (reach - low), far))
    return np.stack([p[:, 0], fold.y + np.copysign(moved, away)], 1)
