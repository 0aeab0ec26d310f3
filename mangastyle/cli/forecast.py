"""How long a folder takes: told after its second picture, with the methods that would be faster."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from mangastyle.cli.batch_files import Result, Work
from mangastyle.io import images
from mangastyle.progress import Bar
from mangastyle.style.settings import METHODS

WORTH_TELLING = 20.0  # seconds


def with_forecast(work: Work, method: str, count: int) -> Work:
    """The same work; after the second of `count` pictures it says how long the others take, if that is long."""
    began, done = 0.0, 0

    def forecasting(picture: images.Picture, path: Path, target: Path) -> Result:
        nonlocal began, done
        if done == 1:
            began = time.monotonic()  # of the second picture: the first one compiles
        result = work(picture, path, target)
        done += 1
        if done == 2 and (text := forecast(time.monotonic() - began, count - done, method)):
            Bar.write(f"mangastyle: {text}", file=sys.stderr)
        return result

    return forecasting


def forecast(seconds: float, left: int, method: str) -> str:
    """What to say of pictures that are left, of which each takes some seconds; nothing if they are done soon.

    Examples
    --------
    >>> forecast(6.0, 100, "polish")
    'about 6 s a picture, 10 min for the 100 that are left; --method learned or onepass is faster'
    >>> forecast(6.0, 2, "polish"), forecast(0.3, 1000, "onepass")
    ('', 'about 0.3 s a picture, 5 min for the 1000 that are left')
    """
    whole = seconds * left
    if whole < WORTH_TELLING:
        return ""
    names = list(METHODS)
    faster = [name for name in names if METHODS[name].rank < METHODS[method].rank]
    advice = f"; --method {' or '.join(faster)} is faster" if faster else ""
    total = f"{whole:.0f} s" if whole < 120 else f"{whole / 60:.0f} min" if whole < 7200 else f"{whole / 3600:.1f} h"
    return f"about {seconds:.2g} s a picture, {total} for the {left} that are left{advice}"
