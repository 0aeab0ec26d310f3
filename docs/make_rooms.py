"""Draw docs/rooms.svg, the rooms of the package, from the order that tests/test_architecture.py checks:  python docs/make_rooms.py"""

from __future__ import annotations

import ast
from html import escape
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TEST, PICTURE = ROOT / "tests" / "test_architecture.py", ROOT / "docs" / "rooms.svg"

# What a room holds, in a few words. A room that is not here is described by the first line of its docstring.
ABOUT = {
    "errors": "the exceptions that users meet",
    "progress": "progress bars",
    "settings": "parameters",
    "startup": "loading TensorFlow",
    "engine": "TensorFlow and Keras",
    "plotting": "Matplotlib",
    "io": "pictures, weights, folders, layered files",
    "ops": "operators without weights",
    "kernels": "faster layers",
    "synthetic": "drawn pictures and paintings",
    "vgg": "VGG-19, full and slim; the perceptual distance",
    "lineart": "picture to line art; line art to regions",
    "shade": "line art to color",
    "style": "color to a painter's style",
    "pipeline": "all stages joined",
    "video": "clips, shot by shot",
    "data": "crawling, archives, data sets, crops",
    "training": "what trainings share; the other trainings",
    "train": "the training loop of the U-Net",
    "evaluate": "metrics and reports",
    "export": "SavedModels",
    "paper": "presets, formulas and figures of the paper",
    "app": "the studio and the service",
    "cli": "the commands",
}
WITHOUT = ("__init__", "__main__")
WIDTH, ROW, GAP, LEFT, BOX = 900, 34, 8, 70, 400  # pixels


def order() -> list[tuple[str, ...]]:
    """The rows of rooms, from the ground up."""
    body = ast.parse(TEST.read_text(encoding="utf-8")).body
    value = next(x.value for x in body if isinstance(x, ast.Assign) and getattr(x.targets[0], "id", "") == "ORDER")
    rows = (tuple(room for room in row if room not in WITHOUT) for row in ast.literal_eval(value))
    return [row for row in rows if row]


def about(room: str) -> str:
    """What a room holds."""
    if room in ABOUT:
        return ABOUT[room]
    folder = ROOT / "mangastyle" / room
    file = folder / "__init__.py" if folder.is_dir() else folder.with_suffix(".py")
    said = ast.get_docstring(ast.parse(file.read_text(encoding="utf-8")))
    if not said:
        raise SystemExit(f"{file}: has no docstring; describe the room there, or in ABOUT of docs/make_rooms.py")
    return said.splitlines()[0].rstrip(".")


def drawing() -> str:
    """The picture, as SVG."""
    rows = order()
    height = GAP + len(rows) * (ROW + GAP)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" role="img">',
        "<title>The rooms of the package: each imports from those above it</title>",
        "<style>text{font:15px sans-serif;fill:#222}.about{fill:#555;font-size:14px}.room{fill:#e8eaf6;stroke:#3f51b5}</style>",
        f'<rect width="{WIDTH}" height="{height}" fill="#fff"/>',
        f'<path d="M30 {height - 16}V24m-8 12 8-14 8 14" fill="none" stroke="#3f51b5" stroke-width="2"/>',
        f'<text x="0" y="0" transform="translate(22 {height // 2}) rotate(-90)" text-anchor="middle">imports</text>',
    ]
    for i, row in enumerate(rows):
        top, width = GAP + i * (ROW + GAP), (BOX - GAP * (len(row) - 1)) // len(row)
        for j, room in enumerate(row):
            left = LEFT + j * (width + GAP)
            parts += [
                f'<rect class="room" x="{left}" y="{top}" width="{width}" height="{ROW}" rx="4"/>',
                f'<text x="{left + width / 2:g}" y="{top + 22}" text-anchor="middle">{escape(room)}</text>',
            ]
        said = escape(" · ".join(map(about, row)))
        parts.append(f'<text class="about" x="{LEFT + BOX + 16}" y="{top + 22}">{said}</text>')
    return "\n".join([*parts, "</svg>\n"])


if __name__ == "__main__":
    PICTURE.write_text(drawing(), encoding="utf-8", newline="\n")
