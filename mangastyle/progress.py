"""The progress of long work: a bar on a terminal; a plain line every half minute anywhere else, such as in a job's log file."""

from __future__ import annotations

import contextlib
import io
import sys
import time
from typing import Any, Iterable

from tqdm import tqdm

EVERY = 30.0  # seconds between two plain lines


class Bar(tqdm):
    """A `tqdm` progress bar on stderr that is plain lines where stderr is no terminal.

    Parameters
    ----------
    iterable : iterable, optional
        What is worked through.
    disable : bool
        Show nothing.
    **options
        As for `tqdm`: total, initial, desc, unit, leave.

    Examples
    --------
    >>> for character in Bar("abc", desc="spelling", unit="letter"):
    ...     print(character)
    a
    b
    c
    """

    def __init__(self, iterable: Iterable | None = None, *, disable: bool = False, **options: Any) -> None:
        stream = sys.stderr
        self.plain = not (stream is not None and hasattr(stream, "isatty") and stream.isatty())
        if self.plain:
            # tqdm's own characters go nowhere; miniters makes it look at the clock with every update.
            options |= {"file": io.StringIO(), "leave": False, "delay": EVERY, "mininterval": EVERY, "miniters": 1}
        super().__init__(iterable, disable=disable or stream is None, **options)
        self._next = getattr(self, "start_t", 0.0) + EVERY

    def display(self, msg: str | None = None, pos: int | None = None) -> bool:
        """Show the bar, or print a line if one is due."""
        if not self.plain:
            return bool(super().display(msg, pos))
        now = time.time()
        if msg is None and now >= self._next:
            self._next = now + EVERY
            with contextlib.suppress(OSError, ValueError):  # a log on a full disk must not end the work
                print(f"mangastyle: {self.line(now - self.start_t)}", file=sys.stderr, flush=True)
        return False

    def line(self, seconds: float) -> str:
        """Where the work is after so many seconds, in words.

        Examples
        --------
        >>> bar = Bar(total=400, initial=100, unit="step")
        >>> bar.n = 200
        >>> bar.set_postfix({"l1": "0.25"}, refresh=False)
        >>> bar.line(60)
        'step 200 of 400 (50%), l1=0.25, 02:00 left'
        """
        text = (f"{self.desc.removesuffix(': ')}: " if self.desc else "") + f"{self.unit} {self.n}"
        if self.total:
            text += f" of {self.total} ({self.n / self.total:.0%})"
        if self.postfix:
            text += f", {self.postfix}"
        if self.total and self.n > self.initial:
            text += f", {self.format_interval(seconds * (self.total - self.n) / (self.n - self.initial))} left"
        return text
