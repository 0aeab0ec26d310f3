"""mangastyle: manga pictures to line art, line art to shaded color, color to a painter's style.

Pictures are arrays of uint8, (h, w, 3) RGB or (h, w) gray. Names load on first use, so that `import mangastyle` itself is instant
and needs no TensorFlow.

Examples
--------
>>> import mangastyle
>>> picture = mangastyle.draw(7, size=64)
>>> line = mangastyle.sketch(picture)
>>> line.shape, str(line.dtype)
((64, 64), 'uint8')
"""

from __future__ import annotations

import importlib
from typing import Any

__version__ = "0.2.0"

# Where each public name is, written as for an entry point. Their types are in __init__.pyi.
_PUBLIC = {
    "MangastyleError": "mangastyle.errors:MangastyleError",
    "Cancelled": "mangastyle.errors:Cancelled",
    "load": "mangastyle.io.images:load",
    "save": "mangastyle.io.images:save",
    "sketch": "mangastyle.lineart.sketch:sketch",
    "is_line_art": "mangastyle.lineart.detect:is_line_art",
    "Hint": "mangastyle.shade.hints:Hint",
    "Shader": "mangastyle.shade.shader:Shader",
    "Stylizer": "mangastyle.style.stylize:Stylizer",
    "stylize": "mangastyle.style.stylize:stylize",
    "learn": "mangastyle.training.painter:learn",
    "Pipeline": "mangastyle.pipeline:Pipeline",
    "run": "mangastyle.pipeline:run",
    "draw": "mangastyle.synthetic.drawing:draw",
    "paint": "mangastyle.synthetic.paintings:paint",
    "video": "mangastyle.video",
    "metrics": "mangastyle.evaluate.metrics",
}
__all__ = ["__version__", *_PUBLIC]


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module 'mangastyle' has no attribute {name!r}")
    module, _, attribute = _PUBLIC[name].partition(":")
    found = importlib.import_module(module)
    if attribute:
        found = getattr(found, attribute)
    globals()[name] = found  # found without this function from now on
    return found


def __dir__() -> list[str]:
    return sorted(__all__)
