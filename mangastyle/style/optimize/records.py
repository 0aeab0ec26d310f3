"""Records of an optimization: the losses as CSV, their plot (Figs 22, 23), the comparison of optimizers."""

from __future__ import annotations

import csv
import time
from pathlib import Path
from typing import TYPE_CHECKING, Callable, Iterator, Mapping, NamedTuple

import numpy as np

from mangastyle.errors import MangastyleError
from mangastyle.io import files

if TYPE_CHECKING:
    from mangastyle.plotting import Figure

NAMES = {"lbfgs": "L-BFGS", "adam": "Adam"}
SAVE_EVERY = 5.0  # seconds: what a kill can cost
LOSSES = {  # name: (label, color) of its curve; others get a color of their own
    "total": ("total, weighted", "black"), "content": ("content", "tab:blue"), "style": ("style", "tab:orange"),
    "tv": ("total variation", "tab:green"),
}  # fmt: skip
OTHER_COLORS = ("tab:red", "tab:purple", "tab:brown", "tab:pink", "tab:olive", "tab:cyan")
LINES = ("-", "--", ":", "-.")  # one a run


class Record(NamedTuple):
    """What an iteration reports; each scale begins with a record of its start.

    Attributes
    ----------
    iteration, iterations : int
        How many iterations are done, over all scales, and how many there are.
    evaluations : int
        Of the objective, so far.
    seconds : float
        Since the start.
    side : int
        Short side of the scale in work, in pixels.
    losses : dict of str to float
        "total", then each term without its weight: "content", "style", "tv".
    picture : callable
        Makes the picture on demand: float32 (h, w, 3) in 0..255, of the scale's size.
    """

    iteration: int
    iterations: int
    evaluations: int
    seconds: float
    side: int
    losses: dict[str, float]
    picture: Callable[[], np.ndarray]

    @property
    def total(self) -> float:
        """The weighted sum of the losses."""
        return self.losses["total"]


class Row(NamedTuple):
    """What is kept of a `Record`: a row of the CSV file. `scale` is the short side of the scale, in pixels."""

    scale: int
    iteration: int
    evaluations: int
    seconds: float
    losses: dict[str, float]

    @property
    def total(self) -> float:
        """The weighted sum of the losses."""
        return self.losses["total"]


class Losses:
    """A listener that keeps the losses of every iteration and, with a `path`, writes them as CSV.

    The file is rewritten every few seconds, so that it is whole at any time, and by a last `save`.

    Parameters
    ----------
    path : Path, optional
        The CSV file.
    force : bool
        Whether a file that exists may be replaced.

    Raises
    ------
    MangastyleError
        If the file exists and `force` is off, or cannot be written.

    Examples
    --------
    >>> losses = Losses()
    >>> losses.add(Record(0, 25, 1, 0.0, 64, {"total": 3.5, "content": 3.5}, lambda: np.zeros((64, 64, 3))))
    >>> losses.best()
    Row(scale=64, iteration=0, evaluations=1, seconds=0.0, losses={'total': 3.5, 'content': 3.5})
    """

    def __init__(self, path: Path | None = None, force: bool = False) -> None:
        if path:
            files.refuse_existing(path, force)
            files.refuse_unwritable(path)
        self.path = path
        self.rows: list[Row] = []
        self._saved = time.monotonic()

    def add(self, record: Record) -> None:
        """Keep the losses of an iteration."""
        self.rows.append(Row(record.side, record.iteration, record.evaluations, record.seconds, record.losses))
        if time.monotonic() - self._saved > SAVE_EVERY:
            self.save()

    def save(self) -> None:
        """Write all rows so far; nothing if there is none, or no path."""
        if not (self.path and self.rows):
            return
        with files.atomic(self.path) as temporary, open(temporary, "w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow([*Row._fields[:4], *self.rows[0].losses])
            writer.writerows([f"{x:.9g}" for x in (*row[:4], *row.losses.values())] for row in self.rows)
        self._saved = time.monotonic()

    def scales(self) -> Iterator[list[Row]]:
        """The rows of each scale, coarse to fine."""
        for scale in dict.fromkeys(row.scale for row in self.rows):
            yield [row for row in self.rows if row.scale == scale]

    def best(self) -> Row:
        """The row of the picture that is kept: least total loss at the last scale."""
        *_, last = self.scales()
        return min(last, key=lambda row: row.total)


def figure(runs: Mapping[str, Losses]) -> Figure:
    """Figures 22 and 23: losses against iterations and against seconds.

    Parameters
    ----------
    runs : mapping of str to Losses
        One optimizer or several, by name.

    Returns
    -------
    matplotlib.figure.Figure
    """
    from mangastyle.plotting import Figure  # slow to import, and seldom asked for

    drawn = Figure(figsize=(11, 4.5), layout="constrained")
    panels = drawn.subplots(1, 2, sharey=True)
    for panel, x in zip(panels, ("iteration", "seconds")):
        for (name, losses), line in zip(runs.items(), LINES):
            prefix = f"{NAMES.get(name, name)}: " if len(runs) > 1 else ""
            for i, rows in enumerate(losses.scales()):
                first = getattr(rows[0], x)
                if i:  # a finer scale begins
                    panel.axvline(first, color="gray", linewidth=0.6, linestyle=line)
                if len(runs) == 1 and (i or rows[-1] is not losses.rows[-1]):
                    panel.text(first, 1.01, f"{rows[0].scale} px", fontsize=8, color="gray", transform=panel.get_xaxis_transform())
                for loss, (label, color) in _curves(rows[0].losses).items():
                    panel.plot(
                        [getattr(row, x) for row in rows], [row.losses[loss] for row in rows], line, color=color,
                        linewidth=1.8 if loss == "total" else 1.2, label=prefix + label if not i else None,
                    )  # fmt: skip
        panel.set_yscale("log", nonpositive="mask")  # a loss may be 0 at the start
        panel.grid(alpha=0.25)
        panel.margins(x=0.02)
    panels[0].set(xlabel="iterations", ylabel="loss")
    panels[1].set(xlabel="seconds")
    panels[1].legend(fontsize=8, ncols=len(runs), loc="upper right")
    drawn.suptitle("Losses of " + " and ".join(NAMES.get(name, name) for name in runs))
    return drawn


def _curves(losses: Mapping[str, float]) -> dict[str, tuple[str, str]]:
    """Label and color of each loss."""
    others = iter(OTHER_COLORS * len(losses))
    return {name: LOSSES.get(name) or (name, next(others)) for name in losses}


def plot(runs: Mapping[str, Losses], path: Path, force: bool = False) -> None:
    """Write `figure` as a picture file.

    Parameters
    ----------
    runs : mapping of str to Losses
    path : Path
        In any format that Matplotlib takes by its suffix.
    force : bool
        Whether a file that exists may be replaced.

    Raises
    ------
    MangastyleError
        If it exists and `force` is off, or for an unknown format.
    """
    from mangastyle.plotting import default_style

    with files.atomic(path, force) as temporary, default_style():
        try:
            figure(runs).savefig(temporary, dpi=120)
        except ValueError as error:  # an unknown suffix
            raise MangastyleError(f"{path}: cannot write a plot in this format; end the name in .png, .svg or .pdf") from error


def comparison(runs: Mapping[str, Losses], reference_seconds: Mapping[str, float] | None = None) -> str:
    """A table of each optimizer's final losses, iterations, evaluations and seconds.

    Parameters
    ----------
    runs : mapping of str to Losses
        By optimizer.
    reference_seconds : mapping of str to float, optional
        Seconds of the paper, by optimizer, for the last column.

    Returns
    -------
    str
        Lines of equal length.
    """
    reference_seconds = reference_seconds or {}
    table: list[tuple[str, ...]] = [("optimizer", "total", "content", "style", "iterations", "evaluations", "seconds", "paper's seconds*")]
    for name, losses in runs.items():
        best, last = losses.best(), losses.rows[-1]
        table.append((
            NAMES.get(name, name), *(f"{best.losses[loss]:.5g}" for loss in ("total", "content", "style")), str(last.iteration),
            str(last.evaluations), f"{last.seconds:.1f}", str(reference_seconds.get(name, "")),
        ))  # fmt: skip
    widths = [max(map(len, column)) for column in zip(*table)]
    return "\n".join("  ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])]) for row in table)
