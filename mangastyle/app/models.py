"""The networks, behind one object: loaded once, in the thread that computes; tests put a fake in its place."""

from __future__ import annotations

import logging
import threading
import time
from collections import OrderedDict
from typing import Any, Callable, Hashable, Sequence

import numpy as np

from mangastyle import startup
from mangastyle.errors import MangastyleError
from mangastyle.lineart.regions import RegionMap, find_regions
from mangastyle.shade.hints import Hint, palette

KEPT = 4  # of each kind
KEPT_PIXELS = 2_000_000  # of a content, up to which what is measured beside it is kept: of large ones, that is gigabytes
LEARNING = 5.0  # minutes for a painting
WARM = 64  # side, in pixels, of the picture that networks are compiled with

remarks = logging.getLogger(__name__)


class Models:
    """All that needs a network. Calls come from one thread.

    Attributes
    ----------
    state : {"loading", "ready", "failed"}
    error : str
        Why they could not be loaded.
    """

    def __init__(self, weights: str = "regions", precision: str = "auto") -> None:
        self.weights, self.precision = weights, precision
        self.state, self.error = "loading", ""
        self._began, self._took = time.monotonic(), 0.0
        self._kept: OrderedDict[Hashable, Any] = OrderedDict()
        self._shader: Any = None

    @property
    def seconds(self) -> float:
        """How long loading has taken, so far or in all."""
        return round(self._took or time.monotonic() - self._began, 1)

    def load(self) -> None:
        """Load and compile the networks that shade. It never raises: jobs then fail with `error`."""
        self._began = time.monotonic()
        try:
            startup.load_tensorflow()
            self._load()
            self._warm()
            self.state = "ready"
        except MangastyleError as error:
            self.state, self.error = "failed", str(error)
        except Exception as error:
            remarks.exception("the networks cannot be loaded")
            self.state, self.error = "failed", f"the networks cannot be loaded ({error})"
        self._took = time.monotonic() - self._began

    def _load(self) -> None:
        from mangastyle.shade.shader import Shader

        self._shader = Shader(self.weights, precision=self.precision)

    def _warm(self) -> None:
        """Compile what previews need: the first calls of networks take seconds."""
        art = np.full((WARM, WARM, 3), 255, np.uint8)
        art[:, WARM // 2] = 0
        dot = Hint.from_points([(5, 5, "red")], art.shape)
        regions = find_regions(art)
        labels, colors = self.colors(art, regions, dot, 0, None, self.see(art, regions))
        for kind in ("soft", "cel"):
            self.shading(art, colors[labels], kind, "left")

    @property
    def shader(self) -> Any:
        """The shader; `MangastyleError` if it could not be loaded."""
        if self._shader is None or self.state == "failed":
            raise MangastyleError(self.error or "the networks are not loaded yet")
        return self._shader

    def see(self, art: np.ndarray, regions: RegionMap) -> Any:
        """What `colors` needs to know of line art, whatever the hint."""
        return self.shader.see(art, regions)

    def colors(
        self, art: np.ndarray, regions: RegionMap, hint: Hint, variant: int, reference: Any, seen: Any
    ) -> tuple[np.ndarray, np.ndarray]:  # fmt: skip
        """Labels int32 (h, w) of line art uint8 (h, w, 3): its regions, or parts of them; and their colors, uint8 (n, 3)."""
        return self.shader.region_colors(art, regions, hint, variant, reference, seen)

    def shading(self, art: np.ndarray, flat: np.ndarray, kind: str, light: str) -> tuple[np.ndarray, np.ndarray]:
        """Shading and highlights of flat colors, each uint8 (h, w, 3)."""
        from mangastyle.ops.color import rgb_to_gray

        return self.shader.shading(rgb_to_gray(art), flat, kind, light)

    def reference(self, key: Hashable, pictures: Callable[[], Sequence[np.ndarray]]) -> Any:
        """Reference pictures, as the shader takes them; kept by a key."""
        return self._keep(("reference", key), lambda: self.shader.reference(*pictures()))

    def palette_hint(self, art: np.ndarray, colors: Sequence[str]) -> Hint:
        """Line art in a palette's colors, arranged by what the network finds likely."""
        return self.shader.palette_hint(art, palette(*colors), line_art=True)

    def has_learned(self, painting: np.ndarray) -> bool:
        """Whether a painting, uint8 (h, w, 3), was learned before, by whomever."""
        from mangastyle.style.learned import painters  # its HDF5 library need not load for other methods

        return painters.find(painting) is not None

    def learn(self, painting: np.ndarray, sample: np.ndarray, progress: Callable[[Any], None], cancel: threading.Event) -> None:
        """Learn a painting, uint8 (h, w, 3), for method learned.

        Parameters
        ----------
        painting : ndarray of uint8, shape (h, w, 3)
        sample, progress, cancel
            As for `mangastyle.learn`.
        """
        from mangastyle.training.painter import learn

        learn(painting, minutes=LEARNING, precision=self.precision, sample=sample, progress=progress, cancel=cancel)

    def paint(
        self, content: np.ndarray, key: Hashable, paintings: Callable[[], list[np.ndarray]], masks: list[np.ndarray],
        progress: Callable[[Any], None], cancel: threading.Event, **settings: Any,
    ) -> np.ndarray:  # fmt: skip
        """A picture in the style of paintings.

        Parameters
        ----------
        content : ndarray of uint8, shape (h, w, 3)
        key : hashable
            Names the paintings.
        paintings : callable
            Decodes them, if they are not kept.
        masks : list of ndarray of uint8, shape (h, w)
        progress, cancel, **settings
            As for `mangastyle.stylize`, with `method`.

        Returns
        -------
        ndarray of uint8, shape (h, w, 3)
        """
        from mangastyle.style.stylize import Stylizer

        pictures = self._keep(("paintings", key), paintings)
        if masks or content.shape[0] * content.shape[1] > KEPT_PIXELS:
            return Stylizer(pictures, masks=masks, size=0, precision=self.precision, **settings)(content, progress, cancel)
        known = ("stylizer", key, tuple(sorted(settings.items())))
        stylizer = self._keep(known, lambda: Stylizer(pictures, size=0, precision=self.precision, **settings))
        if settings["method"] != "onepass" or settings["keep_colors"]:
            return stylizer(content, progress, cancel)
        # What is measured of paintings does not depend on the strength: a slider only maps and decodes.
        unlike = tuple(sorted((name, value) for name, value in settings.items() if name != "strength"))
        style = self._keep(("style", key, unlike, content.shape), lambda: stylizer.implementation.style_cache(content))
        return stylizer.implementation(content, progress, cancel, style=style)

    def _keep(self, key: Hashable, make: Callable[[], Any]) -> Any:
        """What was made for a key, the last few of each kind of key."""
        if key not in self._kept:
            self._kept[key] = make()
            alike = [other for other in self._kept if other[0] == key[0]]  # type: ignore[index]
            for other in alike[:-KEPT]:
                del self._kept[other]
        self._kept.move_to_end(key)
        return self._kept[key]
