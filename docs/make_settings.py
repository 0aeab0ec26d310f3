"""Write docs/settings.md, the settings of line art, color and style, from their declarations:  python docs/make_settings.py"""

from __future__ import annotations

import dataclasses
from pathlib import Path

from mangastyle.lineart.settings import SketchSettings
from mangastyle.settings import Settings, element_types
from mangastyle.shade.spec import ShadeSettings
from mangastyle.style.settings import METHODS, LookSettings

PAGE = Path(__file__).resolve().parent / "settings.md"
HEAD = """# Settings

Keyword arguments of the [Python functions](api.md), and flags of the [commands](artists.md): `keep_colors=True` is
`--keep-colors`. A value that is out of its range, or a name that the method does not have, is refused; the error names it.
`mangastyle COMMAND --help-all` lists the same, with the flags of the command itself.

A share is a number from 0 to 1. Sizes are pixels of the short side.
"""


def page() -> str:
    """The page, whole."""
    parts = [HEAD]
    parts += section("Line art", "Of `mangastyle.sketch` and `mangastyle sketch`.", SketchSettings)
    parts += section("Color", "Of `mangastyle.Shader` when it is called, `mangastyle shade` and `mangastyle video`.", ShadeSettings)
    parts += section("Style: all methods", "Of `mangastyle.stylize`, `mangastyle.Stylizer` and `mangastyle style`.", LookSettings)
    for name, method in METHODS.items():
        parts += section(f"Style: method {name}", f"It paints {method.about}.", method.settings, LookSettings)
    return "\n".join(parts)


def section(title: str, about: str, cls: type[Settings], but: type[Settings] | None = None) -> list[str]:
    """A heading, and a table of the fields of a class that another one does not have."""
    other = {field.name for field in dataclasses.fields(but)} if but else set()
    fields = [field for field in dataclasses.fields(cls) if field.name not in other]
    return [
        f"## {title}", "", about, "", "| Name | Default | Values | Meaning |", "|---|---|---|---|",
        *(f"| `{field.name}` | `{field.default!r}` | {values(cls, field)} | {cell(field.metadata['doc'])} |" for field in fields), "",
    ]  # fmt: skip


def values(cls: type, field: dataclasses.Field) -> str:
    """What a setting may be."""
    kind, several = element_types(cls)[field.name]
    least, most, choices = (field.metadata[key] for key in ("least", "most", "choices"))
    if choices:
        one = ", ".join(f"`{choice!r}`" for choice in choices)
    else:
        ends = [] if least is None else [f"from {least}"]
        ends += [] if most is None else [f"to {most}"]
        one = " ".join([kind.__name__, *ends])
    return f"several of {one}" if several else one


def cell(text: str) -> str:
    """Text in a table."""
    return text.replace("|", "\\|").replace("%%", "%")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
