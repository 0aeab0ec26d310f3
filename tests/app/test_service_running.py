"""The service as it runs: the command, the networks that ship, clients over the network, its end."""

from __future__ import annotations

import contextlib
import io
import itertools
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import mangastyle
from mangastyle.app.encoding import png
from mangastyle.io import images
from mangastyle.synthetic.figures import figure

pytest.importorskip("python_multipart")
pytest.importorskip("prometheus_client")
PATIENCE = 300  # seconds
PAGE = Path(__file__).parents[2] / "docs" / "serving.md"
BOUNDARY = "mangastyle-test"


class Running:
    """A service in a process of its own."""

    def __init__(self, folder, *words, **environment):
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.address = f"http://127.0.0.1:{self.port}"
        command = [sys.executable, "-m", "mangastyle", "app", "--serve", "--precision", "float32", "--port", str(self.port), *words]
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=folder, env={**os.environ, **environment}
        )
        line = self.process.stdout.readline()
        assert line == f"mangastyle app: serving at {self.address}\n", (line, self.process.poll())

    def __call__(self, path, body=None, kind="image/png", **headers):
        """Status, headers and body of an answer."""
        request = urllib.request.Request(self.address + path, body, {"Content-Type": kind, **headers} if body else headers)
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
                return answer.status, answer.headers, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.headers, error.read()

    def form(self, path, *parts):
        """The same of a form; parts are (name, text or bytes)."""
        lines = b""
        for name, value in parts:
            file = f'; filename="{name}.png"' if isinstance(value, bytes) else ""
            head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"{file}\r\n\r\n'
            lines += head.encode() + (value if isinstance(value, bytes) else value.encode()) + b"\r\n"
        return self(path, lines + f"--{BOUNDARY}--\r\n".encode(), f"multipart/form-data; boundary={BOUNDARY}")

    def wait_until_ready(self):
        until = time.monotonic() + PATIENCE
        while (status := self("/health"))[0] != 200:
            assert status[0] == 503 and json.loads(status[2])["status"] == "loading" and time.monotonic() < until
            time.sleep(0.1)

    def gauge(self, name, **headers):
        return float(re.search(rf"^mangastyle_{name} (\S+)$", self("/metrics", **headers)[2].decode(), re.MULTILINE)[1])

    def wait_for(self, name, value, **headers):
        until = time.monotonic() + PATIENCE
        while self.gauge(name, **headers) != value:
            assert time.monotonic() < until
            time.sleep(0.02)

    def end(self, number):
        """Exit code, what was printed to stderr, and how many seconds it took."""
        began = time.monotonic()
        self.process.send_signal(number)
        _, errors = self.process.communicate(timeout=PATIENCE)
        return self.process.returncode, errors, time.monotonic() - began


@contextlib.contextmanager
def running(folder, *words, **environment):
    """A service that ends with the block, whatever happens in it."""
    service = Running(folder, *words, **environment)
    try:
        yield service
    finally:
        service.process.kill()
        service.process.communicate()


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    with running(tmp_path_factory.mktemp("service")) as service:
        service.wait_until_ready()
        yield service


@pytest.fixture(scope="module")
def line():
    return np.repeat(figure(11, 160, 120).line[..., None], 3, 2)


def decoded(data):
    return np.asarray(Image.open(io.BytesIO(data)))


@pytest.mark.slow
def test_answers_are_what_the_library_makes(service, line):
    status, headers, data = service("/shade?variant=2&ink=0.9", png(line))
    shader = mangastyle.Shader(precision="float32")
    assert status == 200 and headers["content-type"] == "image/png"
    assert np.array_equal(decoded(data), shader(line, variant=2, ink=0.9))

    hint = {"points": [{"x": 60, "y": 40, "color": "#ffcc99"}]}
    status, _, data = service.form("/shade", ("picture", png(line)), ("hint", json.dumps(hint)))
    assert np.array_equal(decoded(data), shader(line, mangastyle.Hint.from_json(hint, line.shape)))

    color, painting = figure(5, 96, 96).rgb, mangastyle.paint("wash", 1, 80, 100)
    reference = shader.reference(color)
    status, _, data = service.form("/shade", ("picture", png(line)), ("reference", png(color)))
    assert np.array_equal(decoded(data), shader(line, reference=reference))

    for strength in (0.3, 0.8):
        form = ("picture", png(color)), ("style", png(painting)), ("method", "onepass"), ("size", "0"), ("strength", str(strength))
        status, _, data = service.form("/style", *form)
        expected = mangastyle.stylize(color, painting, method="onepass", size=0, strength=strength, precision="float32")
        assert status == 200 and np.array_equal(decoded(data), expected)

    status, _, data = service.form("/run", ("picture", png(color)), ("style", png(painting)), ("method", "onepass"), ("size", "64"))
    stages = mangastyle.run(color, painting, method="onepass", size=64, precision="float32")
    archive = zipfile.ZipFile(io.BytesIO(data))
    assert status == 200 and archive.namelist() == ["sketch.png", "hint.png", "shaded.png", "stylized.png"]
    for name in archive.namelist():
        assert np.array_equal(decoded(archive.read(name)), stages.pictures[name.removesuffix(".png")]), name


@pytest.mark.slow
def test_stylizers_of_the_same_settings_paint_by_other_paintings(service):
    """The second request takes the compiled graph of the first, with a painting of its own."""
    color = figure(5, 64, 64).rgb
    for seed in (1, 2):
        painting = mangastyle.paint("brush", seed, 64, 64)
        form = ("picture", png(color)), ("style", png(painting)), ("size", "0"), ("polish_iterations", "2")
        status, _, data = service.form("/style", *form)
        expected = mangastyle.stylize(color, painting, size=0, polish_iterations=2, precision="float32")
        assert status == 200 and np.abs(decoded(data).astype(int) - expected).max() <= 1


@pytest.mark.slow
def test_every_curl_line_of_the_docs(service, line, tmp_path):
    """As it stands there, but for the port, and small sizes where it names none."""
    if not shutil.which("curl"):
        pytest.skip("needs curl")
    images.save(tmp_path / "lineart.png", line)
    images.save(tmp_path / "picture.png", figure(5, 96, 96).rgb)
    for seed, name in enumerate(("painting.jpg", "other.jpg")):
        images.save(tmp_path / name, mangastyle.paint("wash", seed, 80, 100))
    (tmp_path / "strokes.json").write_text('{"lines": [{"points": [[10, 10], [60, 20]], "color": "navy", "width": 8}]}')
    blocks = re.findall(r"^```(\w*)\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    tried = 0
    for (language, code), (_, expected) in itertools.pairwise([*blocks, ("", "")]):
        for command in code.splitlines() if language == "bash" else ():
            if not command.startswith("curl ") or "8745" not in command:
                continue
            shorter = " -F size=64" if re.search(r"8745/(style|run)", command) and "size=" not in command else ""
            words = command.replace("8745", str(service.port)) + f"{shorter} -sS"
            done = subprocess.run(["bash", "-c", words], cwd=tmp_path, capture_output=True, text=True, timeout=PATIENCE)
            assert done.returncode == 0 and not done.stderr, (command, done.stderr)
            if out := re.search(r"-o (\S+)", command):
                made = tmp_path / out[1]
                assert zipfile.is_zipfile(made) if made.suffix == ".zip" else decoded(made.read_bytes()).size, made.read_bytes()[:200]
                made.unlink()
            elif not command.endswith("/metrics"):
                assert done.stdout == expected.strip()
            tried += 1
    assert tried >= 12


@pytest.mark.slow
def test_a_damaged_picture_is_one_line(service, line):
    status, _, data = service("/shade", png(line)[:2000])
    assert status == 400 and json.loads(data)["error"].startswith("picture: ")


@pytest.mark.slow
def test_a_client_that_hangs_up_stops_the_work(service):
    color, painting = figure(5, 256, 256).rgb, mangastyle.paint("brush", 1, 64, 64)
    parts = ("picture", png(color)), ("style", png(painting)), ("iterations", "100000")
    threading.Thread(target=lambda: abandoned(service, parts), daemon=True).start()
    service.wait_for("running", 1)
    hang_up.set()
    service.wait_for("running", 0)
    assert 'address="/style",status="499"} 1.0' in service("/metrics")[2].decode()
    assert service("/shade", png(color[:64, :64]))[0] == 200


hang_up = threading.Event()


def abandoned(service, parts):
    """Send a request, and close the connection when told to."""
    body = b"".join(
        f'--x\r\nContent-Disposition: form-data; name="{name}"'.encode()
        + (b'; filename="a.png"\r\n\r\n' + value if isinstance(value, bytes) else b"\r\n\r\n" + value.encode()) + b"\r\n"
        for name, value in parts
    ) + b"--x--\r\n"  # fmt: skip
    head = f"POST /style HTTP/1.1\r\nHost: 127.0.0.1:{service.port}\r\nContent-Type: multipart/form-data; boundary=x\r\n"
    with socket.create_connection(("127.0.0.1", service.port)) as connection:
        connection.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        hang_up.wait(PATIENCE)


@pytest.mark.slow
def test_the_end_finishes_what_runs_and_refuses_what_waits(tmp_path):
    with running(tmp_path, "--token", "a-secret-of-mine") as service:
        service.wait_until_ready()
        bearer = {"Authorization": "Bearer a-secret-of-mine"}
        assert service("/metrics")[0] == service("/shade", b"x")[0] == 401
        color = figure(5, 256, 256).rgb
        answers = {}

        def ask(name):
            answers[name] = service("/run?size=256", png(color), **bearer)

        ask("first")  # compiles
        threads = [threading.Thread(target=ask, args=[name]) for name in ("runs", "waits", "waits, too")]
        for thread in threads:
            thread.start()
            time.sleep(0.05)
        service.wait_for("queue_length", 2, **bearer)
        code, errors, seconds = service.end(signal.SIGTERM)
        for thread in threads:
            thread.join(PATIENCE)
        assert code == 0 and errors == "" and seconds < 30
        assert answers.pop("first")[0] == 200 and sorted(status for status, *_ in answers.values()) == [200, 503, 503]
        refused = next(headers for status, headers, _ in answers.values() if status == 503)
        assert refused["retry-after"] == "5" and refused["connection"] == "close"


def test_a_signal_while_networks_load_ends_it_at_once(tmp_path):
    with running(tmp_path, MANGASTYLE_TOKEN="from-the-environment") as service:
        status, _, data = service("/health")
        assert status == 503 and json.loads(data)["status"] == "loading"
        assert service("/metrics")[0] == 401
        assert service("/metrics", Authorization="Bearer from-the-environment")[0] == 200
        assert service("/shade", b"x", Authorization="Bearer from-the-environment")[0] == 503
        code, errors, seconds = service.end(signal.SIGINT)
        assert code == 0 and errors == "" and seconds < 10
