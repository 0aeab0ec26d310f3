"""How near a stylized picture is to its painting: by feature statistics, by patches of pixels, and by how its streaks run."""

from __future__ import annotations

from typing import Callable

import cv2
import numpy as np

from mangastyle.engine import keras, tf
from mangastyle.errors import MangastyleError, check_integer
from mangastyle.io.images import check_picture
from mangastyle.ops import pixels
from mangastyle.ops.color import rgb_to_gray
from mangastyle.style.optimize import losses
from mangastyle.style.preprocess import to_batch
from mangastyle.vgg.network import features
from mangastyle.vgg.spec import MIN_SIDE

STYLE_LAYERS = ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1")


class RemainingStyle:
    """What is left of the style error: how far the Gram matrices of a picture's features are from those of a painting.

    One compiled graph serves all sizes.

    Parameters
    ----------
    backbone : keras.Model
        A `vgg.network`, full or slim, as `vgg.backbone` loads it, in float32. Errors by two networks do not compare.

    References
    ----------
    L. A. Gatys, A. S. Ecker, M. Bethge, "Image Style Transfer Using Convolutional Neural Networks", CVPR 2016, equation 4.

    Examples
    --------
    >>> from mangastyle.vgg.backbone import backbone
    >>> picture, painting = np.random.default_rng(0).integers(0, 256, (2, 48, 64, 3), np.uint8)
    >>> left = RemainingStyle(backbone("slim"))
    >>> list(left(picture, painting))
    ['relu1_1', 'relu2_1', 'relu3_1', 'relu4_1', 'relu5_1']
    >>> of = left.beside(painting)
    >>> sum(of(painting).values()), sum(of(picture).values()) < sum(of(picture // 2).values())
    (0.0, True)
    """

    def __init__(self, backbone: keras.Model) -> None:
        encode = features(backbone, STYLE_LAYERS, winograd=False)  # rounds least

        @tf.function(input_signature=(tf.TensorSpec((1, None, None, 3)),))
        def grams(picture: tf.Tensor) -> dict[str, tf.Tensor]:
            return {name: losses.mean_gram(x) for name, x in encode(picture).items()}  # (n, n)

        self._grams = grams

    def beside(self, painting: np.ndarray) -> Callable[[np.ndarray], dict[str, float]]:
        """A function of pictures, for one painting whose Gram matrices are kept.

        Parameters
        ----------
        painting : ndarray of uint8, shape (h, w, 3)
            At least 32 pixels high and wide, and at the size at which it is compared: `style.preprocess.resize_style` gives it.

        Returns
        -------
        callable
            As `__call__`, of the picture alone.

        Raises
        ------
        MangastyleError
            For what is not a picture, or too small.
        """
        target = self._grams(to_batch(check_picture(painting, "painting", min_side=MIN_SIDE)))

        def remaining(picture: np.ndarray) -> dict[str, float]:
            found = self._grams(to_batch(check_picture(picture, "picture", min_side=MIN_SIDE)))
            return {name: float(losses.gram_loss(found[name], target[name], "mean")) for name in STYLE_LAYERS}

        return remaining

    def __call__(self, picture: np.ndarray, painting: np.ndarray) -> dict[str, float]:
        """Measure one picture.

        Parameters
        ----------
        picture : ndarray of uint8, shape (h, w, 3)
            At least 32 pixels high and wide.
        painting : ndarray of uint8, shape (h', w', 3)
            As for `beside`.

        Returns
        -------
        dict of str to float
            By layer |G - A|^2 / |A|^2, G and A the mean Gram matrices of picture and painting: at least 0, lower is better, 0 for
            the painting itself, 1 for features that are all zero. Their sum is the whole.

        Raises
        ------
        MangastyleError
            For what is not a picture, or too small.
        """
        return self.beside(painting)(picture)


def patch_distance(
    picture: np.ndarray, painting: np.ndarray, side: int = 7, scales: int = 3, directions: int = 128, samples: int = 16384
) -> np.ndarray:
    """Sliced Wasserstein distance between the sets of patches of two pictures, at several scales.

    It knows strokes and colors, and not where they are, as Gram matrices do, but no network has a part in it: a method that
    minimizes a network's losses cannot please it by what only that network sees.

    Parameters
    ----------
    picture, painting : ndarray of uint8, shapes (h, w, 3) and (h', w', 3)
        Of any sizes. `style.preprocess.resize_style` gives the painting's strokes the size that they should have in the picture.
    side : int
        Of the square patches, in pixels.
    scales : int
        The first is the pictures' own size; each next has half the height and width, by area averaging.
    directions : int
        Onto how many random directions, always the same, the patches are projected; see `random_directions`.
    samples : int
        The most patches that are taken of a picture, at random, but always the same ones.

    Returns
    -------
    ndarray of float64, shape (scales,)
        At each scale the Wasserstein-1 distance of the projected patches, of RGB in 0..1, averaged over the directions: at least 0,
        lower is better, 0 for equal pictures; NaN where a picture is smaller than a patch. A change of all colors by c is a
        distance of about c.

    Raises
    ------
    MangastyleError
        For what is not a picture, and numbers below 1.

    References
    ----------
    J. Rabin, G. Peyré, J. Delon, M. Bernot, "Wasserstein Barycenter and Its Application to Texture Mixing", SSVM 2011.
    E. Heitz, K. Vanhoey, T. Chambon, L. Belcour, "A Sliced Wasserstein Loss for Neural Texture Synthesis", CVPR 2021.

    Examples
    --------
    >>> picture = np.random.default_rng(0).integers(0, 256, (64, 80, 3), np.uint8)
    >>> patch_distance(picture, picture).tolist()
    [0.0, 0.0, 0.0]
    >>> moved, softened = np.roll(picture, 30, (0, 1)), cv2.blur(picture, (3, 3))
    >>> patch_distance(moved, picture).round(3).tolist(), patch_distance(softened, picture).round(3).tolist()
    ([0.004, 0.006, 0.01], [0.153, 0.05, 0.013])
    """
    for name, value in (("side", side), ("scales", scales), ("directions", directions), ("samples", samples)):
        check_integer(name, value, 1, 2**31 - 1)
    pair = [check_picture(x, name).astype(np.float32) / 255 for x, name in ((picture, "picture"), (painting, "painting"))]
    onto, found = random_directions(3 * side * side, directions).astype(np.float32), []
    for scale in range(scales):
        reduced = [pixels.resize(x, max(1, x.shape[0] >> scale), max(1, x.shape[1] >> scale)) for x in pair]
        if min(min(x.shape[:2]) for x in reduced) < side:
            found.append(np.nan)
        else:
            found.append(float(np.mean(wasserstein(*(onto @ _patches(x, side, samples).T for x in reduced)))))
    return np.array(found)


def random_directions(length: int, count: int) -> np.ndarray:
    """Unit vectors in random directions, always the same ones.

    Parameters
    ----------
    length : int
        How many components each has.
    count : int

    Returns
    -------
    ndarray of float64, shape (count, length)

    Examples
    --------
    >>> np.linalg.norm(random_directions(147, 3), axis=1).round(6).tolist()
    [1.0, 1.0, 1.0]
    """
    vectors = np.random.default_rng(0).normal(size=(count, length))
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def wasserstein(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Wasserstein-1 distances between sets of numbers: the mean distance of their quantile functions, exact for any sizes.

    Parameters
    ----------
    a, b : ndarray of float, shapes (k, n) and (k, m)
        k pairs of sets, in any order.

    Returns
    -------
    ndarray of float64, shape (k,)

    Examples
    --------
    >>> wasserstein(np.array([[3.0, 1.0]]), np.array([[1.0, 2.0, 9.0, 2.0]])).tolist()  # the lower half to 1 and 2, the upper to 2 and 9
    [2.0]
    """
    a, b = np.sort(a), np.sort(b)
    n, m = a.shape[1], b.shape[1]
    ends = np.union1d(np.arange(1, n + 1) * m, np.arange(1, m + 1) * n)  # of the steps of either function, in units of 1 / (n m)
    widths = np.diff(ends, prepend=0) / (n * m)
    return np.abs(a[:, (ends - 1) // m] - b[:, (ends - 1) // n]) @ widths


def _patches(picture: np.ndarray, side: int, samples: int) -> np.ndarray:
    """Patches of a picture float32 (h, w, 3), all or `samples` of them: (n, 3 * side * side)."""
    windows = np.lib.stride_tricks.sliding_window_view(picture, (side, side), (0, 1))  # (h', w', 3, side, side)
    height, width = windows.shape[:2]
    chosen = np.arange(height * width)
    if len(chosen) > samples:
        chosen = np.random.default_rng(0).choice(len(chosen), samples, replace=False)
    return windows[chosen // width, chosen % width].reshape(len(chosen), -1)


def directional_energy(picture: np.ndarray, mask: np.ndarray | None = None) -> float:
    """How much of the energy of the luma's gradients lies along one direction: the coherence of their mean structure tensor.

    Parameters
    ----------
    picture : ndarray of uint8, shape (h, w, 3)
        Of at least 3 pixels; streaks of fewer than 3 pixels from one to the next are hardly seen.
    mask : ndarray of bool, shape (h, w), optional
        Where to look, such as a flat ground. Gradients that reach over its edge, or the picture's, do not count.

    Returns
    -------
    float
        0..1: 0 for gradients in all directions alike, or none, 1 for streaks that all run one way, whichever way that is.

    Raises
    ------
    MangastyleError
        For what is not a picture, and for a mask of another size or type.

    References
    ----------
    J. Bigün, G. H. Granlund, "Optimal Orientation Detection of Linear Symmetry", ICCV 1987.

    Examples
    --------
    >>> y, x = np.mgrid[:64, :64]
    >>> streaks = np.stack([100 + 50 * np.sin(x + y / 2)] * 3, -1).astype(np.uint8)
    >>> round(directional_energy(streaks), 2), round(directional_energy(np.vstack([streaks, np.rot90(streaks)])), 2)
    (1.0, 0.0)
    """
    luma = rgb_to_gray(check_picture(picture, "picture").astype(np.float32))
    if mask is None:
        mask = np.ones(luma.shape, bool)
    if mask.dtype != bool or mask.shape != luma.shape:
        raise MangastyleError(f"`mask`: must be bool {luma.shape}, not {mask.dtype} {mask.shape}")
    inside = cv2.erode(mask.astype(np.uint8), np.ones((3, 3), np.uint8), borderType=cv2.BORDER_CONSTANT, borderValue=0) > 0
    x, y = (cv2.Scharr(luma, cv2.CV_64F, *order)[inside] for order in ((1, 0), (0, 1)))
    xx, xy, yy = float(x @ x), float(x @ y), float(y @ y)
    return float(np.hypot(xx - yy, 2 * xy)) / (xx + yy) if xx + yy else 0.0
