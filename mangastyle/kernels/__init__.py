"""The same results as Keras, computed faster on a CPU. One switch turns all of it off: MANGASTYLE_PLAIN=1."""

from __future__ import annotations

import os

SWITCH = "MANGASTYLE_PLAIN"  # environment variable


def enabled() -> bool:
    """Whether the faster ways are taken: not with MANGASTYLE_PLAIN=1 in the environment.

    Layers and optimizers ask when they are traced, so a change of the variable counts for what is traced after it.

    Returns
    -------
    bool

    Examples
    --------
    >>> enabled() == (os.environ.get("MANGASTYLE_PLAIN", "") in ("", "0"))
    True
    """
    return os.environ.get(SWITCH, "") in ("", "0")
