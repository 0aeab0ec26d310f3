"""Figures 10 to 12, 14 and 20 to 23: what VGG-19 keeps, and pictures painted by it (paper, section 4.3)."""

from __future__ import annotations

import dataclasses

from matplotlib.figure import Figure

from mangastyle.figures import panels
from mangastyle.figures.diagram import Board
from mangastyle.figures.studio import Studio
from mangastyle.style import report
from mangastyle.style.reconstruct import FROM_NOISE, reconstruct

LAYERS = ("conv1_1", "conv2_1", "conv3_1", "conv4_1", "conv5_1")
NOISES = (0, 1, 2, 3)  # seeds of the four white noises of figure 11


def content_by_layer(studio: Studio) -> Figure:
    """Figure 10: pictures made from noise that a single layer cannot tell from the original."""
    search = dataclasses.replace(FROM_NOISE, size=0, iterations=studio.iterations)
    made = []
    for layer in LAYERS:
        with studio.progress(f"content of {layer}", search.iterations) as bar:
            listen = lambda record, _, bar=bar: bar.update(record.iteration - bar.n)  # noqa: E731
            made.append(reconstruct(studio.picture, (layer,), "content", search, studio.backbone, listen))
    return panels.rows({"content": [studio.picture, *made]}, ["original", *LAYERS], tile=2.0)


def starts(studio: Studio) -> Figure:
    """Figure 11: the same content and style from six starts; equal losses, different pictures."""
    painting = next(iter(studio.paintings))
    runs = {"A: content": studio.painted(painting), "B: style": studio.painted(painting, init="style")}
    runs |= {f"C: noise, seed {seed}": studio.painted(painting, init="noise", seed=seed) for seed in NOISES}
    names = [f"{name}\ntotal loss {losses.best().total:.3g}" for name, (_, losses) in runs.items()]
    return panels.rows({"painted": [picture for picture, _ in runs.values()]}, names, tile=2.0)


def scheme(studio: Studio) -> Figure:
    """Figure 12: both losses on the features of one network, and the picture that they change; the numbers are measured."""
    painting, rgb = next(iter(studio.paintings.items()))
    painted, losses = studio.painted(painting)
    first, best = losses.rows[0], losses.best()
    options = studio.search
    board = Board(11.0, 5.3)
    board.picture("content", 1.0, 4.35, studio.shaded)
    board.picture("picture", 1.0, 2.8, painted, caption="picture x")
    board.picture("painting", 1.0, 1.3, rgb, height=1.15)
    for name, y in (("content", 4.35), ("picture", 2.8), ("painting", 1.3)):
        board.box(f"{name} features", 3.6, y, f"VGG-19 ({studio.backbone.name})", "#7fa8d9", 1.9, 0.75)
        board.arrow(name, f"{name} features")
    fell = {name: f"{getattr(first, name):.3g} → {getattr(best, name):.3g}" for name in ("content", "style", "total")}
    content, style = options.content_layers, options.style_layers
    weights = f"α = {options.content_weight:g}, β = {options.style_weight:g}"
    board.box("content loss", 6.9, 3.7, f"content loss, eq. 1\n{' '.join(content)}\n{fell['content']}", "#8fbf7f", 2.1, 0.95)
    board.box("style loss", 6.9, 1.9, f"style loss, eq. 3-5\n{style[0]} … {style[-1]}\n{fell['style']}", "#e8a87c", 2.1, 0.95)
    board.box("total", 9.9, 2.8, f"total, eq. 7\n{weights}\n{fell['total']}", "#b39ad6", 1.9, 0.95)
    board.arrow("content features", "content loss", label="features")
    board.arrow("picture features", "content loss")
    board.arrow("picture features", "style loss")
    board.arrow("painting features", "style loss", label="Gram matrices")
    board.arrow("content loss", "total")
    board.arrow("style loss", "total")
    board.route(
        [(9.9, 2.32), (9.9, 0.4), (0.1, 0.4), (0.1, 2.8), (0.34, 2.8)],
        f"gradient of the pixels: {best.iteration} iterations of {report.NAMES[options.optimizer]}",
    )
    return board.figure


def styles(studio: Studio) -> Figure:
    """Figure 14: the paintings, with the names of our own painters or of their files."""
    return panels.rows({"style": list(studio.paintings.values())}, list(studio.paintings), tile=2.8)


def by_lbfgs(studio: Studio) -> Figure:
    """Figure 20: the shaded picture in every style, by L-BFGS."""
    return _outputs(studio, "lbfgs")


def by_adam(studio: Studio) -> Figure:
    """Figure 21: the same by Adam, in as many iterations."""
    return _outputs(studio, "adam")


def _outputs(studio: Studio, optimizer: str) -> Figure:
    runs = [studio.painted(painting, optimizer) for painting in studio.paintings]
    names = ["content"] + [f"{name}\ntotal loss {losses.best().total:.3g}" for name, (_, losses) in zip(studio.paintings, runs)]
    return panels.rows({report.NAMES[optimizer]: [studio.shaded, *(picture for picture, _ in runs)]}, names, tile=2.3)


def losses_lbfgs(studio: Studio) -> Figure:
    """Figure 22: the losses of figure 20's first painting (the paper's text and captions exchange 22 and 23)."""
    return report.figure({"lbfgs": studio.painted(next(iter(studio.paintings)), "lbfgs")[1]})


def losses_adam(studio: Studio) -> Figure:
    """Figure 23: the losses of figure 21's first painting."""
    return report.figure({"adam": studio.painted(next(iter(studio.paintings)), "adam")[1]})
