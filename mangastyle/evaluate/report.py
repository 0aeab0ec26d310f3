"""What was measured, told: a summary of each measure, histograms as the paper's Figs 15-19, a sheet of pictures, tables."""

from __future__ import annotations

import csv
import math
from pathlib import Path
from typing import Sequence

import numpy as np
from matplotlib.figure import Figure

from mangastyle import files, images
from mangastyle.evaluate.metrics import METRICS
from mangastyle.evaluate.sources import Example, Source

PERCEPTUAL = "perceptual"
NAMES = {**{key: metric.name for key, metric in METRICS.items()}, PERCEPTUAL: "perceptual distance"}
HIGHER = {**{key: metric.higher for key, metric in METRICS.items()}, PERCEPTUAL: False}
STATISTICS = ("mean", "median", "p5", "p95", "min", "max")
ROWS = 4  # pictures of the sheet that are best, median and worst, each
TILE = 128  # pixels at least: small pictures are enlarged on the sheet

Values = dict[str, np.ndarray]  # by measure, one value for each picture; NaN where it is not defined


def summary(values: Values) -> dict[str, dict[str, float | int | None]]:
    """Of each measure the mean, median, 5th and 95th percentile, least, greatest, and the number of pictures that have it.

    What is not finite, such as the PSNR of equal pictures, does not count; statistics of nothing are None.
    """
    found = {}
    for key, all_values in values.items():
        v = all_values[np.isfinite(all_values)]
        told = (np.mean(v), np.median(v), *np.percentile(v, (5, 95)), np.min(v), np.max(v)) if len(v) else [math.nan] * 6
        found[key] = {name: float(x) if len(v) else None for name, x in zip(STATISTICS, told)}
        found[key]["count"] = len(v)
    return found


def write_csv(path: Path, names: list[str], values: Values) -> None:
    """A line for each picture; an empty field where a measure is not defined."""
    with files.atomic(path) as temporary, open(temporary, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["picture", *values])
        for name, row in zip(names, zip(*values.values()), strict=True):
            writer.writerow([name, *("" if math.isnan(x) else f"{x:.6g}" for x in row)])


def histograms(values: Values) -> Figure:
    """How many pictures have which value of each measure (Figs 15-19)."""
    columns = 4
    rows = math.ceil(len(values) / columns)
    drawn = Figure(figsize=(3.6 * columns, 2.7 * rows), layout="constrained")
    panels = drawn.subplots(rows, columns, squeeze=False).ravel()
    for panel, (key, all_values) in zip(panels, values.items()):
        v = all_values[np.isfinite(all_values)]
        panel.hist(v, bins=20, color="tab:blue", edgecolor="white")
        if len(v):
            panel.axvline(np.median(v), color="black", linewidth=1)
        better = "higher" if HIGHER[key] else "lower"
        panel.set(xlabel=f"{NAMES[key]} ({better} is better)", ylabel="pictures")
        panel.yaxis.get_major_locator().set_params(integer=True)
    for panel in panels[len(values) :]:
        panel.set_axis_off()
    drawn.suptitle(f"{len(next(iter(values.values())))} pictures; the line is the median")
    return drawn


def sheet(source: Source, values: Values) -> np.ndarray:
    """The best, the median and the worst pictures by perceptual distance, each with what the network was given."""
    count = len(values[PERCEPTUAL])
    middle = (count - ROWS) // 2
    return _sheet(source, values, [*range(ROWS), *range(middle, middle + ROWS), *range(count - ROWS, count)] if count > 3 * ROWS else range(count))


def worst(source: Source, values: Values, rows: int) -> np.ndarray:
    """The `rows` worst pictures by perceptual distance, the worst last."""
    count = len(values[PERCEPTUAL])
    return _sheet(source, values, range(max(0, count - rows), count))


def _sheet(source: Source, values: Values, places: Sequence[int]) -> np.ndarray:
    """The pictures at these places of the order from best to worst."""
    order = np.argsort(np.nan_to_num(values[PERCEPTUAL], nan=np.inf), kind="stable")
    count, chosen = len(order), [int(order[place]) for place in places]
    lines = [
        _line(example, f"{place + 1} of {count}", f"perceptual {values[PERCEPTUAL][row]:.3f}")
        for place, row, example in zip(places, chosen, source(chosen))
    ]
    width = max(line.shape[1] for line in lines)
    return np.vstack([np.pad(line, ((0, 0), (0, width - line.shape[1]), (0, 0)), constant_values=255) for line in lines])


def _line(example: Example, place: str, told: str) -> np.ndarray:
    height, width = example.original.shape[:2]
    scale = max(1, math.ceil(TILE / height))
    captions = [place, *("line art", "hint")[: len(example.given)], told]
    tiles = [example.original, *example.given, example.generated]
    return np.hstack([images.captioned(images.resize(tile, scale * height, scale * width), text) for tile, text in zip(tiles, captions)])


def table(summaries: dict[str, dict]) -> str:
    """Markdown: of one model every statistic of each measure, of several the median and 5th to 95th percentile, side by side."""
    measures = next(iter(summaries.values()))
    if len(summaries) == 1:
        head, cells = list(STATISTICS), lambda key: [_told(measures[key][name]) for name in STATISTICS]
    else:
        head = list(summaries)
        cells = lambda key: [f"{_told(s[key]['median'])} ({_told(s[key]['p5'])} to {_told(s[key]['p95'])})" for s in summaries.values()]  # noqa: E731
    lines = [["measure", "better", *head], ["---", "---", *["---:"] * len(head)]]
    lines += [[NAMES[key], "higher" if HIGHER[key] else "lower", *cells(key)] for key in measures]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def hue_table(found: dict[str, dict]) -> str:
    """Markdown: what `Hues` knows of each model's pictures."""
    lines = [["hues of all pictures", *found], ["---", *["---:"] * len(found)]]
    lines.append(["spread, in bits", *(_told(of["spread"]) for of in found.values())])
    lines.append(["of the originals", *(_told(of["spread_of_originals"]) for of in found.values())])
    lines.append(["centres within the originals' 5 to 95 %", *(f"{of['centres_in_range']:.1%}" for of in found.values())])
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _told(value: float | None) -> str:
    return "not defined" if value is None else f"{value:.4f}" if abs(value) < 1 else f"{value:.2f}"
