"""A server that speaks the app's protocol with canned pictures, so that the page is tried without TensorFlow, by NumPy and OpenCV alone.

`python mock_server.py [--port N] [--page FOLDER] [--delay SECONDS]` prints the address to open.
"""

from __future__ import annotations

import argparse
import base64
import json
import queue
import re
import secrets
import shlex
import threading
import time
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Callable
from urllib.parse import parse_qs, unquote, urlsplit

import cv2
import numpy as np

PAGE = Path(__file__).parents[3] / "mangastyle" / "app" / "page"
TYPES = {".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".json": "application/json", ".svg": "image/svg+xml"}
CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self'; font-src 'self'; "
    "worker-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
PREVIEW = 512  # short side
STYLE_STEPS = 8
PALETTE = [(246, 214, 190), (92, 70, 62), (214, 88, 98), (84, 118, 190), (240, 214, 130), (120, 170, 140), (230, 230, 240), (160, 120, 180)]


class Refusal(Exception):
    """An answer that is no success."""

    def __init__(self, status: int, message: str, **details: Any) -> None:
        super().__init__(message)
        self.status, self.body = status, {"error": message, **details}


def draw_sample(name: str) -> np.ndarray:
    """A face in line art, gray (h, w), or in color."""
    height, width = 640, 512
    art = np.full((height, width, 3), 255, np.uint8)

    def shape(points: list[tuple[int, int]], color: tuple[int, int, int]) -> None:
        outline = np.array(points, np.int32)
        if name != "figure":
            cv2.fillPoly(art, [outline], color, cv2.LINE_AA)
        cv2.polylines(art, [outline], True, (20, 20, 30), 3, cv2.LINE_AA)

    def ellipse(center: tuple[int, int], axes: tuple[int, int], color: tuple[int, int, int]) -> None:
        shape([tuple(p) for p in cv2.ellipse2Poly(center, axes, 0, 0, 360, 4)], color)

    ellipse((256, 230), (176, 186), (92, 70, 62))
    shape([(150, 420), (362, 420), (440, 639), (72, 639)], (84, 118, 190))
    shape([(220, 380), (292, 380), (300, 440), (256, 470), (212, 440)], (246, 214, 190))
    ellipse((256, 270), (118, 138), (246, 214, 190))
    shape([(140, 250), (200, 130), (320, 120), (376, 250), (330, 190), (290, 215), (250, 180), (200, 220)], (92, 70, 62))
    for x in (208, 304):
        ellipse((x, 285), (24, 30), (255, 255, 255))
        ellipse((x, 290), (13, 20), (84, 118, 190))
    ellipse((256, 362), (26, 9), (214, 88, 98))
    return cv2.cvtColor(art, cv2.COLOR_RGB2GRAY) if name == "figure" else art


def draw_painting(seed: int) -> np.ndarray:
    """Strokes in some colors, (320, 400, 3)."""
    random = np.random.default_rng(seed)
    canvas = np.full((320, 400, 3), random.integers(60, 220, 3), np.uint8)
    for _ in range(500):
        x, y, angle = random.uniform(0, 400), random.uniform(0, 320), random.normal(seed, 0.5)
        end = (int(x + 40 * np.cos(angle)), int(y + 40 * np.sin(angle)))
        color = np.clip(random.normal(PALETTE[random.integers(len(PALETTE))], 25), 0, 255).astype(int).tolist()
        cv2.line(canvas, (int(x), int(y)), end, color, int(random.integers(3, 9)), cv2.LINE_AA)
    return canvas


def find_labels(gray: np.ndarray) -> np.ndarray:
    """The white parts of line art, numbered, grown over the lines."""
    open_paper = cv2.erode((gray > 225).astype(np.uint8), np.ones((3, 3)))
    _, labels, stats, _ = cv2.connectedComponentsWithStats(open_paper, connectivity=4)
    markers = np.where((labels > 0) & (stats[labels, cv2.CC_STAT_AREA] > 12), labels, 0).astype(np.int32)
    cv2.watershed(cv2.cvtColor(gray, cv2.COLOR_GRAY2BGR), markers)
    for _ in range(3):
        grown = cv2.dilate(np.maximum(markers, 0).astype(np.float32), np.ones((3, 3))).astype(np.int32)
        markers = np.where(markers <= 0, grown, markers)
    return np.unique(np.maximum(markers, 1), return_inverse=True)[1].reshape(gray.shape).astype(np.uint32)


def reduced(picture: np.ndarray, side: int, shorter: bool = False) -> np.ndarray:
    height, width = picture.shape[:2]
    scale = min(1, side / (min if shorter else max)(height, width))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return picture if scale == 1 else cv2.resize(picture, size, interpolation=cv2.INTER_AREA)


def png(picture: np.ndarray) -> bytes:
    bgr = picture if picture.ndim == 2 else picture[..., ::-1]
    return cv2.imencode(".png", np.ascontiguousarray(bgr), [cv2.IMWRITE_PNG_COMPRESSION, 1])[1].tobytes()


def decode(body: bytes) -> np.ndarray:
    found = cv2.imdecode(np.frombuffer(body, np.uint8), cv2.IMREAD_COLOR) if body else None
    if found is None:
        raise Refusal(HTTPStatus.BAD_REQUEST, "is no picture that can be read")
    return np.ascontiguousarray(found[..., ::-1])


def to_rgb(color: str) -> tuple[int, ...]:
    return tuple(int(color[i : i + 2], 16) for i in (1, 3, 5))


class Session:
    """One picture: what is known of it, and the events of it."""

    def __init__(self, name: str, picture: np.ndarray, folder: str | None = None) -> None:
        self.id, self.name, self.folder = secrets.token_hex(8), name, folder
        self.original = picture if picture.ndim == 3 else np.repeat(picture[..., None], 3, 2)
        self.line_art = bool(np.ptp(self.original[::7, ::7].astype(int), axis=2).mean() < 8)
        gray = cv2.cvtColor(self.original, cv2.COLOR_RGB2GRAY)
        self.line = gray if self.line_art else cv2.adaptiveThreshold(gray, 255, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY, 9, 8)
        self.sizes = {"full": self.line, "preview": reduced(self.line, PREVIEW, shorter=True)}
        self.labels = {size: find_labels(line) for size, line in self.sizes.items()}
        self.state: Any = None
        self.state_revision = self.revision = self.jobs = 0
        self.styled: dict[str, np.ndarray] = {}
        self.references: dict[str, np.ndarray] = {}
        self.downloads: dict[str, tuple[str, bytes]] = {}
        self.events: list[tuple[int, str, Any]] = []
        self.changed = threading.Condition()
        self.newest: dict[str, int] = {}  # job by size
        self.closed = False  # whether streams of events end
        self.cancelled: set[str] = set()
        self.requests: list[tuple[str, Any]] = []  # what the page asked for, for tests
        self.streams = 0  # of events that are open

    def describe(self) -> dict[str, Any]:
        (height, width), (low, narrow) = self.line.shape, self.sizes["preview"].shape
        return {
            "id": self.id, "name": self.name, "width": width, "height": height, "preview": {"width": narrow, "height": low},
            "line_art": self.line_art, "state": self.state, "state_revision": self.state_revision, "folder": self.folder,
            "last_event": len(self.events),
        }  # fmt: skip

    def say(self, name: str, data: Any) -> None:
        with self.changed:
            self.events.append((len(self.events) + 1, name, data))
            self.changed.notify_all()

    def colors(self, request: dict[str, Any], size: str, variant: int | None = None) -> np.ndarray:
        """(n, 3) uint8: pastels that the variant chooses, and what the hint says."""
        labels = self.labels[size]
        variant = request.get("settings", {}).get("variant", 0) if variant is None else variant
        order = (np.arange(labels.max() + 1) * 5 + variant * 3) % len(PALETTE)
        colors = np.array(PALETTE, np.uint8)[order]
        colors[labels[0, 0]] = (235, 240, 245)
        hint = request["hint"]
        scale = labels.shape[1] / hint["size"][0]

        def give(x: float, y: float, color: str) -> None:
            column, row = (min(max(int(value * scale), 0), side - 1) for value, side in ((x, labels.shape[1]), (y, labels.shape[0])))
            colors[labels[row, column]] = to_rgb(color)

        for line in hint["lines"]:
            for x, y in line["points"][1:-1] or line["points"]:
                give(x, y, line["color"])
        for point in hint["points"]:
            give(point["x"], point["y"], point["color"])
        return colors

    def picture(self, layer: str, size: str) -> np.ndarray:
        if layer not in ("original", "line", "shading", "highlights", "styled"):
            raise Refusal(HTTPStatus.NOT_FOUND, f"there is no layer {layer!r}")
        line = self.sizes[size]
        if layer == "original":
            return self.original if size == "full" else reduced(self.original, PREVIEW, shorter=True)
        if layer == "line":
            return line
        if layer == "styled":
            return self.styled[size]
        height, width = line.shape
        ramp = np.add.outer(np.linspace(0, 1, height), np.linspace(0, 1, width))
        waves = np.sin(ramp * 9) * 0.5 + 0.5
        if layer == "shading":
            return np.where(waves[..., None] > 0.62, np.array([198, 186, 214]), 255).astype(np.uint8)
        return np.where(waves[..., None] < 0.06, 60, 0).astype(np.uint8).repeat(3, 2)

    def composed(self, request: dict[str, Any], size: str) -> np.ndarray:
        flat = self.colors(request, size)[self.labels[size]].astype(np.float32)
        below = 255 - (255 - flat * self.picture("shading", size) / 255) * (255.0 - self.picture("highlights", size)) / 255
        return (below * self.sizes[size][..., None] / 255).astype(np.uint8)


class Studio:
    """Everything that the mock holds. `delay` is how long a preview takes."""

    def __init__(self, delay: float = 0.08) -> None:
        self.token = secrets.token_urlsafe(16)
        self.delay = delay
        self.code: str | None = None  # for which the token is given, once
        self.sessions: dict[str, Session] = {}
        self.paintings = {f"{i:016x}": (f"painting {i + 1}", draw_painting(i)) for i in range(8)}
        self.folder: dict[str, dict[str, Any]] = {}
        self.last: str | None = None
        self.lane: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self.started = time.monotonic()
        threading.Thread(target=self._work, daemon=True).start()

    def _work(self) -> None:
        while True:
            self.lane.get()()

    def session(self, id: str) -> Session:
        if id not in self.sessions:
            raise Refusal(HTTPStatus.NOT_FOUND, "there is no such session")
        return self.sessions[id]

    def open(self, name: str, picture: np.ndarray, folder: str | None = None) -> Session:
        session = Session(name, picture, folder)
        self.sessions[session.id] = session
        self.last = session.id
        return session

    def shade(self, session: Session, request: dict[str, Any]) -> dict[str, int]:
        session.jobs += 1
        job, size = session.jobs, request["size"]
        session.cancelled.discard("shade")
        session.requests.append(("shade", request))
        session.newest[size] = job

        def work() -> None:
            if session.newest[size] != job:
                return
            time.sleep(self.delay)
            if "shade" in session.cancelled:
                return session.say("cancelled", {"job": job, "kind": "shade", "size": size, "tag": request["tag"]})
            colors = base64.b64encode(session.colors(request, size).tobytes()).decode()
            session.revision += 1
            revisions = {"labels": 1, "shading": 1, "highlights": 1, "line": 1}
            revisions["revision"] = session.revision
            event = {"job": job, "tag": request["tag"], "size": size, "colors": colors, "seconds": 0.1, **revisions}
            if size == "preview" and session.revision > 1:
                session.say("shaded", {**event, "final": False})
                time.sleep(self.delay)
            session.say("shaded", {**event, "final": True})

        self.lane.put(work)
        return {"job": job}

    def style(self, session: Session, request: dict[str, Any]) -> dict[str, int]:
        session.jobs += 1
        job = session.jobs
        session.cancelled.discard("style")
        session.requests.append(("style", request))

        def step(share: float, final: bool) -> int:
            size = request["size"]
            base = session.composed(request["shade"], size) if request.get("shade") else session.picture("original", size)
            painting = cv2.resize(self.paintings[request["paintings"][0]["id"]][1], base.shape[1::-1])
            strength = request["strength"] * share
            mixed = cv2.addWeighted(base, 1 - strength / 2, painting, strength / 2, 0)
            session.styled[size] = cv2.medianBlur(mixed, 5)
            session.revision += 1
            if final:
                event = {"job": job, "tag": request["tag"], "revision": session.revision, "size": size}
                session.say("styled", {**event, "final": True, "seconds": 0.2})
            return session.revision

        def work() -> None:
            steps = 1 if request["method"] == "onepass" else STYLE_STEPS
            for i in range(steps - 1):
                if "style" in session.cancelled:
                    return session.say("cancelled", {"job": job, "kind": "style", "tag": request["tag"]})
                time.sleep(0.4)
                done = {"done": i + 1, "of": steps, "left": 0.4 * (steps - i), "picture": step((i + 1) / steps, False)}
                session.say("progress", {"job": job, "kind": "style", "tag": request["tag"], "size": request["size"], **done})
            time.sleep(self.delay)
            step(1, True)

        threading.Thread(target=work, daemon=True).start()
        return {"job": job}

    def export(self, session: Session, request: dict[str, Any]) -> dict[str, int]:
        session.jobs += 1
        job, format = session.jobs, request["format"]
        session.requests.append(("export", request))
        session.newest["export"] = job

        def work() -> None:
            if session.newest["export"] != job:
                return session.say("cancelled", {"job": job, "kind": "export", "size": "full", "tag": request["tag"]})
            data = json.dumps({"state": session.state}).encode() if format == "project" else png(session.composed(request["shade"], "full"))
            name, download = f"{Path(session.name).stem}.{'zip' if format == 'project' else format}", secrets.token_hex(8)
            session.downloads[download] = name, data
            session.say("exported", {"job": job, "kind": "export", "tag": request["tag"], "download": download, "name": name})

        self.lane.put(work)
        return {"job": job}

    def apply(self, request: dict[str, Any]) -> dict[str, int]:
        session = self.session(request["like"])

        def work() -> None:
            for i, (id, entry) in enumerate(self.folder.items()):
                entry["state"] = "busy"
                session.say("folder", {"id": id, "state": "busy"})
                time.sleep(0.3)
                entry["state"] = "done"
                session.say("folder", {"id": id, "state": "done"})
                left = 0.3 * (len(self.folder) - i)
                done = {"done": i + 1, "of": len(self.folder), "left": left, "picture": None, "size": None}
                session.say("progress", {"job": 0, "kind": "folder", **done})

        threading.Thread(target=work, daemon=True).start()
        return {"job": 0}

    def suggest(self, session: Session, request: dict[str, Any]) -> dict[str, Any]:
        labels = session.labels["preview"]
        scale = labels.shape[1] / request["hint"]["size"][0]
        empty = {"hint": {"points": [], "lines": [], "size": request["hint"]["size"]}, "settings": request["settings"]}
        found = []
        for k in range(request["count"]):
            colors = session.colors(empty, "preview", variant=request["settings"]["variant"] + k + 1)
            at = [colors[labels[int(y * scale), int(x * scale)]] for x, y in request["at"]]
            found.append([f"#{r:02x}{g:02x}{b:02x}" for r, g, b in at])
        return {"colors": found}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    studio: Studio
    page: Path

    def log_message(self, *_: Any) -> None:
        """Nothing: tests read the output."""

    def do_GET(self) -> None:  # noqa: N802
        self._answer("GET")

    def do_POST(self) -> None:  # noqa: N802
        self._answer("POST")

    def do_PUT(self) -> None:  # noqa: N802
        self._answer("PUT")

    def do_DELETE(self) -> None:  # noqa: N802
        self._answer("DELETE")

    def _answer(self, method: str) -> None:
        url = urlsplit(self.path)
        self.query = {key: values[0] for key, values in parse_qs(url.query).items()}
        self.body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        try:
            if not url.path.startswith("/api/v1/"):
                return self._static(url.path)
            if url.path != "/api/v1/token" and self.headers.get("Authorization") != f"Bearer {self.studio.token}":
                raise Refusal(HTTPStatus.UNAUTHORIZED, "the token is missing or wrong")
            for verb, pattern, handle in ROUTES:
                match = re.fullmatch(pattern, unquote(url.path[len("/api/v1") :]))
                if match and verb == method:
                    return handle(self, *match.groups())
            raise Refusal(HTTPStatus.NOT_FOUND, f"there is no {method} {url.path}")
        except Refusal as refusal:
            self._send(json.dumps(refusal.body).encode(), "application/json", refusal.status)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    def _static(self, path: str) -> None:
        file = self.page / ("index.html" if path == "/" else path.removeprefix("/page/"))
        if not file.resolve().is_relative_to(self.page.resolve()) or not file.is_file():
            raise Refusal(HTTPStatus.NOT_FOUND, f"there is no {path}")
        self._send(file.read_bytes(), TYPES[file.suffix])

    def _send(self, data: bytes, type: str, status: int = 200, **headers: str) -> None:
        self.send_response(status)
        self._headers(type, {"Content-Length": str(len(data)), **headers})
        self.wfile.write(data)

    def _headers(self, type: str, more: dict[str, str]) -> None:
        common = {
            "Content-Type": type, "Content-Security-Policy": CSP, "Cross-Origin-Opener-Policy": "same-origin",
            "Cross-Origin-Embedder-Policy": "require-corp", "Cross-Origin-Resource-Policy": "same-origin",
            "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cache-Control": "no-store",
        }  # fmt: skip
        for name, value in {**common, **more}.items():
            self.send_header(name, value)
        self.end_headers()

    def json(self, value: Any, status: int = 200) -> None:
        self._send(json.dumps(value).encode(), "application/json", status)

    def data(self) -> Any:
        return json.loads(self.body)

    def picture(self, picture: np.ndarray) -> None:
        self._send(png(reduced(picture, int(self.query.get("side", 10**6)))), "image/png")

    def token(self) -> None:
        if self.studio.code is None or self.data()["code"] != self.studio.code:
            raise Refusal(HTTPStatus.UNAUTHORIZED, "this address was opened before; open the one that mangastyle app has printed")
        self.studio.code = None
        self.json({"token": self.studio.token})

    def status(self) -> None:
        seconds = time.monotonic() - self.studio.started
        self.json(
            {
                "version": "mock",
                "protocol": 1,
                "models": "ready",
                "seconds": seconds,
                "error": None,
                "session": self.studio.last,
                "open": None,
            }
        )

    def samples(self) -> None:
        self.json([{"name": "figure", "kind": "line art"}, {"name": "portrait", "kind": "color"}])

    def sample(self, name: str) -> None:
        self.picture(draw_sample(name))

    def paintings(self) -> None:
        entries = self.studio.paintings.items()
        self.json([{"id": id, "name": name, "width": p.shape[1], "height": p.shape[0]} for id, (name, p) in entries])

    def painting(self, id: str) -> None:
        self.picture(self.studio.paintings[id][1])

    def add_painting(self) -> None:
        picture, id = decode(self.body), secrets.token_hex(8)
        self.studio.paintings[id] = self.query.get("name", "painting"), picture
        self.json({"id": id, "name": self.query.get("name"), "width": picture.shape[1], "height": picture.shape[0]}, 201)

    def new_session(self) -> None:
        studio, type = self.studio, self.headers.get("Content-Type", "")
        if type == "application/zip":
            session = studio.open("project", draw_sample("figure"))
            session.state, session.state_revision = json.loads(self.body)["state"], 1
        elif type == "application/json":
            session = self._session_of(self.data())
        else:
            session = studio.open(self.query.get("name", "picture"), decode(self.body))
        self.json(session.describe(), 201)

    def _session_of(self, request: dict[str, str]) -> Session:
        if "sample" in request:
            return self.studio.open(request["sample"], draw_sample(request["sample"]))
        entry = self.studio.folder[request["folder"]]
        if entry["session"] is None:
            entry.update(session=self.studio.open(entry["name"], entry["picture"], request["folder"]).id, state="open")
        return self.studio.session(entry["session"])

    def list_sessions(self) -> None:
        kept = [
            {"id": one.id, "name": one.name, "saved": 1e12, "bytes": 10**6, "drawn": True, "open": one.streams > 0}
            for one in self.studio.sessions.values()
        ]
        self.json(kept[::-1])

    def small(self, id: str) -> None:
        self.picture(reduced(self.studio.session(id).original, 160))

    def delete(self, id: str) -> None:
        self.studio.session(id)
        del self.studio.sessions[id]
        self._send(b"", "text/plain", 204)

    def get_session(self, id: str) -> None:
        self.json(self.studio.session(id).describe())

    def put_state(self, id: str) -> None:
        session, request = self.studio.session(id), self.data()
        if request["revision"] <= session.state_revision:
            raise Refusal(HTTPStatus.CONFLICT, "was changed elsewhere", revision=session.state_revision)
        session.state, session.state_revision = request["state"], request["revision"]
        self.json({})

    def put_line_art(self, id: str) -> None:
        self.studio.session(id).line_art = self.data()["line_art"]
        self.json({})

    def layer(self, id: str, layer: str) -> None:
        session, size = self.studio.session(id), self.query.get("size", "full")
        if layer == "labels":
            return self._send(session.labels[size].astype("<u4").tobytes(), "application/octet-stream")
        self.picture(session.picture(layer, size))

    def add_reference(self, id: str) -> None:
        reference = secrets.token_hex(8)
        self.studio.session(id).references[reference] = decode(self.body)
        self.json({"id": reference}, 201)

    def reference(self, id: str, reference: str) -> None:
        self.picture(self.studio.session(id).references[reference])

    def palette(self, id: str) -> None:
        picture = self.studio.session(id).references[self.data()["reference"]]
        pixels = cv2.resize(picture, (48, 48), interpolation=cv2.INTER_AREA).reshape(-1, 3).astype(np.float32)
        _, _, centers = cv2.kmeans(pixels, 8, None, (cv2.TERM_CRITERIA_EPS, 10, 1.0), 1, cv2.KMEANS_PP_CENTERS)
        self.json({"colors": [f"#{r:02x}{g:02x}{b:02x}" for r, g, b in centers.astype(int)]})

    def cancel(self, id: str) -> None:
        self.studio.session(id).cancelled.add(self.data()["kind"])
        self.json({"cancelled": 1})

    def command(self, id: str) -> None:
        name = self.studio.session(id).name
        request = self.data()
        lines = [f"mangastyle shade {name} --hint {name}-hint.json --shading {request['shade']['settings']['shading']}"]
        chosen = [one["id"] for one in (request["style"] or {}).get("paintings", ())]
        paintings = {f"{self.studio.paintings[id][0]}-painting.png": id for id in chosen}
        if paintings:
            lines.append(f"mangastyle style {name}-shaded.png --style {' '.join(map(shlex.quote, paintings))}")
        self.json({"commands": lines, "paintings": paintings})

    def download(self, id: str, download: str) -> None:
        name, data = self.studio.session(id).downloads[download]
        self._send(data, "application/octet-stream", **{"Content-Disposition": f'attachment; filename="{name}"'})

    def get_folder(self) -> None:
        entries = self.studio.folder.items()
        self.json(
            {
                "dropped": True,
                "pictures": [{"id": id, **{key: entry[key] for key in ("name", "session", "state")}} for id, entry in entries],
            }
        )

    def add_to_folder(self) -> None:
        id = secrets.token_hex(8)
        entry = {"name": self.query["name"], "session": None, "state": "new", "picture": decode(self.body)}
        self.studio.folder[id] = entry
        self.json({"id": id, "name": entry["name"], "session": None, "state": "new"}, 201)

    def clear_folder(self) -> None:
        self.studio.folder.clear()
        self._send(b"", "text/plain", 204)

    def folder_picture(self, id: str) -> None:
        self.picture(self.studio.folder[id]["picture"])

    def events(self, id: str) -> None:
        session = self.studio.session(id)
        sent = int(self.headers.get("Last-Event-ID") or len(session.events))
        self.send_response(200)
        self._headers("text/event-stream", {"Connection": "close"})
        self.close_connection = True
        self.wfile.write(b": hello\n\n")
        once = "once" in self.query
        session.streams += not once
        try:
            self._stream(session, sent, once)
        finally:
            session.streams -= not once

    def _stream(self, session: Session, sent: int, once: bool) -> None:
        while not session.closed:
            with session.changed:
                if len(session.events) <= sent and not once:
                    session.changed.wait(timeout=0.5)
                news = session.events[sent:]
            blocks = [f"id: {number}\nevent: {name}\ndata: {json.dumps(data)}\n\n" for number, name, data in news] or [": ping\n\n"]
            self.wfile.write("".join(blocks).encode())
            self.wfile.flush()
            sent += len(news)
            if once:
                return

    def job(self, id: str, kind: str) -> None:
        session = self.studio.session(id)
        self.json(getattr(self.studio, kind)(session, self.data()))

    def apply(self) -> None:
        self.json(self.studio.apply(self.data()))


ID = "([0-9a-f]{16})"
ROUTES: list[tuple[str, str, Callable[..., None]]] = [
    ("POST", "/token", Handler.token),
    ("GET", "/status", Handler.status),
    ("GET", "/samples", Handler.samples),
    ("GET", "/samples/([^/]+)", Handler.sample),
    ("GET", "/paintings", Handler.paintings),
    ("GET", f"/paintings/{ID}", Handler.painting),
    ("POST", "/paintings", Handler.add_painting),
    ("GET", "/sessions", Handler.list_sessions),
    ("POST", "/sessions", Handler.new_session),
    ("GET", f"/sessions/{ID}/small", Handler.small),
    ("DELETE", f"/sessions/{ID}", Handler.delete),
    ("GET", f"/sessions/{ID}", Handler.get_session),
    ("PUT", f"/sessions/{ID}/state", Handler.put_state),
    ("PUT", f"/sessions/{ID}/line-art", Handler.put_line_art),
    ("GET", f"/sessions/{ID}/pictures/([a-z]+)", Handler.layer),
    ("POST", f"/sessions/{ID}/references", Handler.add_reference),
    ("GET", f"/sessions/{ID}/references/{ID}", Handler.reference),
    ("POST", f"/sessions/{ID}/palette", Handler.palette),
    ("POST", f"/sessions/{ID}/cancel", Handler.cancel),
    ("POST", f"/sessions/{ID}/command", Handler.command),
    ("GET", f"/sessions/{ID}/downloads/{ID}", Handler.download),
    ("GET", f"/sessions/{ID}/events", Handler.events),
    ("POST", f"/sessions/{ID}/(shade|style|export|suggest)", Handler.job),
    ("GET", "/folder", Handler.get_folder),
    ("POST", "/folder", Handler.add_to_folder),
    ("DELETE", "/folder", Handler.clear_folder),
    ("GET", f"/folder/{ID}", Handler.folder_picture),
    ("POST", "/folder/apply", Handler.apply),
]


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A browser that closes a connection is no error."""


def serve(port: int = 0, page: Path = PAGE, delay: float = 0.08, studio: Studio | None = None) -> tuple[Server, Studio, str]:
    """A server that runs in a thread, what it holds, and the address to open. `studio` is that of a server that ended before."""
    studio = studio or Studio(delay)
    handler = type("PageHandler", (Handler,), {"studio": studio, "page": page})
    server = Server(("127.0.0.1", port), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server, studio, f"http://127.0.0.1:{server.server_port}/#token={studio.token}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--page", type=Path, default=PAGE)
    parser.add_argument("--delay", type=float, default=0.08)
    options = parser.parse_args()
    print(serve(options.port, options.page, options.delay)[2], flush=True)
    threading.Event().wait()


if __name__ == "__main__":
    main()
