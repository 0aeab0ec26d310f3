"""Does the service stand many clients, some of them hostile, for minutes: how fast, and in how much memory?

    pip install -e .[app]
    python benchmarks/serve.py --minutes 5 --out serve

It starts `mangastyle app --serve` in a process of its own, on this machine. Clients send pictures of mixed sizes to all addresses, as fast
as they get answers; after a 429 they wait as long as they are told. One request in a hundred is hostile. Exit code 1 if there is any
answer but 200, 429 and other refusals of the 4xx kind, if a hostile request is served, or if memory grows after the warm-up.
"""

from __future__ import annotations

import argparse
import asyncio
import collections
import contextlib
import itertools
import json
import os
import random
import re
import secrets
import socket
import struct
import subprocess
import sys
import time
import zlib
from pathlib import Path
from typing import Any, Callable, Iterator, NamedTuple

import numpy as np
import recording

from mangastyle.app.encoding import png
from mangastyle.io.files import write_json
from mangastyle.ops import pixels
from mangastyle.synthetic import characters, paintings

HOST = "127.0.0.1"
SIDES = (128, 256, 384, 512, 768)  # short sides of the pictures, in pixels
BOUNDARY = "mangastyle-benchmark"
PATIENCE = 600.0  # seconds that a client waits for an answer
START = 300.0  # seconds that the service may take to be ready
SAMPLING = 1.0  # seconds between two looks at the memory
WARM_UP = 0.2  # share of the time after which memory should no longer grow
WINDOW = 0.1  # share of the time over which memory is averaged, after the warm-up and at the end
FLAT = 0.05  # by how much memory may grow between
HUNG_UP = "hung up"  # the outcome where the server closes the connection, or the client does
SLOW = 5.0  # seconds for which a hostile client sends byte by byte


class Request(NamedTuple):
    """What is sent: its address, its bytes, and how.

    more : bytes that follow one by one, a second apart; then the connection is closed. half : whether no more is sent and the connection
    closed for writing, though the body is not complete.
    """

    address: str
    data: bytes
    more: int = 0
    half: bool = False


class Outcome(NamedTuple):
    """A request, when it was sent, how many seconds it took, and its status; for one that is hostile, its kind."""

    address: str
    at: float
    seconds: float
    status: int | str
    hostile: str


class Load:
    """The requests of the clients, made before.

    Parameters
    ----------
    address : str
        Of the service, without http://.
    token : str
    sides : sequence of int
        Short sides of the pictures.
    """

    def __init__(self, address: str, token: str, sides: tuple[int, ...]) -> None:
        self.address, self.token = address, token
        painted = [png(paintings.paint(painter, seed, 300, 400)) for seed, painter in enumerate(("brush", "wash"))]
        self.usual: list[tuple[float, Request]] = []
        for side in sides:
            drawn = characters.character(side, side)
            color = png(pixels.resize(drawn.rgb, side, round(side * 1.25)))
            line = png(np.repeat(pixels.resize(drawn.line, side, round(side * 1.25))[..., None], 3, 2))
            hint = json.dumps({"points": [{"x": side // 2, "y": side // 2, "color": "#ffcc99"}]}).encode()
            painting = painted[side % 2]
            small = str(min(side, 256)).encode()
            self.usual += [
                (3, self.post("/shade", line)),
                (3, self.post("/shade?shading=cel&variant=1", color)),
                (2, self.form("/shade", picture=line, hint=hint)),
                (3, self.form("/style", picture=color, style=painting, method=b"onepass", size=b"0")),
                (1, self.form("/style", picture=color, style=painting, polish_iterations=b"2", size=small)),
                (1, self.form("/run", picture=color, style=painting, method=b"onepass", size=small)),
            ]
        self.usual += [(1, self.get("/health")), (1, self.get("/metrics"))]
        self.hostile = itertools.cycle(self.hostile_requests(png(characters.draw(1, 64))).items())

    def head(self, method: str, path: str, **headers: str) -> bytes:
        given = {"Host": self.address, "Connection": "close", "Authorization": f"Bearer {self.token}", **headers}
        lines = [f"{method} {path} HTTP/1.1", *(f"{name.replace('_', '-')}: {value}" for name, value in given.items())]
        return ("\r\n".join(lines) + "\r\n\r\n").encode()

    def get(self, path: str, **headers: str) -> Request:
        return Request(path.partition("?")[0], self.head("GET", path, **headers))

    def post(self, path: str, body: bytes, kind: str = "image/png", **headers: str) -> Request:
        head = self.head("POST", path, **{"Content_Type": kind, "Content_Length": str(len(body)), **headers})
        return Request(path.partition("?")[0], head + body)

    def form(self, path: str, **parts: bytes) -> Request:
        body = b""
        for name, value in parts.items():
            file = f'; filename="{name}"' if name in ("picture", "style", "hint") else ""
            body += f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"{file}\r\n\r\n'.encode() + value + b"\r\n"
        return self.post(path, body + f"--{BOUNDARY}--\r\n".encode(), f"multipart/form-data; boundary={BOUNDARY}")

    def hostile_requests(self, picture: bytes) -> dict[str, Request]:
        """By kind."""
        whole = self.post("/shade", picture)
        return {
            "truncated body": Request("/shade", whole.data[: -len(picture) // 2], half=True),
            "truncated picture": self.post("/shade", picture[: len(picture) // 2]),
            "decompression bomb": self.post("/shade", bomb(60_000)),
            "wrong type": self.post("/shade", picture, "text/html"),
            "compressed body": self.post("/shade", zlib.compress(picture), Content_Encoding="deflate"),
            "not a picture": self.post("/style", secrets.token_bytes(5000)),
            "huge header": self.get("/health", X_Long="x" * 200_000),
            "path traversal": self.get("/shade/../../../etc/passwd"),
            "file of the server": self.post("/shade?hint=/etc/passwd", picture),
            "bad token": Request("/shade", whole.data.replace(self.token.encode(), b"x" * len(self.token))),
            "unknown setting": self.form("/run", picture=picture, weights=b"/etc/passwd"),
            "endless body": self.post("/shade", b"", Content_Length=str(2**40)),
            "slow body": Request("/shade", whole.data[: -len(picture)], more=1),
        }

    def choose(self, chance: random.Random, share: float) -> tuple[Request, str]:
        """The next request, and its kind if it is hostile."""
        if chance.random() < share:
            kind, request = next(self.hostile)
            return request, kind
        weights, requests = zip(*self.usual)
        return chance.choices(requests, weights)[0], ""


def bomb(side: int) -> bytes:
    """A PNG of few bytes that says it has side x side pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(1_000_000))) + chunk(b"IEND", b"")


async def send(port: int, request: Request) -> tuple[int | str, dict[str, str], bytes]:
    """Status, headers and body of the answer."""
    reader, writer = await asyncio.open_connection(HOST, port)
    try:
        with contextlib.suppress(ConnectionError):  # the answer may be there before all is sent
            writer.write(request.data)
            await writer.drain()
            if request.half:
                writer.write_eof()
            if request.more:
                for _ in range(round(SLOW)):
                    writer.write(b"x")
                    await writer.drain()
                    await asyncio.sleep(1)
                return HUNG_UP, {}, b""
        data = await reader.read()
    except ConnectionError:
        return HUNG_UP, {}, b""
    finally:
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()
    head, _, body = data.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    if not data or len(lines[0].split()) < 2:
        return HUNG_UP, {}, b""
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
    return int(lines[0].split()[1]), headers, body


async def client(port: int, load: Load, seed: int, share: float, until: float, outcomes: list[Outcome]) -> None:
    """Send one request after the other."""
    chance, began = random.Random(seed), time.monotonic()
    while (now := time.monotonic()) < until:
        request, hostile = load.choose(chance, share)
        try:
            status, headers, _ = await asyncio.wait_for(send(port, request), PATIENCE)
        except asyncio.TimeoutError:
            status, headers = "no answer", {}
        outcomes.append(Outcome(request.address, now - began, time.monotonic() - now, status, hostile))
        if status == 429:
            await asyncio.sleep(min(float(headers["retry-after"]) * chance.uniform(0.5, 1.5), max(0.0, until - time.monotonic())))


async def watch(port: int, load: Load, until: float, samples: list[tuple[float, float]]) -> None:
    """Note the service's memory, in MB, as its metrics tell it."""
    began = time.monotonic()
    while time.monotonic() < until:
        _, _, text = await send(port, load.get("/metrics"))
        found = re.search(rb"^process_resident_memory_bytes (\S+)$", text, re.MULTILINE)
        if found:
            samples.append((time.monotonic() - began, float(found[1]) / 1e6))
        await asyncio.sleep(SAMPLING)


async def run(port: int, load: Load, clients: int, seconds: float, share: float) -> tuple[list[Outcome], list[tuple[float, float]]]:
    """All clients at once; what came of their requests, and the memory meanwhile."""
    outcomes: list[Outcome] = []
    samples: list[tuple[float, float]] = []
    until = time.monotonic() + seconds
    tasks = [client(port, load, seed, share, until, outcomes) for seed in range(clients)]
    await asyncio.gather(watch(port, load, until, samples), *tasks)
    return outcomes, samples


@contextlib.contextmanager
def serving(token: str, queue: int) -> Iterator[tuple[int, Callable[[], int]]]:
    """A service in a process of its own: its port, and what ends it and returns its exit code."""
    with socket.create_server((HOST, 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "mangastyle", "app", "--serve", "--port", str(port), "--queue", str(queue)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, "MANGASTYLE_TOKEN": token})

    def end() -> int:
        process.terminate()
        return process.wait(timeout=60)

    try:
        assert process.stdout
        if not process.stdout.readline():  # where it serves
            raise SystemExit("the service does not start")
        health = Request("/health", b"GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        until = time.monotonic() + START
        while asyncio.run(send(port, health))[0] != 200:
            if time.monotonic() > until:
                raise SystemExit("the service does not get ready")
            time.sleep(0.2)
        yield port, end
    finally:
        process.kill()
        process.wait()


def memory_growth(samples: list[tuple[float, float]], seconds: float) -> tuple[float, float]:
    """The median memory after the warm-up, and at the end, in MB."""
    after = [mb for at, mb in samples if WARM_UP * seconds <= at < (WARM_UP + WINDOW) * seconds]
    last = [mb for at, mb in samples if at >= (1 - WINDOW) * seconds]
    return (float(np.median(after)), float(np.median(last))) if after and last else (float("nan"), float("nan"))


def wrong(outcome: Outcome) -> bool:
    """Whether an answer is none that it should be."""
    if outcome.hostile:
        return outcome.status != HUNG_UP and not (isinstance(outcome.status, int) and 400 <= outcome.status < 500)
    return outcome.status not in (200, 429)


def report(outcomes: list[Outcome], samples: list[tuple[float, float]], seconds: float) -> dict[str, Any]:
    """Print tables; what they say as JSON."""
    statuses = collections.Counter(str(outcome.status) for outcome in outcomes)
    usual = [outcome for outcome in outcomes if not outcome.hostile]
    print("\n| address | served | 429 | p50 | p95 | a second |\n|---|---:|---:|---:|---:|---:|")
    rows = {}
    for address in sorted({outcome.address for outcome in usual}):
        served = [x.seconds for x in usual if x.address == address and x.status == 200]
        refused = sum(x.address == address and x.status == 429 for x in usual)
        p50, p95 = np.percentile(served, [50, 95]).tolist() if served else (float("nan"),) * 2
        rows[address] = {"served": len(served), "refused": refused, "p50": p50, "p95": p95, "a second": len(served) / seconds}
        print(f"| `{address}` | {len(served)} | {refused} | {p50:.2f} s | {p95:.2f} s | {len(served) / seconds:.2f} |")
    hostile: dict[str, collections.Counter[str]] = collections.defaultdict(collections.Counter)
    for outcome in outcomes:
        if outcome.hostile:
            hostile[outcome.hostile][str(outcome.status)] += 1
    print("\n| hostile request | answers |\n|---|---|")
    for kind, counts in sorted(hostile.items()):
        print(f"| {kind} | {', '.join(f'{count} x {status}' for status, count in counts.items())} |")
    after, last = memory_growth(samples, seconds)
    most = max((mb for _, mb in samples), default=float("nan"))
    print("\n| memory after the warm-up | at the end | grown by | most |\n|---:|---:|---:|---:|")
    print(f"| {after:.0f} MB | {last:.0f} MB | {last / after - 1:+.1%} | {most:.0f} MB |")
    print(f"\n{len(outcomes)} requests: " + ", ".join(f"{count} x {status}" for status, count in statuses.most_common()))
    return {
        "statuses": statuses, "addresses": rows, "hostile": hostile, "memory": {"after warm-up": after, "end": last, "most": most},
        "samples": samples, "wrong": [outcome._asdict() for outcome in outcomes if wrong(outcome)],
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=5.0, help="how long")
    parser.add_argument("--clients", type=int, default=64, help="how many at once")
    parser.add_argument("--queue", type=int, default=16, help="of the service")
    parser.add_argument("--hostile", type=float, default=0.01, help="share of hostile requests")
    parser.add_argument("--quick", action="store_true", help="few clients, small pictures, some seconds, to see that everything runs")
    parser.add_argument("--out", default="serve", help="folder for serve.json")
    recording.add_option(parser)
    options = parser.parse_args()
    if options.quick:
        options.minutes, options.clients, options.queue, options.hostile = 0.2, 6, 2, 0.5
    seconds, token = 60 * options.minutes, secrets.token_urlsafe(16)
    with serving(token, options.queue) as (port, end):
        load = Load(f"{HOST}:{port}", token, (64, 96) if options.quick else SIDES)
        outcomes, samples = asyncio.run(run(port, load, options.clients, seconds, options.hostile))
        code = end()
    found = report(outcomes, samples, seconds)
    write_json(Path(options.out) / "serve.json", {"options": vars(options), **found})
    rows = []
    for address, of in found["addresses"].items():
        for key, unit in (("p50", "s"), ("p95", "s"), ("a second", "")):
            if not np.isnan(of[key]):
                rows.append(recording.row(f"`{address}`, {options.clients} clients: {key}", of[key], unit=unit))
    growth = found["memory"]["end"] / found["memory"]["after warm-up"] - 1
    rows.append(recording.row("memory grew after the warm-up by", 100 * growth, unit="%"))
    rows.append(recording.row("memory at most", found["memory"]["most"], unit="MB"))
    recording.record(options.json, rows, data="drawn pictures, some requests hostile")
    failures = [f"{len(found['wrong'])} wrong answers, such as {found['wrong'][0]}"] if found["wrong"] else []
    if growth > FLAT and not options.quick:
        failures.append(f"memory grew by {growth:.1%} after the warm-up")
    if code:
        failures.append(f"the service ended with exit code {code}")
    if failures:
        raise SystemExit("\n".join(failures))


if __name__ == "__main__":
    main()
