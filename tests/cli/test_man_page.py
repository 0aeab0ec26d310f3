"""The manual page: all commands and options, without complaints of groff."""

from __future__ import annotations

import re
import shutil
import subprocess

import pytest

from mangastyle import kernels, startup
from mangastyle.app import storage
from mangastyle.cli import app, flags, man_page
from mangastyle.cli import main as cli
from mangastyle.cli.commands import COMMANDS, load
from mangastyle.io import caches
from mangastyle.paper.settings import QUICK

GROFF = pytest.mark.skipif(not shutil.which("groff"), reason="needs groff")


@pytest.fixture(scope="module")
def page():
    return man_page.page()


@pytest.fixture(scope="module")
def text(page):
    """The page as it is read, on long lines, without the marks for bold."""
    command = ["groff", "-man", "-Tutf8", "-ww", "-rLL=600n", "-P-cbou"]
    done = subprocess.run(command, input=page, capture_output=True, text=True, encoding="utf-8")
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_the_command_prints_it(capsys, page):
    with pytest.raises(SystemExit) as error:
        cli.main(["--man"])
    assert error.value.code == 0
    assert capsys.readouterr() == (page, "")


@GROFF
@pytest.mark.parametrize("name", COMMANDS)
def test_it_holds_every_command_with_its_options_and_examples(text, name):
    module = load(name)
    section = re.search(rf"^{name.upper()}\n(.*?)^\S", text, re.MULTILINE | re.DOTALL)
    assert section and all(f"\n           {line}\n" in section[1] for line in module.EXAMPLES)
    shared = text[text.index("\nOPTIONS OF SEVERAL") : text.index("\nRUN\n")]
    for group in flags.groups(module.Options):
        for flag in group.flags:
            where = shared if group.shared else section[1]
            assert f"       {', '.join(flag.names) or flag.name.upper()}" in where
            assert flag.doc in re.sub(r"\s+", " ", where)
        if group.shared and group.flags:
            assert f"{group.title}" in section[1].partition("And options of several commands: ")[2]
    for preset in module.Options.PRESETS:
        assert f"       {preset} " in section[1] or f"       {preset}\n" in section[1]


@GROFF
def test_signs_are_printed_as_they_are_typed(text):
    assert "mangastyle crawl --tags '1girl solo' --count 200 --out pictures" in text
    assert not set("‐−’‘“”") & set(text)


@pytest.mark.parametrize(("line", "made"), [
    (".TH is no request here", r"\&.TH is no request here"),
    ("'quoted' at the start", r"\(aqquoted\(aq at the start"),
    (r"a\fBb --flag ~/x `y`", r"a\efBb \-\-flag \(ti/x \(gay\(ga"),
])  # fmt: skip
def test_text_is_never_taken_for_a_request(line, made):
    assert man_page._escaped(line) == made


def test_the_variables_that_it_names_are_read(monkeypatch, tmp_path):
    for number, (name, _) in enumerate(man_page.ENVIRONMENT):
        monkeypatch.setenv(name, str(tmp_path / str(number)))
    found = {"MANGASTYLE_CACHE": caches.cache_folder(), "MANGASTYLE_DATA": storage.data_folder(), "KERAS_HOME": startup.keras_home()}
    assert [path.name for path in found.values()] == [str(number) for number, (name, _) in enumerate(man_page.ENVIRONMENT) if name in found]
    assert {app.TOKEN, kernels.SWITCH, QUICK, *found} == {name for name, _ in man_page.ENVIRONMENT}
