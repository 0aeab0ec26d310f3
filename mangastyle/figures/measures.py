"""Figures 15 to 19: how alike shaded pictures are to their originals, by each measure (paper, section 4.2.3).

On the left the formula behind the paper's numbers, with the range that the paper reports; on the right the measure as it should be.
"""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mangastyle.evaluate.report import HIGHER, NAMES
from mangastyle.figures.studio import Studio

SERIES = (  # network, hint, label, how it is drawn
    ("paper", "paper", "as in the paper", {"histtype": "step", "color": "tab:green", "linewidth": 1.8}),
    ("gan", "default", "generator, hint", {"histtype": "stepfilled", "color": "tab:blue", "alpha": 0.55}),
    ("gan", "none", "generator, no hint", {"histtype": "step", "color": "tab:red", "linewidth": 1.5}),
    ("baseline", "paper", "baseline, paper's hint", {"histtype": "step", "color": "black", "linewidth": 1.2, "linestyle": "--"}),
)
PAPER = {  # what the paper reports: from, to
    "sift_similarity_paper": (0.70, 0.90), "emd_paper": (0.001, 0.006), "euclidean_difference": (4.62, 59.19),
}  # fmt: skip
BINS = 20


def pixels(studio: Studio) -> Figure:
    """Figure 15: the mean absolute difference."""
    return _histograms(studio, "pixel_difference_paper", "pixel_similarity")


def structure(studio: Studio) -> Figure:
    """Figure 16: structural similarity."""
    return _histograms(studio, "ssim_paper", "ssim")


def earth_movers(studio: Studio) -> Figure:
    """Figure 17: earth mover's distance of the histograms."""
    return _histograms(studio, "emd_paper", "emd")


def keypoints(studio: Studio) -> Figure:
    """Figure 18: the share of keypoints found again."""
    return _histograms(studio, "sift_similarity_paper", "sift_similarity")


def euclidean(studio: Studio) -> Figure:
    """Figure 19: the Euclidean difference in percent of the largest possible, in the paper's bins of 6 %."""
    return _histograms(studio, "euclidean_difference", edges=np.arange(0, 66, 6))


def _histograms(studio: Studio, *keys: str, edges: np.ndarray | None = None) -> Figure:
    figure = Figure(figsize=(5.2 * len(keys), 3.6), layout="constrained")
    for panel, key in zip(np.atleast_1d(figure.subplots(1, len(keys))), keys):
        found = {label: (studio.measures(network, hint)[key], how) for network, hint, label, how in SERIES}
        _histogram(panel, key, found, edges)
        panel.set_ylabel(f"pictures of {len(studio.source('gan', 'default'))}")
    return figure


def _histogram(panel: Axes, key: str, found: dict, edges: np.ndarray | None) -> None:
    finite = {label: (v[np.isfinite(v)], how) for label, (v, how) in found.items()}
    if edges is None:
        every = np.concatenate([v for v, _ in finite.values()])
        edges = np.linspace(every.min(), max(every.max(), every.min() + 1e-6), BINS + 1) if len(every) else np.linspace(0, 1, BINS + 1)
    if key in PAPER:
        panel.axvspan(*PAPER[key], color="tab:orange", alpha=0.15, label="reported in the paper")
    for label, (v, how) in finite.items():
        told = f"median {np.median(v):.3g}" if len(v) else "not defined"
        panel.hist(np.clip(v, edges[0], edges[-1]), bins=edges, label=f"{label}: {told}", **how)
    panel.set_xlabel(f"{NAMES[key]} ({'higher' if HIGHER[key] else 'lower'} is better)")
    panel.yaxis.get_major_locator().set_params(integer=True)
    panel.set_ylim(top=1.35 * panel.get_ylim()[1])  # room for the legend
    panel.legend(fontsize=7)
