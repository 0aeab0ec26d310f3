"""How long does the studio let a person wait, and in how much memory?

    pip install -e .[app]
    python benchmarks/studio.py --out studio

It starts `mangastyle app` in a process of its own, and asks of it what the page asks, over HTTP: a drawn character's line art is opened,
and stroke after stroke is sent, each in another region and of another color; then two colors in one region, which they divide. Seconds
are from the request to the event with the new colors, and to the new shading, fetched. Then come the full size, a painting at several
strengths, and further pictures. Memory is the server's, on Linux.
"""

from __future__ import annotations

import argparse
import colorsys
import contextlib
import http.client
import json
import queue
import re
import secrets
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any, Iterator

import cv2
import numpy as np
import recording

from mangastyle.app.encoding import png
from mangastyle.io.files import write_json
from mangastyle.lineart.regions import find_regions
from mangastyle.synthetic.figures import figure

HOST = "127.0.0.1"
PATIENCE = 300.0  # seconds
HEIGHT, WIDTH = 1216, 1024  # of the line art
TOLD = {"shade": "shaded", "style": "styled"}  # what is asked for, and the event with it
GOLDEN = 0.618  # of the circle of hues, from one stroke's color to the next


class Server:
    """`mangastyle app` with an empty data folder.

    Attributes
    ----------
    page_seconds, network_seconds : float
        From its start until the page came, and until the networks were loaded.
    """

    def __init__(self, data: Path) -> None:
        with socket.create_server((HOST, 0)) as free:
            self.port = free.getsockname()[1]
        self.token = secrets.token_urlsafe(16)
        options = ["--no-browser", "--port", str(self.port), "--token", self.token, "--data", str(data)]
        began = time.monotonic()
        self.process = subprocess.Popen([sys.executable, "-m", "mangastyle", "app", *options], stdout=subprocess.DEVNULL)
        while True:
            try:
                self.send("GET", "/")
                break
            except ConnectionRefusedError:
                if self.process.poll() is not None or time.monotonic() - began > PATIENCE:
                    raise SystemExit("the studio does not start") from None
                time.sleep(0.005)
        self.page_seconds = time.monotonic() - began
        while self.ask("GET", "/status")["models"] == "loading":
            time.sleep(0.02)
        self.network_seconds = time.monotonic() - began

    def send(self, method: str, path: str, body: bytes | None = None, kind: str = "application/json") -> bytes:
        """A request and its answer. `SystemExit` for a refusal."""
        with contextlib.closing(http.client.HTTPConnection(HOST, self.port, timeout=PATIENCE)) as connection:
            headers = {"Authorization": f"Bearer {self.token}", **({"Content-Type": kind} if body else {})}
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            data = answer.read()
        if answer.status >= 400:
            raise SystemExit(f"{method} {path}: {answer.status} {data.decode()}")
        return data

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """The same below /api/v1, in JSON."""
        return json.loads(self.send(method, f"/api/v1{path}", json.dumps(body).encode() if body else None))

    def open(self, picture: np.ndarray) -> str:
        """Open a picture; the session's identifier."""
        return json.loads(self.send("POST", "/api/v1/sessions", png(picture), "image/png"))["id"]

    def memory(self) -> float:
        """What it has in memory, in MB; NaN where the system does not tell it as Linux does."""
        try:
            text = Path(f"/proc/{self.process.pid}/status").read_text(encoding="ascii")
        except OSError:
            return float("nan")
        found = re.search(r"VmRSS:\s*(\d+) kB", text)
        return int(found[1]) / 1e3 if found else float("nan")


class Session:
    """A picture that is open, and its events."""

    def __init__(self, server: Server, id: str) -> None:
        self.server, self.path = server, f"/sessions/{id}"
        self.events: queue.Queue[tuple[str, dict[str, Any]]] = queue.Queue()
        connected = threading.Event()
        threading.Thread(target=self._listen, args=[connected], daemon=True).start()
        connected.wait(PATIENCE)

    def _listen(self, connected: threading.Event) -> None:
        connection = http.client.HTTPConnection(HOST, self.server.port)
        connection.request("GET", f"/api/v1{self.path}/events", headers={"Authorization": f"Bearer {self.server.token}"})
        answer, name = connection.getresponse(), ""
        connected.set()
        with contextlib.suppress(OSError, http.client.HTTPException):  # the server ends
            for line in answer:
                key, _, value = line.decode().rstrip("\n").partition(": ")
                if key == "event":
                    name = value
                elif key == "data":
                    self.events.put((name, json.loads(value)))

    def turn(self, what: str, body: dict[str, Any], layer: str) -> tuple[float, float]:
        """Ask for work; the seconds until the first answer, and until the last one's layer is fetched."""
        began, first = time.monotonic(), 0.0
        job = self.server.ask("POST", f"{self.path}/{what}", body)["job"]
        while True:
            name, event = self.events.get(timeout=PATIENCE)
            if event.get("job") != job or name not in (TOLD[what], "failed", "cancelled"):
                continue
            if name != TOLD[what]:
                raise SystemExit(f"{what}: {name} {event}")
            first = first or time.monotonic() - began
            if event["final"]:
                self.server.send("GET", f"/api/v1{self.path}/pictures/{layer}?size={body['size']}")
                return first, time.monotonic() - began


def places_in_regions(line: np.ndarray) -> np.ndarray:
    """A place well inside each region of line art, x and y (n, 2), the largest regions first."""
    regions = find_regions(np.repeat(line[..., None], 3, 2))
    found = []
    for region in np.argsort(-regions.areas):
        inside = cv2.distanceTransform((regions.labels == region).astype(np.uint8), cv2.DIST_L2, 3)
        found.append(np.unravel_index(inside.argmax(), inside.shape)[::-1])
    return np.array(found)


def strokes(places: np.ndarray, count: int) -> list[dict[str, Any]]:
    """Short strokes, each in a region and of a color of its own, as in a hint file; then second ones in the same regions."""
    found = []
    for i in range(count):
        x, y = (places[i % len(places)] + i // len(places) * 8).tolist()
        red, green, blue = (round(255 * part) for part in colorsys.hsv_to_rgb(i * GOLDEN % 1, 0.6, 0.9))
        found.append({"points": [[x, y], [x + 3, y]], "color": f"#{red:02x}{green:02x}{blue:02x}", "width": 4})
    return found


def shade_body(places: np.ndarray, count: int, size: str) -> dict[str, Any]:
    """A request to shade by so many strokes."""
    return {"hint": {"lines": strokes(places, count), "size": [WIDTH, HEIGHT]}, "settings": {"shading": "cel"}, "size": size}


def row(name: str, seconds: list[tuple[float, float]]) -> dict[str, Any]:
    """Print and return medians, and the 95th percentile, of turns."""
    columns = zip(("first", "last"), np.array(seconds).T)
    found = {f"{name}, {q} %": np.percentile(column, q) for name, column in columns for q in (50, 95)}
    print(f"| {name} | " + " | ".join(f"{1000 * value:.0f}" for value in found.values()) + " |", flush=True)
    return {"name": name, **{key: float(value) for key, value in found.items()}}


def measure(server: Server, turns: int, pictures: int) -> dict[str, Any]:
    """All that is measured."""
    memory = {"networks loaded": server.memory()}
    line = figure(11, HEIGHT, WIDTH).line
    places = places_in_regions(line)
    session = Session(server, server.open(line))
    print("\n| milliseconds | first answer | 95 % | all, fetched | 95 % |\n|---|---:|---:|---:|---:|")
    rows = []
    session.turn("shade", shade_body(places, 1, "preview"), "shading")  # regions are found, networks compiled
    for many in (1, 12, 100):
        seconds = [session.turn("shade", shade_body(places, many + i, "preview"), "shading") for i in range(turns)]
        rows.append(row(f"a stroke more, after {many}, at 512 px", seconds))
    beside = np.array([[0, 0], [10, 0]])
    seconds = [session.turn("shade", shade_body(place + beside, 2, "preview"), "shading") for place in places[:turns]]
    rows.append(row("two colors in one region, at 512 px", seconds))
    seconds = [session.turn("shade", shade_body(places, 12 + i, "full"), "shaded") for i in range(max(2, turns // 4))]
    rows.append(row(f"a stroke more, after 12, at {WIDTH}×{HEIGHT} px", seconds[1:]))
    painting = server.ask("GET", "/paintings")[0]["id"]
    style = {"paintings": [{"id": painting}], "shade": shade_body(places, 12, "preview"), "size": "preview"}
    for method in ("onepass", "polish"):
        strengths = np.linspace(0.3, 0.8, turns // 2 + 2).tolist()
        seconds = [session.turn("style", {**style, "method": method, "strength": strength}, "styled") for strength in strengths]
        rows.append(row(f"`{method}` at another strength, at 512 px", seconds[2:]))
    memory["one picture"] = server.memory()
    for i in range(pictures):
        Session(server, server.open(figure(20 + i, HEIGHT, WIDTH).line)).turn("shade", shade_body(places, 12, "full"), "shaded")
    memory[f"{pictures} pictures more"] = server.memory()
    print("\n| " + " | ".join(memory) + " |\n|" + "---:|" * len(memory))
    print("| " + " | ".join(f"{value:.0f} MB" for value in memory.values()) + " |")
    return {"rows": rows, "memory": memory}


@contextlib.contextmanager
def serving() -> Iterator[Server]:
    """The studio, as long as the block lasts."""
    with tempfile.TemporaryDirectory() as data:
        server = Server(Path(data))
        try:
            yield server
        finally:
            server.process.terminate()
            server.process.wait(timeout=60)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--turns", type=int, default=24, help="requests of each kind")
    parser.add_argument("--pictures", type=int, default=20, help="further pictures that are opened")
    parser.add_argument("--quick", action="store_true", help="few requests, to see that everything runs")
    parser.add_argument("--out", default="studio", help="folder for studio.json")
    recording.add_option(parser)
    options = parser.parse_args()
    if options.quick:
        options.turns, options.pictures = 4, 1
    with serving() as server:
        print(f"the page after {server.page_seconds:.2f} s, the networks after {server.network_seconds:.1f} s", flush=True)
        found = measure(server, options.turns, options.pictures)
        found |= {"page_seconds": server.page_seconds, "network_seconds": server.network_seconds}
    write_json(Path(options.out) / "studio.json", {"options": vars(options), **found})
    rows = [recording.row(f"{of['name']}: first answer", 1000 * of[f"{of['name']}, 50 %"], unit="ms") for of in found["rows"]]
    seconds = {"the page after": server.page_seconds, "the networks after": server.network_seconds}
    rows += [recording.row(name, value, unit="s") for name, value in seconds.items()]
    rows += [recording.row(f"memory, {name}", value, unit="MB") for name, value in found["memory"].items()]
    recording.record(options.json, rows, data=f"a drawn figure's line art of {WIDTH}×{HEIGHT} px", seed=11)


if __name__ == "__main__":
    main()
