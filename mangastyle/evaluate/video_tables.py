"""Tables of how steady clips are, beside what is wanted."""

from __future__ import annotations

import math
from typing import NamedTuple, Sequence

import numpy as np

from mangastyle.errors import counted
from mangastyle.evaluate.video import INPUT

Values = dict[str, float]


class Goal(NamedTuple):
    """What is wanted of a measure.

    stage, name : where it is measured, and what.
    shown : keys of the values of input, frame by frame and result; empty where there is none.
    share_of : key of the value to which the result is compared; empty for the result itself.
    bound : the greatest share, or, if it is negative, the least one, without its sign; None where nothing is wanted.
    digits : after the point.
    """

    stage: str
    name: str
    shown: tuple[str, str, str]
    share_of: str = ""
    bound: float | None = None
    digits: int = 2


GOALS = (
    Goal("shade", "E_warp, beside the drawing's own coloring", ("input 1", "frame by frame 1", "result 1"), "input 1", 1.3),
    Goal("shade", "E_warp, beside frame by frame", ("input 1", "frame by frame 1", "result 1"), "frame by frame 1", 0.35),
    Goal("shade", "E_warp over 10 frames", ("input 10", "frame by frame 10", "result 10"), "frame by frame 10"),
    Goal("shade", "region-frames of constant color", ("input constancy", "frame by frame constancy", "result constancy"), "", -0.97, 3),
    Goal("shade", "the same with shading", ("input shaded", "frame by frame shaded", "result shaded"), digits=3),
    Goal("shade", "identity by area, from one colored frame", ("", "frame by frame identity", "result identity"), "", -0.92, 3),
    Goal("shade", "frames in a second", ("", "frame by frame speed", "result speed")),
    Goal("style", "E_warp, true flow", ("input 1", "frame by frame 1", "result 1"), "frame by frame 1", 0.4),
    Goal("style", "E_warp over 10 frames, true flow", ("input 10", "frame by frame 10", "result 10"), "frame by frame 10", 0.4),
    Goal(
        "style", "E_warp, estimated flow", ("input 1 estimated", "frame by frame 1 estimated", "result 1 estimated"),
        "frame by frame 1 estimated", 0.4,
    ),
    Goal(
        "style", "E_warp over 10 frames, estimated flow", ("input 10 estimated", "frame by frame 10 estimated", "result 10 estimated"),
        "frame by frame 10 estimated", 0.4,
    ),
    Goal("style", "decrease of the style error", ("", "frame by frame style", "result style"), "frame by frame style", -0.9, 3),
    Goal("style", "frames in a second", ("", "frame by frame speed", "result speed")),
)  # fmt: skip


def mean(values: Sequence[Values]) -> Values:
    """The means over clips of what could be measured in all.

    Examples
    --------
    >>> mean([{"a": 1.0, "b": 3.0}, {"a": 2.0, "b": math.nan}])
    {'a': 1.5}
    """
    found = {key: float(np.mean([of[key] for of in values])) for key in values[0]}
    return {key: value for key, value in found.items() if not math.isnan(value)}


def table(values: dict[str, Values]) -> str:
    """The goals beside what was measured, as a Markdown table.

    Parameters
    ----------
    values : dict of str to dict
        Means by stage, "shade" and "style".

    Examples
    --------
    >>> print(table({"style": {"input 1": 1.0, "frame by frame 1": 10.0, "result 1": 3.0}}).splitlines()[2])
    | style | E_warp, true flow | 1.00 | 10.00 | 3.00 | 0.30 | at most 0.4 | yes |
    """
    lines = ["| stage | measure | input | frame by frame | result | share | wanted | met |", "|---|---|---:|---:|---:|---:|---:|---|"]
    for goal in GOALS:
        found = values.get(goal.stage, {})
        if goal.shown[2] in found:
            lines.append(_row(goal, found))
    return "\n".join(lines)


def _row(goal: Goal, found: Values) -> str:
    shown = [f"{found[key]:.{goal.digits}f}" if key else "" for key in goal.shown]
    value = found[goal.shown[2]] / (found[goal.share_of] if goal.share_of else 1)
    met, wanted = "", ""
    if goal.bound is not None:
        least = goal.bound < 0
        met = "yes" if (value >= -goal.bound if least else value <= goal.bound) else "no"
        wanted = f"at {'least' if least else 'most'} {abs(goal.bound):g}"
    cells = [goal.stage, goal.name, *shown, f"{value:.2f}" if goal.share_of else "", wanted, met]
    return f"| {' | '.join(cells)} |".replace("  ", " ")


def pair_table(errors: dict[str, dict[int, float]]) -> str:
    """Warping errors of clips beside each other, as a Markdown table.

    Examples
    --------
    >>> print(pair_table({"input": {1: 2.0, 10: 4.0}, "result": {1: 3.0, 10: 10.0}}))
    | clip | E_warp | E_warp over 10 frames | share of the input's |
    |---|---:|---:|---:|
    | input | 2.00 | 4.00 | 1.00, 1.00 |
    | result | 3.00 | 10.00 | 1.50, 2.50 |
    """
    gaps = list(errors[INPUT])
    heads = ["E_warp" if gap == 1 else f"E_warp over {counted(gap, 'frame')}" for gap in gaps]
    lines = [f"| clip | {' | '.join(heads)} | share of the input's |", "|---" + "|---:" * (len(gaps) + 1) + "|"]
    for name, of in errors.items():
        shares = ", ".join(_shown(of[gap] / errors[INPUT][gap] if errors[INPUT][gap] else math.nan) for gap in gaps)
        lines.append(f"| {name} | {' | '.join(_shown(of[gap]) for gap in gaps)} | {shares} |")
    return "\n".join(lines)


def _shown(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.2f}"
