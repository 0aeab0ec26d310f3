"""The protocol of stylization methods: paintings and settings in, then content after content."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from typing import Any, Callable, NamedTuple, Sequence

import numpy as np

from mangastyle.errors import MAX_SEED, MangastyleError, check_calls, check_integer
from mangastyle.io import images
from mangastyle.kernels import precision as arithmetic
from mangastyle.ops import masks as masking
from mangastyle.style import preprocess
from mangastyle.style.look import LookSettings, normalize_weights
from mangastyle.vgg.spec import MIN_SIDE


class Progress(NamedTuple):
    """What is reported after each step. Records of other methods have these fields and more.

    Attributes
    ----------
    iteration : int
        How many steps are done.
    iterations : int
        How many there are.
    """

    iteration: int
    iterations: int


Listener = Callable[[Any], None]  # gets a `Progress`, or a record with its fields


class BaseStylizer(ABC):
    """Paintings made ready to stylize in, by one method. Subclasses implement `_stylize`.

    What depends on the paintings alone is kept for further contents of the same size. Several threads may use one object.

    Parameters
    ----------
    styles : sequence of ndarray of uint8, shape (h, w, 3)
        The paintings, at least 32 pixels high and wide.
    settings : LookSettings
        An object of the method's settings class.
    masks : sequence of ndarray, shape (h, w) or (h, w, 3)
        None, or one for each painting, of the content's size: uint8 or float 0..1, see `masks.to_mask`.
    precision : str
        "auto", "float32", "mixed_bfloat16" or "mixed_float16", see `kernels.precision.resolve`.
    seed : int
        Random choices follow from it.
    max_pixels : int
        The most that a result may have.

    Raises
    ------
    MangastyleError
        For settings at odds, and arrays that are no pictures or masks.
    """

    by = ""  # what stylizes, if it is not the full VGG-19; for captions

    def __init__(
        self, styles: Sequence[np.ndarray], settings: LookSettings, *, masks: Sequence[np.ndarray] = (), precision: str = "auto",
        seed: int = 0, max_pixels: int = images.MAX_PIXELS,
    ) -> None:  # fmt: skip
        settings.check(len(styles), len(masks))
        self.styles: list[np.ndarray] = []
        self.shares = normalize_weights("style_weights", settings.style_weights, range(len(styles)), "painting")
        self.settings: Any = settings
        self.policy = arithmetic.resolve(precision)
        self.seed = check_integer("seed", seed, 0, MAX_SEED)
        self.max_pixels = check_integer("max_pixels", max_pixels, 1, 2**63 - 1)
        self._lock = threading.RLock()  # round what is kept, and first tracing
        self._kept: dict[Any, Any] = {}  # of the paintings in their own colors
        self.use(styles, masks)

    def use(self, styles: Sequence[np.ndarray], masks: Sequence[np.ndarray] = ()) -> None:
        """Take other paintings and masks for the contents to come. Not while another thread stylizes.

        Parameters
        ----------
        styles : sequence of ndarray of uint8, shape (h, w, 3)
            As many as before. What is kept of paintings is kept if these are the same arrays.
        masks : sequence of ndarray, shape (h, w) or (h, w, 3)
            None, or one for each painting.

        Raises
        ------
        MangastyleError
            For another number, and arrays that are no pictures or masks.
        """
        self.settings.check(len(styles), len(masks))
        if len(styles) != len(self.shares):
            raise MangastyleError(f"`styles`: must be {len(self.shares)} as before, not {len(styles)}")
        checked = [images.check_picture(style, "styles", min_side=MIN_SIDE) for style in styles]
        self.masks = [masking.to_mask(mask) for mask in masks]
        if list(map(id, checked)) != list(map(id, self.styles)):
            self.styles, self._kept = checked, {}

    def __call__(self, content: np.ndarray, progress: Listener | None = None, cancel: threading.Event | None = None) -> np.ndarray:
        """Stylize one picture.

        Parameters
        ----------
        content : ndarray of uint8, shape (h, w, 3)
            At least 32 pixels high and wide.
        progress : callable, optional
            Gets a record after each step, which has at least the fields of `Progress`.
        cancel : threading.Event, optional
            Set it, from any thread, to stop.

        Returns
        -------
        ndarray of uint8, shape (h', w', 3)
            Of short side `settings.size`; exactly as large as the content if that is 0; see `preprocess.size_of`.

        Raises
        ------
        MangastyleError
            For a content that is too small, or not of the masks' size.
        Cancelled
            After `cancel` was set; its `result` is the best picture so far, or None.
        """
        check_calls(progress, cancel)
        with preprocess.within_memory():
            return self._stylize(self.check_content(content), progress, cancel)

    @abstractmethod
    def _stylize(self, content: np.ndarray, progress: Listener | None, cancel: threading.Event | None) -> np.ndarray:
        """Stylize a content that was checked."""

    def check_content(self, content: np.ndarray) -> np.ndarray:
        """Return the content; `MangastyleError` if it is too small, not of the masks' size, or the result would be too large."""
        content = images.check_picture(content, "content", min_side=MIN_SIDE)
        for mask in self.masks:
            masking.check_size(mask.shape, *content.shape[:2])
        self.size_of(content)
        return content

    def size_of(self, content: np.ndarray) -> tuple[int, int]:
        """Height and width of the result for a content."""
        return preprocess.size_of(content, self.settings, self.max_pixels)
