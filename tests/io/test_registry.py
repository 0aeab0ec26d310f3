"""Where weights come from: what ships, what users name, and VGG-19 with its download."""

from __future__ import annotations

import contextlib
import hashlib
import importlib
import inspect
import io
import json
import logging
import os
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import keras
import numpy as np
import pytest

from mangastyle.cli.main import main
from mangastyle.errors import MangastyleError
from mangastyle.io import registry
from mangastyle.io.files import sha256


def put(path: Path, content: bytes = b"weights") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def ship(folder: Path, name: str, content: bytes = b"weights") -> Path:
    """A shipped file and its entry in the manifest."""
    path = put(folder / "shipped" / registry.SHIPPED[name], content)
    (path.parent / registry.MANIFEST).write_text(json.dumps({path.name: {"sha256": sha256(path)}}))
    return path


@pytest.fixture
def home(tmp_path, monkeypatch) -> Path:
    """An empty cache of Keras and an empty folder of shipped files; returns the path of VGG-19 in the first."""
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    (tmp_path / "shipped").mkdir()
    monkeypatch.setattr(registry, "shipped_folder", lambda: tmp_path / "shipped")
    return tmp_path / "keras" / "models" / registry.VGG19


# What ships


def test_the_shipped_folder_is_in_the_package_or_beside_it_in_a_checkout(tmp_path, monkeypatch):
    monkeypatch.setattr(importlib.resources, "files", lambda name: tmp_path / "place" / name)
    place = tmp_path / "place"
    (place / "mangastyle").mkdir(parents=True)
    put(place / "weights" / registry.MANIFEST)  # another package's, in site-packages
    assert registry.shipped_folder() == place / "mangastyle" / "weights"
    put(place / "pyproject.toml")  # a checkout
    assert registry.shipped_folder() == place / "weights"
    (place / "mangastyle" / "weights").mkdir()  # an installation, even where a project file is
    assert registry.shipped_folder() == place / "mangastyle" / "weights"


def test_shipped_files_must_match_the_manifest(home, tmp_path):
    with pytest.raises(MangastyleError, match="shade.h5: no such weights file; install mangastyle again"):
        registry.find("shade")
    path = ship(tmp_path, "shade")
    assert registry.find("shade") == registry.find(path) == path
    path.write_bytes(b"other")
    for name in ("shade", str(path), path):
        with pytest.raises(MangastyleError, match="damaged: its SHA-256 differs from the manifest's; install mangastyle again"):
            registry.find(name)


def test_a_file_comes_before_a_shipped_one_of_that_name(home, tmp_path, monkeypatch):
    path = ship(tmp_path, "shade")
    monkeypatch.chdir(tmp_path)
    assert registry.find("shade") == path
    put(tmp_path / "shade", b"mine")
    assert registry.find("shade") == Path("shade")


def test_a_missing_file_is_named_with_the_cure(home, tmp_path):
    with pytest.raises(MangastyleError, match="gone.h5: no such weights file; name one that training wrote.* or one that ships: regions, "):
        registry.find(tmp_path / "gone.h5")
    with pytest.raises(MangastyleError, match=r"shade-papr: no such weights file \(did you mean 'shade-paper'\?\); try this$"):
        registry.find("shade-papr", "try this")


# Where VGG-19 comes from


def test_the_cache_is_where_keras_itself_looks(home, monkeypatch):
    assert registry.vgg19_cache() == home
    monkeypatch.delenv("KERAS_HOME")
    assert registry.vgg19_cache().parent == Path.home() / ".keras" / "models"
    module = importlib.import_module("keras.src.applications.vgg19")
    assert registry.VGG19_URL == module.WEIGHTS_PATH_NO_TOP
    assert f'file_hash="{registry.VGG19_MD5}"' in inspect.getsource(module)


def test_a_given_file_beats_the_cache_which_beats_the_slim_one(home, tmp_path, caplog):
    slim = ship(tmp_path, "vgg19-slim")
    registry.remark_on_slim.cache_clear()
    assert registry.find_vgg19("auto") == registry.find_vgg19("auto") == slim
    (remark,) = caplog.records  # once in a process
    assert remark.name == "mangastyle" and remark.levelno == logging.WARNING
    assert "slim VGG-19" in remark.message and "mangastyle weights get vgg19" in remark.message
    with pytest.raises(MangastyleError, match="the full VGG-19 is not there"):
        registry.find_vgg19("full")
    put(home)
    caplog.clear()
    assert registry.find_vgg19("auto") == registry.find_vgg19("full") == home
    assert registry.find_vgg19("slim") == slim
    mine = put(tmp_path / "mine.h5")
    assert registry.find_vgg19(str(mine)) == mine
    assert not caplog.records


def test_without_weights_the_cure_is_named(home, tmp_path):
    for name in ("auto", "slim"):
        with pytest.raises(MangastyleError, match="vgg19-slim.h5: no such weights file; install mangastyle again"):
            registry.find_vgg19(name)
    with pytest.raises(MangastyleError, match="run 'mangastyle weights get vgg19', or give `backbone` an HDF5 file"):
        registry.find_vgg19("full")
    with pytest.raises(MangastyleError, match="gone.h5: no such weights file; `backbone` takes auto, full, slim, random, or an HDF5 file"):
        registry.find_vgg19(str(tmp_path / "gone.h5"))


def test_a_damaged_slim_file_is_refused(home, tmp_path):
    ship(tmp_path, "vgg19-slim").write_bytes(b"other")
    for name in ("auto", "slim"):
        with pytest.raises(MangastyleError, match="SHA-256"):
            registry.find_vgg19(name)


def test_nothing_is_downloaded_unasked(home, tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(registry, "download_vgg19", lambda: asked.append(1) or home)
    slim = ship(tmp_path, "vgg19-slim")
    assert registry.find_vgg19("auto") == slim and not asked
    for name in ("auto", "full"):
        assert registry.find_vgg19(name, allow_download=True) == home
    assert len(asked) == 2
    put(home)
    assert registry.find_vgg19("auto", allow_download=True) == home and len(asked) == 2


# The download, from a server on this machine

CONTENT = np.random.default_rng(0).bytes(300_000)


class Server(ThreadingHTTPServer):
    """Serves `CONTENT`, or misbehaves as `manner` says."""

    daemon_threads = True
    manner = "right"

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.done = threading.Event()


class Answer(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        if self.server.manner == "silent":
            self.server.done.wait(10)
            return
        self.send_response(404 if self.server.manner == "missing" else 200)
        self.send_header("Content-Length", str(len(CONTENT)))
        self.end_headers()
        if self.server.manner == "wrong":
            self.wfile.write(bytes(len(CONTENT)))
        elif self.server.manner in ("truncated", "stalled"):
            self.wfile.write(CONTENT[:200_000])
            if self.server.manner == "stalled":
                self.server.done.wait(10)
        else:
            self.wfile.write(CONTENT)

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def server(home, monkeypatch):
    with Server() as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}).start()
        monkeypatch.setattr(registry, "VGG19_URL", f"http://127.0.0.1:{server.server_port}/{registry.VGG19}")
        monkeypatch.setattr(registry, "VGG19_MD5", hashlib.md5(CONTENT).hexdigest())
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        yield server
        server.done.set()
        server.shutdown()


def settings() -> tuple:
    return socket.getdefaulttimeout(), keras.config.is_interactive_logging_enabled()


def test_get_downloads_once_and_is_silent_where_nobody_watches(server, home, capsys):
    before = settings()
    assert main(["weights", "get", "vgg19"]) == 0
    assert capsys.readouterr() == (f"{home}: downloaded\n", "")
    assert home.read_bytes() == CONTENT and os.listdir(home.parent) == [home.name]
    assert settings() == before
    server.manner = "missing"
    assert main(["weights", "get"]) == 0
    assert capsys.readouterr().out == f"{home}: exists already\n"


def test_get_replaces_another_file_only_with_force(server, home, capsys):
    put(home, b"converted elsewhere")
    assert main(["weights", "get"]) == 2
    assert "--force" in capsys.readouterr().err and home.read_bytes() == b"converted elsewhere"
    server.manner = "truncated"
    assert main(["weights", "get", "--force"]) == 2
    assert home.read_bytes() == b"converted elsewhere"
    server.manner = "right"
    assert main(["weights", "get", "--force"]) == 0
    assert home.read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("manner", "reason"),
    [
        ("missing", "404"),
        ("wrong", "file hash does not match"),
        ("truncated", "retrieval incomplete"),
        ("silent", "timed out"),
        ("stalled", "timed out"),
        ("refused", "refused"),
    ],
)
def test_a_failed_download_leaves_nothing_and_names_the_cure(server, home, monkeypatch, capsys, manner, reason):
    if manner in ("silent", "stalled"):
        monkeypatch.setattr(registry, "TIMEOUT", 0.5)
    server.manner, before = manner, settings()
    if manner == "refused":
        with socket.socket() as free:  # bound, but nobody listens
            free.bind(("127.0.0.1", 0))
            monkeypatch.setattr(registry, "VGG19_URL", f"http://127.0.0.1:{free.getsockname()[1]}/{registry.VGG19}")
            assert main(["weights", "get"]) == 2
    else:
        assert main(["weights", "get"]) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.count("\n") == 1
    assert err.startswith(f"mangastyle: {registry.VGG19_URL}: could not be downloaded (") and reason in err
    assert "name that file as the backbone" in err and err.count(registry.VGG19_URL) == 1
    assert os.listdir(home.parent) == []
    assert settings() == before


def test_an_interrupted_download_leaves_nothing(server, home, monkeypatch, capsys):
    def interrupt(bar: keras.utils.Progbar, current: int, *args: object) -> None:
        if current > 100_000:
            raise KeyboardInterrupt

    before = settings()
    monkeypatch.setattr(keras.utils.Progbar, "update", interrupt)
    assert main(["weights", "get"]) == 130
    assert os.listdir(home.parent) == [] and settings() == before
    assert capsys.readouterr().err.startswith("mangastyle: interrupted")


def test_a_cache_that_cannot_be_written_is_one_line(server, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("KERAS_HOME", str(put(tmp_path / "a file") / "below"))
    assert main(["weights", "get"]) == 2
    err = capsys.readouterr().err
    assert "could not be downloaded" in err and "a file" in err and err.count("\n") == 1


def test_a_terminal_shows_the_progress_bar(server, home):
    leader, follower = pytest.importorskip("pty").openpty()
    out, shown = io.StringIO(), []

    def watch() -> None:
        with contextlib.suppress(OSError):  # the other end was closed
            while piece := os.read(leader, 4096):
                shown.append(piece)

    watcher = threading.Thread(target=watch)
    watcher.start()
    with open(follower, "w") as terminal, contextlib.redirect_stderr(terminal), contextlib.redirect_stdout(out):
        assert registry.download_vgg19() == home
    watcher.join(30)
    os.close(leader)
    text = b"".join(shown).decode()
    assert f"Downloading data from {registry.VGG19_URL}" in text and "300000/300000" in text
    assert out.getvalue() == ""
