"""Every metric of every picture of a source, and of the whole set."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, Callable, Mapping, NamedTuple

import numpy as np

from mangastyle.errors import Cancelled
from mangastyle.evaluate.metrics import METRICS, BatchFunction, BatchMetric
from mangastyle.evaluate.set_metrics import SET_METRICS, SetMetric

if TYPE_CHECKING:
    import keras

    from mangastyle.evaluate.sources import Source

BATCH, PIXELS = 50, 2**22  # examples at once, and about how many pixels: memory does not grow with their number, nor much with their size

Values = dict[str, np.ndarray]  # by metric, float (n,), one value for each picture; NaN where it is not defined


class Measured(NamedTuple):
    """What was measured of n pictures.

    names : of the pictures, n of them. values : by metric, float64 (n,), NaN where it is not defined. of_set : by set metric, its
    statistics of all pictures.
    """

    names: list[str]
    values: Values
    of_set: dict[str, dict[str, Any]]


class Progress(NamedTuple):
    """Pictures measured so far, and all of them."""

    done: int
    total: int


def load(metrics: Mapping[str, BatchMetric] = METRICS, backbone: keras.Model | None = None) -> dict[str, BatchFunction]:
    """The functions of a table of metrics, for `measure`.

    Parameters
    ----------
    metrics : mapping
        Metrics of pairs by name, such as `metrics.METRICS`, `network_metrics.NETWORK_METRICS` or `paper.metrics.ALL_METRICS`.
    backbone : keras.Model, optional
        VGG-19 for the metrics that need a network.

    Returns
    -------
    dict
        By name, a function of n generated pictures and their originals to n values.
    """
    return {name: metric.load(backbone) for name, metric in metrics.items()}


def measure(
    source: Source,
    functions: Mapping[str, BatchFunction],
    set_metrics: Mapping[str, type[SetMetric]] = SET_METRICS,
    *,
    progress: Callable[[Progress], Any] | None = None,
    cancel: threading.Event | None = None,
) -> Measured:
    """Measure all pictures of a source.

    Parameters
    ----------
    source : Source
        Generated pictures and their originals, see `evaluate.sources`.
    functions : mapping
        Metrics of pairs by name, as `load` makes them from a table.
    set_metrics : mapping
        Metrics of the whole set by name.
    progress : callable, optional
        Called with a `Progress` after each batch of pictures.
    cancel : threading.Event, optional
        Once it is set, `Cancelled` is raised before the next batch.

    Returns
    -------
    Measured
        Names, values of each picture and statistics of the set.

    Raises
    ------
    MangastyleError
        If the source cannot be read, or a picture and its original differ in size.
    Cancelled
        If `cancel` was set.

    Examples
    --------
    >>> from mangastyle.evaluate.sources import Example
    >>> class Dark:  # a source of two pictures
    ...     def __len__(self):
    ...         return 2
    ...     def __call__(self, rows):
    ...         return [Example(str(row), np.full((8, 8, 3), 51, np.uint8), np.zeros((8, 8, 3), np.uint8)) for row in rows]
    >>> measured = measure(Dark(), load({"pixel_similarity": METRICS["pixel_similarity"]}))
    >>> measured.names, measured.values["pixel_similarity"].round(6).tolist()
    (['0', '1'], [0.8, 0.8])
    """
    sets = {name: make() for name, make in set_metrics.items()}
    names: list[str] = []
    values: dict[str, list[float]] = {name: [] for name in functions}
    count = 1  # nobody knows how large they are
    while len(names) < len(source):
        if cancel and cancel.is_set():
            raise Cancelled()
        examples = source(range(len(names), min(len(names) + count, len(source))))
        count = min(BATCH, max(1, PIXELS // max(example.original[..., 0].size for example in examples)))
        names += [example.name for example in examples]
        generated, originals = [example.generated for example in examples], [example.original for example in examples]
        for name, function in functions.items():
            values[name] += function(generated, originals)
        for metric in sets.values():
            for pair in zip(generated, originals):
                metric.add(*pair)
        if progress:
            progress(Progress(len(names), len(source)))
    return Measured(
        names, {name: np.array(found) for name, found in values.items()}, {name: metric.summary() for name, metric in sets.items()}
    )
