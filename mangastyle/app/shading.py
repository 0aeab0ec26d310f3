"""Shading of a session's picture: colors first, then light and shadow; what does not depend on strokes is kept by the session."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np

from mangastyle.app import given_colors
from mangastyle.app.jobs import Job
from mangastyle.app.models import Models
from mangastyle.app.protocol import FULL, MOST_PIXELS, PREVIEW
from mangastyle.app.results import Colored, Divided, revisions_of, with_labels_of
from mangastyle.app.session import Session
from mangastyle.io import images
from mangastyle.shade.hints import Hint
from mangastyle.shade.spec import ShadeSettings

STEPS = 4  # line art, regions, colors, shading


def shade(session: Session, models: Models, request: dict[str, Any], job: Job) -> Colored:
    """Shade a picture as a request says, and tell of it; of a preview, the new colors are told with the shading of before, first.

    Parameters
    ----------
    session : Session
    models : Models
    request : dict
        A body of `schema.SHADE`.
    job : Job

    Returns
    -------
    Colored

    Raises
    ------
    MangastyleError
        For strokes that are not understood.
    Cancelled
        If the job is to stop; the colors may be there.
    """
    size, settings = request.get("size", FULL), settings_of(request)
    kept = session.canonical(size)
    line, art = session.art_revision, job.aside(lambda: session.art(size))
    job.progress(1, STEPS)
    job.aside(lambda: session.regions(size, settings.gap))
    job.progress(2, STEPS)
    job.stop_if_cancelled()
    reference = reference_of(session, models, request)
    hint = given_colors.read(session, request, settings.gap, base_colors(session, models, request))
    before = session.colored.last(kept)
    divided = colors_of(session, models, size, settings.gap, hint, settings.variant, reference)
    divided, revision = with_labels_of(before.divided if before else None, divided), session.next_revision()
    if before and size == PREVIEW and before.shading.shape == art.shape:
        colored = Colored(request, art, divided, before.shading, before.highlights, settings.ink, False, {})
        colored = session.colored.add(kept, colored._replace(revisions=revisions_of(colored, revision, line, before)))
        tell(job, colored)
    job.progress(3, STEPS)
    job.stop_if_cancelled()

    shading, highlights = models.shading(art, divided.flat, settings.shading, settings.light)
    colored = Colored(request, art, divided, shading, highlights, settings.ink, True, {})
    colored = colored._replace(revisions=revisions_of(colored, revision, line, before))
    session.colored.add(kept, colored)
    tell(job, colored)
    return colored


def suggest(session: Session, models: Models, request: dict[str, Any], job: Job) -> list[list[str]]:
    """The colors that the next variants give to places of the preview.

    Parameters
    ----------
    session, models, job
        As for `shade`.
    request : dict
        A body of `schema.suggest`.

    Returns
    -------
    list of list of str
        For each variant, the color of each place.
    """
    request = {**request, "own": False, "size": PREVIEW}  # a color picture's own colors would be all that is suggested
    settings = settings_of(request)
    reference = reference_of(session, models, request)
    hint = given_colors.read(session, request, settings.gap, base_colors(session, models, request))
    height, width = session.shape(PREVIEW)
    scale = np.array([width / session.about.width, height / session.about.height])
    places = np.clip((np.array(request["at"]) * scale).astype(int), 0, [width - 1, height - 1])  # x and y
    found = []
    for i in range(request.get("count", 6)):
        job.stop_if_cancelled()
        divided = colors_of(session, models, PREVIEW, settings.gap, hint, settings.variant + 1 + i, reference)
        colors = divided.colors[divided.labels[places[:, 1], places[:, 0]]]
        found.append(["#{:02x}{:02x}{:02x}".format(*color) for color in colors.tolist()])
    return found


def colors_of(session: Session, models: Models, size: str, gap: float, hint: Hint, variant: int, reference: Any) -> Divided:
    """The colors of the regions; what the network sees of them is kept, as no hint changes it."""
    art, regions = session.art(size), session.regions(size, gap)
    seen = session.keep(size, ("seen", gap), lambda: models.see(art, regions))
    return Divided(*models.colors(art, regions, hint, variant, reference, seen))


def settings_of(request: dict[str, Any]) -> ShadeSettings:
    """The settings of a request."""
    return ShadeSettings.from_arguments(request.get("settings", {}))


def tell(job: Job, colored: Colored) -> None:
    """Send a coloring: the colors of its labels, and the revisions of its pictures."""
    colors = base64.b64encode(colored.divided.colors.tobytes()).decode()
    job.tell("shaded", final=colored.final, colors=colors, seconds=job.seconds, **colored.revisions)


def reference_of(session: Session, models: Models, request: dict[str, Any]) -> Any:
    """The reference pictures of a request, as the shader takes them; None if there are none."""
    ids = tuple(request.get("references", ()))
    if not ids:
        return None

    def decode() -> list[np.ndarray]:
        return [images.decode(session.reference(id), "reference", MOST_PIXELS).rgb for id in ids]

    return models.reference(ids, decode)  # identifiers follow from the pictures' bytes


def base_colors(session: Session, models: Models, request: dict[str, Any]) -> np.ndarray | None:
    """The colors, uint8 (n, 3), that regions have where nothing is painted, if the request gives some.

    They are a palette's; or a color picture's own, unless they are to come from references.
    """
    size, gap, colors = request.get("size", FULL), settings_of(request).gap, tuple(request.get("palette", ()))
    own = request.get("own", not request.get("references")) and not session.about.line_art
    if not (colors or own):
        return None

    def of_palette() -> np.ndarray:
        anchors = session.anchors(size, gap)
        return models.palette_hint(session.art(size), colors).rgb[anchors[:, 0], anchors[:, 1]]

    def of_picture() -> np.ndarray:
        return colors_of(session, models, size, gap, Hint(session.picture(size).rgb), 0, None).colors

    return session.keep(size, ("palette", gap, colors), of_palette) if colors else session.keep(size, ("own", gap), of_picture)
