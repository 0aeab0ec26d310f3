"""The outline hands: how a stroke looks that is drawn with a brush, a fineliner, a pencil, or by an unsteady hand."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import cv2
import numpy as np

from mangastyle.synthetic.characters.canvas import INK, ONE, PAPER, SHIFT
from mangastyle.synthetic.characters.curves import normals

HANDS = ("brush", "fineliner", "pencil", "wobbly", "double", "colored", "gaps")
HATCHED = 0.14  # share of the hands that hatch shadows
DRAWS = 8  # random numbers that each stroke takes, whatever the size of the picture
FAINTEST = 0.4  # least share of its ink that a thin line keeps
STEP = 6  # greatest distance between points of a stroke, in drawn pixels
LEAST = 4.0  # what is narrower than this many gaps has none


@dataclass(frozen=True)
class Hand:
    """One way to draw strokes. Widths are in pens, lengths in shares of the picture's side."""

    name: str
    pen: float  # width of the standard line, as a share of the long side
    swing: float = 0.0  # how much the width swings along a stroke, 0..1
    lit: float = 0.0  # how much thinner lines are on the side of the light, 0..1
    level: int = INK  # gray level of the ink
    grain: float = 0.0  # how much the paper's grain shows in the ink, 0..1
    warp: float = 0.0  # how far an unsteady hand bends every shape, as a share of the long side
    copies: int = 1  # strokes for each line
    gap: float = 0.0  # longest gap, as a share of the short side
    gaps: float = 0.0  # share of the strokes that have a gap
    colored: bool = False  # lines take a dark tone of what they enclose
    hollow: bool = False  # pupils are left white
    hatching: float = 0.0  # distance of the lines that fill shadows, in pens; 0 leaves them empty


def choose_hand(name: str, rng: np.random.Generator) -> Hand:
    """The hand of a name, with its own width and habits."""
    hollow, hatched, distance = rng.random() < 0.4, rng.random() < HATCHED, rng.uniform(4, 7)
    return dataclasses.replace(_steady(name, rng), hollow=hollow, hatching=distance if hatched else 0.0)


def _steady(name: str, rng: np.random.Generator) -> Hand:
    pen = float(np.exp(rng.uniform(np.log(0.0006), np.log(0.0032))))
    swing, lit, level, warp = rng.uniform(0.35, 0.7), rng.uniform(0.2, 0.5), int(rng.integers(70, 150)), rng.uniform(0.001, 0.0022)
    gap, gaps, grain = rng.uniform(0.003, 0.01), rng.uniform(0.5, 0.9), rng.uniform(0.3, 0.7)
    if name == "brush":
        return Hand(name, 2.0 * pen, swing, lit)
    if name == "pencil":
        return Hand(name, 1.1 * pen, 0.3, 0.1, level=level, grain=grain, copies=1 + int(rng.random() < 0.4), warp=0.4 * warp)
    if name == "wobbly":
        return Hand(name, pen, 0.3, 0.0, warp=warp)
    if name == "double":
        return Hand(name, 0.8 * pen, 0.3, 0.0, copies=2, warp=0.5 * warp)
    if name == "colored":
        return Hand(name, pen, 0.5 * swing, 0.5 * lit, colored=True)
    if name == "gaps":
        return Hand(name, pen, 0.4 * swing, 0.1, gap=gap, gaps=gaps)
    return Hand(name, pen, 0.0, 0.0)


@dataclass
class Pen:
    """A hand at work: draws strokes one after another on sheets of one size."""

    hand: Hand
    rng: np.random.Generator
    light: tuple[float, float]  # direction to the light, x and y
    short_side: int  # of the sheet in drawn pixels

    def stroke(self, line: np.ndarray, path: np.ndarray, width: float, closed: bool, ends: tuple[float, float]) -> None:
        """Draw a path (n, 2), in drawn pixels, `width` pixels wide; `ends` are the widths of an open stroke's ends as shares of it."""
        if closed:
            path = np.concatenate([path, path[:1]])
        hand, random = self.hand, self.rng.random(DRAWS)
        steps = np.hypot(*np.diff(path, axis=0).T)
        path = path[np.concatenate([[True], steps > 1e-6])]
        if len(path) < 2:
            return
        along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(path, axis=0).T))])
        low, high = self._gap(path, along[-1], width, random)
        places = np.union1d(along, [*np.linspace(0, along[-1], int(along[-1] / STEP) + 2), low, high])
        path = np.stack([np.interp(places, along, path[:, i]) for i in (0, 1)], 1)
        normal = normals(path)
        if closed and np.sum(path[:-1, 0] * path[1:, 1] - path[1:, 0] * path[:-1, 1]) < 0:
            normal = -normal  # outward
        widths = np.maximum(2 if closed else 1, width * self._pressure(places / places[-1], normal, random, closed, ends))
        widths[(places >= low) & (places < high)] = 0
        level = self.level(width)
        for copy in range(hand.copies):
            shift = np.zeros((len(places), 1))
            if hand.copies > 1:
                shift = 0.9 * width * np.sin(2 * np.pi * (random[1] + copy * 0.5 + places / (0.25 * self.short_side)))[:, None]
            self._draw(line, path + shift * normal, widths, level)

    def level(self, width: float) -> int:
        """Gray level of a line `width` pixels wide: one that is thinner than two is grayer instead."""
        return round(PAPER - (PAPER - self.hand.level) * min(1.0, max(FAINTEST, width / 2)))

    def _pressure(self, t: np.ndarray, normal: np.ndarray, random: np.ndarray, closed: bool, ends: tuple[float, float]) -> np.ndarray:
        """Width along the stroke as shares of the standard: (n,)."""
        hand = self.hand
        waves = 1 + int(3 * random[2])
        share = 1 - hand.swing * (0.5 + 0.5 * np.cos(2 * np.pi * (waves * t + random[3])))
        if closed:
            share *= 1 - hand.lit * (normal @ np.array(self.light))
        else:
            end = np.where(t < 0.5, *ends)
            share *= end + (1 - end) * np.sin(np.pi * t) ** 0.7
        return share

    def _gap(self, path: np.ndarray, length: float, width: float, random: np.ndarray) -> tuple[float, float]:
        """Where the stroke's gap begins and ends along it; (0, 0) if it has none. The round ends of the line narrow it by its width."""
        hand = self.hand
        if random[5] >= hand.gaps or np.ptp(path, axis=0).min() < LEAST * hand.gap * self.short_side:
            return 0.0, 0.0
        wide = hand.gap * self.short_side * (0.4 + 0.6 * random[6]) + width
        low = (length - wide) * (0.15 + 0.7 * random[7])
        return low, low + wide

    def _draw(self, line: np.ndarray, path: np.ndarray, widths: np.ndarray, level: int) -> None:
        """Draw runs of one width each, joined by their last points."""
        whole, fixed = np.rint(widths).astype(int), np.rint(path * ONE).astype(np.int32)
        starts = np.concatenate([[0], np.flatnonzero(np.diff(whole)) + 1, [len(whole)]])
        for start, stop in zip(starts[:-1], starts[1:]):
            if whole[start]:
                run = fixed[start : min(stop + 1, len(fixed))]
                cv2.polylines(line, [run], False, level, int(whole[start]), cv2.LINE_AA, SHIFT)
