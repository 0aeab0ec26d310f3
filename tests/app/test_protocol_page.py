"""docs/protocol.md names the server's addresses, and no others."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from mangastyle.app import protocol
from mangastyle.app.server import LAYERS, Api

PAGE = (Path(__file__).parents[2] / "docs" / "protocol.md").read_text(encoding="utf-8")


def test_every_address_is_described() -> None:
    studio: Any = None  # routes ask nothing of it, nor of a code
    served = {(method, route.path) for route in Api(studio, studio).routes() for method in route.methods or () if method != "HEAD"}
    assert set(re.findall(r"^\| `(GET|POST|PUT|DELETE) (/[^`]*)` \|", PAGE, re.MULTILINE)) == served


def test_every_layer_and_kind_of_job_is_described() -> None:
    for name in (*LAYERS, *protocol.KINDS):
        assert f"`{name}`" in PAGE or f'"{name}"' in PAGE


def test_the_version_is_that_of_the_server() -> None:
    assert PAGE.startswith(f"# The studio's protocol, version {protocol.VERSION}\n") and f"`{protocol.PREFIX}`" in PAGE
