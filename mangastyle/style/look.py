"""What can be asked of every stylization method: the look. No TensorFlow: the command line reads it, too."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Hashable, Iterable, Sequence, TypeVar

from mangastyle.errors import MangastyleError, counted
from mangastyle.settings import Settings, setting, share
from mangastyle.vgg.spec import MIN_SIDE

K = TypeVar("K", bound=Hashable)


@dataclass(frozen=True)
class LookSettings(Settings):
    """Look, by every method."""

    strength: float = share(0.5, "0 keeps the picture, 1 keeps only the painting's style; it means the same at every size", common=True)
    size: int = setting(512, "short side to work at and return, less for long strips; 0 = the content's own size", least=0, common=True)
    style_weights: tuple[float, ...] = setting((), "weight of each painting, in their order; default: all alike", least=0)
    style_scale: float = setting(1.0, "size of the brush strokes, as a factor", least=0.05, most=10, common=True)
    style_size: str = setting(
        "own",
        "own: in its own shape, reduced to as many pixels as the content; content: stretched to the content's size, as in the paper",
        ("own", "content"),
    )
    keep_colors: bool = setting(False, "keep the content's colors, paint only its lightness", common=True)
    match_colors: bool = setting(False, "give the painting the content's colors (mean and covariance) before it is copied")

    def check(self, num_styles: int, num_masks: int = 0) -> None:
        """Check what can be checked without a picture: settings at odds with each other, or with the number of paintings.

        Parameters
        ----------
        num_styles, num_masks : int
            How many paintings and masks there are.

        Raises
        ------
        MangastyleError
            It names the argument.

        Examples
        --------
        >>> LookSettings(style_weights=(1.0, 2.0)).check(num_styles=2)
        >>> LookSettings(size=20).check(num_styles=1)
        Traceback (most recent call last):
        mangastyle.errors.MangastyleError: `size`: must be 0 or at least 32, not 20
        """
        if not num_styles:
            raise MangastyleError("`styles`: there must be at least one painting")
        normalize_weights("style_weights", self.style_weights, range(num_styles), "painting")
        if num_masks not in (0, num_styles):
            raise MangastyleError(
                f"`masks`: there must be as many masks as paintings, not {num_masks} for {num_styles}; "
                "give one for each painting, in their order, or none"
            )
        if 0 < self.size < MIN_SIDE:
            raise MangastyleError(f"`size`: must be 0 or at least {MIN_SIDE}, not {self.size}")

    def check_files(self) -> None:
        """Find the files that the method needs, with a `MangastyleError` if one is missing, before TensorFlow loads."""


def normalize_weights(name: str, given: Sequence[float], keys: Iterable[K], noun: str = "layer") -> dict[K, float]:
    """Weights by key, with the sum 1.

    Parameters
    ----------
    name : str
        The argument that gave them, for the error message.
    given : sequence of float
        A weight for each key, or none at all: then they are equal.
    keys : iterable
        What is weighted.
    noun : str
        What a key is, for the error message.

    Raises
    ------
    MangastyleError
        If there are too few or too many, or if all are 0.

    Examples
    --------
    >>> normalize_weights("style_weights", (3.0, 1.0), ["brush", "wash"])
    {'brush': 0.75, 'wash': 0.25}
    """
    keys = list(keys)
    given = given or (1.0,) * len(keys)
    if len(given) != len(keys):
        weights, things = counted(len(given), "weight"), counted(len(keys), noun)
        raise MangastyleError(f"`{name}`: {weights} for {things}; give one for each {noun}, in their order, or none")
    if not sum(given):
        raise MangastyleError(f"`{name}`: at least one weight must be more than 0")
    return {key: weight / sum(given) for key, weight in zip(keys, given)}
