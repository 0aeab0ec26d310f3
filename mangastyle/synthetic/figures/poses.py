"""Poses: angles of limbs, and the joints that follow from them and from the build."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from mangastyle.synthetic.figures.shapes import direction

HEAD = 2.65  # height of a head with its hair, in units
CROWN = -1.5  # top of the hair


class Arm(NamedTuple):
    """Angles in degrees from straight down, outward positive; lengths as shares; what the hand does; where it lies."""

    upper: float
    fore: float
    hand: str = "relaxed"
    layer: str = "front"  # behind the body, in front of it, or over the head
    upper_length: float = 1.0
    fore_length: float = 1.0
    wrist: float = 0.0


class Leg(NamedTuple):
    """Angles in degrees from straight down, outward positive; lengths as shares; angle of the foot outward."""

    thigh: float
    shin: float
    thigh_length: float = 1.0
    shin_length: float = 1.0
    foot: float = 22.0


ARMS = {
    "down": (Arm(9, 5), 2.0), "loose": (Arm(17, -3), 3.0), "away": (Arm(32, 24, "open"), 1.5), "hip": (Arm(46, -50, "fist"), 2.0),
    "wave": (Arm(64, 158, "open"), 2.0), "up": (Arm(146, 172, "open", "over"), 0.9), "peace": (Arm(48, 150, "peace"), 1.3),
    "point": (Arm(78, 96, "point"), 0.8), "chest": (Arm(22, -116, "fist", "front", 0.95, 0.72), 1.0),
    "chin": (Arm(26, -158, "fist", "over", 0.9, 0.92), 0.9), "behind": (Arm(24, -30, "hidden", "behind"), 1.2),
    "shy": (Arm(17, -38, "relaxed", "front", 1.0, 0.92), 1.2), "cheer": (Arm(118, 166, "fist"), 0.7), "out": (Arm(76, 84, "open"), 0.8),
    "hair": (Arm(96, -150, "relaxed", "over", 0.9, 0.85), 0.5),
}  # fmt: skip
HOLDS = {"low": Arm(20, 16, "grip"), "raised": Arm(40, 122, "grip"), "front": Arm(22, -52, "grip", "front", 1.0, 0.85),
         "side": Arm(52, 66, "grip"), "high": Arm(120, 160, "grip")}  # fmt: skip
HUG = Arm(18, -82, "hidden", "front", 0.95, 0.85)
LEGS = {
    "stand": ((Leg(3, 1), Leg(3, 1)), 3.0), "apart": ((Leg(13, 9), Leg(13, 9)), 2.0),
    "weight": ((Leg(-3, -2), Leg(16, 7, foot=40)), 3.0), "together": ((Leg(-2, -1, foot=10), Leg(-2, -1, foot=10)), 1.5),
    "walk": ((Leg(-5, -8), Leg(11, 16, 0.98, 0.9, 30)), 2.0), "lifted": ((Leg(1, 0), Leg(24, -42, 0.78, 0.8, -10)), 1.2),
    "crossed": ((Leg(-7, -11, foot=12), Leg(2, -6, foot=36)), 0.9), "run": ((Leg(10, 6, foot=30), Leg(34, -40, 0.85, 0.75, -20)), 0.9),
    "jump": ((Leg(14, -44, 0.92, 0.85, -30), Leg(26, -30, 0.85, 0.92, -20)), 0.9), "stride": ((Leg(30, 24, foot=50), Leg(18, 4)), 0.8),
    "sit": ((Leg(20, 3, 0.42, 0.95), Leg(16, -3, 0.42, 0.95)), 1.6),
    "sit crossed": ((Leg(26, -14, 0.45, 0.95), Leg(6, 12, 0.42, 0.95)), 0.7),
    "inward": ((Leg(6, -9, foot=-8), Leg(6, -9, foot=-8)), 1.0),
}  # fmt: skip
SITTING = ("sit", "sit crossed")


@dataclass(frozen=True)
class Build:
    """Lengths of a body in units; x and y of its own frame: the head's, before the head is tilted."""

    heads: float
    neck: float  # y of the shoulder line
    torso: float  # from there to the crotch
    legs: float
    width: float  # 1 for a grown woman
    shoulders: float
    bust: float
    waist: float
    hips: float

    @property
    def limb(self) -> float:
        """Thickness of limbs, 1 for a grown woman."""
        return self.width


def build(heads: float, masculine: bool, bust: float) -> Build:
    """The body that is `heads` heads tall."""
    rest = HEAD * heads - 2.95
    torso = 0.385 * rest
    width = (torso / 5.4) ** 0.62
    shoulders, waist, hips = (1.62, 1.12, 1.2) if masculine else (1.28, 0.83, 1.23)
    return Build(
        heads, 1.12 + 0.42 * min(1.0, width) ** 0.7, torso, 0.6 * rest, width,
        shoulders * width, bust, waist * width, hips * width,
    )  # fmt: skip


@dataclass(frozen=True)
class Skeleton:
    """Joints of a pose, each (2,); arms and legs by side, -1 on the left of the picture and 1 on the right."""

    build: Build
    turn: float  # of the body to the right, as a share
    lean: float  # of the spine, degrees
    hip_tilt: float
    shoulder_tilt: float
    pelvis: np.ndarray  # crotch
    chest: np.ndarray  # middle of the shoulder line
    arms: dict[int, tuple[np.ndarray, np.ndarray, np.ndarray, float]]  # shoulder, elbow, wrist, angle of the hand
    legs: dict[int, tuple[np.ndarray, np.ndarray, np.ndarray, float]]  # hip, knee, ankle, angle of the foot

    def spine(self, v) -> np.ndarray:
        """The middle of the torso at v = 0 (shoulder line) to 1 (crotch)."""
        v = np.asarray(v, np.float64)[..., None]
        bow = self.build.torso * np.array([0.05 * self.turn, 0])
        return (1 - v) * self.chest + v * self.pelvis + 4 * v * (1 - v) * bow

    def at(self, x, v) -> np.ndarray:
        """Points of the torso, `x` units across from its middle at height v: (n, 2) or (2,)."""
        x, v = np.asarray(x, np.float64), np.asarray(v, np.float64)
        tilt = np.radians((1 - v) * self.shoulder_tilt + v * self.hip_tilt + 0 * x)
        return self.spine(v + 0 * x) + np.stack([x * np.cos(tilt), x * np.sin(tilt)], -1)

    def half(self, v) -> np.ndarray:
        """Half the width of the torso at height v, in units."""
        b = self.build
        chest = b.shoulders * 0.74 + 0.1 * b.bust * b.width
        knots = (0.0, 0.1, 0.3, 0.42, 0.58, 0.7, 0.86, 1.0)
        return np.interp(v, knots, (b.shoulders, b.shoulders * 0.93, chest, 0.35 * chest + 0.65 * b.waist, b.waist, 0.45 * b.waist
                                    + 0.55 * b.hips, b.hips, b.hips * 0.98))  # fmt: skip

    def across(self, u, v) -> np.ndarray:
        """Points of the torso's front, u = -1 on its left border to 1 on its right one; a turned body's middle moves with it."""
        u = np.asarray(u, np.float64)
        return self.at((u + 0.45 * self.turn * (1 - u**2)) * self.half(v), v)


def skeleton(build: Build, arms: dict[int, Arm], legs: dict[int, Leg], lean: float, turn: float, sway: float) -> Skeleton:
    """The joints of a pose. `sway` tilts hips and shoulders against each other, in degrees."""
    b = build
    chest = np.array([0.0, b.neck])
    pelvis = chest + b.torso * direction(-lean)
    hip_tilt, shoulder_tilt = sway, -0.6 * sway + 0.5 * lean
    place = Skeleton(b, turn, lean, hip_tilt, shoulder_tilt, pelvis, chest, {}, {})
    limbs_arms, limbs_legs = {}, {}
    upper, fore = 0.49 * b.torso + 0.12 * b.width, 0.45 * b.torso + 0.1 * b.width
    for side in (-1, 1):
        arm, leg = arms[side], legs[side]
        narrow = 1 - 0.12 * abs(turn)
        shoulder = place.at(side * (b.shoulders * narrow - 0.37 * b.width), 0.065)
        elbow = shoulder + upper * arm.upper_length * direction(arm.upper) * (side, 1)
        wrist = elbow + fore * arm.fore_length * direction(arm.fore) * (side, 1)
        limbs_arms[side] = shoulder, elbow, wrist, side * (arm.fore + arm.wrist)
        hip = place.at(side * b.hips * 0.52, 0.9)
        knee = hip + (0.1 * b.torso + 0.46 * b.legs) * leg.thigh_length * direction(leg.thigh) * (side, 1)
        ankle = knee + 0.455 * b.legs * leg.shin_length * direction(leg.shin) * (side, 1)
        limbs_legs[side] = hip, knee, ankle, side * leg.foot
    return Skeleton(b, turn, lean, hip_tilt, shoulder_tilt, pelvis, chest, limbs_arms, limbs_legs)
