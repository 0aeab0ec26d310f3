"""The documents are true: commands parse, code runs, links lead somewhere, names exist, and the drawing of the rooms is that of the code.

README.md has a test of its own, tests/test_readme.py; so have docs/serving.md and docs/protocol.md, for what they say of the server.
"""

from __future__ import annotations

import ast
import doctest
import importlib.util
import json
import os
import posixpath
import re
import shlex
import shutil
from pathlib import Path
from typing import Iterator, NamedTuple

import numpy as np
import pytest
from PIL import Image

import mangastyle
from mangastyle.cli import main as commandline
from mangastyle.cli import options
from mangastyle.cli.main import COMMANDS

ROOT = Path(__file__).parents[1]
NAMES = ("CHANGELOG.md", "CONTRIBUTING.md", "MODEL_CARD.md", "SECURITY.md")
ALL = {
    path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8")
    for path in [*(ROOT / name for name in NAMES), *sorted((ROOT / "docs").rglob("*.md"))]
}
PAGES = {page: text for page, text in ALL.items() if "lab-notes" not in page}  # which name commands as they were then
FENCE = re.compile(r"^(<!-- slow -->\n)?(`{3,})(\w*)\n(.*?)^\2$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)\s]+)\)")
OF_OTHERS = {  # flags of pip, pytest, ruff, docker and other programs, and parts of ours that are named alone
    "--array", "--logdir", "--no-bfloat16", "--sshlogin", "--stop-timeout", "--strict",
}  # fmt: skip
SLOW_PAGES = {"docs/serving.md", "docs/export.md"}  # whose code needs the full model


class Block(NamedTuple):
    """A fenced block: its page, language and text, and whether only the slow tests run it."""

    page: str
    language: str
    code: str
    slow: bool


BLOCKS = [Block(page, language, code, bool(slow)) for page, text in PAGES.items() for slow, _, language, code in FENCE.findall(text)]
PROSE = {page: FENCE.sub("", text) for page, text in PAGES.items()}
SHELL = ("$", "{}")  # in a line: what only a shell fills in


def commands() -> Iterator[tuple[str, str]]:
    """Page and text of every command of mangastyle, in blocks and in the text, without comments."""
    for block in BLOCKS:
        for line in block.code.splitlines() if block.language == "bash" else ():
            for part in re.split(r"&&|\|", re.sub(r"\s# .*", "", line)):
                if part.strip().startswith("mangastyle "):
                    yield block.page, part.strip()
    for page, text in PROSE.items():
        yield from ((page, line) for line in re.findall(r"`(mangastyle [^`…]+)`", text) if line.split()[1] in COMMANDS)


HELP = re.compile(r" --help(-all)?$")
LINES = sorted({(page, HELP.sub("", line)) for page, line in commands() if not any(sign in line for sign in SHELL)})


def slug(heading: str) -> str:
    """The anchor of a heading, as GitHub and the site make it."""
    text = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading.strip("# \n"))
    return re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-")


def anchors(text: str) -> set[str]:
    return {slug(line) for line in FENCE.sub("", text).splitlines() if line.startswith("#")}


def test_there_are_documents():
    assert len(PAGES) > 15 and len(LINES) > 60 and len([block for block in BLOCKS if block.language == "python"]) > 8


@pytest.mark.parametrize("page, line", LINES)
def test_every_command_has_its_options(page, line):
    words = shlex.split(line)[1:]
    given = commandline._parse(words)
    module = commandline.load(given.pop("command"))
    own = {*module.Options.__dataclass_fields__, *module.Options.RENAMED} - {"resume"}  # which reads a run folder
    options.settle(module.Options, {name: value for name, value in given.items() if name in own})


def test_every_flag_exists():
    known = {options.flag(field) for name in COMMANDS for field in commandline.load(name).Options.__dataclass_fields__}
    known |= {options.flag(former) for name in COMMANDS for former in commandline.load(name).Options.RENAMED}
    known |= {"--help", "--help-all", "--man", "--completion", "--version", "--config", "--debug", "--fast", "--quality"} | OF_OTHERS
    known |= {"--no-" + flag[2:] for flag in known}
    for page, text in PROSE.items():
        spans = " ".join(span for span in re.findall(r"`([^`]+)`", text) if not span.startswith(("pip ", "python ", "docker ")))
        used = set(re.findall(r"(?<![\w-])--[a-z][a-z0-9-]*", spans))
        assert used <= known, (page, used - known)


@pytest.mark.parametrize("page", [*ALL, "README.md", "RESULTS.md"])
def test_every_link_leads_to_a_file_or_a_heading(page):
    for link in LINK.findall(FENCE.sub("", (ROOT / page).read_text(encoding="utf-8"))):
        if re.match(r"\w+:", link):
            continue
        name, _, anchor = link.partition("#")
        target = ROOT / posixpath.normpath(posixpath.join(posixpath.dirname(page), name)) if name else ROOT / page
        assert target.exists(), f"{page}: {link}"
        assert not anchor or anchor in anchors(target.read_text(encoding="utf-8")), f"{page}: {link} has no such heading"


@pytest.mark.parametrize("page", PAGES)
def test_every_path_exists(page):
    """Names of files and folders in the text, from the top of the repository, of the package or of its weights."""
    for span in re.findall(r"(?<!`)`([\w./*-]+)`(?!`)", PROSE[page]):
        if re.fullmatch(r"(\.?[\w-]+/)+([\w.*-]+\.(py|md|json|cfg|yml|js))?", span) and span.split("/")[0] in TOP and "NAME" not in span:
            found = [folder for folder in (ROOT, ROOT / "mangastyle") if list(folder.glob(span.rstrip("/")))]
            assert found, f"{page}: {span}"


TOP = {path.name for folder in (ROOT, ROOT / "mangastyle") for path in folder.iterdir()} - {"out", "runs", "drawn", "pictures", "build"}


def test_every_program_of_a_command_exists():
    for block in BLOCKS:
        for name in re.findall(r"python (?:-m pytest .*?)?((?:benchmarks|docs|tests)/[\w/]+(?:\.py)?)", block.code):
            assert (ROOT / name).exists(), f"{block.page}: {name}"
    for page, text in PROSE.items():
        for name in re.findall(r"python ((?:benchmarks|docs)/\w+\.py)", text):
            assert (ROOT / name).exists(), f"{page}: {name}"


def test_every_extra_exists():
    known = set(re.findall(r"^(\w+) =$", (ROOT / "setup.cfg").read_text(encoding="utf-8").partition("extras_require]")[2], re.MULTILINE))
    for page, text in PAGES.items():
        for extras in re.findall(r"pip install [^\n`]*?\.\[([\w,]+)\]", text):
            assert set(extras.split(",")) <= known, f"{page}: {extras}"


# Code

STROKES = next(block.code for block in BLOCKS if block.page == "docs/artists.md" and block.language == "json")


@pytest.fixture(scope="module")
def full_model(tmp_path_factory) -> Path:
    """The exported model of all stages."""
    folder = tmp_path_factory.mktemp("export") / "full-savedmodel"
    assert commandline.main(["export", "--model", "full", "--out", str(folder)]) == 0
    return folder


@pytest.fixture
def work(tmp_path, monkeypatch) -> Path:
    """A folder with small files of the names that the pages use; the test runs in it."""
    drawn = mangastyle.draw(7, 64)
    for name in ("picture", "colored", "earlier", "blurred", "hint", "front", "back", "pages/a", "pages/b", "hints/a"):
        mangastyle.save(tmp_path / f"{name}.png", drawn)
    mangastyle.save(tmp_path / "lineart.png", mangastyle.sketch(drawn))
    for seed, name in enumerate(("painting", "sky", "sea")):
        mangastyle.save(tmp_path / f"{name}.jpg", mangastyle.paint("wash", seed, 64, 80))
    upper = np.repeat(np.uint8([[255], [0]]), 32, 0).repeat(64, 1)  # (64, 64)
    for name, mask in (("mask", upper), ("upper", upper), ("lower", 255 - upper)):
        mangastyle.save(tmp_path / f"{name}.png", mask)
    mangastyle.save(
        tmp_path / "strokes.png",
        np.full((64, 64, 3), (200, 40, 60), np.uint8),
        np.pad(np.full((4, 20), 255, np.uint8), ((20, 40), (20, 24))),
    )
    (tmp_path / "strokes.json").write_text(json.dumps({**json.loads(STROKES), "size": [800, 800]}), encoding="utf-8")  # square, too
    frames = [Image.fromarray(picture) for picture in (drawn, drawn[:, ::-1].copy(), drawn)]
    frames[0].save(tmp_path / "clip.mp4", "WEBP", save_all=True, append_images=frames[1:], duration=100)  # read by its content
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path


def run_python(page: str, blocks: list[Block]) -> None:
    """The Python blocks of a page, one after the other, as one program; those with `>>>` as examples."""
    names: dict = {"__name__": "__main__"}
    flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    for block in blocks:
        if ">>> " not in block.code:
            exec(compile(block.code, page, "exec"), names)
            continue
        example = doctest.DocTestParser().get_doctest(block.code, names, page, page, 0)
        runner, said = doctest.DocTestRunner(optionflags=flags), []
        runner.run(example, out=said.append, clear_globs=False)
        assert not runner.failures, "".join(said)
        names.update(example.globs)


PROGRAMS: dict[str, list[Block]] = {}  # Python blocks by page
for found in BLOCKS:
    if found.language == "python":
        PROGRAMS.setdefault(found.page, []).append(found)
QUICK = {page: kept for page, blocks in PROGRAMS.items() if (kept := [x for x in blocks if not x.slow]) and page not in SLOW_PAGES}
SLOW = {page: blocks for page, blocks in PROGRAMS.items() if page in SLOW_PAGES or any(block.slow for block in blocks)}


@pytest.mark.parametrize("page", QUICK)
def test_the_code_runs(page, work):
    run_python(page, QUICK[page])


@pytest.mark.slow
@pytest.mark.parametrize("page", SLOW)
def test_all_code_runs(page, work, request):
    if page in SLOW_PAGES:
        shutil.copytree(request.getfixturevalue("full_model"), work / "full-savedmodel")
        assert commandline.main(["export", "--out", "model"]) == 0
    run_python(page, SLOW[page])


# What makes a command short, by how it begins; a later flag outweighs an earlier one.
SHORTER = {
    "mangastyle run": "--size 64",
    "mangastyle learn": "--steps 2 --crop 64 --batch 1 --data drawn:2",
    "mangastyle style": "--size 64",
    "mangastyle train": "--size 32 --width 4 --levels 2 --batch 2 --steps 2",
}


@pytest.mark.slow
@pytest.mark.parametrize("page", ["docs/quickstart.md", "docs/artists.md"])
def test_the_commands_of_the_guides_run(page, work, capfd):
    for line in (line for where, line in commands() if where == page and "…" not in line and " " in line):
        more = next((flags for start, flags in SHORTER.items() if line.startswith(start)), "")
        more += " --iterations 2" if "--method optimize" in line else ""
        words = [*shlex.split(line)[1:], *more.split(), "--force"]
        if f"`{line}`" not in PROSE[page]:  # those of the text are named, not shown
            assert commandline.main(words) == 0, f"{line}: {capfd.readouterr().err}"


def test_every_json_block_is_json():
    for block in BLOCKS:
        if block.language == "json":
            json.loads(block.code)


def test_the_strokes_of_the_guide_are_a_hint():
    assert mangastyle.Hint.from_json(json.loads(STROKES), (80, 60)).mask.any()


# What the pages list


def load_script(name: str):
    spec = importlib.util.spec_from_file_location(Path(name).stem, ROOT / name)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_drawing_of_the_rooms_is_that_of_the_order():
    rooms = load_script("docs/make_rooms.py")
    drawn = (ROOT / "docs/rooms.svg").read_text(encoding="utf-8")
    assert drawn == rooms.drawing(), "the rooms have changed: run  python docs/make_rooms.py"


def test_the_settings_are_those_of_the_declarations():
    settings = load_script("docs/make_settings.py")
    assert PAGES["docs/settings.md"] == settings.page(), "settings have changed: run  python docs/make_settings.py"


def test_the_reference_is_that_of_the_docstrings():
    reference = load_script("docs/make_reference.py")
    assert PAGES["docs/reference.md"] == reference.page(), "docstrings have changed: run  python docs/make_reference.py"


def test_the_tour_lists_the_rooms_in_their_order():
    listed = re.findall(r"^\| `(\w+)` \| \[", PAGES["docs/tour.md"], re.MULTILINE)
    assert listed == [room for row in load_script("docs/make_rooms.py").order() for room in row]


def test_the_api_lists_every_public_name():
    text = PAGES["docs/api.md"]
    shown = set(re.findall(r"^::: mangastyle\.(?:evaluate\.)?(\w+)$", text, re.MULTILINE))
    assert shown == set(mangastyle.__all__) - {"__version__"}
    assert set(re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE)) | {"metrics", "video"} == shown
    assert set(mangastyle.video.__all__) <= set(re.findall(r"\w+", text[text.index("## Clips") : text.index("::: mangastyle.video")]))


def test_the_navigation_has_every_page():
    navigation = (ROOT / "mkdocs.yml").read_text(encoding="utf-8").partition("\nnav:")[2].partition("\n\n")[0]
    named = set(re.findall(r": ([\w./-]+\.md)$", navigation, re.MULTILINE))
    assert {page.removeprefix("docs/") for page in PAGES if page.startswith("docs/")} <= named, "add the page to nav in mkdocs.yml"
    for name in named:
        assert (ROOT / name.removeprefix("repository/") if name.startswith("repository/") else ROOT / "docs" / name).exists(), name


def test_the_figures_are_all_there():
    rows = re.findall(r"^\| (\d+) \| .*\[`(\w+)\.(\w+)`\]", PAGES["docs/paper.md"], re.MULTILINE)
    assert [int(number) for number, *_ in rows] == list(range(1, 25))
    for _, module, function in rows:
        tree = ast.parse((ROOT / f"mangastyle/paper/figures/{module}.py").read_text(encoding="utf-8"))
        assert function in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}, function


def test_the_model_card_has_every_file():
    manifest = json.loads((ROOT / "weights/MANIFEST.json").read_text(encoding="utf-8"))
    sizes = dict(re.findall(r"^\| `(\S+\.h5)` \| .*\| ([\d.]+) MB \|$", PAGES["MODEL_CARD.md"], re.MULTILINE))
    assert sizes == {name: f"{entry['bytes'] / 1e6:.1f}" for name, entry in manifest.items()}


def test_versions_agree():
    versions = re.findall(r"^## \[([\d.]+)\] - \d{4}-\d\d-\d\d$", PAGES["CHANGELOG.md"], re.MULTILINE)
    cited = re.search(r"^version: (\S+)$", (ROOT / "CITATION.cff").read_text(encoding="utf-8"), re.MULTILINE)
    assert mangastyle.__version__ in versions and cited and cited[1] == versions[0]


# Language


def test_the_documents_speak_of_the_project_alone():
    """No word of the machine that they were written on."""
    for page, text in PAGES.items():
        for word in ("/work/", "/tmp/", "/home/", "../shared", os.sep + "root"):
            assert word not in text, f"{page}: {word}"


def test_the_site_has_the_files_that_pages_link_to():
    """The hooks of the site need mkdocs, which is in docs/requirements.txt."""
    pytest.importorskip("mkdocs")
    hooks = load_script("docs/site_hooks.py")
    text = "[a](../mangastyle/train.py) [b](../README.md#color-hints) [c](../tests) ![d](run.jpg)\n```python\n[e](../train.py)\n```\n"
    made = hooks._outside_of_code(text, lambda part: hooks._with_links(part, "docs/x.md", "x.md"))
    assert made == (
        "[a](repository/mangastyle/train.py.md) [b](repository/README.md#color-hints) c ![d](run.jpg)\n```python\n[e](../train.py)\n```\n"
    )
    assert list(hooks._targets("docs/x.md", text)) == ["mangastyle/train.py", "README.md", "tests", "docs/run.jpg"]
