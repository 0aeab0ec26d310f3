"""Stages of a clip: what makes, of a shot's frames, the frames of the next stage."""

from __future__ import annotations

from typing import Any, Mapping, Protocol, Sequence

import numpy as np

from mangastyle.errors import MangastyleError, near
from mangastyle.lineart.sketch import sketch
from mangastyle.ops import pixels
from mangastyle.shade.hints import Hint
from mangastyle.video.shot import Shot

STAGES = ("sketch", "shade", "style")


class Stage(Protocol):
    """What a clip's frames go through, shot by shot.

    Attributes
    ----------
    name : str
        Also that of its folder.
    numbers : collection of int, optional
        Numbers of frames that it must see, even if they repeat those before them: those with a hint.
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


def make_stages(
    names: Sequence[str], *, styles: Sequence[np.ndarray] = (), method: str = "onepass", strength: float = 0.5,
    hints: Mapping[int, Hint] | None = None, colored: Mapping[int, np.ndarray] | None = None, references: Sequence[np.ndarray] = (),
    weights: str = "regions", precision: str = "auto", seed: int = 0, shade: Mapping[str, Any] | None = None,
    style: Mapping[str, Any] | None = None,
) -> list[Stage]:  # fmt: skip
    """Stages by name, with their networks loaded.

    Parameters
    ----------
    names : sequence of str
        Some of "sketch", "shade" and "style", in this order.
    styles : sequence of ndarray of uint8, shape (h, w, 3)
        Paintings, for "style".
    method, strength : str, float
        How the style is painted, see `mangastyle.stylize`.
    hints : {number: Hint}, optional
        Strokes on frames, by the frame's number in the clip; they hold for the shot, forwards and backwards.
    colored : {number: ndarray of uint8, shape (h, w, 3)}, optional
        Colorings of frames, likewise.
    references : sequence of ndarray of uint8, shape (h, w, 3)
        Colored pictures of the same characters, of no frame, see `Shader.reference`.
    weights : str
        A network that colors regions, see `Shader`.
    precision, seed
        As for `Shader` and `stylize`.
    shade, style : mapping, optional
        Further settings of `ShotColoring` and of `Stylizer`.

    Returns
    -------
    list of Stage

    Raises
    ------
    MangastyleError
        For an unknown name, an order other than that above, and as `Shader` and `Stylizer`.

    Examples
    --------
    >>> [stage.name for stage in make_stages(["sketch"])]
    ['sketch']
    """
    for name in names:
        if name not in STAGES:
            raise MangastyleError(f"`stages`: {name!r}{near(name, STAGES)} is none of {', '.join(STAGES)}")
    if not names or list(names) != [name for name in STAGES if name in names]:
        raise MangastyleError(f"`stages`: must be some of {', '.join(STAGES)}, each once, in this order")
    return [
        Sketching() if name == "sketch"
        else _coloring(weights, precision, hints or {}, colored or {}, references, shade or {}) if name == "shade"
        else _painting(styles, method, strength, precision, seed, style or {})
        for name in names
    ]  # fmt: skip


def _coloring(
    weights: str, precision: str, hints: Mapping[int, Hint], colored: Mapping[int, np.ndarray], references: Sequence[np.ndarray],
    settings: Mapping[str, Any],
) -> Stage:  # fmt: skip
    from mangastyle.shade.shader import Shader
    from mangastyle.video.coloring import ShotColoring

    shader = Shader(weights, precision=precision)
    return ShotColoring(shader, hints=hints, colored=colored, reference=shader.reference(*references) if references else None, **settings)


def _painting(
    styles: Sequence[np.ndarray], method: str, strength: float, precision: str, seed: int, settings: Mapping[str, Any]
) -> Stage:  # fmt: skip
    from mangastyle.style.stylize import Stylizer
    from mangastyle.video.painting import ShotPainting

    return ShotPainting(Stylizer(styles, method=method, strength=strength, precision=precision, seed=seed, **{"size": 0, **settings}))
