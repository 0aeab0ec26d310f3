"""The whole way, stage by stage: picture, sketch, hint, shaded color, painter's style (paper, Figs 1 to 14).

`DEFAULT_STAGES` lists the stages; each is a function that makes one picture from those before it. A further stage, such as
upscaling, is such a function and one line of the list. Networks, and TensorFlow with them, load when a `Pipeline` is made.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable, Iterator, NamedTuple, Sequence

import numpy as np

from mangastyle.errors import MAX_SEED, Cancelled, MangastyleError, check_calls, check_integer, near
from mangastyle.io.images import MAX_PIXELS, check_picture
from mangastyle.lineart.sketch import sketch
from mangastyle.ops import pixels
from mangastyle.shade.hints import Hint, HintSource, resolve_hint
from mangastyle.synthetic import paintings

if TYPE_CHECKING:
    import keras

HINTS = ("own", "simulated", "none")  # hints by name
Hints = str | Hint | HintSource


class Progress(NamedTuple):
    """What is reported after each step of a stage, for a progress bar.

    stage : name of the stage. iteration, iterations : steps done, and all of them.
    """

    stage: str
    iteration: int
    iterations: int


Listener = Callable[[Progress], None]


class Stages:
    """The results of all stages, each an attribute by its name, in the order in which they were made.

    Parameters
    ----------
    pictures : dict of str to array
        uint8 RGB (h, w, 3), or (h, w) of line art.
    by : str
        How the style was painted, if not by the full VGG-19: "one pass and slim VGG-19", "one pass", "slim VGG-19" and so on; else "".

    Attributes
    ----------
    picture, hint, shaded, stylized : ndarray of uint8, shape (h, w, 3)
        The picture as it was used, its hint (white where there is none), its colors, and these painted; all of one size.
    sketch : ndarray of uint8, shape (h, w)
        Its line art.
    style : ndarray of uint8, shape (h', w', 3)
        The painting, the first if there are several.

    Examples
    --------
    >>> gray = np.full((8, 8, 3), 128, np.uint8)
    >>> stages = Stages({"picture": gray, "shaded": gray})
    >>> stages.shaded.shape, [name for name, _ in stages]
    ((8, 8, 3), ['picture', 'shaded'])
    """

    picture: np.ndarray
    sketch: np.ndarray
    hint: np.ndarray
    shaded: np.ndarray
    style: np.ndarray
    stylized: np.ndarray

    def __init__(self, pictures: dict[str, np.ndarray], by: str = "") -> None:
        self.pictures, self.by = pictures, by
        vars(self).update(pictures)

    def __iter__(self) -> Iterator[tuple[str, np.ndarray]]:
        """(name, picture) of each."""
        return iter(self.pictures.items())


@dataclass
class Work:
    """One picture on its way through the stages.

    picture : uint8 (h, w, 3). line_art : whether it is line art already. hint : the one that was given, or found meanwhile.
    made : the results so far, by name. progress, cancel : of the call.
    """

    picture: np.ndarray
    line_art: bool
    hint: Hint | None
    cancel: threading.Event | None
    progress: Listener
    made: dict[str, np.ndarray] = field(default_factory=dict)


class Stage(NamedTuple):
    """A stage of the pipeline.

    name : names the stage and its result. make : makes the result, uint8 (h, w, 3) or (h, w). given : the result is an input of the
    pipeline, kept to be shown beside the others.

    Examples
    --------
    >>> mirrored = Stage("mirrored", lambda pipeline, work: work.made["stylized"][:, ::-1])
    >>> [stage.name for stage in (*DEFAULT_STAGES, mirrored)]
    ['picture', 'sketch', 'hint', 'shaded', 'style', 'stylized', 'mirrored']
    """

    name: str
    make: Callable[[Pipeline, Work], np.ndarray]
    given: bool = False


def _picture(pipeline: Pipeline, work: Work) -> np.ndarray:
    return work.picture


def _sketch(pipeline: Pipeline, work: Work) -> np.ndarray:
    return work.picture[..., 0] if work.line_art else sketch(work.picture, kind=pipeline.shader.sketch_kind)


def _hint(pipeline: Pipeline, work: Work) -> np.ndarray:
    """The hint; by name, of the picture's own colors, so that line art gets none."""
    from mangastyle.shade.multiscale import hint_picture

    if pipeline.hint == "own" and not work.line_art:
        work.hint = Hint(work.picture)
    if pipeline.hint == "simulated" and not work.line_art:
        work.hint = pipeline.shader.simulated_hint(work.picture, seed=pipeline.seed)
    return hint_picture(work.hint, *work.picture.shape[:2])


def _shaded(pipeline: Pipeline, work: Work) -> np.ndarray:
    picture, line_art = work.picture, work.line_art
    if pipeline.shader.sketch_kind == "clean" and "sketch" in work.made:  # what it would make of the picture first
        picture, line_art = work.made["sketch"], True
    return pipeline.shader(picture, work.hint, line_art=line_art, progress=_naming("shaded", work), cancel=work.cancel)


def _style(pipeline: Pipeline, work: Work) -> np.ndarray:
    return pipeline.styles[0]


def _stylized(pipeline: Pipeline, work: Work) -> np.ndarray:
    return pipeline.stylizer(work.made["shaded"], _naming("stylized", work), work.cancel)


def _naming(stage: str, work: Work) -> Callable[[Any], None]:
    """A listener for a stage's records, which names the stage."""
    return lambda record: work.progress(Progress(stage, record.iteration, record.iterations))


DEFAULT_STAGES = (
    Stage("picture", _picture, given=True), Stage("sketch", _sketch), Stage("hint", _hint), Stage("shaded", _shaded),
    Stage("style", _style, given=True), Stage("stylized", _stylized),
)  # fmt: skip


class Pipeline:
    """All networks loaded for one painting, or for several that are blended: picture after picture goes through all stages.

    Several threads may use one object.

    Parameters
    ----------
    styles : array or sequence of arrays of uint8 (h, w, 3), optional
        The painting or paintings, at least 32 pixels high and wide; by default one of our own, painted by `paint`.
    weights : str or Path
        The shading network, see `Shader`.
    method : {"auto", "polish", "optimize", "learned", "onepass"}
        How the style is painted, see `stylize`: in seconds, in minutes, in a second.
    hint : {"own", "simulated", "none"}, Hint, or a function from the picture to a Hint
        The colors. A function gets the picture as it was given. "own" are those of a color picture; "simulated" makes the paper's
        hint of them.
    strength : float in 0..1
        0 keeps the shaded picture, 1 the painting's look alone.
    size : int
        Larger pictures are reduced to this short side, in pixels; 0 keeps the picture's own size.
    precision, backbone
        As for `stylize`.
    seed : int
        Decides the default painting, the simulated hint and the method's random choices.
    stages : sequence of Stage
        By default `DEFAULT_STAGES`.
    **settings
        Of the method, see `stylize`.

    Attributes
    ----------
    stylizer : Stylizer
    shader : Shader
    styles : list of arrays of uint8 (h, w, 3)
    by : str
        See `Stages`.

    Raises
    ------
    MangastyleError
        As `Stylizer` and `Shader`; for an unknown name of a hint.

    Examples
    --------
    >>> import mangastyle
    >>> pipeline = mangastyle.Pipeline(size=32, weights="baseline", precision="float32")
    >>> stages = pipeline(mangastyle.draw(7, 64))
    >>> stages.sketch.shape, stages.stylized.shape, stages.by
    ((32, 32), (32, 32, 3), 'one pass and slim VGG-19')
    """

    def __init__(
        self, styles: np.ndarray | Sequence[np.ndarray] | None = None, *, weights: str | Path = "regions", method: str = "auto",
        hint: Hints = "own", strength: float = 0.5, size: int = 384, precision: str = "auto",
        backbone: keras.Model | str | None = None, seed: int = 0, stages: Sequence[Stage] = DEFAULT_STAGES, **settings: Any,
    ) -> None:  # fmt: skip
        from mangastyle.shade.shader import Shader
        from mangastyle.style.stylize import Stylizer, as_list

        if isinstance(hint, str) and hint not in HINTS:
            raise MangastyleError(f"`hint`: {hint!r}{near(hint, HINTS)} is none of {', '.join(HINTS)}, a Hint, or a function to one")
        check_integer("size", size, 0, MAX_PIXELS)
        check_integer("seed", seed, 0, MAX_SEED)
        self.hint, self.size, self.seed, self.stages = hint, size, seed, tuple(stages)
        if styles is None:
            styles = paintings.paint("brush", seed)
        self.styles = as_list(styles, "styles")
        # The stylizer first, because its full VGG-19 is what is most likely missing.
        self.stylizer = Stylizer(
            self.styles, method=method, precision=precision, backbone=backbone, seed=seed, strength=strength, size=0, **settings
        )
        self.by = self.stylizer.by
        self.shader = Shader(weights, precision=precision)

    def __call__(self, picture: np.ndarray, *, progress: Listener | None = None, cancel: threading.Event | None = None) -> Stages:
        """Take a picture through all stages.

        Parameters
        ----------
        picture : ndarray of uint8, shape (h, w, 3) or (h, w)
            Line art, or a color picture to be sketched.
        progress : callable, optional
            Gets a `Progress` after each step of a stage.
        cancel : threading.Event, optional
            Ends the call when it is set.

        Returns
        -------
        Stages

        Raises
        ------
        MangastyleError
            If the picture is no such array, or smaller than 32 pixels.
        Cancelled
            With the best picture of the stage that was interrupted.
        """
        from mangastyle.lineart.detect import is_line_art

        check_calls(progress, cancel)
        picture = pixels.to_rgb(check_picture(picture, "picture", gray=True))
        given = None if isinstance(self.hint, str) else resolve_hint(self.hint, picture)
        height, width = picture.shape[:2]
        if 0 < self.size < min(height, width):
            picture = pixels.resize(picture, *pixels.fit_short_side(height, width, self.size))
        work = Work(picture, is_line_art(picture), given, cancel, progress or (lambda record: None))
        for stage in self.stages:
            if cancel is not None and cancel.is_set():
                raise Cancelled("the pipeline was cancelled", work.made.get("shaded"))
            work.made[stage.name] = stage.make(self, work)
        return Stages(work.made, self.by)


def run(
    picture: np.ndarray, styles: np.ndarray | Sequence[np.ndarray] | None = None, *,
    progress: Listener | None = None, cancel: threading.Event | None = None, **arguments: Any,
) -> Stages:  # fmt: skip
    """Take one picture through all stages.

    Parameters
    ----------
    picture, progress, cancel
        As for the call of a `Pipeline`.
    styles, **arguments
        As for `Pipeline`.

    Returns
    -------
    Stages

    Raises
    ------
    MangastyleError
        As `Pipeline` and its call.
    Cancelled
        With the best picture of the stage that was interrupted.

    Examples
    --------
    >>> import mangastyle
    >>> picture, painting = mangastyle.draw(7, 64), mangastyle.paint("wash", 0, 48, 64)
    >>> mangastyle.run(picture, painting, strength=0.8, size=32, weights="baseline").shaded.shape
    (32, 32, 3)
    """
    check_picture(picture, "picture", gray=True)  # before networks load
    check_calls(progress, cancel)
    return Pipeline(styles, **arguments)(picture, progress=progress, cancel=cancel)
