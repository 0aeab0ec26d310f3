"""What mkdocs needs to publish files outside of docs/: every one that a page links to becomes a page below `repository/`.

In the repository, links such as `../README.md` and `../../mangastyle/train.py` lead to the files themselves. On the site, Markdown
becomes a page, a notebook a page with its pictures, a program a page of code. Folders have no page: their links become plain text.
"""

from __future__ import annotations

import base64
import json
import os
import posixpath
import re
from pathlib import Path
from typing import Any, Callable, Iterator

from mkdocs.structure.files import File, Files, InclusionLevel

ROOT = Path(__file__).resolve().parents[1]
DOCS, REPOSITORY = "docs/", "repository/"
LINK = re.compile(r"\]\((?!\w+:|#)([^)\s#]+)(#[^)\s]*)?\)")
FENCE = re.compile(r"^(`{3,})\w*\n.*?^\1$", re.MULTILINE | re.DOTALL)
PICTURES = (".jpg", ".png", ".svg", ".webp")
LANGUAGES = {".cfg": "ini", ".js": "javascript", ".json": "json", ".py": "python", ".toml": "toml", ".yaml": "yaml", ".yml": "yaml"}


def on_files(files: Files, config: Any) -> Files:
    """Add the files outside of docs/ that pages link to, and those that these link to."""
    ahead = [DOCS + file.src_uri for file in files.documentation_pages()]
    ahead += [name for name in _named(config["nav"]) if (ROOT / name).exists()]
    seen: set[str] = set()
    while ahead:
        name = ahead.pop()
        if name in seen:
            continue
        seen.add(name)
        path = ROOT / name
        if not _is_page(name):
            _add(files, config, name, path)
        if path.suffix in (".md", ".ipynb"):
            ahead += [target for target in _targets(name, _text(path)) if (ROOT / target).is_file()]
    return files


def on_page_markdown(markdown: str, page: Any, config: Any, files: Files) -> str:
    """Links within the repository to links within the site."""
    return _outside_of_code(markdown, lambda text: _with_links(text, _source(page.file.src_uri), page.file.src_uri))


def _named(nav: Any) -> Iterator[str]:
    """Files of the repository that the navigation names."""
    if isinstance(nav, str):
        if nav.startswith(REPOSITORY):
            yield nav.removeprefix(REPOSITORY)
    else:
        for entry in nav.values() if isinstance(nav, dict) else nav:
            yield from _named(entry)


def _source(uri: str) -> str:
    """The file of the repository from which a page of the site is made."""
    if not uri.startswith(REPOSITORY):
        return DOCS + uri
    name = uri.removeprefix(REPOSITORY)
    return name if (ROOT / name).exists() else name.removesuffix(".md")


def _uri(name: str) -> str:
    """The page, or the file, of the site for a file of the repository."""
    if _is_page(name):
        return name.removeprefix(DOCS)
    return REPOSITORY + name + ("" if name.endswith((".md", *PICTURES)) else ".md")


def _is_page(name: str) -> bool:
    """Whether a file of the repository is on the site without our doing: all of docs/ but its programs."""
    return name.startswith(DOCS) and not name.endswith(".py")


def _add(files: Files, config: Any, name: str, path: Path) -> None:
    found: dict[str, Any] = {"inclusion": InclusionLevel.NOT_IN_NAV}
    if path.suffix == ".ipynb":
        for uri, data in _pictures(name, path):
            files.append(File.generated(config, uri, content=data, **found))
    if name.endswith((".md", *PICTURES)):
        page = File.generated(config, _uri(name), abs_src_path=str(path), **found)
    else:
        text = _text(path) if path.suffix == ".ipynb" else _code(name, path)
        page = File.generated(config, _uri(name), content=text, **found)
    files.append(page)


def _text(path: Path) -> str:
    """Markdown of a page or of a notebook."""
    return _notebook(path) if path.suffix == ".ipynb" else path.read_text(encoding="utf-8")


def _code(name: str, path: Path) -> str:
    language = LANGUAGES.get(path.suffix, "text")
    return f"---\nsearch:\n  exclude: true\n---\n\n# {name}\n\n````{language}\n{path.read_text(encoding='utf-8').rstrip()}\n````\n"


def _notebook(path: Path) -> str:
    """The cells of a notebook, and what they print and draw."""
    parts = []
    for number, cell in enumerate(json.loads(path.read_text(encoding="utf-8"))["cells"]):
        source = "".join(cell["source"])
        parts.append(source if cell["cell_type"] == "markdown" else f"```python\n{source}\n```")
        for place, output in enumerate(cell.get("outputs", ())):
            data = output.get("data", {})
            if "image/jpeg" in data:
                parts.append(f"![output of cell {number}]({path.stem}-{number}-{place}.jpg)")
            elif "text/markdown" in data:
                parts.append("".join(data["text/markdown"]))
            elif output["output_type"] == "stream":
                parts.append(f"```text\n{''.join(output['text']).rstrip()}\n```")
    return "\n\n".join(parts) + "\n"


def _pictures(name: str, path: Path) -> Iterator[tuple[str, bytes]]:
    """The pictures of a notebook, by their places on the site."""
    for number, cell in enumerate(json.loads(path.read_text(encoding="utf-8"))["cells"]):
        for place, output in enumerate(cell.get("outputs", ())):
            if "image/jpeg" in output.get("data", {}):
                data = output["data"]["image/jpeg"]
                yield f"{REPOSITORY}{posixpath.dirname(name)}/{path.stem}-{number}-{place}.jpg", base64.b64decode("".join(data))


def _targets(name: str, text: str) -> Iterator[str]:
    """Files of the repository that a text links to."""
    for link, _ in LINK.findall(FENCE.sub("", text)):
        yield posixpath.normpath(posixpath.join(posixpath.dirname(name), link))


def _with_links(text: str, name: str, uri: str) -> str:
    def replaced(match: re.Match[str]) -> str:
        target = posixpath.normpath(posixpath.join(posixpath.dirname(name), match[1]))
        if not (ROOT / target).is_file():
            return match[0]  # a picture of a notebook, or a mistake, which mkdocs then finds
        return f"]({posixpath.relpath(_uri(target), posixpath.dirname(uri) or '.')}{match[2] or ''})"

    def plain(match: re.Match[str]) -> str:
        target = ROOT / posixpath.join(posixpath.dirname(name), match[2])
        return match[1] if os.path.isdir(target) else match[0]

    return LINK.sub(replaced, re.sub(r"\[([^]]*)\]\((?!\w+:|#)([^)\s#]+)\)", plain, text))


def _outside_of_code(text: str, change: Callable[[str], str]) -> str:
    """Change a Markdown text but for its blocks of code."""
    parts, end = [], 0
    for match in FENCE.finditer(text):
        parts += [change(text[end : match.start()]), match[0]]
        end = match.end()
    return "".join([*parts, change(text[end:])])
