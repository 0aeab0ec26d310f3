"""The service without networks: what stands for them answers at once, or waits for a gate."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
from starlette.testclient import TestClient

from mangastyle.app.service.server import Service, create_service
from mangastyle.cli import run, shade, style
from mangastyle.errors import Cancelled
from mangastyle.pipeline import Stages
from mangastyle.shade.hints import Hint

HOST, PORT, TOKEN = "127.0.0.1", 8745, "a token of the tests"
COMMANDS = {"shade": shade.Options, "style": style.Options, "run": run.Options}
PATIENCE = 10  # seconds


class FakeNetworks:
    """Networks that shade in negative, and paint in the first painting's first color."""

    def __init__(self) -> None:
        self.state, self.error = "ready", ""
        self.calls: list[dict[str, Any]] = []
        self.gate, self.begun = threading.Event(), threading.Semaphore(0)
        self.gate.set()
        self.failure: Exception | None = None

    def load(self) -> None:
        pass

    def work(self, cancel: Any, **call: Any) -> None:
        """Note a call, and wait for the gate."""
        self.calls.append(call)
        self.begun.release()
        if self.failure:
            raise self.failure
        while not self.gate.wait(0.005):
            if cancel.is_set():
                raise Cancelled

    @property
    def shader(self) -> FakeNetworks:
        return self

    def __call__(self, rgb, hint, *, reference, line_art, cancel, **settings):
        self.work(cancel, kind="shade", hint=hint, reference=reference, line_art=line_art, **settings)
        return 255 - rgb

    def palette_hint(self, rgb, palette, work_size, line_art):
        return Hint(np.full_like(rgb, palette.colors[0]))

    def simulated_hint(self, rgb, recipe, seed, work_size):
        return Hint(np.full_like(rgb, seed))

    def reference(self, key, pictures):
        return pictures()

    @property
    def own_painting(self):
        return np.full((32, 32, 3), 7, np.uint8)

    def stylizer(self, shape, key, paintings, method, seed, settings):
        return FakeStylizer(self, paintings(), {"shape": shape, "method": method, "seed": seed, **settings})

    def pipeline(self, stylizer, styles, hint, size, seed):
        def run(rgb, cancel):
            self.work(cancel, kind="run", hint=hint, size=size, seed=seed, styles=styles, look=stylizer.settings)
            return Stages({"picture": rgb, "sketch": rgb[..., 0], "hint": rgb, "shaded": 255 - rgb, "style": styles[0], "stylized": rgb})

        return run


class FakeStylizer:
    def __init__(self, networks: FakeNetworks, styles: list[np.ndarray], settings: dict[str, Any]) -> None:
        self.networks, self.styles, self.settings, self.implementation = networks, styles, settings, self

    def __call__(self, rgb, progress, cancel):
        self.networks.work(cancel, kind="style", styles=self.styles, **self.settings)
        return np.broadcast_to(self.styles[0][0, 0], rgb.shape).copy()


def make_service(networks: Any, queue: int = 4, time_limit: float = PATIENCE, max_pixels: int = 1_000_000) -> Service:
    return Service(networks, COMMANDS, queue, time_limit, max_pixels)


def client_of(service: Service, token: str = "", host: str = HOST) -> TestClient:
    """A client of a service; to be entered."""
    return TestClient(create_service(service, host, PORT, token), base_url=f"http://{HOST}:{PORT}", raise_server_exceptions=False)
