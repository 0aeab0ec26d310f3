"""Colors of a figure: a few that go together, light and lively, one for each thing that it wears."""

from __future__ import annotations

import colorsys
from typing import NamedTuple

import numpy as np

from mangastyle.synthetic.characters.colors import Color, Tones, hsv, mix, skin_tones, tones
from mangastyle.synthetic.characters.design import EYE_HUES, HAIRS, between, pick

SKINS: tuple[Color, ...] = (
    (255, 240, 230), (255, 233, 219), (254, 226, 208), (252, 218, 194), (244, 203, 172), (226, 178, 142), (196, 142, 108), (150, 102, 76),
)  # fmt: skip
SKIN_WEIGHTS = (0.2, 0.25, 0.19, 0.13, 0.08, 0.06, 0.05, 0.04)
FAMILIES = {"white": 3.6, "pastel": 2.6, "bright": 2.2, "dark": 2.4}
METALS: tuple[Color, ...] = ((240, 202, 100), (206, 212, 224), (222, 164, 128))


class Palette(NamedTuple):
    """The tones of a figure's skin, hair and clothes, and the color of its eyes."""

    skin: Tones
    hair: Tones
    eye: Color
    cloth: Tones
    second: Tones
    accent: Tones
    legwear: Tones
    shoes: Tones
    metal: Tones
    white: Tones


def palette(rng: np.random.Generator) -> Palette:
    """The colors of one figure."""
    skin = skin_tones(mix(SKINS[rng.choice(len(SKINS), p=SKIN_WEIGHTS)], (255, 226, 208), between(rng, 0, 0.15)))
    hue, saturation, value, _ = HAIRS[pick(rng, {name: family[3] for name, family in HAIRS.items()})]
    hair = hsv(between(rng, *hue), between(rng, *saturation), between(rng, *value))
    main = between(rng, 0, 360)
    step = (0, 30, -30, 150, 180, 210, 120)[int(rng.integers(7))]
    cloth = _family(rng, pick(rng, FAMILIES), main)
    second = _family(rng, pick(rng, FAMILIES), main + step)
    while _near(cloth, second):
        second = _family(rng, pick(rng, FAMILIES), main + step + 60 * rng.random())
    accent = hsv(main + between(rng, 130, 230), between(rng, 0.5, 0.8), between(rng, 0.78, 0.98))
    legwear = (accent, (250, 250, 252), _family(rng, "dark", main), second, (60, 58, 72))[int(rng.integers(5))]
    shoes = (_family(rng, "dark", main + 180), (118, 76, 56), second, (245, 245, 248), accent)[int(rng.integers(5))]
    eye = hsv(EYE_HUES[rng.integers(len(EYE_HUES))] + between(rng, -8, 8), between(rng, 0.5, 0.8), between(rng, 0.68, 0.92))
    metal = METALS[int(rng.integers(len(METALS)))]
    white = (253, 253, 255)
    plain = (tones(color) for color in (cloth, second, accent, legwear, shoes, metal, white))
    return Palette(skin, tones(hair), eye, *plain)


def _family(rng: np.random.Generator, kind: str, hue: float) -> Color:
    if kind == "white":
        return hsv(hue, between(rng, 0.0, 0.05), between(rng, 0.96, 1.0))
    if kind == "pastel":
        return hsv(hue, between(rng, 0.16, 0.36), between(rng, 0.93, 1.0))
    if kind == "dark":
        return hsv(hue, between(rng, 0.15, 0.5), between(rng, 0.24, 0.42))
    return hsv(hue, between(rng, 0.4, 0.66), between(rng, 0.74, 0.95))


def _near(a: Color, b: Color) -> bool:
    """Whether two colors can hardly be told apart."""
    first, second = (np.array(colorsys.rgb_to_yiq(*(c / 255 for c in color))) for color in (a, b))
    return bool(np.abs(first - second).sum() < 0.18)
