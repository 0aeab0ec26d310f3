"""Colors of the drawn characters: RGB tuples of 0..255, and the tones a cel painter makes of one."""

from __future__ import annotations

import colorsys
from typing import NamedTuple

Color = tuple[float, float, float]
WHITE: Color = (255, 255, 255)


class Tones(NamedTuple):
    """One color of a character in light and shadow, and the color of its lines."""

    base: Color
    shadow: Color
    light: Color
    line: Color

    def in_shadow(self) -> Tones:
        """The tones of a part that lies in shadow altogether."""
        return self._replace(base=self.shadow, light=self.base)


def mix(a: Color, b: Color, share: float) -> Color:
    """`share` of b in a."""
    red, green, blue = (round(x + (y - x) * share) for x, y in zip(a, b))
    return red, green, blue


def hsv(hue: float, saturation: float, value: float) -> Color:
    """Hue in degrees, saturation and value in 0..1."""
    red, green, blue = colorsys.hsv_to_rgb(hue / 360 % 1, min(max(saturation, 0), 1), min(max(value, 0), 1))
    return round(255 * red), round(255 * green), round(255 * blue)


def tones(base: Color) -> Tones:
    """Shadow turns towards violet, light towards white; lines are nearly black but keep a trace of the hue."""
    hue, saturation, value = colorsys.rgb_to_hsv(*(c / 255 for c in base))
    hue *= 360
    towards = ((265 - hue + 180) % 360 - 180) * 0.07
    shadow = hsv(hue + towards, min(1, saturation * 1.08 + 0.06), value * 0.74)
    light = mix(base, WHITE, 0.25 + 0.3 * value)
    return Tones(base, shadow, light, hsv(hue + towards, min(1, saturation * 0.6 + 0.2), 0.1 + 0.13 * value))


def skin_tones(base: Color) -> Tones:
    """Skin: its shadow turns towards red, its lines are brown."""
    red, green, blue = base
    shadow = round(red * 0.90), round(green * 0.76), round(blue * 0.75)
    return Tones(base, shadow, mix(base, WHITE, 0.4), mix((62, 26, 26), base, 0.06))
