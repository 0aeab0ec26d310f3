"""Weights files: what is written comes back, nothing else is accepted; where VGG-19 comes from, and its download."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import importlib
import inspect
import io
import json
import os
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import h5py
import keras
import numpy as np
import pytest

from mangastyle import weights
from mangastyle.cli import main
from mangastyle.config import TrainConfig
from mangastyle.errors import MangastyleError
from mangastyle.files import sha256
from mangastyle.shade import infer, networks

TINY = TrainConfig(size=16, width=4, levels=2, precision="float32")


@pytest.fixture
def file(tmp_path):
    """A weights file and its network, with statistics and biases that are not the initial ones."""
    model = networks.generator(TINY)
    random = np.random.default_rng(0)
    for variable in model.variables:
        variable.assign(random.normal(0.5, 0.2, variable.shape))
    weights.save(tmp_path / "net.h5", model, TINY, {"step": 3})
    return tmp_path / "net.h5", model


def test_a_round_trip_is_exact_to_float16_for_kernels_and_to_float32_for_the_rest(file):
    path, model = file
    loaded, config = infer.load_generator(path, "float32")
    assert config == TINY
    for before, after in zip(model.variables, loaded.variables):
        stored = np.float16 if before.ndim > 1 else np.float32
        np.testing.assert_array_equal(after.numpy(), before.numpy().astype(stored).astype(np.float32))
    with h5py.File(path) as stored:
        assert json.loads(stored.attrs["extra"]) == {"step": 3}
        assert stored["down1/kernel"].dtype == np.float16 and stored["down1/bias"].dtype == np.float32


def test_nothing_is_pickled_and_nothing_is_left_beside_the_file(file):
    path, _ = file
    assert os.listdir(path.parent) == ["net.h5"]
    with h5py.File(path) as stored:
        stored.visititems(lambda name, item: pytest.fail(name) if isinstance(item, h5py.Dataset) and item.dtype.kind not in "f" else None)
    assert b"numpy.core" not in path.read_bytes() and b"numpy._core" not in path.read_bytes()


def test_damaged_and_foreign_files_are_one_clear_error(file, tmp_path):
    path, _ = file
    whole = path.read_bytes()

    def refused(match):
        with pytest.raises(MangastyleError, match=match) as caught:
            infer.load_generator(path, "float32")
        assert str(path) in str(caught.value) and "\n" not in str(caught.value)

    for cut in (0, 7, 100, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:cut])
        refused("not a weights file, or damaged")
    path.write_bytes(b"no HDF5 at all" * 100)
    refused("not a weights file, or damaged")
    path.unlink()
    with h5py.File(path, "w") as foreign:
        foreign["layer/kernel"] = np.zeros((3, 3))
    refused("not a weights file of a shading network")

    def changed(change):
        path.write_bytes(whole)
        with h5py.File(path, "r+") as stored:
            change(stored)

    changed(lambda f: f.__delitem__("down2/kernel"))
    refused("down2/kernel is missing")
    changed(lambda f: f["down2/bias"].__setitem__(0, np.nan))
    refused("down2/bias holds values that are not numbers")
    changed(lambda f: f.attrs.__setitem__("config", '{"width": '))
    refused("configuration inside cannot be read")
    changed(lambda f: f.attrs.__setitem__("config", '{"wdith": 4}'))
    refused("did you mean 'width'")


@pytest.mark.parametrize("other", [{"width": 8}, {"levels": 3}, {"upsample": "transpose"}, {"model": "baseline"}])
def test_another_networks_weights_are_refused(file, other):
    path, _ = file
    model = networks.build(dataclasses.replace(TINY, **other))[0]
    with pytest.raises(MangastyleError, match="of another network|the network needs"):
        weights.load(path, model)


def test_shipped_files_must_match_the_manifest(file, tmp_path, monkeypatch):
    path, _ = file
    shipped = tmp_path / "shipped"
    shipped.mkdir()
    monkeypatch.setattr(weights, "shipped_folder", lambda: shipped)
    with pytest.raises(MangastyleError, match="no such weights file.*--weights"):
        weights.find("")
    path.rename(shipped / "shade.h5")
    (shipped / "MANIFEST.json").write_text(json.dumps({"shade.h5": {"sha256": sha256(shipped / "shade.h5")}}))
    assert weights.find("") == weights.find("shade") == shipped / "shade.h5"
    data = bytearray((shipped / "shade.h5").read_bytes())
    data[-1] ^= 1
    (shipped / "shade.h5").write_bytes(data)
    for given in ("", "shade", str(shipped / "shade.h5")):
        with pytest.raises(MangastyleError, match="SHA-256"):
            weights.find(given)


def test_a_file_comes_before_a_shipped_one_of_that_name(file, tmp_path, monkeypatch):
    path, _ = file
    monkeypatch.setattr(weights, "shipped_folder", lambda: path.parent)
    monkeypatch.chdir(tmp_path)
    assert weights.find(path.stem) == path
    for missing in ("none", f"folder/{path.stem}"):
        with pytest.raises(MangastyleError, match=f"{missing}: no such weights file"):
            weights.find(missing)
    Path(path.stem).write_bytes(path.read_bytes())
    assert weights.find(path.stem) == Path(path.stem)


def test_a_missing_file_is_named_with_the_cure(tmp_path):
    with pytest.raises(MangastyleError, match="gone.h5: no such weights file; .*best.h5"):
        weights.find(str(tmp_path / "gone.h5"))


def test_a_failed_write_keeps_the_file_that_was_there(file):
    path, model = file
    before = path.read_bytes()

    class Broken:
        variables = [*model.variables, None]

    with pytest.raises(Exception):
        weights.save(path, Broken(), TINY)
    assert path.read_bytes() == before and os.listdir(path.parent) == ["net.h5"]


def test_whatever_ships_is_whole():
    if (weights.shipped_folder() / weights.SHADE).exists():
        model, config = infer.load_generator(weights.find(""), "float32")
        assert model.count_params() > 0 and config.size >= 8


def test_no_path_of_the_training_machine_is_in_the_file(tmp_path):
    secret = dataclasses.replace(TINY, data=("/secret/pictures",), out="/secret/run", cache="/secret/cache", init="/secret/init.h5")
    weights.save(tmp_path / "net.h5", networks.generator(TINY), secret)
    assert b"/secret" not in (tmp_path / "net.h5").read_bytes()
    assert weights.read_config(tmp_path / "net.h5") == TINY


# Where VGG-19 comes from


@pytest.fixture
def home(tmp_path, monkeypatch) -> Path:
    """An empty cache of Keras and an empty folder of shipped files; returns the path of VGG-19 in the first."""
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    (tmp_path / "shipped").mkdir()
    monkeypatch.setattr(weights, "shipped_folder", lambda: tmp_path / "shipped")
    return tmp_path / "keras" / "models" / weights.VGG19


def put(path: Path, content: bytes = b"weights") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def ship(folder: Path, name: str, content: bytes = b"weights") -> Path:
    """A shipped file and its entry in the manifest."""
    path = put(folder / "shipped" / name, content)
    (path.parent / "MANIFEST.json").write_text(json.dumps({name: {"sha256": sha256(path)}}))
    return path


def test_the_cache_is_where_keras_itself_looks(home, monkeypatch):
    assert weights.cache() == home
    monkeypatch.delenv("KERAS_HOME")
    assert weights.cache().parent == Path.home() / ".keras" / "models"
    module = importlib.import_module("keras.src.applications.vgg19")
    assert weights.VGG19_URL == module.WEIGHTS_PATH_NO_TOP
    assert f'file_hash="{weights.VGG19_MD5}"' in inspect.getsource(module)


def test_a_given_file_beats_the_cache_which_beats_the_slim_one(home, tmp_path, capsys):
    slim = ship(tmp_path, weights.SLIM)
    assert weights.find_vgg19("auto") == slim
    out, err = capsys.readouterr()
    assert out == "" and err.count("\n") == 1 and "slim VGG-19" in err
    assert "mangastyle weights get vgg19" in err and "--backbone FILE" in err
    with pytest.raises(MangastyleError, match="the full VGG-19 is not there"):
        weights.find_vgg19("full")
    put(home)
    assert weights.find_vgg19("auto") == weights.find_vgg19("full") == home
    assert weights.find_vgg19("slim") == slim
    mine = put(tmp_path / "mine.h5")
    assert weights.find_vgg19(str(mine)) == mine
    assert capsys.readouterr() == ("", "")


def test_without_weights_the_cure_is_named(home, tmp_path):
    for name in ("auto", "full", "slim"):
        with pytest.raises(MangastyleError, match="--backbone an HDF5 file.*mangastyle weights get vgg19"):
            weights.find_vgg19(name)
    with pytest.raises(MangastyleError, match="gone.h5: no such weights file; --backbone takes auto, full, slim"):
        weights.find_vgg19(str(tmp_path / "gone.h5"))


def test_a_damaged_slim_file_is_refused(home, tmp_path):
    ship(tmp_path, weights.SLIM).write_bytes(b"other")
    for name in ("auto", "slim"):
        with pytest.raises(MangastyleError, match="SHA-256"):
            weights.find_vgg19(name)


def test_nothing_is_downloaded_unasked(home, tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(weights, "download", lambda: asked.append(1) or home)
    slim = ship(tmp_path, weights.SLIM)
    assert weights.find_vgg19("auto") == slim and not asked
    for name in ("auto", "full"):
        assert weights.find_vgg19(name, allow_download=True) == home
    assert len(asked) == 2
    put(home)
    assert weights.find_vgg19("auto", allow_download=True) == home and len(asked) == 2


def test_list_says_what_is_there_and_sound(home, tmp_path, capsys, monkeypatch):
    assert main(["weights"]) == 0
    absent = [line.split()[0] for line in capsys.readouterr().out.splitlines() if "missing" in line]
    assert absent == ["shade", "shade-paper", "baseline", "onepass", "slim", "vgg19"]
    put(tmp_path / "shipped" / weights.SHADE, bytes(2_500_000))
    slim = ship(tmp_path, weights.SLIM)
    put(home, b"published")
    monkeypatch.setattr(weights, "VGG19_MD5", hashlib.md5(b"published").hexdigest())

    def listed() -> list[str]:
        assert main(["weights", "list"]) == 0
        return capsys.readouterr().out.splitlines()

    shade, *_, of_slim, of_vgg19 = listed()
    assert shade.split()[:2] == ["shade", str(tmp_path / "shipped" / weights.SHADE)]
    assert shade.endswith("2.5 MB, not in the manifest")
    assert of_slim.startswith("slim ") and str(slim) in of_slim and of_slim.endswith(", sound")
    assert of_vgg19.startswith("vgg19 ") and str(home) in of_vgg19 and of_vgg19.endswith(", sound")
    slim.write_bytes(b"other")
    home.write_bytes(b"other")
    *_, of_slim, of_vgg19 = listed()
    assert "damaged" in of_slim and "not the file that Keras publishes" in of_vgg19


def test_describe_is_a_command(capsys):
    assert main(["weights", "describe", "--size", "64"]) == 0
    assert "conv5_1 | shape=(1, 4, 4, 512) | weights_shape=(3, 3, 512, 512)" in capsys.readouterr().out.splitlines()


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["lsit"], "action: 'lsit' (did you mean 'list'?) is none of list, get, describe"),
        (["get", "vgg16"], "network: 'vgg16' (did you mean 'vgg19'?) is none of vgg19"),
        (["describe", "--size", "8"], "--size: must be at least 32, not 8"),
    ],
)
def test_mistakes_of_the_command(capsys, argv, message):
    assert main(["weights", *argv]) == 2
    assert capsys.readouterr().err == f"mangastyle: {message}\n"


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
        monkeypatch.setattr(weights, "VGG19_URL", f"http://127.0.0.1:{server.server_port}/{weights.VGG19}")
        monkeypatch.setattr(weights, "VGG19_MD5", hashlib.md5(CONTENT).hexdigest())
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
    assert capsys.readouterr().out == f"{home}: is there already\n"


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
    monkeypatch.setattr(weights, "TIMEOUT", 0.5)
    server.manner, before = manner, settings()
    if manner == "refused":
        with socket.socket() as free:  # bound, but nobody listens
            free.bind(("127.0.0.1", 0))
            monkeypatch.setattr(weights, "VGG19_URL", f"http://127.0.0.1:{free.getsockname()[1]}/{weights.VGG19}")
            assert main(["weights", "get"]) == 2
    else:
        assert main(["weights", "get"]) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.count("\n") == 1
    assert err.startswith(f"mangastyle: {weights.VGG19_URL}: could not be downloaded (") and reason in err
    assert "--backbone FILE" in err and err.count(weights.VGG19_URL) == 1
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


def test_a_terminal_sees_the_progress_bar(server, home):
    leader, follower = pytest.importorskip("pty").openpty()
    out = io.StringIO()
    with open(follower, "w") as terminal, contextlib.redirect_stderr(terminal), contextlib.redirect_stdout(out):
        assert weights.download() == home
    seen = os.read(leader, 100_000).decode()
    os.close(leader)
    assert f"Downloading data from {weights.VGG19_URL}" in seen and "300000/300000" in seen
    assert out.getvalue() == ""
