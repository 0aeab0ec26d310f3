"""Files to take away: pictures, layered files, hints, the project. Full size is made if it is not there yet."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, Callable

import numpy as np

from mangastyle.app import given_colors, projects
from mangastyle.app.gallery import Gallery
from mangastyle.app.jobs import Job
from mangastyle.app.models import Models
from mangastyle.app.painting import is_as_wanted, paint
from mangastyle.app.protocol import FULL
from mangastyle.app.results import OF_BEFORE, Colored, Styled
from mangastyle.app.session import Session, download_file
from mangastyle.app.shading import base_colors, settings_of, shade
from mangastyle.app.shown import Look, compose, looks, with_looks
from mangastyle.app.storage import new_id
from mangastyle.errors import MangastyleError
from mangastyle.io import images, layer_files
from mangastyle.io.layer import Layer
from mangastyle.lineart.detect import alpha_of_coloring
from mangastyle.shade.layers import layer_stack

ENDINGS = {
    "png": ".png", "webp": ".webp", "ora": ".ora", "psd": ".psd", "hint-json": "-hint.json", "hint-png": "-hint.png",
    "project": ".mangastyle",
}  # fmt: skip
LAYERED = ("ora", "psd")
NAMED = ("png", "webp")  # whose names say which layer they are
SHOWN = "shown"  # all layers together, as the page shows them
UNSAFE = re.compile(r'[\\/:*?"<>|\x00-\x1f]+')


def export(session: Session, models: Models, gallery: Gallery, request: dict[str, Any], job: Job) -> None:
    """Make a file as a request says, and tell where it is.

    Parameters
    ----------
    session : Session
    models : Models
    gallery : Gallery
    request : dict
        A body of `schema.export`.
    job : Job

    Raises
    ------
    MangastyleError
        If what is asked for is not there.
    """
    form, layer, size = request["format"], request.get("layer", "shaded"), request.get("size", FULL)
    named = layer if layer != SHOWN else "styled" if wants_style(request) else "shaded"
    id, name = new_id(), file_name(session.about.name, named, form)
    write = writer(session, models, gallery, request, form, layer, size, job)

    def write_and_offer() -> None:  # together: a file that is still finished when the job was stopped is removed in time, too
        with session.folder.replacing(download_file(id, name)) as path:
            write(path)
        session.offer(id, name)

    job.aside(write_and_offer)
    job.tell("exported", download=id, name=name)


def writer(
    session: Session, models: Models, gallery: Gallery, request: dict[str, Any], form: str, layer: str, size: str, job: Job
) -> Callable[[Path], object]:  # fmt: skip
    """What writes a file of a form at a path, with the arguments of `export`; all that needs a network is done before."""
    if form == "project":
        return lambda path: projects.write(path, session, gallery)
    if form == "hint-json":
        strokes = {"size": [session.about.width, session.about.height], **((request.get("shade") or {}).get("hint") or {})}
        return lambda path: path.write_text(json.dumps(strokes, indent=2) + "\n", encoding="utf-8")
    if form == "hint-png":
        body = {**(request.get("shade") or {}), "size": size}
        hint = given_colors.read(session, body, settings_of(body).gap, base_colors(session, models, body))
        return lambda path: images.save(path, hint.rgb, np.rint(hint.mask * 255).astype(np.uint8), force=True)
    found = needed(session, models, gallery, request, layer, size, job)
    shown = looks(request.get("layers")) if layer == SHOWN or request.get("layers") else None
    if form in LAYERED:
        return lambda path: save_layered(path, session, wants_style(request), shown, size, *found)
    if layer == SHOWN:
        assert shown is not None
        alpha = alpha_of_coloring(session.picture(size))
        return lambda path: images.save(path, compose(session, size, shown, *found), alpha, force=True)
    return lambda path: save_layer(path, session, layer, size, *found)


def wants_style(request: dict[str, Any]) -> bool:
    """Whether what is asked for shows a painting."""
    if request.get("layers") or request.get("layer") == SHOWN:
        return bool(request.get("style")) and looks(request.get("layers"))["style"].visible
    return request.get("layer") == "styled"


def needed(
    session: Session, models: Models, gallery: Gallery, request: dict[str, Any], layer: str, size: str, job: Job
) -> tuple[Colored | None, Styled | None]:  # fmt: skip
    """The coloring and the painting that a file needs: those that are there, if they were made as asked for, else new ones.

    A layered file of the shaded picture gets the painting only if that is there: making it may take minutes that nobody has asked for.
    """
    if layer in ("original", "line") and request["format"] not in LAYERED:
        return None, None
    colored, styled = session.colored.last(session.canonical(size)), session.last_styled(size)
    shading, style = request.get("shade"), request.get("style")
    of_original, wanted = style is not None and style.get("of") == "original", wants_style(request)
    needs_colors = layer != "styled" or request["format"] in LAYERED or not of_original
    if needs_colors and shading is not None and not is_as_wanted(session, colored, shading):
        colored = shade(session, models, {**shading, "size": size}, job)
    if style is None:
        return colored, styled if wanted else None
    made_of = None if of_original or colored is None else colored.revision
    if styled is None or not styled.final or not same_painting(styled.request, style) or not is_of(styled, made_of, shading):
        styled = paint(session, models, gallery, {**style, "shade": shading, "size": size}, job) if wanted else None
    return colored, styled if wanted or request["format"] in LAYERED else None


def is_of(styled: Styled, made_of: int | None, shading: dict[str, Any] | None) -> bool:
    """Whether a painting is of a coloring's revision, None for the original; of what an earlier server painted, its request tells."""
    if styled.made_of != OF_BEFORE:
        return styled.made_of == made_of
    made, wanted = styled.request.get("shade") or {}, shading or {}
    return made_of is None or all(made.get(key) == wanted.get(key) for key in {*made, *wanted} - {"size", "tag"})


def same_painting(made: dict[str, Any], wanted: dict[str, Any]) -> bool:
    """Whether two requests ask for the same painting, of the same picture."""
    return all(made.get(key) == wanted.get(key) for key in {*made, *wanted} - {"size", "tag", "shade"})


def save_layer(path: Path, session: Session, layer: str, size: str, colored: Colored | None, styled: Styled | None) -> None:
    """Write one layer as a picture, with the transparency of the picture that came."""
    picture = session.picture(size)
    alpha: np.ndarray | None = alpha_of_coloring(picture)
    if layer == "original":
        rgb, alpha = picture
    elif layer == "line":
        rgb, alpha = session.art(size), None
    elif layer == "styled":
        rgb = there(styled, "painted").picture
        alpha = alpha if rgb.shape == picture.rgb.shape else None
    else:
        found = there(colored, "shaded")
        rgb = found.picture if layer == "shaded" else found.divided.flat
    images.save(path, rgb, alpha, force=True)


def save_layered(
    path: Path, session: Session, styled_shown: bool, shown: dict[str, Look] | None, size: str, colored: Colored | None,
    styled: Styled | None,
) -> None:  # fmt: skip
    """Write all layers: what shading made, and over it what was painted; with the visibility and opacity of the page, if it says them."""
    found, alpha = there(colored, "shaded"), alpha_of_coloring(session.picture(size))
    stack, merged = layer_stack(found.layers, alpha), found.picture
    if styled is not None and styled.picture.shape == merged.shape:
        stack.append(Layer("Style", styled.picture, alpha, visible=styled_shown))
        merged = styled.picture if styled_shown else merged
    if shown is not None:
        stack, merged = with_looks(stack, shown, session, size, found), compose(session, size, shown, found, styled)
    layer_files.save(path, stack, merged, alpha, force=True)


def there(result: Any, what: str) -> Any:
    """A result, or `MangastyleError` that says what is missing."""
    if result is None:
        raise MangastyleError(f"nothing is {what} yet at this size; send the settings along with the export")
    return result


def file_name(name: str, layer: str, form: str) -> str:
    """The name under which a file is offered.

    Examples
    --------
    >>> file_name("a/b.png", "shaded", "png"), file_name("..", "shaded", "project")
    ('a_b-shaded.png', 'picture.mangastyle')
    """
    stem = UNSAFE.sub("_", name)
    stem = (stem.rpartition(".")[0] or stem).strip(". ") or "picture"
    return f"{stem}-{layer}{ENDINGS[form]}" if form in NAMED else stem + ENDINGS[form]
