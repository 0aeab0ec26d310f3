"""Metrics of a whole set of pictures. Adding one touches its own file and the table below."""

from __future__ import annotations

from typing import Any, ClassVar, Protocol

import numpy as np

from mangastyle.evaluate.color_diversity import ColorDiversity


class SetMetric(Protocol):
    """Collects pairs of pictures and tells about all of them.

    TITLE : heading of its table. ROWS : for each line of that table, a key of `summary` to (label, format specification); an empty
    specification is that of all metrics, see `report.format_number`.
    """

    TITLE: ClassVar[str]
    ROWS: ClassVar[dict[str, tuple[str, str]]]

    def add(self, generated: np.ndarray, original: np.ndarray) -> None:
        """Add a pair of pictures, uint8 (h, w, 3) of one size."""
        ...

    def summary(self) -> dict[str, Any]:
        """JSON-ready statistics of all pictures added, by name."""
        ...


SET_METRICS: dict[str, type[SetMetric]] = {"color_diversity": ColorDiversity}
