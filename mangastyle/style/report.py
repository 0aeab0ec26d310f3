"""Records of a painting's optimisation: the losses as CSV, their plot (Figs 22, 23), the comparison of optimisers."""

from __future__ import annotations

import csv
import time
from pathlib import Path
from typing import TYPE_CHECKING, Iterator, NamedTuple

from mangastyle import files
from mangastyle.errors import MangastyleError
from mangastyle.style.optimizers import Record

if TYPE_CHECKING:
    from matplotlib.figure import Figure

NAMES = {"lbfgs": "L-BFGS", "adam": "Adam"}
# Of 1000 iterations on a GeForce GTX 1080 Ti (paper, section 4.3; its captions of Figs 22 and 23 are exchanged).
PAPER_SECONDS = {"lbfgs": 502.6, "adam": 85.5}

SAVE_EVERY = 5.0  # seconds: what a kill can cost
LOSSES = {  # column: (label, colour) of its curve
    "total": ("total, weighted", "black"), "content": ("content", "tab:blue"), "style": ("style", "tab:orange"),
    "tv": ("total variation", "tab:green"),
}  # fmt: skip
LINES = ("-", "--", ":", "-.")  # one a run


class Row(NamedTuple):
    """An iteration: the scale's short side in pixels, counts and seconds since the start, the losses."""

    scale: int
    iteration: int
    evaluations: int
    seconds: float
    total: float
    content: float
    style: float
    tv: float


class Losses:
    """A listener that keeps the losses of every iteration and, with a `path`, writes them as CSV.

    The file is written anew every few seconds, so that it is whole at any time, and by a last `save`.
    Raises `MangastyleError` if the file exists and `force` is off.
    """

    def __init__(self, path: Path | None = None, force: bool = False) -> None:
        if path:
            files.refuse_existing(path, force)
            files.refuse_unwritable(path)
        self.path = path
        self.rows: list[Row] = []
        self._saved = time.monotonic()

    def add(self, record: Record, side: int) -> None:
        """Take the record of an iteration at the scale whose short side is `side`."""
        self.rows.append(Row(side, *record[:7]))
        if time.monotonic() - self._saved > SAVE_EVERY:
            self.save()

    def save(self) -> None:
        """Write all rows so far; nothing if there is none, or no path."""
        if not (self.path and self.rows):
            return
        with files.atomic(self.path) as temporary, open(temporary, "w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(Row._fields)
            writer.writerows([f"{x:.9g}" for x in row] for row in self.rows)
        self._saved = time.monotonic()

    def scales(self) -> Iterator[list[Row]]:
        """The rows of each scale, coarse to fine."""
        for side in dict.fromkeys(row.scale for row in self.rows):
            yield [row for row in self.rows if row.scale == side]

    def best(self) -> Row:
        """The row of the picture that is kept: least total loss at the last scale."""
        *_, last = self.scales()
        return min(last, key=lambda row: row.total)


def figure(runs: dict[str, Losses]) -> Figure:
    """Figures 22 and 23: the losses of one optimiser or of several, by name, against iterations and against seconds."""
    from matplotlib.figure import Figure  # slow to import, and seldom asked for

    drawn = Figure(figsize=(11, 4.5), layout="constrained")
    panels = drawn.subplots(1, 2, sharey=True)
    for panel, x in zip(panels, ("iteration", "seconds")):
        for (name, losses), line in zip(runs.items(), LINES):
            prefix = f"{NAMES.get(name, name)}: " if len(runs) > 1 else ""
            for i, rows in enumerate(losses.scales()):
                if i:  # a finer scale begins
                    panel.axvline(getattr(rows[0], x), color="gray", linewidth=0.6, linestyle=line)
                if len(runs) == 1 and (i or rows[-1] is not losses.rows[-1]):
                    panel.text(
                        getattr(rows[0], x), 1.01, f"{rows[0].scale} px", fontsize=8, color="gray", transform=panel.get_xaxis_transform()
                    )
                for column, (label, color) in LOSSES.items():
                    panel.plot(
                        [getattr(row, x) for row in rows], [getattr(row, column) for row in rows], line, color=color,
                        linewidth=1.8 if column == "total" else 1.2, label=prefix + label if not i else None,
                    )  # fmt: skip
        panel.set_yscale("log", nonpositive="mask")  # a loss may be 0 at the start
        panel.grid(alpha=0.25)
        panel.margins(x=0.02)
    panels[0].set(xlabel="iterations", ylabel="loss")
    panels[1].set(xlabel="seconds")
    panels[1].legend(fontsize=8, ncols=len(runs), loc="upper right")
    drawn.suptitle("Losses of " + " and ".join(NAMES.get(name, name) for name in runs))
    return drawn


def plot(runs: dict[str, Losses], path: Path, force: bool = False) -> None:
    """Write `figure` as a picture file, in any format that Matplotlib knows by its suffix."""
    with files.atomic(path, force) as temporary:
        try:
            figure(runs).savefig(temporary, dpi=120)
        except ValueError as error:  # an unknown suffix
            raise MangastyleError(f"{path}: cannot write a plot in this format; end the name in .png, .svg or .pdf") from error


def comparison(runs: dict[str, Losses]) -> str:
    """The paper's table: each optimiser's final losses, iterations, evaluations and seconds, beside the paper's seconds."""
    table = [("optimiser", "total", "content", "style", "iterations", "evaluations", "seconds", "paper's seconds*")]
    for name, losses in runs.items():
        best, last = losses.best(), losses.rows[-1]
        table.append((
            NAMES.get(name, name), f"{best.total:.5g}", f"{best.content:.5g}", f"{best.style:.5g}", str(last.iteration),
            str(last.evaluations), f"{last.seconds:.1f}", str(PAPER_SECONDS.get(name, "")),
        ))  # fmt: skip
    widths = [max(map(len, column)) for column in zip(*table)]
    lines = ["  ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])]) for row in table]
    return "\n".join([*lines, "* of 1000 iterations on its GPU, a GTX 1080 Ti"])
