"""How an animated character moves: its pose at each time, chosen by the seed."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Callable

import numpy as np

from mangastyle.synthetic.characters.design import between

STREAM = 1 << 200  # counter of the random numbers of motions, apart from those of the drawing
BLINK = 0.42  # seconds from open to open

# How strong each movement is in each motion, as shares of its whole strength.
MOTIONS: dict[str, dict[str, float]] = {
    "turn": {"turn": 1, "tilt": 0.6, "blink": 1, "sway": 0.35},
    "blink": {"blink": 1, "talk": 1, "breath": 1},
    "hair": {"sway": 1, "breath": 0.6},
    "walk": {"walk": 1, "sway": 0.6, "blink": 1},
    "pan": {"pan": 1, "sway": 0.3},
    "zoom": {"zoom": 1, "blink": 1},
    "light": {"light": 1, "breath": 0.4},
    "mixed": {"turn": 0.7, "tilt": 0.6, "blink": 1, "talk": 0.7, "sway": 0.5, "pan": 0.5, "zoom": 0.5, "light": 0.4},
    "still": {"turn": 0.3, "blink": 1, "talk": 1},
}
HELD = {"still": 2}  # frames for which a pose is held; 1 for the other motions


@dataclass(frozen=True)
class Pose:
    """One moment. Lengths are in units of half a face's width, angles in radians, clockwise; all 0 is the drawing at rest.

    turn, nod : how far the front of the head is moved to the right and down.
    tilt : angle of the head about its neck.
    lean, shift : angle and place of the whole character.
    breath : how far the chest is raised.
    blink : 0 open to 1 closed; talk : change of the mouth's height, -1 closed to 1 doubled.
    sway, phase : how far the hair's ends swing, and where the wave is that runs down it.
    pan, zoom : the camera's way to the right and down, and its enlargement, as a power of e.
    scroll : the backdrop's way to the left.
    light : how far the light has changed, 0 day to 1 dusk; lamp : where its bright side is, -1 left to 1 right.
    """

    turn: float = 0.0
    nod: float = 0.0
    tilt: float = 0.0
    lean: float = 0.0
    shift: tuple[float, float] = (0.0, 0.0)
    breath: float = 0.0
    blink: float = 0.0
    talk: float = 0.0
    sway: float = 0.0
    phase: float = 0.0
    pan: tuple[float, float] = (0.0, 0.0)
    zoom: float = 0.0
    scroll: float = 0.0
    light: float = 0.0
    lamp: float = 0.0


def motion(seed: int, name: str) -> Callable[[float], Pose]:
    """The pose at each time, in seconds, of a motion of `MOTIONS`."""
    rng, share = np.random.Generator(np.random.Philox(key=seed, counter=STREAM)), MOTIONS[name].get
    turn = _eased(rng, 0.3, (2.0, 3.2))
    nod, tilt, breath = _wave(rng, 0.05, (1.6, 2.6)), _eased(rng, 0.1, (2.2, 3.6)), _wave(rng, 0.03, (2.2, 3.2))
    first, every = between(rng, 0.3, 1.0), between(rng, 1.7, 2.6)
    talk, sway_period, phase = _wave(rng, 0.55, (0.45, 0.7)), between(rng, 1.4, 2.2), between(rng, 0, 2 * np.pi)
    gusts = _wave(rng, 0.3, (2.5, 4.0))
    stride, direction = between(rng, 0.9, 1.2), -1 if rng.random() < 0.5 else 1
    pan_x, pan_y, zoom = _wave(rng, 0.55, (3.5, 5.0)), _wave(rng, 0.16, (3.0, 5.0)), _wave(rng, 0.16, (3.0, 4.5))
    dusk, lamp = _wave(rng, 0.5, (3.0, 4.5)), _wave(rng, 1.0, (2.5, 4.0))

    def pose(time: float) -> Pose:
        step, walk = 2 * np.pi * time / stride, share("walk", 0)
        steady = 0.6 * math.sin(step + 0.5)
        return Pose(
            turn=share("turn", 0) * turn(time), nod=share("turn", 0) * nod(time),
            tilt=share("tilt", 0) * tilt(time) + 0.05 * walk * steady, lean=0.02 * walk * math.sin(step),
            shift=(0.05 * walk * math.sin(step), 0.07 * walk * math.cos(2 * step)), breath=share("breath", 0) * breath(time),
            blink=share("blink", 0) * _blink((time - first) % every), talk=share("talk", 0) * talk(time),
            sway=share("sway", 0) * (0.16 + 0.16 * gusts(time)), phase=phase + 2 * np.pi * time / sway_period,
            pan=(share("pan", 0) * pan_x(time), share("pan", 0) * pan_y(time)), zoom=share("zoom", 0) * (0.1 + zoom(time)),
            scroll=0.75 * walk * direction * time, light=share("light", 0) * (0.5 + dusk(time)), lamp=lamp(time),
        )  # fmt: skip

    return pose


def _wave(rng: np.random.Generator, strength: float, periods: tuple[float, float]) -> Callable[[float], float]:
    """A sine of a random period, in seconds, and phase."""
    period, phase = between(rng, *periods), between(rng, 0, 2 * np.pi)
    return lambda time: strength * math.sin(2 * np.pi * time / period + phase)


def _eased(rng: np.random.Generator, strength: float, periods: tuple[float, float]) -> Callable[[float], float]:
    """To and fro, with rests at both ends."""
    wave = _wave(rng, 1.0, periods)
    return lambda time: strength * math.tanh(2 * wave(time)) / math.tanh(2)


def _blink(since: float) -> float:
    """How far the eyes are closed, some seconds after the lids began to move."""
    return math.sin(np.pi * since / BLINK) ** 2 if since < BLINK else 0.0
