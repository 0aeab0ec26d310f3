"""Use a trained shading network: any size in, exactly that size out."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Callable, NamedTuple

import numpy as np

from mangastyle.engine import keras, tf
from mangastyle.errors import MAX_SEED, Cancelled, MangastyleError, check_calls, check_choice, check_integer, near
from mangastyle.io import weights as weights_files
from mangastyle.io.images import check_picture
from mangastyle.kernels import precision as precisions
from mangastyle.lineart.graph import is_line_art, network_line_input
from mangastyle.ops import pixels
from mangastyle.ops.random import uniforms
from mangastyle.shade import networks, simulated_hints
from mangastyle.shade.files import find_generator
from mangastyle.shade.hints import Hint, HintSource, Palette, resolve_hint
from mangastyle.shade.multiscale import MultiscaleColorizer, count_scales, layout_size
from mangastyle.shade.spec import HINT_RECIPES, ShadeSettings, ShadeSpec

NO_HINT = Hint(np.zeros((1, 1, 3), np.uint8), np.zeros((1, 1), np.float32))


class Progress(NamedTuple):
    """What is reported after each scale of a picture, and after the lines are drawn.

    Attributes
    ----------
    iteration, iterations : int
        Steps done, and all of them.
    """

    iteration: int
    iterations: int


def load_generator(weights: str | Path = "shade", precision: str = "auto") -> tuple[keras.Model, ShadeSpec]:
    """The generator or baseline in a weights file.

    Parameters
    ----------
    weights : str or Path
        A file from training, or one that ships: "shade", "shade-paper", "baseline".
    precision : str
        "auto", or a Keras dtype policy, see `kernels.precision.resolve`.

    Returns
    -------
    model : keras.Model
        See `networks.build`.
    spec : ShadeSpec
        Its specification.

    Raises
    ------
    MangastyleError
        If the file is missing, damaged, or of another kind.

    Examples
    --------
    >>> model, spec = load_generator("baseline", "float32")
    >>> spec.network
    'baseline'
    """
    path, spec = find_generator(weights)
    model = networks.build(spec, precisions.resolve(precision))
    weights_files.fill(model, path, "shade")
    return model, spec


class Shader:
    """Colors and shades line art, or pictures that are sketched first, with one loaded network.

    Several threads may use one object.

    Parameters
    ----------
    weights : str or Path
        A file from training, or one that ships: "shade", "shade-paper", "baseline".
    precision : str
        "auto": bfloat16 or float16 where the processor has it; or "float32", "mixed_bfloat16", "mixed_float16".

    Attributes
    ----------
    model : keras.Model
        The network, see `networks.build`.
    spec : ShadeSpec
        Its specification.

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

    def __init__(self, weights: str | Path = "shade", *, precision: str = "auto") -> None:
        self.model, self.spec = load_generator(weights, precision)
        self.model.trainable = False
        self._colorizer = MultiscaleColorizer(self.model, self.spec)
        self._lock, self._traced = threading.Lock(), False

    def __call__(
        self, picture: np.ndarray, hint: Hint | HintSource | None = None, *, work_size: int = 0, refine: int = ShadeSettings.refine,
        ink: float = ShadeSettings.ink, line_art: bool | None = None, progress: Callable[[Progress], object] | None = None,
        cancel: threading.Event | None = None,
    ) -> np.ndarray:  # fmt: skip
        """Shaded color of a picture, see `shade.multiscale`.

        Parameters
        ----------
        picture : ndarray of uint8, shape (h, w, 3) or (h, w)
            Line art, or a color picture to be sketched.
        hint : Hint, or a function from the picture to a Hint, optional
            The colors.
        work_size : int
            Short side, in pixels, at which the colors are laid out; 0 for that of the training.
        refine : int
            Short side up to which the network sharpens its colors, scale by scale.
        ink : float in 0..1
            How strongly line art is drawn over the colors.
        line_art : bool, optional
            Whether the picture is line art; by default `is_line_art` decides.
        progress : callable, optional
            Gets a `Progress` after each scale.
        cancel : threading.Event, optional
            Ends the call between two scales when it is set.

        Returns
        -------
        ndarray of uint8, shape (h, w, 3)

        Raises
        ------
        MangastyleError
            If an argument is of another form or out of bounds.
        Cancelled
            With the colors of the last scale, at the picture's size, if there are any.
        """
        settings = ShadeSettings(work_size, refine, ink)
        check_calls(progress, cancel)
        given_art = check_choice("line_art", line_art)
        picture = pixels.to_rgb(check_picture(picture, "picture", gray=True))
        height, width = picture.shape[:2]
        given = resolve_hint(hint, picture) or NO_HINT
        art = is_line_art(picture) if given_art is None else given_art

        side = settings.work_size or self.spec.size
        steps, done = count_scales(height, width, side, settings.refine) + 1, 0

        def stop_if_cancelled(colors: tf.Tensor | None) -> None:
            if cancel is not None and cancel.is_set():
                raise Cancelled("shading was cancelled", None if colors is None else pixels.resize(colors.numpy(), height, width))

        def report() -> None:
            nonlocal done
            done += 1
            if progress:
                progress(Progress(done, steps))

        def between(colors: tf.Tensor) -> None:
            stop_if_cancelled(colors)
            report()

        stop_if_cancelled(None)
        self._trace()
        colors = self._colorizer(
            tf.constant(picture), tf.constant(art), tf.constant(given.rgb), tf.constant(given.mask),
            tf.constant(side), tf.constant(settings.refine), tf.constant(settings.ink, tf.float32), between,
        )  # fmt: skip
        report()
        return colors.numpy()

    def network_pass(self, line: np.ndarray, hint: np.ndarray) -> np.ndarray:
        """One pass of the network at the given size, without scales and without lines drawn over it.

        Parameters
        ----------
        line : ndarray of uint8, shape (h, w)
            Line art.
        hint : ndarray of uint8, shape (h, w, 3)
            White where it is unmasked.

        Returns
        -------
        ndarray of uint8, shape (h, w, 3)

        Raises
        ------
        MangastyleError
            If an array has another form.
        """
        line, hint = check_picture(line, "line", gray=True), check_picture(hint, "hint")
        if line.shape != hint.shape[:2]:
            raise MangastyleError(f"`line`: must be uint8 (h, w) of the hint's {hint.shape[:2]}, not {line.shape}")
        self._trace()
        return self._colorizer.run(line[None, ..., None], hint[None])[0].numpy()

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
            Of the training's short side, or the picture's if that is smaller; less for very long pictures.
        """
        height, width = layout_size(picture.shape[0], picture.shape[1], work_size or self.spec.size)  # type: ignore
        return int(height), int(width)

    def simulated_hint(self, picture: np.ndarray, recipe: str = "proportional", seed: int = 0, work_size: int = 0) -> Hint:
        """The hint that training would have made of a color picture.

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

    def palette_hint(self, picture: np.ndarray, palette: Palette, work_size: int = 0, line_art: bool | None = None) -> Hint:
        """A hint in a palette's colors, arranged by what the network paints without a hint.

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
        picture = pixels.to_rgb(check_picture(picture, "picture", gray=True))
        ShadeSettings(work_size)
        size = self.layout_size(picture, work_size)
        art = check_choice("line_art", line_art)
        art = is_line_art(picture) if art is None else art
        line = network_line_input(tf.constant(picture), *size, tf.constant(art and self.spec.soft_lines)).numpy()
        return Hint.from_palette(palette, self.network_pass(line, np.full((*size, 3), 255, np.uint8)))

    def _trace(self) -> None:
        """Trace the graphs at the first use, by one thread."""
        with self._lock:
            if not self._traced:
                self._colorizer.trace()
                self._traced = True
