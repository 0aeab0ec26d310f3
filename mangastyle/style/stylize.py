"""Stylization by any method: the public function and class. `METHODS` has the methods."""

from __future__ import annotations

import importlib
import threading
from typing import Any, Sequence

import numpy as np

from mangastyle.engine import keras
from mangastyle.errors import MAX_SEED, MangastyleError, check_calls, check_integer
from mangastyle.io import images
from mangastyle.style.base import BaseStylizer, Listener
from mangastyle.style.settings import AUTO, METHODS, choose_method, method_settings, refuse_foreign
from mangastyle.vgg.spec import MIN_SIDE

__all__ = ["METHODS", "Stylizer", "stylize"]


def stylize(
    content: np.ndarray, styles: np.ndarray | Sequence[np.ndarray], *, method: str = AUTO, masks: Sequence[np.ndarray] = (),
    init: np.ndarray | str | None = None, precision: str = "auto", backbone: keras.Model | str | None = None, seed: int = 0,
    max_pixels: int = images.MAX_PIXELS, progress: Listener | None = None, cancel: threading.Event | None = None, **settings: Any,
) -> np.ndarray:  # fmt: skip
    """Paint a picture in the style of a painting, or of several.

    Parameters
    ----------
    content : ndarray of uint8, shape (h, w, 3)
        The picture, at least 32 pixels high and wide.
    styles : ndarray of uint8, shape (h, w, 3), or sequence of them
        The painting or paintings, of any sizes from 32 pixels on.
    method : {"auto", "polish", "optimize", "learned", "onepass"}
        How: a key of `METHODS`; "auto" is polish, or the first method that has all arguments that are given.
    masks : sequence of ndarray, shape (h, w) or (h, w, 3), optional
        One for each painting, of the content's size, uint8 or float 0..1: each paints where its mask is white.
    init : {"content", "style", "noise"} or ndarray of uint8, shape (h, w, 3), optional
        With method optimize: where to start (Fig. 11 of the paper).
    precision : {"auto", "float32", "mixed_bfloat16", "mixed_float16"}
        Arithmetic; "auto" takes 16 bits where the processor has them.
    backbone : str or keras.Model, optional
        With method optimize: the VGG-19, by name ("auto", "full", "slim", "random" or an HDF5 file) or as `vgg.network` makes it.
    seed : int
        Random choices follow from it.
    max_pixels : int
        The most that the result may have.
    progress : callable, optional
        Gets a record after each step, with at least the fields `iteration` and `iterations`.
    cancel : threading.Event, optional
        Set it, from any thread, to stop.
    **settings
        Settings of the method, with values and defaults on the page Settings (docs/settings.md). Every method has strength, size,
        style_weights, style_scale, style_size, keep_colors and match_colors.

    Returns
    -------
    ndarray of uint8, shape (h', w', 3)
        Of short side `size`, or exactly as large as the content if that is 0. A long and narrow content is enlarged to no more than
        four times the square of `size`.

    Raises
    ------
    MangastyleError
        For arrays that are no pictures, and settings that are wrong or of another method.
    Cancelled
        After `cancel` was set; its `result` is the best picture so far, or None.

    References
    ----------
    Gatys, Ecker, Bethge: "Image Style Transfer Using Convolutional Neural Networks" (CVPR 2016), for method optimize.
    Lu et al.: "A Closed-form Solution to Universal Style Transfer" (ICCV 2019), for the feature transform of method onepass.

    Examples
    --------
    >>> content, painting = np.random.default_rng(0).integers(0, 256, (2, 40, 48, 3), np.uint8)
    >>> stylize(content, painting, method="onepass", size=0).shape
    (40, 48, 3)
    >>> stylize(content, painting, strength=0.8, iterations=2, backbone="slim", size=32).shape
    (32, 38, 3)
    """
    images.check_picture(content, "content", min_side=MIN_SIDE)  # before networks load
    check_calls(progress, cancel)
    stylizer = Stylizer(
        styles, method=method, masks=masks, init=init, precision=precision, backbone=backbone, seed=seed, max_pixels=max_pixels, **settings
    )
    return stylizer(content, progress, cancel)


class Stylizer:
    """Paintings made ready: picture after picture can be painted in their style. Several threads may use one object.

    Parameters
    ----------
    styles, method, masks, init, precision, backbone, seed, max_pixels, **settings
        As for `stylize`.

    Attributes
    ----------
    method : str
    settings : LookSettings
        The method's settings, all of them.
    implementation : BaseStylizer
        What the method is implemented by, with what only this method can do.
    by : str
        What paints, if it is not the full VGG-19: "one pass and slim VGG-19", "one pass", "learned", "slim VGG-19", "random VGG-19".

    Raises
    ------
    MangastyleError
        As `stylize`.

    Examples
    --------
    >>> contents, paintings = np.random.default_rng(0).integers(0, 256, (2, 2, 40, 48, 3), np.uint8)
    >>> stylizer = Stylizer(paintings[0], method="onepass", size=0)
    >>> [stylizer(content).shape for content in contents]
    [(40, 48, 3), (40, 48, 3)]
    """

    def __init__(
        self, styles: np.ndarray | Sequence[np.ndarray], *, method: str = AUTO, masks: Sequence[np.ndarray] = (),
        init: np.ndarray | str | None = None, precision: str = "auto", backbone: keras.Model | str | None = None, seed: int = 0,
        max_pixels: int = images.MAX_PIXELS, **settings: Any,
    ) -> None:  # fmt: skip
        check_integer("seed", seed, 0, MAX_SEED)  # before networks load
        inputs = {name: value for name, value in (("init", init), ("backbone", backbone)) if value is not None}
        method = choose_method(method, {**inputs, **settings})
        refuse_foreign(method, inputs)
        if isinstance(init, str):  # a setting, where a picture is an input
            settings["init"] = inputs.pop("init")
        self.method, self.settings = method, method_settings(method, settings)
        self.implementation = implementation(method)(
            as_list(styles, "styles"), self.settings, masks=as_list(masks, "masks"), precision=precision, seed=seed,
            max_pixels=max_pixels, **inputs,
        )  # fmt: skip
        self.by = self.implementation.by

    def __call__(self, content: np.ndarray, progress: Listener | None = None, cancel: threading.Event | None = None) -> np.ndarray:
        """Paint one picture, uint8 (h, w, 3): see `stylize`."""
        return self.implementation(content, progress, cancel)


def implementation(method: str) -> type[BaseStylizer]:
    """The class that implements a method of `METHODS`.

    Examples
    --------
    >>> implementation("onepass").__name__
    'OnePassStylizer'
    """
    module, name = METHODS[method].stylizer.split(":")
    return getattr(importlib.import_module(module), name)


def as_list(arrays: Any, name: str) -> list[np.ndarray]:
    """Pictures or masks as a list; one array is a list of one."""
    if isinstance(arrays, np.ndarray) and arrays.ndim <= 3:
        return [arrays]
    if isinstance(arrays, (str, bytes)) or not hasattr(arrays, "__iter__"):
        raise MangastyleError(f"`{name}`: must be an array or a list of arrays, not {type(arrays).__name__}")
    return list(arrays)
