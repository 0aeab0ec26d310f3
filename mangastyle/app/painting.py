"""Painting of a session's picture in the style of paintings, with the pictures on the way; what must be learned for it is learned first."""

from __future__ import annotations

import base64
import binascii
import time
from typing import Any, Callable

import numpy as np

from mangastyle.app import protocol
from mangastyle.app.gallery import Gallery
from mangastyle.app.jobs import Job
from mangastyle.app.models import Models
from mangastyle.app.protocol import FULL
from mangastyle.app.results import Colored, Styled
from mangastyle.app.session import Session
from mangastyle.app.shading import shade
from mangastyle.errors import Cancelled, MangastyleError
from mangastyle.io import images
from mangastyle.ops import pixels

OFTEN = 0.7  # seconds between two pictures on the way
SELDOM = 15.0  # seconds between two while a painting is learned: each takes as long as a step or two
DEFAULTS = {"method": "onepass", "strength": 0.5, "style_scale": 1.0, "keep_colors": False}
PREFIX = "data:image/png;base64,"


def paint(session: Session, models: Models, gallery: Gallery, request: dict[str, Any], job: Job) -> Styled:
    """Paint a picture as a request says, and tell of it; what is there when the job is stopped stays.

    Parameters
    ----------
    session : Session
    models : Models
    gallery : Gallery
    request : dict
        A body of `schema.STYLE`.
    job : Job

    Returns
    -------
    Styled

    Raises
    ------
    MangastyleError
        If a painting or the shaded picture is not there, or a picture is too small.
    Cancelled
        If the job is to stop.
    """
    size = request.get("size", FULL)
    kept = session.canonical(size)
    chosen = chosen_paintings(request)
    content, made_of = content_of(session, models, request, size, job)
    masks = read_masks(chosen, content.shape[:2])
    revision, shown = session.next_revision(), time.monotonic()

    def keep(picture: np.ndarray, final: bool) -> Styled:
        styled = session.styled.add(kept, Styled(revision, request, picture, final, made_of))
        job.tell("styled", revision=revision, final=final, seconds=job.seconds)
        return styled

    def show(record: Any, pause: float) -> int | None:
        """Keep a record's picture, if it has one and some seconds have passed since the last one; returns its revision."""
        nonlocal shown, revision
        if getattr(record, "picture", None) is None or time.monotonic() - shown < pause or record.iteration >= record.iterations:
            return None
        picture = pixels.to_uint8(record.picture())
        revision, shown = session.next_revision(), time.monotonic()
        return keep(picture, final=False).revision

    def report(record: Any) -> None:
        job.progress(record.iteration, record.iterations, show(record, OFTEN))

    settings = {name: request.get(name, value) for name, value in DEFAULTS.items()}
    weights = tuple(painting.get("weight", 1.0) for painting in chosen)
    if len(weights) > 1:
        settings["style_weights"] = weights
    ids = tuple(painting["id"] for painting in chosen)
    if settings["method"] == "learned":
        learn(models, [gallery.pixels(id) for id in ids], content, show, job)
    try:
        picture = models.paint(content, ids, lambda: [gallery.pixels(id) for id in ids], masks, report, job.cancel, **settings)
    except Cancelled as stopped:
        if stopped.result is not None:
            revision = session.next_revision()
            session.save_styled(size, keep(stopped.result, final=False))
        raise
    revision = session.next_revision()
    styled = keep(picture, final=True)
    session.save_styled(size, styled)
    return styled


def chosen_paintings(request: dict[str, Any]) -> list[dict[str, Any]]:
    """The paintings of a request that have a weight; `MangastyleError` if none has."""
    chosen = [painting for painting in request["paintings"] if painting.get("weight", 1.0) > 0]
    if not chosen:
        raise MangastyleError("body.paintings: at least one weight must be more than 0")
    return chosen


def learn(
    models: Models, paintings: list[np.ndarray], content: np.ndarray, show: Callable[[Any, float], int | None], job: Job
) -> None:  # fmt: skip
    """Learn those of the paintings that nobody has learned yet; what is stopped goes on the next time.

    Parameters
    ----------
    models : Models
    paintings : list of ndarray of uint8, shape (h, w, 3)
    content : ndarray of uint8, shape (h, w, 3)
        What is to be painted: it shows how far learning is.
    show : callable
        Tells of a record's picture, if some seconds have passed since the last one; returns its revision.
    job : Job

    Raises
    ------
    Cancelled
        If the job is to stop.
    """
    unknown = [painting for painting in paintings if not models.has_learned(painting)]
    for i, painting in enumerate(unknown):
        has_steps = False

        def report(record: Any, before: int = i) -> None:
            nonlocal has_steps
            done = before * record.iterations + record.iteration
            if record.iteration and not has_steps:  # what was made ready before, and steps of another day, tell nothing of the time left
                has_steps = True
                job.measure(done)
            job.progress(done, len(unknown) * record.iterations, show(record, SELDOM))

        models.learn(painting, content, report, job.cancel)
    job.measure()


def content_of(
    session: Session, models: Models, request: dict[str, Any], size: str, job: Job
) -> tuple[np.ndarray, int | None]:  # fmt: skip
    """The picture that is painted, uint8 (h, w, 3), and its revision; None for the picture as it came.

    It is shaded first if it is not there as the request says.
    """
    if request.get("of", "shaded") == "original":
        return session.picture(size).rgb, None
    colored, wanted = session.colored.last(session.canonical(size)), request.get("shade")
    if wanted is not None and not is_as_wanted(session, colored, wanted):
        colored = shade(session, models, {**wanted, "size": size}, job)
    if colored is None:
        raise MangastyleError("there is no shaded picture of this size yet; shade it first, or paint `of` the original")
    return colored.picture, colored.revision


def is_as_wanted(session: Session, colored: Colored | None, wanted: dict[str, Any]) -> bool:
    """Whether a coloring is finished, of the line art of now, and what a request asks for."""
    if colored is None or not colored.final or colored.revisions["line"] != session.art_revision:
        return False
    made = colored.request
    return all(made.get(key) == wanted.get(key) for key in {*made, *wanted} - {"size", "tag"})


def read_masks(paintings: list[dict[str, Any]], shape: tuple[int, ...]) -> list[np.ndarray]:
    """The masks of all paintings at the content's size, uint8 (h, w); none if no painting has one, white for those without."""
    if not any(painting.get("mask") for painting in paintings):
        return []
    height, width = shape[:2]
    return [
        pixels.resize(read_mask(painting["mask"]), height, width) if painting.get("mask") else np.full((height, width), 255, np.uint8)
        for painting in paintings
    ]


def read_mask(url: str) -> np.ndarray:
    """A mask from a data URL: white, or opaque, where it is to count; uint8 (h, w)."""
    try:
        data = base64.b64decode(url.removeprefix(PREFIX), validate=True)
    except binascii.Error:
        raise MangastyleError("body.paintings: a mask is no PNG as a data URL") from None
    picture = images.decode(data, "mask", protocol.MOST_PIXELS, min_side=1)
    return picture.rgb[..., 0] if picture.alpha is None else picture.alpha
