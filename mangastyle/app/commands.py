"""The lines of the command line that make the same picture."""

from __future__ import annotations

import shlex
from typing import Any

from mangastyle.app.exports import file_name
from mangastyle.app.gallery import Gallery
from mangastyle.app.painting import DEFAULTS, chosen_paintings
from mangastyle.app.protocol import FULL
from mangastyle.app.session import Session
from mangastyle.lineart.detect import is_line_art
from mangastyle.shade.spec import ShadeSettings


def commands(session: Session, gallery: Gallery, request: dict[str, Any]) -> dict[str, Any]:
    """The commands, and the paintings that they name.

    Parameters
    ----------
    session : Session
    gallery : Gallery
    request : dict
        A body of `schema.export`.

    Returns
    -------
    dict
        "commands", a list of lines; "paintings", the identifier of each painting by the name of the file that a line names.
    """
    picture, shaded = argument(session.about.name), argument(file_name(session.about.name, "shaded", "png"))
    lines, paintings = [], {}
    shade, style = request.get("shade"), request.get("style")
    if shade is not None:
        layers = request["format"] if request["format"] in ("ora", "psd") else ""
        lines.append(shade_line(session, shade, picture, shaded, layers))
    if style is not None:
        chosen = chosen_paintings(style)
        for i, painting in enumerate(chosen, 1):
            name = file_name(gallery.get(painting["id"]).name, "painting", "png")
            paintings[f"{i}-{name}" if name in paintings else name] = painting["id"]
        source = picture if style.get("of") == "original" or shade is None else shaded
        out = argument(file_name(session.about.name, "stylized", "png"))
        lines.append(style_line({**style, "paintings": chosen}, source, list(map(argument, paintings)), out))
    return {"commands": lines, "paintings": paintings}


def argument(name: str) -> str:
    """A file's name as an argument, which no command takes for an option.

    Examples
    --------
    >>> argument("girl.png"), argument("-girl.png")
    ('girl.png', './-girl.png')
    """
    return f"./{name}" if name.startswith("-") else name


def shade_line(session: Session, request: dict[str, Any], picture: str, out: str, layers: str = "") -> str:
    """The line that shades."""
    words = ["mangastyle", "shade", picture, *hint_words(session, request)]
    if is_line_art(session.picture(FULL).rgb) != session.about.line_art:  # as a person has said
        words += ["--line-art", "yes" if session.about.line_art else "no"]
    default = ShadeSettings()
    for name, value in request.get("settings", {}).items():
        if value != getattr(default, name):
            words += [f"--{name}", f"{value}"]
    if references := request.get("references"):
        words += ["--reference", *(f"reference-{i + 1}.png" for i in range(len(references)))]
    return shlex.join([*words, *(["--layers", layers] if layers else []), "--out", out])


def hint_words(session: Session, request: dict[str, Any]) -> list[str]:
    """The words that say the colors: a JSON file of strokes where these are all, else a picture with all that is given."""
    strokes = any((request.get("hint") or {}).get(key) for key in ("points", "lines"))
    own = request.get("own", not request.get("references")) and not session.about.line_art
    if request.get("palette") and not strokes:
        return ["--palette", *request["palette"]]
    if strokes and (own or request.get("palette")):
        return ["--hint", argument(file_name(session.about.name, "", "hint-png"))]
    if strokes:
        return ["--hint", argument(file_name(session.about.name, "", "hint-json"))]
    return [] if own or session.about.line_art else ["--hint", "none"]


def style_line(request: dict[str, Any], picture: str, paintings: list[str], out: str) -> str:
    """The line that paints."""
    given = {**DEFAULTS, **{name: request[name] for name in DEFAULTS if name in request}}
    words = ["mangastyle", "style", picture, "--style", *paintings, "--size", "0"]
    for name, value in given.items():
        flag = "--" + name.replace("_", "-")
        if value is not False:
            words += [flag] if value is True else [flag, f"{value}"]
    weights = [painting.get("weight", 1.0) for painting in request["paintings"]]
    if len(set(weights)) > 1:
        words += ["--style-weights", *(f"{weight:g}" for weight in weights)]
    if any(painting.get("mask") for painting in request["paintings"]):
        words += ["--mask", *(f"mask-{i + 1}.png" for i in range(len(paintings)))]
    return shlex.join([*words, "--out", out])
