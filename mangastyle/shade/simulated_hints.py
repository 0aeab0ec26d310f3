"""Simulated color hints of whole batches, as TensorFlow operations (paper, section 4.2).

Nothing here draws random numbers: every choice comes from `uniforms`, numbers in [0, 1) that are a function of (seed, step), so that
a resumed or a distributed training gets exactly the same hints. Pictures and hints are float32 in [-1, 1]; a hint is white (1.0)
where it is unmasked.
"""

from __future__ import annotations

from typing import Callable, NamedTuple

from mangastyle.engine import tf
from mangastyle.errors import MangastyleError, near
from mangastyle.ops.blur import box_blur
from mangastyle.shade.spec import HINT_RECIPES, HintRecipe

BOXES = 30  # "30 random areas", section 4.2
STROKES = 10  # of the hint `strokes`

# Sizes as shares of the short side
STROKE_LEAST, STROKE_MOST = 0.02, 0.14  # sides of a stroke
STROKE_BLUR = 0.05  # box over which a stroke's color is averaged
SOFT_LEAST, SOFT_RANGE = 0.03, 0.2  # box that blurs a whole picture, as it comes from a smaller scale

# Kinds in `mixed`, as upper ends of their intervals in [0, 1); the rest are strokes
MIXED_PROPORTIONAL, MIXED_PAPER, MIXED_SOFT = 0.42, 0.52, 0.64


class Uniforms(NamedTuple):
    """The uniform numbers of b training examples, by what they decide. Their order and number are fixed: a resumed training needs them.

    flip : (b,), whether the picture is mirrored.
    kind : (b,), which of the hints of `mixed` it gets.
    stroke_count : (b,), how many strokes.
    blur : (b,), how wide the blur of a whole picture is.
    dropout : (b,), whether it gets a hint.
    thin_line : (b,), whether it gets thin line art.
    hue_shift : (b,), whether its hues are rotated.
    hue : (b,), by which part of a turn.
    thin_line_style : (b, 3), how wide the thin lines' window is, how much darker ink must be, how strong it is.
    boxes : (b, 30, 4), y, x, height and width of each box or stroke.
    """

    flip: tf.Tensor
    kind: tf.Tensor
    stroke_count: tf.Tensor
    blur: tf.Tensor
    dropout: tf.Tensor
    thin_line: tf.Tensor
    hue_shift: tf.Tensor
    hue: tf.Tensor
    thin_line_style: tf.Tensor
    boxes: tf.Tensor


SCALARS = 8  # columns of `Uniforms` that are one number
NUM_UNIFORMS = SCALARS + 3 + 4 * BOXES  # numbers for each example


def columns(uniforms: tf.Tensor) -> Uniforms:
    """Name the columns of uniform numbers.

    Parameters
    ----------
    uniforms : tensor of float32, shape (b, NUM_UNIFORMS)

    Returns
    -------
    Uniforms

    Examples
    --------
    >>> columns(tf.zeros((2, NUM_UNIFORMS))).boxes.shape.as_list()
    [2, 30, 4]
    """
    scalars = [uniforms[:, i] for i in range(SCALARS)]  # (b,) each
    style, boxes = uniforms[:, SCALARS : SCALARS + 3], uniforms[:, SCALARS + 3 :]
    return Uniforms._make([*scalars, style, tf.reshape(boxes, (-1, BOXES, 4))])


def simulate(pictures: tf.Tensor, uniforms: tf.Tensor, kind: str, hint_dropout: float = 0.0) -> tf.Tensor:
    """Hints that could have been given for color pictures.

    Parameters
    ----------
    pictures : tensor of float32, shape (b, h, w, 3) in [-1, 1]
    uniforms : tensor of float32, shape (b, NUM_UNIFORMS) in [0, 1)
        See `Uniforms`.
    kind : str
        A key of `HINTS`.
    hint_dropout : float
        Share of the pictures that get no hint: all white.

    Returns
    -------
    tensor of float32, shape (b, h, w, 3) in [-1, 1]

    Raises
    ------
    MangastyleError
        For an unknown kind.

    Examples
    --------
    >>> gray = tf.zeros((2, 16, 16, 3))
    >>> hint = simulate(gray, tf.fill((2, NUM_UNIFORMS), 0.5), "proportional")
    >>> hint.shape.as_list(), float(tf.reduce_min(hint)) >= 0  # the gray, with white boxes, blurred
    ([2, 16, 16, 3], True)
    """
    if kind not in HINTS:
        raise MangastyleError(f"`hint`: {kind!r}{near(kind, HINTS)} is none of {', '.join(HINTS)}")
    hint = HINTS[kind](pictures, uniforms)
    return tf.where(is_unhinted(uniforms, hint_dropout)[:, None, None, None], 1.0, hint)


def is_unhinted(uniforms: tf.Tensor, hint_dropout: float) -> tf.Tensor:
    """Which examples are in the share that gets no hint.

    Parameters
    ----------
    uniforms : tensor of float32, shape (b, NUM_UNIFORMS)
    hint_dropout : float
        The share.

    Returns
    -------
    tensor of bool, shape (b,)

    Examples
    --------
    >>> is_unhinted(tf.fill((1, NUM_UNIFORMS), 0.1), 0.15).numpy().tolist()
    [True]
    """
    return columns(uniforms).dropout < hint_dropout


def proportional(pictures: tf.Tensor, uniforms: tf.Tensor) -> tf.Tensor:
    """The paper's hint with sizes in proportion to the picture.

    Parameters
    ----------
    pictures, uniforms
        As for `simulate`.

    Returns
    -------
    tensor of float32, shape (b, h, w, 3)
        Hints in [-1, 1].
    """
    return blurred(pictures, uniforms, HINT_RECIPES["proportional"])


def paper(pictures: tf.Tensor, uniforms: tf.Tensor) -> tf.Tensor:
    """The paper's hint to the letter, its sizes in pixels.

    Parameters
    ----------
    pictures, uniforms
        As for `simulate`.

    Returns
    -------
    tensor of float32, shape (b, h, w, 3)
        Hints in [-1, 1].
    """
    return blurred(pictures, uniforms, HINT_RECIPES["paper"])


def ten_strokes(pictures: tf.Tensor, uniforms: tf.Tensor) -> tf.Tensor:
    """Ten strokes on white paper.

    Parameters
    ----------
    pictures, uniforms
        As for `simulate`.

    Returns
    -------
    tensor of float32, shape (b, h, w, 3)
        Hints in [-1, 1].
    """
    return strokes(pictures, uniforms, tf.fill(tf.shape(uniforms)[:1], STROKES))


def none(pictures: tf.Tensor, uniforms: tf.Tensor) -> tf.Tensor:
    """No hint: white paper.

    Parameters
    ----------
    pictures, uniforms
        As for `simulate`.

    Returns
    -------
    tensor of float32, shape (b, h, w, 3)
        Hints in [-1, 1].
    """
    return tf.ones_like(pictures)


def mixed(pictures: tf.Tensor, uniforms: tf.Tensor) -> tf.Tensor:
    """A mixture of hints, so that one network serves them all.

    42 % `proportional`, 10 % `paper`, 12 % the picture a little blurred as it comes from a smaller scale, 36 % 1 to 30 strokes.

    Parameters
    ----------
    pictures, uniforms
        As for `simulate`.

    Returns
    -------
    tensor of float32, shape (b, h, w, 3)
        Hints in [-1, 1].
    """
    side = _short_side(pictures)
    u = columns(uniforms)
    white, kernel = with_white_boxes(pictures, uniforms, HINT_RECIPES["proportional"])
    paper_white, paper_kernel = with_white_boxes(pictures, uniforms, HINT_RECIPES["paper"])
    soft_kernel = tf.maximum(1.0, tf.round(side * (SOFT_LEAST + SOFT_RANGE * u.blur**2)))
    # One blur serves all three, as each picture has a box of its own size.
    kernel = tf.where(u.kind < MIXED_PROPORTIONAL, kernel, tf.where(u.kind < MIXED_PAPER, paper_kernel, soft_kernel))
    kind = u.kind[:, None, None, None]
    soft = box_blur(tf.where(kind < MIXED_PROPORTIONAL, white, tf.where(kind < MIXED_PAPER, paper_white, pictures)), kernel)
    # The square makes few strokes as likely as many: the network learns to spread one color and to follow thirty.
    few = strokes(pictures, uniforms, 1 + tf.cast(u.stroke_count**2 * BOXES, tf.int32))
    return tf.where(kind < MIXED_SOFT, soft, few)


# The keys are `spec.HINT_KINDS`, which the command line reads without TensorFlow.
HINTS: dict[str, Callable[[tf.Tensor, tf.Tensor], tf.Tensor]] = {
    "mixed": mixed, "proportional": proportional, "paper": paper, "strokes": ten_strokes, "none": none,
}  # fmt: skip


def blurred(pictures: tf.Tensor, uniforms: tf.Tensor, recipe: HintRecipe) -> tf.Tensor:
    """A hint made like the paper's: 30 boxes painted white, then one blur.

    Parameters
    ----------
    pictures, uniforms
        As for `simulate`.
    recipe : HintRecipe
        Their sizes.

    Returns
    -------
    tensor of float32, shape (b, h, w, 3)
        Hints in [-1, 1].
    """
    return box_blur(*with_white_boxes(pictures, uniforms, recipe))


def with_white_boxes(pictures: tf.Tensor, uniforms: tf.Tensor, recipe: HintRecipe) -> tuple[tf.Tensor, tf.Tensor]:
    """`blurred` before the blur.

    Parameters
    ----------
    pictures, uniforms, recipe
        As for `blurred`.

    Returns
    -------
    pictures : tensor of float32, shape (b, h, w, 3)
        With 30 white boxes.
    kernel : tensor of float32, shape (b,)
        Side of each picture's blur, in pixels.
    """
    side = _short_side(pictures)
    box = tf.minimum(recipe.box, side) if recipe.in_pixels else tf.maximum(1.0, tf.round(recipe.box * side))
    kernel = float(recipe.blur) if recipe.in_pixels else tf.maximum(1.0, tf.round(recipe.blur * side))
    ones = tf.ones_like(uniforms[:, 0])  # (b,)
    white = box_mask(pictures, uniforms, box, box, BOXES * tf.cast(ones, tf.int32))
    return pictures * (1 - white) + white, kernel * ones


def strokes(pictures: tf.Tensor, uniforms: tf.Tensor, count: tf.Tensor) -> tf.Tensor:
    """Rectangular strokes of the colors found there, on white.

    Parameters
    ----------
    pictures, uniforms
        As for `simulate`.
    count : tensor of int32, shape (b,)
        How many each picture gets, at most 30.

    Returns
    -------
    tensor of float32, shape (b, h, w, 3)
        Hints in [-1, 1].
    """
    side = _short_side(pictures)
    least, most = tf.maximum(1.0, tf.round(STROKE_LEAST * side)), tf.maximum(2.0, tf.round(STROKE_MOST * side))
    stroke = box_mask(pictures, uniforms, least, most, count)
    kernel = tf.maximum(1.0, tf.round(STROKE_BLUR * side)) * tf.ones_like(uniforms[:, 0])
    return box_blur(pictures, kernel) * stroke + (1 - stroke)


def box_mask(pictures: tf.Tensor, uniforms: tf.Tensor, least: tf.Tensor | float, most: tf.Tensor | float, count: tf.Tensor) -> tf.Tensor:
    """Mask of random boxes.

    Parameters
    ----------
    pictures, uniforms
        As for `simulate`; of the pictures, only the size counts.
    least, most : float or scalar tensor
        Bounds of the boxes' sides, in pixels, whole numbers.
    count : tensor of int32, shape (b,)
        How many each picture gets, at most 30.

    Returns
    -------
    tensor of float32, shape (b, h, w, 1)
        1 in boxes, else 0.

    Examples
    --------
    >>> mask = box_mask(tf.zeros((1, 8, 8, 3)), tf.zeros((1, NUM_UNIFORMS)), 3.0, 3.0, tf.constant([1]))
    >>> float(tf.reduce_sum(mask))  # one box of 3x3 pixels
    9.0
    """
    height, width = tf.shape(pictures)[1], tf.shape(pictures)[2]
    places = columns(uniforms).boxes  # (b, boxes, y x height width)
    shown = tf.cast(tf.range(BOXES)[None, :] < count[:, None], tf.float32)[..., None]  # (b, boxes, 1)
    sides = tf.floor(least + places[..., 2:] * (most - least + 0.999))  # (b, boxes, 2)

    def inside(start: tf.Tensor, side: tf.Tensor, length: tf.Tensor) -> tf.Tensor:
        start = tf.floor(start * (tf.cast(length, tf.float32) - side + 1))[..., None]  # (b, boxes, 1)
        index = tf.cast(tf.range(length), tf.float32)
        return tf.cast((index >= start) & (index < start + side[..., None]), tf.float32)  # (b, boxes, length)

    rows = inside(places[..., 0], sides[..., 0], height) * shown
    cols = inside(places[..., 1], sides[..., 1], width)
    return tf.cast(tf.einsum("bnh,bnw->bhw", rows, cols) > 0, tf.float32)[..., None]


def _short_side(pictures: tf.Tensor) -> tf.Tensor:
    return tf.cast(tf.reduce_min(tf.shape(pictures)[1:3]), tf.float32)
