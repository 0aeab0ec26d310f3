"""Traits of a character that more than one part of the drawing needs, chosen by the seed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Mapping

import numpy as np

from mangastyle.synthetic.characters.colors import Color, Tones, hsv, mix, skin_tones, tones

PARTS = ("design", "backdrop", "hair", "strands", "ahoge", "back hair", "face", "brows", "clothes", "accessories")

SKINS: tuple[Color, ...] = (
    (255, 238, 226), (255, 229, 212), (253, 221, 198), (250, 212, 184), (241, 194, 160),
    (224, 172, 134), (198, 141, 104), (160, 108, 78), (121, 80, 60),
)  # fmt: skip
SKIN_WEIGHTS = (0.16, 0.22, 0.18, 0.14, 0.09, 0.07, 0.06, 0.05, 0.03)

# hue in degrees, saturation, value: (low, high) each, and how often
HAIRS = {
    "black": ((220, 290), (0.12, 0.3), (0.24, 0.34), 3.0),
    "dark brown": ((12, 28), (0.42, 0.55), (0.34, 0.44), 2.4),
    "brown": ((18, 30), (0.45, 0.58), (0.5, 0.64), 2.4),
    "blond": ((38, 48), (0.38, 0.6), (0.9, 0.98), 2.4),
    "ginger": ((14, 24), (0.62, 0.75), (0.82, 0.95), 1.4),
    "red": ((348, 362), (0.6, 0.72), (0.68, 0.85), 1.2),
    "silver": ((210, 260), (0.04, 0.14), (0.84, 0.94), 1.6),
    "pink": ((330, 348), (0.32, 0.5), (0.94, 1.0), 1.4),
    "purple": ((255, 285), (0.36, 0.5), (0.58, 0.8), 1.3),
    "blue": ((212, 235), (0.45, 0.65), (0.56, 0.85), 1.5),
    "sky": ((190, 208), (0.36, 0.52), (0.84, 0.95), 1.2),
    "teal": ((165, 182), (0.48, 0.62), (0.6, 0.8), 1.0),
    "green": ((95, 140), (0.4, 0.5), (0.5, 0.72), 0.8),
}
EYE_HUES = (8, 22, 32, 46, 95, 135, 170, 195, 212, 230, 268, 290, 335, 352)

MENS = {
    "back": {"crop": 4, "spiky": 3, "short": 2, "ponytail": 0.5},
    "bangs": {"wild": 4, "swept": 3, "parted": 2, "center": 2},
    "headgear": {"none": 12, "headphones": 1},
}
WOMENS = {
    "back": {
        "short": 2, "bob": 3, "medium": 2.5, "long": 4, "wavy": 2, "twin tails": 2.2, "ponytail": 1.6, "buns": 0.8,
        "braids": 0.9,
    },
    "bangs": {"full": 3, "straight": 2, "parted": 2, "swept": 2.5, "wild": 1.5, "center": 2.5},
    "headgear": {
        "none": 7, "headband": 1.8, "bow": 1.5, "pins": 2.2, "flower": 1.3, "cat ears": 0.8, "headphones": 0.6,
        "beret": 0.7,
    },
}  # fmt: skip
MOODS = {
    "calm": 4, "happy": 4, "joy": 1.2, "stern": 1.4, "shy": 1.3, "surprised": 1, "sad": 0.7, "asleep": 0.5, "wink": 0.5,
}  # fmt: skip


@dataclass(frozen=True)
class Design:
    """One character. Lengths are in units of half a face's width; x to the right, y down, between the eyes (0, 0)."""

    seed: int
    age: float  # 0 childlike: low, big eyes and a short chin; 1 grown up
    masculine: bool
    turn: float  # sine of the head's turn to the right
    tilt: float  # angle of the head in radians, clockwise
    dark_side: int  # 1: the light comes from the left and the hair falls to the right; -1: the other way round
    units: float  # height and width of the picture, in units
    shift: tuple[float, float]  # place of (0, 0) in the picture, in units from its center
    skin: Tones
    hair: Tones
    eye: Color
    cloth: Tones
    second: Tones
    accent: Tones
    bangs: str
    back: str
    mood: str
    headgear: str
    glasses: bool
    earrings: bool

    def random(self, part: str) -> np.random.Generator:
        """A stream of random numbers of its own for each part: a change in one leaves the others alone."""
        return generator(self.seed, part)

    def front(self, points, depth: float = 1.0) -> np.ndarray:
        """Turn points on the front of the head with the head, as if they lay on a ball; depth 0 stays in place."""
        p = np.array(points, np.float64)
        ball = np.sqrt(np.maximum(1 - (p[:, 0] / 1.12) ** 2, 0))
        p[:, 0] *= 1 - 0.5 * depth * self.turn**2
        p[:, 0] += 0.9 * depth * self.turn * ball
        return p


def generator(seed: int, part: str) -> np.random.Generator:
    """The random numbers of one part of the character `seed` (0 to 2**128 - 1)."""
    return np.random.Generator(np.random.Philox(key=seed, counter=PARTS.index(part) << 128))


def between(rng: np.random.Generator, low: float, high: float) -> float:
    """Uniform in [low, high), as a plain float."""
    return low + (high - low) * rng.random()


def pick(rng: np.random.Generator, weights: Mapping[str, float]) -> str:
    """One of the keys, with a probability in proportion to its weight."""
    total = rng.random() * sum(weights.values())
    for name, weight in weights.items():
        total -= weight
        if total < 0:
            return name
    return name


def _hair(rng: np.random.Generator) -> Tones:
    hue, saturation, value, _ = HAIRS[pick(rng, {name: family[3] for name, family in HAIRS.items()})]
    return tones(hsv(between(rng, *hue), between(rng, *saturation), between(rng, *value)))


def _eye(rng: np.random.Generator) -> Color:
    hue = EYE_HUES[rng.integers(len(EYE_HUES))] + between(rng, -6, 6)
    return hsv(hue, between(rng, 0.55, 0.8), between(rng, 0.62, 0.86))


def _cloth(rng: np.random.Generator) -> Tones:
    kind = pick(rng, {"white": 3, "dark": 3, "bright": 3, "pastel": 2})
    hue = between(rng, 0, 360)
    if kind == "white":
        return tones(hsv(between(rng, 30, 260), between(rng, 0.0, 0.07), between(rng, 0.93, 0.99)))
    if kind == "dark":
        return tones(hsv(between(rng, 200, 290), between(rng, 0.2, 0.5), between(rng, 0.25, 0.42)))
    if kind == "bright":
        return tones(hsv(hue, between(rng, 0.45, 0.66), between(rng, 0.55, 0.84)))
    return tones(hsv(hue, between(rng, 0.18, 0.32), between(rng, 0.88, 0.97)))


def design(seed: int) -> Design:
    """The character that `seed` stands for."""
    rng = generator(seed, "design")
    masculine = rng.random() < 0.24
    age = between(rng, 0.35, 1.0) if masculine else between(rng, 0.0, 0.75)
    skin = skin_tones(mix(SKINS[rng.choice(len(SKINS), p=SKIN_WEIGHTS)], (255, 226, 205), between(rng, 0, 0.12)))
    hair = _hair(rng)
    turn = float(np.clip(rng.normal(0, 0.15), -0.25, 0.25))
    cloth, accent = _cloth(rng), tones(hsv(between(rng, -60, 270), between(rng, 0.55, 0.8), between(rng, 0.7, 0.95)))
    fashion = MENS if masculine else WOMENS
    back, bangs, headgear = (pick(rng, fashion[trait]) for trait in ("back", "bangs", "headgear"))
    if back in ("buns", "twin tails") and headgear in ("beret", "cat ears", "bow"):
        headgear = "pins"
    return Design(
        seed=seed, age=age, masculine=masculine, turn=turn, tilt=float(np.clip(rng.normal(0, 0.06), -0.13, 0.13)),
        dark_side=-1 if rng.random() < 0.5 else 1, units=between(rng, 3.6, 4.5),
        shift=(between(rng, -0.15, 0.15) - 0.3 * turn, between(rng, -0.34, -0.12)),
        skin=skin, hair=hair, eye=_eye(rng), cloth=cloth, second=_cloth(rng), accent=accent,
        bangs=bangs, back=back, headgear=headgear, mood=pick(rng, MOODS), glasses=rng.random() < 0.13,
        earrings=rng.random() < 0.18 and not masculine,
    )  # fmt: skip
