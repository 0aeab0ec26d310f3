"""The page's files by themselves: no browser is needed."""

from __future__ import annotations

import json
import re
from pathlib import Path

PAGE = Path(__file__).parents[3] / "mangastyle" / "app" / "page"


def texts(language: str) -> dict[str, str]:
    return json.loads((PAGE / "texts" / f"{language}.json").read_text(encoding="utf-8"))


def test_both_languages_have_the_same_texts() -> None:
    assert texts("en").keys() == texts("ja").keys()
    for key, text in texts("en").items():
        places, translated = (sorted(re.findall(r"\{\w+\}", one)) for one in (text, texts("ja")[key]))
        assert set(translated) <= set(places) if key.startswith("error.") else translated == places, key


def test_every_text_that_is_asked_for_exists() -> None:
    source = "".join(file.read_text(encoding="utf-8") for file in PAGE.rglob("*.js"))
    asked = set(re.findall(r'\b(?:t\(|text: )"([a-z][\w.-]+)"', source)) - {"mangastyle"}
    asked |= {f"say.{name}" for name in re.findall(r'\bsay\("(\w+)"', source)}
    assert asked <= texts("en").keys(), asked - texts("en").keys()


def test_nothing_is_inline_and_nothing_comes_from_elsewhere() -> None:
    page = (PAGE / "index.html").read_text(encoding="utf-8")
    assert not re.search(r"<style|style=|\son\w+=|<script(?![^>]*src=)", page)
    for file in (*PAGE.rglob("*.js"), *PAGE.rglob("*.css"), PAGE / "index.html"):
        found = re.findall(r"https?://[^\s\"'`)]+", file.read_text(encoding="utf-8"))
        assert set(found) <= {"http://www.w3.org/2000/svg"}, file
        assert not re.search(r"innerHTML|insertAdjacentHTML|\beval\(", file.read_text(encoding="utf-8")), file
