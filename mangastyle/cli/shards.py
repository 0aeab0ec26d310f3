"""--shard I/N: a fixed share of a folder's pictures, so that N jobs split it without a word between them."""

from __future__ import annotations

import re
from typing import NamedTuple

from mangastyle.errors import MangastyleError


class Share(NamedTuple):
    """One of `count` shares: the pictures at positions number - 1, number - 1 + count, ... of the sorted list.

    So the shares differ by one picture at most, and neighbors, which are often alike in size, are in different ones.
    """

    number: int
    count: int

    @property
    def rows(self) -> slice:
        """The positions of its pictures."""
        return slice(self.number - 1, None, self.count)

    def __str__(self) -> str:
        return f"shard {self.number}/{self.count}"


def share_of(shard: str) -> Share:
    """The share that the option --shard names; without it, all is one share.

    Examples
    --------
    >>> "abcdefg"[share_of("1/3").rows], "abcdefg"[share_of("3/3").rows], "abcdefg"[share_of("").rows]
    ('adg', 'cf', 'abcdefg')
    >>> share_of("4/3")
    Traceback (most recent call last):
    mangastyle.errors.MangastyleError: `shard` 4/3: write I/N with I from 1 to N, as in 1/4 to 4/4
    """
    found = re.fullmatch(r"([0-9]{1,9})/([0-9]{1,9})", shard or "1/1")
    share = Share(int(found[1]), int(found[2])) if found else Share(0, 0)
    if not 1 <= share.number <= share.count:
        raise MangastyleError(f"`shard` {shard}: write I/N with I from 1 to N, as in 1/4 to 4/4")
    return share
