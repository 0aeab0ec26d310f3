"""A site with pictures on this machine, for tests of `mangastyle crawl`."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import re
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Iterator
from urllib.parse import parse_qs, unquote, urlsplit

import numpy as np
from PIL import Image


def png(number: int) -> bytes:
    """A small picture that no other number has."""
    file = io.BytesIO()
    Image.fromarray(np.random.default_rng(number).integers(0, 256, (9, 12, 3), np.uint8)).save(file, "png")
    return file.getvalue()


class Booru:
    """A Gelbooru 0.2 site. `files` maps a path to bytes, or to a function that answers with a request handler."""

    def __init__(self) -> None:
        self.posts: dict[int, dict] = {}
        self.files: dict[str, object] = {}
        self.page = 10  # posts per page, whatever limit is asked for
        self.script: list = []  # functions that answer the next calls of the API, in turn
        self.hits: list[tuple[float, str]] = []
        self.queries: list[dict[str, list[str]]] = []
        self.agents: set[str] = set()

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_GET(handler) -> None:
                self.answer(handler)

            def log_message(self, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def add(self, number: int, body: object = None, **changes: object) -> bytes:
        """Add a good post, then spoil it with `changes` (None removes a field). Returns the picture's bytes."""
        data = png(number)
        path = f"/images/7/{number:040x}.png"
        self.files[path] = data if body is None else body
        post = {
            "id": number, "tags": f"1girl solo n{number}", "rating": "general", "hash": hashlib.md5(data).hexdigest(),
            "image": f"{number:040x}.png", "directory": 7, "file_url": self.url + path, "width": 12, "height": 9,
            "source": "https://artist.example/1",
        }  # fmt: skip
        self.posts[number] = {k: v for k, v in {**post, **changes}.items() if v is not None}
        return data

    def count(self, number: int) -> int:
        """How often the file of a post was asked for."""
        return sum(path == f"/images/7/{number:040x}.png" for _, path in self.hits)

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        parts = urlsplit(handler.path)
        self.hits.append((time.monotonic(), unquote(parts.path)))
        self.agents.add(handler.headers["User-Agent"])
        if parts.path != "/index.php":
            body = self.files.get(unquote(parts.path))
            if body is None:
                send(handler, b"gone", 404)
            elif isinstance(body, bytes):
                send(handler, body)
            else:
                body(handler)
            return
        query = parse_qs(parts.query)
        self.queries.append(query)
        if self.script and (special := self.script.pop(0)):
            special(handler)
            return
        below = re.search(r"id:<(\d+)", query["tags"][0])
        numbers = sorted((n for n in self.posts if not below or n < int(below[1])), reverse=True)
        skip = int(query["pid"][0]) * self.page
        send(handler, json.dumps([self.posts[n] for n in numbers[skip : skip + self.page]]).encode())


def send(handler: BaseHTTPRequestHandler, body: bytes, status: int = 200, **headers: object) -> None:
    handler.send_response(status)
    for name, value in {"Content_Length": len(body), **headers}.items():
        handler.send_header(name.replace("_", "-"), str(value))
    handler.end_headers()
    handler.wfile.write(body)


@contextlib.contextmanager
def serving() -> Iterator[Booru]:
    """A site that answers while the context lasts."""
    site = Booru()
    thread = threading.Thread(target=site.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield site
    site.server.shutdown()
    site.server.server_close()
