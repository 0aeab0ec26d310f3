"""Matplotlib for all modules: loaded by `startup`, and the user's settings for other plots set aside while ours are drawn.

Modules write ``from mangastyle.plotting import Figure``. There is no window: figures are written to files.
"""

from __future__ import annotations

import contextlib
from typing import Any, Iterator

from mangastyle import startup

startup.import_silently("matplotlib.figure")

import matplotlib as mpl  # noqa: E402
from matplotlib.axes import Axes  # noqa: E402
from matplotlib.figure import Figure  # noqa: E402
from matplotlib.patches import FancyArrowPatch, Rectangle  # noqa: E402

__all__ = ["Axes", "FancyArrowPatch", "Figure", "Rectangle", "default_style"]

_PROCESS = ("backend", "backend_fallback", "interactive", "toolbar", "webagg.", "tk.", "macosx.", "datapath", "timezone")  # not of style


@contextlib.contextmanager
def default_style() -> Iterator[None]:
    """Within it, as a decorator or a context, Matplotlib's settings are its defaults; then they are the user's again.

    A matplotlibrc in the working folder or in the user's home decides nothing here: text.usetex, say, needs LaTeX.

    Examples
    --------
    >>> with mpl.rc_context({"font.size": 3}), default_style():
    ...     mpl.rcParams["font.size"]
    10.0
    """
    ours: Any = {name: value for name, value in mpl.rcParamsDefault.items() if not name.startswith(_PROCESS)}
    with mpl.rc_context(ours):
        yield
