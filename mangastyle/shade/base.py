"""What all shaders share: the arguments of a call, its steps, and which networks color by regions or by pixels."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any, Callable, NamedTuple, TypeVar

import numpy as np

from mangastyle.engine import keras, tf
from mangastyle.errors import MAX_SEED, Cancelled, MangastyleError, check_calls, check_choice, check_integer, near
from mangastyle.io.images import check_picture
from mangastyle.lineart.detect import is_line_art
from mangastyle.ops import pixels
from mangastyle.ops.layers import Layers
from mangastyle.ops.random import uniforms
from mangastyle.shade import simulated_hints
from mangastyle.shade.files import find_network
from mangastyle.shade.hints import Hint, HintSource, Palette, resolve_hint
from mangastyle.shade.local import change_within, check_local
from mangastyle.shade.references import Reference
from mangastyle.shade.spec import HINT_RECIPES, ShadeSettings

NO_HINT = Hint(np.zeros((1, 1, 3), np.uint8), np.zeros((1, 1), np.float32))


class Progress(NamedTuple):
    """What is reported after each step of a picture.

    Attributes
    ----------
    iteration, iterations : int
        Steps done, and all of them.
    """

    iteration: int
    iterations: int


class Work(NamedTuple):
    """One picture to be colored.

    picture : uint8 (h, w, 3). line_art : whether it is line art. hint : its colors. reference : colored pictures' regions, or None.
    settings : of the call. done : called after each step, with the colors so far, if there are any; raises `Cancelled` if the caller
    wants so.
    """

    picture: np.ndarray
    line_art: bool
    hint: Hint
    reference: Reference | None
    settings: ShadeSettings
    done: Callable[[np.ndarray | None], None]


S = TypeVar("S", bound="Shader")
SHADERS: dict[str, type[Shader]] = {}  # subclasses by kind of their weights files; `shade.shader` imports them all


class Shader:
    """Colors and shades line art, or pictures that become line art first, with loaded networks.

    Several threads may use one object. It is a `RegionShader` or, for a file of a U-Net, a `UNetShader`.

    Parameters
    ----------
    weights : str or Path
        A file from training, or one that ships: "regions", which colors by regions; "shade", "shade-paper", "baseline", which color
        pixels as in the paper.
    precision : str
        "auto": bfloat16 or float16 where the processor has it; or "float32", "mixed_bfloat16", "mixed_float16".

    Raises
    ------
    MangastyleError
        If the file is missing, damaged, or of another kind.

    Examples
    --------
    >>> import mangastyle
    >>> shader = mangastyle.Shader("baseline", precision="float32")
    >>> line_art = np.full((32, 40, 3), 255, np.uint8)
    >>> line_art[8:24, 8:9] = 0
    >>> hint = mangastyle.Hint.from_points([(20, 16, "#ffcc99")], line_art.shape)
    >>> shader(line_art, hint).shape
    (32, 40, 3)
    """

    sketch_kind: str  # how a color picture becomes line art, see `mangastyle.sketch`

    def __new__(cls: type[S], weights: str | Path = "regions", **options: Any) -> S:
        """The subclass that a file's network needs."""
        kind = SHADERS[find_network(weights)[1]] if cls is Shader else cls
        return super().__new__(kind)  # type: ignore[arg-type]  # a subclass

    def __init_subclass__(cls, kind: str) -> None:
        """`kind` is that of the weights files that the subclass uses."""
        SHADERS[kind] = cls

    def __call__(
        self, picture: np.ndarray, hint: Hint | HintSource | None = None, *, reference: Reference | None = None,
        line_art: bool | None = None, base: np.ndarray | None = None, within: np.ndarray | None = None,
        progress: Callable[[Progress], object] | None = None, cancel: threading.Event | None = None, **settings: Any,
    ) -> np.ndarray:  # fmt: skip
        """Shaded color of a picture.

        Parameters
        ----------
        picture : ndarray of uint8, shape (h, w, 3) or (h, w)
            Line art, or a color picture that becomes line art first.
        hint : Hint, or a function from the picture to a Hint, optional
            The colors.
        reference : Reference, optional
            Colored pictures from which the colors are taken where the hint gives none, see `Shader.reference`.
        line_art : bool, optional
            Whether the picture is line art; by default `is_line_art` decides.
        base : ndarray of uint8, shape (h, w, 3), optional
            An earlier coloring, of which only a part is to change.
        within : ndarray, shape (h, w), optional
            Where it may change: a mask, uint8 0..255, float 0..1 or bool.
        progress : callable, optional
            Gets a `Progress` after each step.
        cancel : threading.Event, optional
            Ends the call between two steps when it is set.
        **settings
            With values and defaults on the page Settings (docs/settings.md): ink, variant, gap, shading, light; of a U-Net, ink, work_size
            and refine.

        Returns
        -------
        ndarray of uint8, shape (h, w, 3)

        Raises
        ------
        MangastyleError
            If an argument is of another form or out of bounds.
        Cancelled
            With the colors of the last step, at the picture's size, if there are any.
        """
        work = self._work(picture, hint, reference, line_art, progress, cancel, settings)
        local = check_local(base, within, work.picture.shape[:2])
        colored = self._color(work)
        return change_within(local[0], colored, local[1]) if local else colored

    def layers(
        self, picture: np.ndarray, hint: Hint | HintSource | None = None, *, reference: Reference | None = None,
        line_art: bool | None = None, progress: Callable[[Progress], object] | None = None, cancel: threading.Event | None = None,
        **settings: Any,
    ) -> Layers:  # fmt: skip
        """The layers of which the shaded picture consists.

        Parameters
        ----------
        picture, hint, reference, line_art, progress, cancel, **settings
            As for the call.

        Returns
        -------
        Layers
            Their `layers.composite` is the picture of the call.

        Raises
        ------
        MangastyleError
            As the call; and for a U-Net, which has no layers.
        Cancelled
            As the call.
        """
        raise NotImplementedError

    def reference(self, *pictures: np.ndarray) -> Reference:
        """Colored pictures from which calls take colors: hair that of hair, skin that of skin.

        Parameters
        ----------
        *pictures : ndarray of uint8, shape (h, w, 3)

        Returns
        -------
        Reference
            For calls of shaders with the same weights.

        Raises
        ------
        MangastyleError
            If a picture is no such array, or has no colors; and for a U-Net, which knows no regions.

        Examples
        --------
        >>> import mangastyle
        >>> shader = mangastyle.Shader("regions", precision="float32")
        >>> blue = np.full((64, 64, 3), (40, 60, 160), np.uint8)
        >>> shader(np.full((64, 64), 255, np.uint8), reference=shader.reference(blue)).shape
        (64, 64, 3)
        """
        raise NotImplementedError

    def in_graph(self, picture: tf.Tensor, line_art: tf.Tensor, rgb: tf.Tensor, mask: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """The call, with its usual settings, inside a graph.

        Parameters
        ----------
        picture : tensor of uint8, shape (h, w, 3)
        line_art : scalar bool tensor
            Whether it is line art.
        rgb, mask : tensor of uint8, shape (h', w', 3), tensor of float32, shape (h', w')
            The parts of a `Hint`.

        Returns
        -------
        sketch : tensor of uint8, shape (h, w)
            The line art that is colored.
        shaded : tensor of uint8, shape (h, w, 3)
        """
        raise NotImplementedError

    @property
    def models(self) -> list[keras.Model]:
        """The networks that `in_graph` uses."""
        raise NotImplementedError

    def layout_size(self, picture: np.ndarray, work_size: int = 0) -> tuple[int, int]:
        """Size at which the colors of a picture are laid out.

        Parameters
        ----------
        picture : ndarray, shape (h, w, ...)
        work_size : int
            As for the call.

        Returns
        -------
        height, width : int
        """
        raise NotImplementedError

    def palette_hint(self, picture: np.ndarray, palette: Palette, work_size: int = 0, line_art: bool | None = None) -> Hint:
        """A hint in a palette's colors, arranged by what the network finds likely, or paints, without a hint.

        Parameters
        ----------
        picture : ndarray of uint8, shape (h, w, 3) or (h, w)
        palette : Palette
            See `hints.palette`.
        work_size, line_art
            As for the call.

        Returns
        -------
        Hint
            At the size at which the colors are laid out.

        Raises
        ------
        MangastyleError
            If the picture is no such array.
        """
        raise NotImplementedError

    def _steps(self, height: int, width: int, settings: ShadeSettings) -> int:
        """How many steps a picture takes."""
        raise NotImplementedError

    def _color(self, work: Work) -> np.ndarray:
        """Shaded color, uint8 (h, w, 3)."""
        raise NotImplementedError

    def simulated_hint(self, picture: np.ndarray, recipe: str = "proportional", seed: int = 0, work_size: int = 0) -> Hint:
        """The paper's hint, which training makes of a color picture: areas painted white, then a blur.

        Parameters
        ----------
        picture : ndarray of uint8, shape (h, w, 3)
        recipe : str
            A key of `HINT_RECIPES`: "proportional" to the side, or "paper", in pixels.
        seed : int
            Decides where the hint is white.
        work_size : int
            As for the call.

        Returns
        -------
        Hint
            At the size at which the colors are laid out.

        Raises
        ------
        MangastyleError
            If the picture is no such array, or for an unknown recipe.

        Examples
        --------
        >>> import mangastyle
        >>> mangastyle.Shader("baseline").simulated_hint(mangastyle.draw(7, 80)).rgb.shape
        (64, 64, 3)
        """
        picture = check_picture(picture, "picture")
        ShadeSettings(work_size)
        if recipe not in HINT_RECIPES:
            raise MangastyleError(f"`recipe`: {recipe!r}{near(recipe, HINT_RECIPES)} is none of {', '.join(HINT_RECIPES)}")
        small = pixels.normalize(pixels.resize(picture, *self.layout_size(picture, work_size)))
        check_integer("seed", seed, 0, MAX_SEED)
        numbers = tf.constant(uniforms(seed, 0, 1, simulated_hints.NUM_UNIFORMS))
        return Hint(pixels.denormalize(simulated_hints.HINTS[recipe](tf.constant(small[None]), numbers)[0].numpy()))

    def _work(
        self, picture: np.ndarray, hint: Hint | HintSource | None, reference: Reference | None, line_art: bool | None,
        progress: Callable[[Progress], object] | None, cancel: threading.Event | None, settings: dict[str, Any],
    ) -> Work:  # fmt: skip
        """The arguments of a call, checked."""
        chosen = ShadeSettings.from_arguments(settings)
        check_calls(progress, cancel)
        given_art = check_choice("line_art", line_art)
        picture = pixels.to_rgb(check_picture(picture, "picture", gray=True))
        height, width = picture.shape[:2]
        given = resolve_hint(hint, picture) or NO_HINT
        if not (reference is None or isinstance(reference, Reference)):
            raise MangastyleError(f"`reference`: must be what Shader.reference gives, not {type(reference).__name__}")
        art = is_line_art(picture) if given_art is None else given_art
        steps, made = self._steps(height, width, chosen), 0

        def done(colors: np.ndarray | None) -> None:
            nonlocal made
            made += 1
            if progress:
                progress(Progress(made, steps))
            stop_if_cancelled(colors)

        def stop_if_cancelled(colors: np.ndarray | None) -> None:
            if cancel is not None and cancel.is_set():
                raise Cancelled("shading was cancelled", None if colors is None else pixels.resize(colors, height, width))

        stop_if_cancelled(None)
        return Work(picture, art, given, reference, chosen, done)
