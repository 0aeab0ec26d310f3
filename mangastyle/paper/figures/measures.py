"""Figures 15 to 19: similarity of shaded pictures to their originals, by each metric (paper, section 4.2.3).

On the left the formula behind the paper's numbers, with the range that the paper reports; on the right the established metric.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from mangastyle.evaluate.report import axis_label
from mangastyle.paper.figures.context import FigureContext
from mangastyle.paper.metrics import ALL_METRICS
from mangastyle.plotting import Axes, Figure

SERIES = (  # network, hint, label, how it is drawn
    ("paper", "paper", "as in the paper", {"histtype": "step", "color": "tab:green", "linewidth": 1.8}),
    ("default", "proportional", "generator, hint", {"histtype": "stepfilled", "color": "tab:blue", "alpha": 0.55}),
    ("default", "none", "generator, no hint", {"histtype": "step", "color": "tab:red", "linewidth": 1.5}),
    ("baseline", "paper", "baseline, paper's hint", {"histtype": "step", "color": "black", "linewidth": 1.2, "linestyle": "--"}),
)
REPORTED = {  # ranges in the paper
    "sift_similarity_paper": (0.70, 0.90), "emd_paper": (0.001, 0.006), "euclidean_difference": (4.62, 59.19),
}  # fmt: skip
BINS = 20

Series = dict[str, tuple[np.ndarray, dict[str, Any]]]  # by label, values and how they are drawn


def pixel_values(context: FigureContext) -> Figure:
    """Figure 15: the mean absolute difference."""
    return _histograms(context, "pixel_difference_paper", "pixel_similarity")


def structure(context: FigureContext) -> Figure:
    """Figure 16: structural similarity."""
    return _histograms(context, "ssim_paper", "ssim")


def earth_movers(context: FigureContext) -> Figure:
    """Figure 17: earth mover's distance of the histograms."""
    return _histograms(context, "emd_paper", "emd")


def keypoints(context: FigureContext) -> Figure:
    """Figure 18: the share of matched keypoints."""
    return _histograms(context, "sift_similarity_paper", "sift_similarity")


def euclidean(context: FigureContext) -> Figure:
    """Figure 19: the Euclidean difference in percent of the largest possible, in the paper's bins of 6 %."""
    return _histograms(context, "euclidean_difference", edges=np.arange(0, 66, 6))


def _histograms(context: FigureContext, *keys: str, edges: np.ndarray | None = None) -> Figure:
    figure = Figure(figsize=(5.2 * len(keys), 3.6), layout="constrained")
    for panel, key in zip(np.atleast_1d(figure.subplots(1, len(keys))), keys):
        _histogram(panel, key, {label: (context.measures(network, hint)[key], how) for network, hint, label, how in SERIES}, edges)
        panel.set_ylabel(f"pictures of {len(context.source('default', 'proportional'))}")
    return figure


def _histogram(panel: Axes, key: str, series: Series, edges: np.ndarray | None) -> None:
    finite = {label: (v[np.isfinite(v)], how) for label, (v, how) in series.items()}
    if edges is None:
        every = np.concatenate([v for v, _ in finite.values()])
        edges = np.linspace(every.min(), max(every.max(), every.min() + 1e-6), BINS + 1) if len(every) else np.linspace(0, 1, BINS + 1)
    if key in REPORTED:
        panel.axvspan(*REPORTED[key], color="tab:orange", alpha=0.15, label="reported in the paper")
    for label, (v, how) in finite.items():
        median = f"median {np.median(v):.3g}" if len(v) else "not defined"
        panel.hist(np.clip(v, edges[0], edges[-1]), bins=edges.tolist(), label=f"{label}: {median}", **how)
    panel.set_xlabel(axis_label(ALL_METRICS[key]))
    panel.yaxis.get_major_locator().set_params(integer=True)  # pyright: ignore[reportCallIssue]
    panel.set_ylim(top=1.35 * panel.get_ylim()[1])  # room for the legend
    panel.legend(fontsize=7)
