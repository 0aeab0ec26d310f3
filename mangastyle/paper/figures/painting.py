"""Figures 10 to 12, 14 and 20 to 23: what VGG-19's features keep, and pictures painted with them (paper, section 4.3)."""

from __future__ import annotations

from mangastyle.paper.figures.context import FigureContext
from mangastyle.paper.figures.diagram import Diagram
from mangastyle.paper.figures.panels import image_grid
from mangastyle.paper.reconstruct import reconstruct
from mangastyle.plotting import Figure
from mangastyle.style.optimize import records

NOISES = (0, 1, 2, 3)  # seeds of the four white noises of figure 11


def content_by_layer(context: FigureContext) -> Figure:
    """Figure 10: pictures found from noise that have the same features as the original in a single layer."""
    made = [
        reconstruct(
            context.picture, [layer], size=0, iterations=context.iterations, backbone=context.backbone,
            progress=lambda record, layer=layer: context.report(f"content of {layer}", record.iteration, record.iterations),
        )
        for layer in context.layers
    ]  # fmt: skip
    return image_grid({"content": [context.picture, *made]}, ["original", *context.layers], tile=2.0)


def starts(context: FigureContext) -> Figure:
    """Figure 11: the same content and style from six starts; similar losses, different pictures."""
    painting = next(iter(context.paintings))
    runs = {"A: content": context.painted(painting), "B: style": context.painted(painting, init="style")}
    runs |= {f"C: noise, seed {seed}": context.painted(painting, init="noise", seed=seed) for seed in NOISES}
    names = [f"{name}\ntotal loss {losses.best().total:.3g}" for name, (_, losses) in runs.items()]
    return image_grid({"painted": [picture for picture, _ in runs.values()]}, names, tile=2.0)


def scheme(context: FigureContext) -> Figure:
    """Figure 12: both losses on the features of one network, and the picture that they change; the numbers are measured."""
    painting, rgb = next(iter(context.paintings.items()))
    painted, losses = context.painted(painting)
    first, best = losses.rows[0], losses.best()
    search = context.search
    scheme = Diagram(11.0, 5.3)
    scheme.picture("content", 1.0, 4.35, context.shaded)
    scheme.picture("picture", 1.0, 2.8, painted, caption="picture x")
    scheme.picture("painting", 1.0, 1.3, rgb, height=1.15)
    for name, y in (("content", 4.35), ("picture", 2.8), ("painting", 1.3)):
        scheme.box(f"{name} features", 3.6, y, f"VGG-19 ({context.backbone.name})", "#7fa8d9", 1.9, 0.75)
        scheme.arrow(name, f"{name} features")
    change = {name: f"{first.losses[name]:.3g} → {best.losses[name]:.3g}" for name in ("content", "style", "total")}
    content, style = search.content_layers, search.style_layers
    weights = f"α = {search.content_weight:g}, β = {search.style_weight:g}"
    scheme.box("content loss", 6.9, 3.7, f"content loss, eq. 1\n{' '.join(content)}\n{change['content']}", "#8fbf7f", 2.1, 0.95)
    scheme.box("style loss", 6.9, 1.9, f"style loss, eq. 3-5\n{style[0]} … {style[-1]}\n{change['style']}", "#e8a87c", 2.1, 0.95)
    scheme.box("total", 9.9, 2.8, f"total, eq. 7\n{weights}\n{change['total']}", "#b39ad6", 1.9, 0.95)
    scheme.arrow("content features", "content loss", label="features")
    scheme.arrow("picture features", "content loss")
    scheme.arrow("picture features", "style loss")
    scheme.arrow("painting features", "style loss", label="Gram matrices")
    scheme.arrow("content loss", "total")
    scheme.arrow("style loss", "total")
    scheme.route(
        [(9.9, 2.32), (9.9, 0.4), (0.1, 0.4), (0.1, 2.8), (0.34, 2.8)],
        f"gradient with respect to the pixels: {best.iteration} iterations of {records.NAMES[search.optimizer]}",
    )
    return scheme.figure


def styles(context: FigureContext) -> Figure:
    """Figure 14: the paintings by name."""
    return image_grid({"style": list(context.paintings.values())}, list(context.paintings), tile=2.8)


def by_lbfgs(context: FigureContext) -> Figure:
    """Figure 20: the shaded picture in every style, by L-BFGS."""
    return _outputs(context, "lbfgs")


def by_adam(context: FigureContext) -> Figure:
    """Figure 21: the same by Adam, in as many iterations."""
    return _outputs(context, "adam")


def _outputs(context: FigureContext, optimizer: str) -> Figure:
    runs = [context.painted(painting, optimizer) for painting in context.paintings]
    names = ["content"] + [f"{name}\ntotal loss {losses.best().total:.3g}" for name, (_, losses) in zip(context.paintings, runs)]
    return image_grid({records.NAMES[optimizer]: [context.shaded, *(picture for picture, _ in runs)]}, names, tile=2.3)


def losses_lbfgs(context: FigureContext) -> Figure:
    """Figure 22: the losses of figure 20's first painting (the paper's text and captions exchange 22 and 23)."""
    return records.figure({"lbfgs": context.painted(next(iter(context.paintings)), "lbfgs")[1]})


def losses_adam(context: FigureContext) -> Figure:
    """Figure 23: the losses of figure 21's first painting."""
    return records.figure({"adam": context.painted(next(iter(context.paintings)), "adam")[1]})
