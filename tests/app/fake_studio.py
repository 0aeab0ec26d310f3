"""A server without a browser and without networks: what stands for them answers at once."""

from __future__ import annotations

import json
import threading
import time
from typing import Any

import numpy as np
from starlette.testclient import TestClient

from mangastyle.app.encoding import png
from mangastyle.app.studio import Studio
from mangastyle.errors import Cancelled

HOST, PORT, TOKEN = "127.0.0.1", 8745, "a token of the tests"
API = "/api/v1"


class Record:
    """What a stylizer reports."""

    def __init__(self, iteration: int, iterations: int, picture: np.ndarray | None) -> None:
        self.iteration, self.iterations = iteration, iterations
        self.picture = None if picture is None else lambda: picture.astype(np.float32)


class FakeModels:
    """Networks that color each region by its number, or by the first stroke in it, and paint in negative."""

    state, error, seconds = "ready", "", 0.1

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.looks = 0  # at line art
        self.learned: set[bytes] = set()  # paintings
        self.lessons: dict[bytes, int] = {}  # steps done, by painting
        self.gate = threading.Event()  # work waits for it
        self.gate.set()

    def load(self) -> None:
        pass

    def see(self, art, regions):
        self.looks += 1
        return len(regions.areas)

    def colors(self, art, regions, hint, variant, reference, seen):
        assert seen == len(regions.areas)
        self.calls.append("colors")
        self.gate.wait(10)
        colors = (np.arange(len(regions.areas))[:, None] * (37, 91, 53) + 40 + 5 * variant) % 200
        for label in range(len(colors)):
            given = (regions.labels == label) & (hint.mask > 0) if hint.mask.shape == regions.labels.shape else None
            if given is not None and given.any():
                colors[label] = hint.rgb[given][0]
        return regions.labels.copy(), colors.astype(np.uint8)

    def shading(self, art, flat, kind, light):
        self.calls.append("shading")
        level = {"none": 255, "soft": 200, "cel": 150}[kind]
        return np.full_like(flat, level), np.zeros_like(flat)

    def reference(self, key, pictures):
        return pictures()

    def palette_hint(self, art, colors):
        from mangastyle.shade.hints import Hint

        return Hint(np.full(art.shape, [int(colors[0][i : i + 2], 16) for i in (1, 3, 5)], np.uint8))

    def has_learned(self, painting):
        return painting.tobytes() in self.learned

    def learn(self, painting, sample, progress, cancel):
        """Four steps, of which those that were done stay done."""
        self.calls.append("learn")
        key, steps = painting.tobytes(), 4
        progress(Record(0, 2, None))
        while self.lessons.setdefault(key, 0) < steps:
            self.gate.wait(10)
            if cancel.is_set():
                raise Cancelled("stopped")
            self.lessons[key] += 1
            progress(Record(self.lessons[key], steps, 255 - sample))
        self.learned.add(key)

    def paint(self, content, key, paintings, masks, progress, cancel, **settings):
        self.calls.append(f"paint {settings['method']}")
        paintings()
        steps = 200 if settings["method"] == "optimize" else 1
        for i in range(steps):
            if cancel.is_set():
                raise Cancelled("stopped", content)
            if settings["method"] == "optimize":
                time.sleep(0.01)
            progress(Record(i + 1, steps, 255 - content))
        return 255 - content


class Client:
    """A page: requests with its token, and the events of a session."""

    def __init__(self, client: TestClient, studio: Studio) -> None:
        self.http, self.studio = client, studio

    def __call__(self, method: str, path: str, **options: Any) -> Any:
        headers = {"Authorization": f"Bearer {TOKEN}", **options.pop("headers", {})}
        return self.http.request(method, API + path, headers=headers, **options)

    def get(self, path: str, **options: Any) -> Any:
        return self("GET", path, **options)

    def post(self, path: str, body: Any = None, **options: Any) -> Any:
        return self("POST", path, json=body, **options)

    def put(self, path: str, body: Any) -> Any:
        return self("PUT", path, json=body)

    def upload(self, path: str, data: bytes, kind: str = "image/png") -> Any:
        return self("POST", path, content=data, headers={"Content-Type": kind})

    def open(self, picture: np.ndarray, name: str = "a.png") -> dict[str, Any]:
        """The session of a new picture."""
        answer = self.upload(f"/sessions?name={name}", png(picture))
        assert answer.status_code == 201, answer.text
        return answer.json()

    def events(self, session: str) -> list[tuple[str, dict[str, Any]]]:
        """All events of a session so far."""
        log = self.studio.sessions.get(session).events
        return [(event.name, event.data) for event in log._events]

    def wait(self, session: str, name: str, count: int = 1, seconds: float = 20) -> dict[str, Any]:
        """The data of the last event of a name, when there are so many of them."""
        found: list[dict[str, Any]] = []
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            found = [data for other, data in self.events(session) if other == name]
            if len(found) >= count:
                return found[-1]
            time.sleep(0.01)
        raise AssertionError(f"{len(found)} of {count} events {name}; the last ones are {self.events(session)[-3:]}")


def sent(answer: Any) -> tuple[int, str]:
    """Status and line of a refusal; it must be one."""
    body = json.loads(answer.text)
    assert set(body) >= {"error"} and "\n" not in body["error"] and body["error"], body
    return answer.status_code, body["error"]
