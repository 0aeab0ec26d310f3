"""mangastyle: manga pictures to line art, line art to shaded colour, colour to a painter's style.

The public names load on first use, so that `import mangastyle` itself is instant.
"""

from __future__ import annotations

import importlib
from typing import Any

__version__ = "0.1.0"

_PUBLIC = {
    "MangastyleError": "mangastyle.errors",
    "load": "mangastyle.images",
    "save": "mangastyle.images",
    "draw": "mangastyle.data.characters",
    "sketch": "mangastyle.shade.sketch",
    "Shader": "mangastyle.shade.infer",
    "stylize": "mangastyle.style.transfer",
    "fast_stylize": "mangastyle.style.fast",
    "run": "mangastyle.pipeline",
}
__all__ = ["__version__", *_PUBLIC]


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module 'mangastyle' has no attribute {name!r}")
    return getattr(importlib.import_module(_PUBLIC[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
