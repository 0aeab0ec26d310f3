"""The command `mangastyle app`: its start, its end, its errors; a server that is killed loses nothing."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

import numpy as np
import pytest

from mangastyle.app import launch, protocol
from mangastyle.app.encoding import png
from mangastyle.app.service import launch as service_launch
from mangastyle.cli import app, shade, style
from mangastyle.cli import run as run_command
from mangastyle.cli.main import main
from mangastyle.errors import MangastyleError
from mangastyle.io import images

PATIENCE = 60  # seconds


class Running:
    """A server in a process of its own."""

    def __init__(self, tmp_path, *words):
        command = [sys.executable, "-m", "mangastyle", "app", "--no-browser", "--data", str(tmp_path / "data"), *words]
        self.began = time.monotonic()
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=tmp_path)
        line = self.process.stdout.readline()
        self.seconds = time.monotonic() - self.began
        found = re.fullmatch(r"mangastyle app: (http://127\.0\.0\.1:(\d+)/)#token=(\S+)\n", line)
        assert found, (line, self.process.poll(), self.process.stderr.read() if self.process.poll() is not None else "")
        self.address, self.port, self.token = found[1], int(found[2]), found[3]

    def __call__(self, path, body=None, method=None, kind="application/json", token=None):
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        headers = {"Authorization": f"Bearer {token or self.token}", "Content-Type": kind}
        request = urllib.request.Request(f"{self.address}api/v1{path}", data, headers, method=method)
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            return json.load(answer)

    def wait_for_networks(self):
        until = time.monotonic() + PATIENCE
        while self("/status")["models"] == "loading":
            assert time.monotonic() < until
            time.sleep(0.1)

    def end(self, number):
        """Exit code, what was printed to stderr, and how many seconds it took."""
        began = time.monotonic()
        self.process.send_signal(number)
        _, errors = self.process.communicate(timeout=PATIENCE)
        return self.process.returncode, errors, time.monotonic() - began


@pytest.fixture
def run(tmp_path):
    running = []

    def start(*words):
        running.append(Running(tmp_path, *words))
        return running[-1]

    yield start
    for one in running:
        if one.process.poll() is None:
            one.process.kill()
            one.process.communicate()


def test_it_answers_at_once_and_ends_at_once_while_networks_load(run):
    server = run()
    assert server("/status")["models"] == "loading"
    assert server.token not in json.dumps(server("/status")) and len(server.token) >= 43
    code, errors, seconds = server.end(signal.SIGINT)
    # What is written to stderr while TensorFlow loads is put aside.
    assert code == 130 and seconds < 10
    assert errors in ("", "mangastyle: interrupted; what was finished is kept, and the same command goes on\n")


@pytest.mark.posix
def test_a_killed_server_loses_nothing(run):
    server = run()
    session = server("/sessions?name=girl.png", png(np.full((40, 50, 3), 255, np.uint8)), kind="image/png")["id"]
    server(f"/sessions/{session}/state", {"revision": 3, "state": {"strokes": [1, 2]}}, "PUT")
    assert server.end(signal.SIGKILL)[0] == -signal.SIGKILL
    server = run()
    assert server("/status")["session"] == session
    found = server(f"/sessions/{session}")
    assert (found["name"], found["state"], found["state_revision"]) == ("girl.png", {"strokes": [1, 2]}, 3)


@pytest.mark.slow
def test_work_under_way_and_open_streams_do_not_hold_the_end_up(run, tmp_path):
    rgb = np.random.default_rng(0).integers(0, 255, (600, 700, 3), np.uint8)
    images.save(tmp_path / "picture.png", rgb)
    server = run("picture.png", "--token", "a-secret-of-mine")
    assert server.token == "a-secret-of-mine"
    session = server("/status")["open"]
    server.wait_for_networks()
    painting = server("/paintings")[0]["id"]
    body = {"paintings": [{"id": painting}], "method": "optimize", "of": "original", "size": "full"}
    server(f"/sessions/{session}/style", body)
    headers = {"Authorization": f"Bearer {server.token}"}
    stream = urllib.request.urlopen(urllib.request.Request(f"{server.address}api/v1/sessions/{session}/events", headers=headers))
    assert stream.readline() == b": mangastyle\n"
    time.sleep(3)
    code, errors, seconds = server.end(signal.SIGTERM)
    assert code == 143 and "SIGTERM" in errors and "Traceback" not in errors and "Error" not in errors and seconds < 20


def test_two_servers_take_two_ports(run):
    first, second = run(), run()
    assert first.port != second.port
    with pytest.raises(urllib.error.HTTPError, match="401"):
        second("/status", token=first.token)


def test_ports(monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        number = taken.getsockname()[1]
        with pytest.raises(MangastyleError, match=f"`port`: {number} cannot be used"):
            launch.bind("127.0.0.1", number)
        monkeypatch.setattr(protocol, "PORT", number)
        with launch.bind("127.0.0.1", 0) as found:
            assert number < found.getsockname()[1] <= number + launch.TRIES
    made, make = [], socket.socket
    monkeypatch.setattr(launch.socket, "socket", lambda *family: made.append(family) or make(*family))
    for host in ("192.0.2.1", "a..b", "x" * 300):
        with pytest.raises(MangastyleError, match="`host`"):
            launch.bind(host, 0)
    assert len(made) == 3  # one try each, whatever the port


def test_errors_are_one_line(tmp_path, capsys, monkeypatch):
    data = ["--data", str(tmp_path / "data"), "--no-browser"]
    (tmp_path / "empty").mkdir()
    (tmp_path / "text.png").write_text("no picture")
    for words, part in (
        (["none.png"], "no such file"), (["--host", "0.0.0.0"], "--token"), (["--token", "short"], "--token"),
        (["--port", "70000"], "--port"), ([str(tmp_path / "empty")], "no picture"), ([str(tmp_path / "text.png")], "not a picture"),
        (["--paintings", "none"], "--paintings"),
    ):  # fmt: skip
        assert main(["app", *words, *data]) == 2
        error = capsys.readouterr().err
        assert error.startswith("mangastyle: ") and error.count("\n") == 1 and part in error, (words, error)
    if os.name == "posix" and os.getuid():
        (tmp_path / "data").chmod(0o500)
        assert main(["app", *data]) == 2


@pytest.mark.parametrize("serve", [False, True])
def test_missing_packages_are_named(monkeypatch, serve):
    monkeypatch.setattr(app.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MangastyleError, match="pip install starlette uvicorn") as error:
        app.command(app.Options(serve=serve))
    assert ("python_multipart" in str(error.value)) == serve


def test_the_server_imports_no_tensorflow(tmp_path):
    code = (
        "import sys, mangastyle.app.launch, mangastyle.app.service.launch, mangastyle.cli.run, mangastyle.cli.shade, mangastyle.cli.style; "
        "print([m for m in ('tensorflow', 'keras', 'matplotlib', 'ot', 'skimage') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path)
    assert done.stdout == "[]\n", done.stderr


def test_options_reach_the_server(monkeypatch):
    given = {}
    monkeypatch.setattr(launch, "serve", lambda inputs, **options: given.update(options, inputs=inputs))
    app.command(app.Options(inputs="a.png", port=9000, host="::1", token="12345678", browser=False, data="d", keep=2.5, paintings="p"))
    assert given == {
        "inputs": "a.png", "port": 9000, "host": "::1", "token": "12345678", "browser": False, "data": "d", "paintings": "p",
        "precision": "auto", "keep": 2.5,
    }  # fmt: skip


class Begun:
    """A server that says that it has begun, and ends."""

    def __init__(self, config, begun, ending):
        self.begun = begun

    async def serve(self, sockets):
        self.begun()


def test_the_browser_is_opened_without_the_token(monkeypatch, tmp_path, capsys):
    """Other users can read with which address a program was started."""
    opened = []
    monkeypatch.setattr(launch.webbrowser, "open", opened.append)
    monkeypatch.setattr(launch.uvicorn, "Config", lambda app, **options: None)  # which would reset the logging of all tests
    monkeypatch.setattr(launch, "Server", Begun)
    launch.serve(token="12345678", data=str(tmp_path))
    until = time.monotonic() + PATIENCE
    while not opened and time.monotonic() < until:
        time.sleep(0.01)
    page, _, code = opened[0].partition("#code=")
    assert code and "12345678" not in opened[0] and f"{page}#token=12345678\n" in capsys.readouterr().out


def test_options_reach_the_service(monkeypatch):
    given = {}
    monkeypatch.setattr(service_launch, "serve", lambda commands, **options: given.update(options, commands=commands))
    app.command(
        app.Options(serve=True, port=9000, host="::1", token="12345678", queue=3, time_limit=7.5, max_megapixels=2.5, precision="float32")
    )
    assert given.pop("commands") == {"shade": shade.Options, "style": style.Options, "run": run_command.Options}
    assert given == {
        "port": 9000, "host": "::1", "token": "12345678", "queue": 3, "time_limit": 7.5, "max_pixels": 2_500_000, "precision": "float32",
    }  # fmt: skip


@pytest.mark.parametrize("serve", [False, True])
def test_the_token_may_come_from_the_environment(monkeypatch, serve):
    given = []
    monkeypatch.setattr(service_launch if serve else launch, "serve", lambda *_, token, **options: given.append(token))
    monkeypatch.setenv("MANGASTYLE_TOKEN", "of-the-environment")
    app.command(app.Options(serve=serve))
    app.command(app.Options(serve=serve, token="of-the-command"))
    monkeypatch.delenv("MANGASTYLE_TOKEN")
    app.command(app.Options(serve=serve))
    assert given == ["of-the-environment", "of-the-command", ""]


def test_errors_of_the_service_are_one_line(capsys, monkeypatch):
    monkeypatch.delenv("MANGASTYLE_TOKEN", raising=False)
    for words, part in (
        (["--serve", "--host", "0.0.0.0"], "--token"), (["--serve", "--token", "short"], "--token"),
        (["--serve", "--queue", "-1"], "--queue"), (["--serve", "--time-limit", "0"], "--time-limit"),
        (["--serve", "picture.png"], "inputs: is for the studio, and with --serve"), (["--serve", "--data", "d"], "--data"),
        (["--queue", "3", "--no-browser"], "--queue: is for --serve"), (["--max-megapixels", "3"], "--max-megapixels: is for --serve"),
    ):  # fmt: skip
        assert main(["app", *words]) == 2
        error = capsys.readouterr().err
        assert error.startswith("mangastyle: ") and error.count("\n") == 1 and part in error, (words, error)
