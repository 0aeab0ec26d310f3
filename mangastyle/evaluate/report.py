"""Reports of measured values: a summary of each metric, histograms as the paper's Figs 15-19, a sheet of pictures, tables."""

from __future__ import annotations

import csv
import math
from pathlib import Path
from typing import Any, Mapping, Sequence

import numpy as np

from mangastyle.evaluate.metrics import BatchMetric
from mangastyle.evaluate.run import Values
from mangastyle.evaluate.set_metrics import SET_METRICS, SetMetric
from mangastyle.evaluate.sources import Example, Source
from mangastyle.io import files, sheets
from mangastyle.ops import pixels
from mangastyle.plotting import Figure

STATISTICS = ("mean", "median", "p5", "p95", "min", "max")
ROWS = 4  # of the best, median and worst pictures on the sheet, each
LONGEST = 1024  # pixels at most: larger pictures are reduced
TILE = 128  # pixels at least: small pictures are enlarged on the sheet

Metrics = Mapping[str, BatchMetric]
Summary = dict[str, "float | int | None"]  # of one metric, by statistic


def summary(values: Values) -> dict[str, Summary]:
    """Statistics of each metric over all pictures.

    Parameters
    ----------
    values : dict
        By metric, float (n,).

    Returns
    -------
    dict
        By metric its mean, median, 5th and 95th percentile, least and greatest value, and count of values. Values that are not
        finite, such as the PSNR of equal pictures, are left out; without any the statistics are None.

    Examples
    --------
    >>> summary({"ssim": np.array([0.5, 0.7, np.nan])})["ssim"]["count"]
    2
    """
    found: dict[str, Summary] = {}
    for key, all_values in values.items():
        v = all_values[np.isfinite(all_values)]
        statistics = (np.mean(v), np.median(v), *np.percentile(v, (5, 95)), np.min(v), np.max(v)) if len(v) else ()
        found[key] = {**dict.fromkeys(STATISTICS), **dict(zip(STATISTICS, map(float, statistics))), "count": len(v)}
    return found


def write_csv(path: Path, names: Sequence[str], values: Values) -> None:
    """Write a line for each picture, with an empty field where a metric is not defined."""
    with files.atomic(path) as temporary, open(temporary, "w", newline="", encoding="utf-8", errors="backslashreplace") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["picture", *values])
        for name, row in zip(names, zip(*values.values()), strict=True):
            writer.writerow([name, *("" if math.isnan(x) else f"{x:.6g}" for x in row)])


def axis_label(metric: BatchMetric) -> str:
    """The metric's name, and which direction is better."""
    return f"{metric.name} ({_better(metric)} is better)"


def histograms(values: Values, metrics: Metrics) -> Figure:
    """Histograms of all metrics, as the paper's Figs 15-19, with lines at the medians."""
    columns = 4
    rows = math.ceil(len(values) / columns)
    figure = Figure(figsize=(3.6 * columns, 2.7 * rows), layout="constrained")
    panels = figure.subplots(rows, columns, squeeze=False).ravel()
    for panel, (key, all_values) in zip(panels, values.items()):
        v = all_values[np.isfinite(all_values)]
        panel.hist(v, bins=20, color="tab:blue", edgecolor="white")
        if len(v):
            panel.axvline(np.median(v), color="black", linewidth=1)
        panel.set(xlabel=axis_label(metrics[key]), ylabel="pictures")
        panel.yaxis.get_major_locator().set_params(integer=True)
    for panel in panels[len(values) :]:
        panel.set_axis_off()
    figure.suptitle(f"{len(next(iter(values.values())))} pictures; the line is the median")
    return figure


def sheet(source: Source, values: Values, metrics: Metrics, order_by: str) -> np.ndarray:
    """The best, median and worst pictures by the metric `order_by`, each with its line art and hint: uint8 (h, w, 3)."""
    count = len(values[order_by])
    middle = (count - ROWS) // 2
    places = [*range(ROWS), *range(middle, middle + ROWS), *range(count - ROWS, count)] if count > 3 * ROWS else range(count)
    return _sheet(source, values, metrics, order_by, places)


def worst(source: Source, values: Values, metrics: Metrics, order_by: str, rows: int) -> np.ndarray:
    """The `rows` worst pictures by the metric `order_by`, the worst last: uint8 (h, w, 3)."""
    count = len(values[order_by])
    return _sheet(source, values, metrics, order_by, range(max(0, count - rows), count))


def _sheet(source: Source, values: Values, metrics: Metrics, order_by: str, places: Sequence[int]) -> np.ndarray:
    """The pictures at these places of the order from best to worst; pictures without a value are the worst."""
    cost = -values[order_by] if metrics[order_by].higher else values[order_by]
    order = np.argsort(np.nan_to_num(cost, nan=np.inf), kind="stable")
    chosen = [int(order[place]) for place in places]
    lines = [
        _line(example, f"{place + 1} of {len(order)}", f"{order_by} {values[order_by][row]:.3f}")
        for place, row, example in zip(places, chosen, source(chosen))
    ]
    width = max(line.shape[1] for line in lines)
    return np.vstack([np.pad(line, ((0, 0), (0, width - line.shape[1]), (0, 0)), constant_values=255) for line in lines])


def _line(example: Example, place: str, value: str) -> np.ndarray:
    height, width = example.original.shape[:2]
    scale = max(1, min(math.ceil(TILE / height), LONGEST // width))
    if scale == 1 and max(height, width) > LONGEST:
        height, width = (max(1, round(side * LONGEST / max(height, width))) for side in (height, width))
    captions = [place, *("line art", "hint")[: len(example.given)], value]
    tiles = [example.original, *example.given, example.generated]
    return np.hstack([sheets.captioned(pixels.resize(tile, scale * height, scale * width), text) for tile, text in zip(tiles, captions)])


def table(summaries: Mapping[str, Mapping[str, Summary]], metrics: Metrics) -> str:
    """Markdown table of the metrics of one network, or of several side by side.

    Parameters
    ----------
    summaries : mapping
        By network, its `summary`.
    metrics : mapping
        The metrics by name.

    Returns
    -------
    str
        Of one network every statistic of each metric; of several the median and the 5th to 95th percentile.

    Examples
    --------
    >>> from mangastyle.evaluate.metrics import METRICS
    >>> print(table({"mine": summary({"ssim": np.array([0.5, 0.7])})}, METRICS))
    | metric | better | mean | median | p5 | p95 | min | max |
    | --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |
    | SSIM | higher | 0.6000 | 0.6000 | 0.5100 | 0.6900 | 0.5000 | 0.7000 |
    """

    def cells(key: str) -> list[str]:
        found = [by_metric[key] for by_metric in summaries.values()]
        if len(found) == 1:
            return [format_number(found[0][name]) for name in STATISTICS]
        return [f"{format_number(s['median'])} ({format_number(s['p5'])} to {format_number(s['p95'])})" for s in found]

    head = list(summaries) if len(summaries) > 1 else STATISTICS
    lines = [["metric", "better", *head], ["---", "---", *["---:"] * len(head)]]
    lines += [[metrics[key].name, _better(metrics[key]), *cells(key)] for key in next(iter(summaries.values()))]
    return _markdown(lines)


def set_tables(
    of_sets: Mapping[str, Mapping[str, Mapping[str, Any]]], set_metrics: Mapping[str, type[SetMetric]] = SET_METRICS
) -> list[str]:
    """Markdown tables of the set metrics, one for each, networks side by side; `of_sets` are `Measured.of_set` by network."""
    tables = []
    for key, metric in set_metrics.items():
        found = [of_set[key] for of_set in of_sets.values()]
        lines = [[metric.TITLE, *of_sets], ["---", *["---:"] * len(found)]]
        lines += [[label, *(format_number(values[name], spec) for values in found)] for name, (label, spec) in metric.ROWS.items()]
        tables.append(_markdown(lines))
    return tables


def format_number(value: float | None, spec: str = "") -> str:
    """A value as tables show it: four decimals below 1, else two, or by a format specification.

    Examples
    --------
    >>> format_number(0.5), format_number(12.3), format_number(0.5, ".1%"), format_number(None)
    ('0.5000', '12.30', '50.0%', 'not defined')
    """
    if value is None:
        return "not defined"
    return format(value, spec or (".4f" if abs(value) < 1 else ".2f"))


def _better(metric: BatchMetric) -> str:
    return "higher" if metric.higher else "lower"


def _markdown(lines: Sequence[Sequence[str]]) -> str:
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
