"""The service's addresses: what they take, what they answer, and what they refuse, in one line each."""

from __future__ import annotations

import asyncio
import io
import json
import re
import socket
import struct
import tempfile
import threading
import time
import zipfile
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import uvicorn
from fake_service import HOST, PATIENCE, PORT, TOKEN, FakeNetworks, client_of, make_service
from PIL import Image
from prometheus_client.parser import text_string_to_metric_families

from mangastyle import __version__
from mangastyle.app import protocol, security
from mangastyle.app.encoding import png
from mangastyle.app.service import settings
from mangastyle.app.service.line import GONE
from mangastyle.app.service.server import create_service
from mangastyle.errors import MangastyleError

pytest.importorskip("python_multipart")
PNG = {"Content-Type": "image/png"}
PAGE = Path(__file__).parents[2] / "docs" / "serving.md"


@pytest.fixture
def networks():
    return FakeNetworks()


@pytest.fixture
def make_client(networks):
    running = []

    def make(token="", host=HOST, **options):
        service = make_service(networks, **options)
        running.append(client := client_of(service, token, host))
        client.service = service
        return client.__enter__()

    yield make
    networks.gate.set()
    for client in running:
        client.__exit__(None, None, None)


@pytest.fixture
def client(make_client):
    return make_client()


@pytest.fixture
def color():
    """A color picture uint8 (40, 48, 3)."""
    return np.random.default_rng(0).integers(0, 255, (40, 48, 3), np.uint8)


@pytest.fixture
def painting():
    return np.full((32, 36, 3), (10, 20, 30), np.uint8)


def sent(answer):
    """Status and line of a refusal; it must be one."""
    body = json.loads(answer.text)
    assert set(body) == {"error"} and body["error"] and "\n" not in body["error"] and "Traceback" not in body["error"], body
    return answer.status_code, body["error"]


def picture_of(answer):
    assert answer.status_code == 200, answer.text
    return np.asarray(Image.open(io.BytesIO(answer.content)))


def post(client, address, picture, **settings):
    return client.post(f"/{address}", content=png(picture), headers=PNG, params=settings)


def form(client, address, texts=None, **files):
    """Send a form with a file, or several, in each field."""
    parts = [(name, (f"{name}.png", data)) for name, given in files.items() for data in (given if isinstance(given, list) else [given])]
    return client.post(f"/{address}", files=parts, data=texts)


def bomb(side):
    """The beginning of a PNG that says it has side x side pixels, and has none."""
    header = b"IHDR" + struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    chunk = struct.pack(">I", 13) + header + struct.pack(">I", zlib.crc32(header))
    data = b"IDAT" + zlib.compress(bytes(1000))
    return b"\x89PNG\r\n\x1a\n" + chunk + struct.pack(">I", len(data) - 4) + data + struct.pack(">I", zlib.crc32(data))


# What is answered


def test_a_picture_by_itself(client, networks, color):
    answer = post(client, "shade", color, ink="0.5", shading="cel", variant="3")
    assert answer.headers["content-type"] == "image/png" and np.array_equal(picture_of(answer), 255 - color)
    call = networks.calls[0]
    assert (call["ink"], call["shading"], call["variant"], call["light"], call["line_art"]) == (0.5, "cel", 3, "left", False)
    assert np.array_equal(call["hint"].rgb, color)  # its own colors


def test_a_form(client, networks, color, painting):
    other = np.full_like(painting, 200)
    texts = {"strength": "0.25", "keep_colors": "true", "method": "onepass", "style_weights": ["1", "3"], "size": "0"}
    answer = form(client, "style", texts, picture=png(color), style=[png(painting), png(other)])
    assert picture_of(answer)[0, 0].tolist() == [10, 20, 30]
    call = networks.calls[0]
    assert [x.tolist() for x in call["styles"]] == [painting.tolist(), other.tolist()]
    expected = {"method": "onepass", "strength": 0.25, "keep_colors": True, "style_weights": (1.0, 3.0), "size": 0, "seed": 0}
    assert {name: call[name] for name in expected} == expected and call["shape"] == (40, 48)


def test_formats(client, color):
    assert form(client, "shade", {"format": "webp"}, picture=png(color)).headers["content-type"] == "image/webp"
    accepted = client.post("/shade", content=png(color), headers={**PNG, "Accept": "image/webp"})
    assert accepted.headers["content-type"] == "image/webp" and np.array_equal(picture_of(accepted), 255 - color)  # without loss
    accepted = client.post("/shade?format=png", content=png(color), headers={**PNG, "Accept": "image/webp"})
    assert accepted.headers["content-type"] == "image/png"


@pytest.mark.parametrize("kind", ["png", "webp"])
def test_transparency_is_kept(client, color, painting, kind):
    alpha = np.full(color.shape[:2], 255, np.uint8)
    alpha[:10] = 0
    data = png(np.dstack([color, alpha]))
    for address, texts in (("shade", {}), ("style", {"size": "0"}), ("run", {"stage": "sketch"})):
        files = {} if address == "shade" else {"style": png(painting)}
        answer = form(client, address, {"format": kind, **texts}, picture=data, **files)
        assert np.array_equal(picture_of(answer)[..., 3], alpha), address


def test_all_stages_in_one_file_or_one_of_them(client, networks, color, painting):
    answer = form(client, "run", {"strength": "0.8", "size": "32", "seed": "5"}, picture=png(color), style=png(painting))
    assert answer.status_code == 200 and answer.headers["content-type"] == "application/zip"
    archive = zipfile.ZipFile(io.BytesIO(answer.content))
    assert archive.namelist() == ["sketch.png", "hint.png", "shaded.png", "stylized.png"]
    assert np.array_equal(np.asarray(Image.open(archive.open("shaded.png"))), 255 - color)
    call = networks.calls[0]
    assert (call["hint"], call["size"], call["seed"], call["look"]["strength"], call["look"]["size"]) == ("own", 32, 5, 0.8, 0)
    assert call["look"]["shape"] == (32, 38) and call["look"]["method"] == "polish"
    one = post(client, "run", color, stage="shaded", method="onepass")
    assert np.array_equal(picture_of(one), 255 - color)
    assert networks.calls[1]["styles"][0][0, 0, 0] == 7  # without a painting, one of our own


def test_hints(client, networks, color):
    strokes = {"points": [{"x": 5, "y": 5, "color": "#ff0000"}], "size": [48, 40]}
    for answer in (
        form(client, "shade", {"hint": json.dumps(strokes)}, picture=png(color)),
        form(client, "shade", picture=png(color), hint=json.dumps(strokes).encode()),
        post(client, "shade", color, hint=json.dumps(strokes)),
    ):
        assert answer.status_code == 200, answer.text
        hint = networks.calls.pop()["hint"]
        assert hint.rgb[5, 5].tolist() == [255, 0, 0] and hint.mask[5, 5] == 1 and hint.mask[30, 30] == 0
    rgba = np.dstack([np.full_like(color, 90), np.zeros(color.shape[:2], np.uint8)])
    rgba[3:6, 3:6, 3] = 255
    assert form(client, "shade", picture=png(color), hint=png(rgba)).status_code == 200
    hint = networks.calls.pop()["hint"]
    assert hint.mask.sum() == 9 and hint.rgb[4, 4].tolist() == [90, 90, 90]
    assert post(client, "shade", color, hint="none").status_code == 200 and networks.calls.pop()["hint"] is None
    assert post(client, "shade", color, hint="simulated", seed=9).status_code == 200 and networks.calls.pop()["hint"].rgb[0, 0, 0] == 9
    assert form(client, "run", {"hint": json.dumps(strokes)}, picture=png(color)).status_code == 200
    assert networks.calls.pop()["hint"].rgb[5, 5].tolist() == [255, 0, 0]


def test_references_and_palettes(client, networks, color):
    other = np.roll(color, 1, 2)
    assert form(client, "shade", picture=png(color), reference=[png(other), png(color)]).status_code == 200
    call = networks.calls.pop()
    assert [x.tolist() for x in call["reference"]] == [other.tolist(), color.tolist()] and call["hint"] is None
    assert client.post("/shade?palette=navy&palette=%23ffcc99", content=png(color), headers=PNG).status_code == 200
    assert networks.calls.pop()["hint"].rgb[0, 0].tolist() == [0, 0, 128]


# What is refused


def test_errors_are_those_of_the_commands(client, networks, color, painting):
    from fake_service import COMMANDS

    for address, name, text, value in (
        ("shade", "ink", "2", 2.0), ("shade", "shading", "sell", "sell"), ("shade", "variant", "1.5", "1.5"),
        ("shade", "gap", "nan", float("nan")),
        ("style", "strength", "-1", -1.0), ("style", "keep_colors", "yes", "yes"), ("style", "method", "onepas", "onepas"),
        ("style", "style_scale", "0", 0.0), ("run", "iterations", "0", 0), ("run", "seed", "x" * 500, "x" * 500),
    ):  # fmt: skip
        with pytest.raises(MangastyleError) as expected:
            COMMANDS[address](**{name: value})
        files = {"style": png(painting)} if address == "style" else {}
        assert sent(form(client, address, {name: text}, picture=png(color), **files)) == (400, str(expected.value))
    assert not networks.calls


@pytest.mark.parametrize(
    ("address", "texts", "part"),
    [
        ("shade", {"inc": "1"}, "did you mean 'ink'"), ("shade", {"strength": "1"}, "unknown setting 'strength'"),
        ("shade", {"ink": ["1", "1"]}, "`ink`: is given 2 times"), ("shade", {"hint": "/etc/passwd"}, "`hint`: '/etc/passwd'"),
        ("shade", {"palette": "nocolor"}, "`palette`"), ("shade", {"palette": "/etc/passwd"}, "`palette`"),
        ("shade", {"palette": "red", "hint": "simulated"}, "a palette decides all colors"), ("shade", {"stage": "hint"}, "unknown setting"),
        ("shade", {"format": "jpg"}, "`format`"), ("shade", {"picture": "a.png"}, "curl -F picture=@FILE"),
        ("style", {"iterations": "5", "method": "onepass"}, "`iterations`: is for method optimize"), ("style", {"hint": "none"}, "hint"),
        ("style", {"style_weights": ["1", "2"]}, "2 weights for 1 painting"), ("style", {"size": "20"}, "`size`"),
        ("style", {"init": "/etc/passwd"}, "`init`"), ("style", {"style": "a.png"}, "curl -F style=@FILE"),
        ("style", {"size": "3000"}, "method polish would paint"), ("style", {"style_scale": "9"}, "method polish would paint"),
        ("style", {"size": "1500", "method": "onepass"}, "limit of 1;"), ("style", {"oversample": "8"}, "optimize would paint"),
        ("run", {"size": "20"}, "`size`: must be 0, or from 32 to"), ("run", {"stage": "all of them"}, "`stage`"),
        ("run", {"hint": "x" * 500}, "`hint`"),
    ],
)  # fmt: skip
def test_settings_that_do_not_suit(client, networks, color, painting, address, texts, part):
    files = {"style": png(painting)} if address == "style" else {}
    status, line = sent(form(client, address, texts, picture=png(color), **files))
    assert status == 400 and part in line and len(line) < 1500 and not networks.calls


@pytest.mark.parametrize(
    "name", ["weights", "onepass_weights", "painters", "backbone", "out", "base", "within", "layers", "inputs", "mask", "force", "config"]
)
def test_no_request_names_a_file_of_the_server(client, color, painting, name):
    for address in ("shade", "style", "run"):
        files = {} if address == "shade" else {"style": png(painting)}
        status, line = sent(form(client, address, {name: "/etc/passwd"}, picture=png(color), **files))
        assert status == 400 and "unknown setting" in line


@pytest.mark.parametrize(
    ("address", "files", "part"),  # a picture that is all right is "."
    [
        ("shade", {"pictur": b"."}, "did you mean 'picture'"), ("shade", {"picture": b".", "style": b"."}, "/shade takes no file 'style'"),
        ("shade", {"hint": b"{}"}, "`picture`: is missing"), ("shade", {"picture": [b".", b"."]}, "`picture`: 2 files; the most is 1"),
        ("style", {"picture": b"."}, "no painting"), ("style", {"picture": b".", "style": [b"."] * 9}, "`style`: 9 files; the most is 8"),
        ("style", {"picture": b".", "style": b".", "reference": b"."}, "/style takes no file"),
        ("shade", {"picture": b".", "reference": b"x"}, "reference: not a picture"),
        ("shade", {"picture": b".", "hint": b'{"points": [{"x": 1}]}'}, "points[0]"),
        ("shade", {"picture": b".", "hint": b"{" * 500}, "hint: "),
        ("shade", {"picture": b".", "hint": png(np.zeros((9, 9, 3), np.uint8))}, "the hint is 9x9 but the picture is 48x40"),
        ("style", {"picture": b".", "style": png(np.zeros((9, 9, 3), np.uint8))}, "style: "),
        ("run", {"picture": b".", "style": b""}, "style: the file is empty"),
    ],
)  # fmt: skip
def test_files_that_do_not_suit(client, networks, color, address, files, part):
    def whole(data):
        return png(color) if data == b"." else data

    given = {name: [whole(x) for x in data] if isinstance(data, list) else whole(data) for name, data in files.items()}
    status, line = sent(form(client, address, None, **given))
    assert status == 400 and part in line and not networks.calls, line


def test_pictures_that_do_not_suit(client, networks, color):
    whole = png(color)
    for data, part in (
        (b"", "empty"), (b"no picture at all", "picture: not a picture"), (bomb(60_000), "megapixels"), (bomb(40), "picture: "),
        (whole[: len(whole) // 2], "picture: "), (png(color[:5]), "picture: "), (b"\x89PNG\r\n\x1a\n", "picture: "),
    ):  # fmt: skip
        status, line = sent(client.post("/shade", content=data, headers=PNG))
        assert status == 400 and part in line, line
    assert not networks.calls


def test_bodies_that_do_not_suit(client, monkeypatch, color):
    assert sent(client.post("/shade", content=png(color), headers={"Content-Type": "text/html"}))[0] == 415
    assert sent(client.post("/shade", content=b"{}", headers={"Content-Type": "application/json"}))[0] == 415
    assert sent(client.post("/shade", content=png(color)))[0] == 415
    assert sent(client.post("/shade", content=png(color), headers={**PNG, "Content-Encoding": "gzip"}))[0] == 415
    for kind in ("multipart/form-data", "multipart/form-data; boundary=x"):
        assert sent(client.post("/shade", content=b"--y\r\nno form", headers={"Content-Type": kind}))[0] == 400
    field = b'--x\r\nContent-Disposition: form-data; name="ink"\r\n\r\n1\r\n--x--\r\n'
    for charset in ("undefined", "zip", "none"):  # the first is no encoding of texts, and fails otherwise than the others
        kind = f"multipart/form-data; boundary=x; charset={charset}"
        assert sent(client.post("/shade", content=field, headers={"Content-Type": kind}))[0] == 400
    monkeypatch.setattr(protocol, "MOST_PICTURE", 1000)
    assert sent(client.post("/shade", content=bytes(1001), headers=PNG))[0] == 413
    assert sent(client.post("/shade", content=(bytes(100) for _ in range(50)), headers=PNG))[0] == 413  # whose length nobody has said
    assert sent(form(client, "shade", picture=bytes(1001)))[0] == 413
    parts = (b"--x\r\nContent-Disposition: form-data; name=picture; filename=a\r\n\r\n", *[bytes(100)] * 50)
    assert sent(client.post("/shade", content=iter(parts), headers={"Content-Type": "multipart/form-data; boundary=x"}))[0] == 413


def test_forms_are_read_in_memory(client, monkeypatch, color):
    def refuse(*given, **options):
        raise AssertionError("a file")

    monkeypatch.setattr(tempfile, "TemporaryFile", refuse)
    large = png(np.random.default_rng(0).integers(0, 255, (900, 1000, 3), np.uint8))
    assert len(large) > 2 * 2**20 and picture_of(form(client, "shade", picture=large)).shape == (900, 1000, 3)


def test_addresses_and_methods(client):
    for path in ("/", "/page/main.js", "/api/v1/status", "/shade/", "/shade/../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "/shade%00"):
        assert sent(client.get(path))[0] in (404, 405), path
    for path in ("/shade", "/style", "/run"):
        assert sent(client.get(path))[0] == 405 and sent(client.put(path))[0] == 405
    assert sent(client.post("/health"))[0] == 405


def test_a_fault_of_the_program_tells_nothing_of_it(client, networks, color):
    networks.failure = ZeroDivisionError("secret")
    status, line = sent(post(client, "shade", color))
    assert status == 500 and "secret" not in line and "division" not in line
    networks.failure = MemoryError()
    assert "not enough memory" in sent(post(client, "shade", color))[1]
    networks.failure = MangastyleError("the hint is wrong")
    assert sent(post(client, "shade", color)) == (400, "the hint is wrong")
    networks.failure = None
    assert post(client, "shade", color).status_code == 200


# Who may come in


def test_without_a_token_only_its_own_host_and_page(client, color):
    assert client.get("/health").status_code == client.get("/metrics").status_code == 200
    for headers in ({"Host": "evil.example:8745"}, {"Host": "192.168.1.2:8745"}, {"Origin": "http://evil.example"}, {"Origin": "null"}):
        assert sent(client.get("/health", headers=headers))[0] == 403
        assert sent(client.post("/shade", content=png(color), headers={**PNG, **headers}))[0] == 403
    assert client.get("/health", headers={"Host": f"localhost:{PORT}"}).status_code == 200


def test_with_a_token_all_but_health_need_it(make_client, color):
    client = make_client(TOKEN, "0.0.0.0")
    right = {"Authorization": f"Bearer {TOKEN}", "Host": "behind.a.proxy.example"}
    assert client.get("/health", headers={"Host": "10.0.0.3"}).status_code == 200
    for wrong in ({}, {"Authorization": f"Bearer {TOKEN}x"}, {"Authorization": TOKEN}, {"Authorization": "Bearer "}):
        for path in ("/metrics", "/nothing"):
            answer = client.get(path, headers=wrong)
            assert sent(answer)[0] == 401 and answer.headers["www-authenticate"] == "Bearer"
        assert sent(client.post("/shade", content=png(color), headers={**PNG, **wrong}))[0] == 401
    assert client.get(f"/metrics?token={TOKEN}").status_code == 401
    assert client.get("/metrics", headers=right).status_code == 200 and client.get("/nothing", headers=right).status_code == 404
    assert client.post("/shade", content=png(color), headers={**PNG, **right}).status_code == 200


def test_the_headers_of_every_answer(make_client, color):
    client = make_client(TOKEN)
    right = {"Authorization": f"Bearer {TOKEN}"}
    for answer in (
        client.get("/health"), client.get("/metrics"), client.get("/metrics", headers=right), client.get("/none", headers=right),
        client.post("/shade", content=png(color), headers={**PNG, **right}), client.post("/shade", headers=right),
    ):  # fmt: skip
        assert all(answer.headers[name] == value for name, value in security.HEADERS.items())
        assert answer.headers["cache-control"] == "no-store" and "server" not in answer.headers


# Many at once


def wait_until(condition):
    until = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.005)


def gauge(client, name):
    return float(re.search(rf"^mangastyle_{name} (\S+)$", client.get("/metrics").text, re.MULTILINE)[1])


def test_over_the_limit_of_the_queue(make_client, networks, color):
    client = make_client(queue=2)
    networks.gate.clear()
    with ThreadPoolExecutor(3) as pool:
        answers = [pool.submit(post, client, "shade", color) for _ in range(3)]
        wait_until(lambda: gauge(client, "queue_length") == 2 and gauge(client, "running") == 1)
        refused = post(client, "shade", color)
        assert sent(refused)[0] == 429 and 1 <= int(refused.headers["retry-after"]) <= 600
        unread = client.post("/shade", content=b"not even read", headers={"Content-Type": "text/html"})
        assert sent(unread)[0] == 429  # before the body is read
        networks.gate.set()
        assert [answer.result().status_code for answer in answers] == [200] * 3
    assert len(networks.calls) == 3 and gauge(client, "queue_length") == gauge(client, "running") == 0
    assert post(client, "shade", color).status_code == 200


def test_one_after_the_other(client, networks, color):
    inside, most = [], []

    def work(cancel, **call):
        inside.append(threading.current_thread())
        most.append(len(inside))
        time.sleep(0.01)
        inside.pop()

    networks.work = work
    with ThreadPoolExecutor(4) as pool:
        answers = [pool.submit(post, client, "shade", color) for _ in range(4)]
        assert {answer.result().status_code for answer in answers} == {200}
    assert most == [1] * 4


def test_without_a_queue_one_is_served(make_client, networks, color):
    client = make_client(queue=0)
    assert post(client, "shade", color).status_code == 200
    networks.gate.clear()
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(post, client, "shade", color)
        assert networks.begun.acquire(timeout=PATIENCE) and networks.begun.acquire(timeout=PATIENCE)
        assert sent(post(client, "shade", color))[0] == 429
        networks.gate.set()
        assert first.result().status_code == 200


def test_what_takes_too_long_is_stopped(make_client, networks, color):
    client = make_client(time_limit=0.1)
    networks.gate.clear()
    status, line = sent(post(client, "shade", color))
    assert status == 422 and "0.1 seconds" in line
    networks.gate.set()
    assert post(client, "shade", color).status_code == 200


def test_bodies_together_are_limited(client, networks, color):
    client.service.budget.most = 2 * len(png(color)) - 1
    networks.gate.clear()
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(post, client, "shade", color)
        assert networks.begun.acquire(timeout=PATIENCE)
        assert gauge(client, "body_bytes") == len(png(color))
        refused = post(client, "shade", color)
        assert sent(refused)[0] == 429 and int(refused.headers["retry-after"]) > 0
        networks.gate.set()
        assert first.result().status_code == 200
    assert gauge(client, "body_bytes") == 0 and post(client, "shade", color).status_code == 200


def test_the_rest_of_a_body_is_read_before_the_answer(client, networks):
    parts = []

    def body():
        for _ in range(5):
            parts.append(1)
            yield bytes(100)

    networks.state = "loading"
    assert sent(client.post("/shade", content=body(), headers=PNG))[0] == 503 and len(parts) == 5


def test_who_is_refused_before_a_large_body_is_read_is_told_why(networks):
    """The whole body is sent first, in one go; a connection that is closed meanwhile would be reset, and the answer lost."""
    with socket.create_server((HOST, 0)) as listening:
        port = listening.getsockname()[1]
        config = uvicorn.Config(create_service(make_service(networks), HOST, port, ""), http="h11", ws="none", log_level="warning")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            wait_until(lambda: server.started)
            body = bytes(20 * 2**20)
            for line, status in ((b"POST /shade HTTP/1.1\r\nContent-Type: text/html", b"415"), (b"POST /nothing HTTP/1.1", b"404")):
                with socket.create_connection((HOST, port), PATIENCE) as connection:
                    head = b"%b\r\nHost: localhost:%d\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % (line, port, len(body))
                    connection.sendall(head + body)
                    assert connection.makefile("rb").readline().split()[1] == status
        finally:
            server.should_exit = True
            thread.join(PATIENCE)


# How it is


def test_health(make_client, networks, color):
    client = make_client()
    assert client.get("/health").json() == {"status": "ready", "version": __version__}
    networks.state = "loading"
    assert client.get("/health").status_code == 503 and client.get("/health").json()["status"] == "loading"
    refused = post(client, "shade", color)
    assert sent(refused)[0] == 503 and int(refused.headers["retry-after"]) > 0
    networks.state, networks.error = "failed", "weights are missing"
    assert client.get("/health").json() == {"status": "failed", "version": __version__, "error": "weights are missing"}
    assert client.get("/health").status_code == 503 and sent(post(client, "shade", color)) == (503, "weights are missing")


@pytest.mark.linux
def test_metrics(client, color, painting):
    for _ in range(3):
        post(client, "shade", color)
    post(client, "shade", color, ink="7")
    form(client, "style", picture=png(color), style=png(painting))
    client.get("/where/ever")
    answer = client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    values = metrics_of(client)
    assert values["mangastyle_requests_total", (("address", "/shade"), ("status", "200"))] == 3
    assert values["mangastyle_requests_total", (("address", "/shade"), ("status", "400"))] == 1
    assert values["mangastyle_requests_total", (("address", "other"), ("status", "404"))] == 1
    assert values["mangastyle_megapixels_total", (("address", "/shade"),)] == pytest.approx(3 * 40 * 48 / 1e6)
    assert values["mangastyle_request_seconds_count", (("address", "/shade"),)] == 3
    assert values["mangastyle_request_seconds_bucket", (("address", "/shade"), ("le", "+Inf"))] == 3
    assert values["mangastyle_request_seconds_sum", (("address", "/shade"),)] > 0
    assert values["mangastyle_models", (("state", "ready"),)] == 1 and values["mangastyle_models", (("state", "loading"),)] == 0
    assert values["mangastyle_queue_limit", ()] == 4 and values["mangastyle_body_bytes", ()] == 0
    assert any(name == "mangastyle_build_info" and ("version", __version__) in labels for name, labels in values)
    if Path("/proc/self/stat").exists():
        assert values["process_resident_memory_bytes", ()] > 1e7
    assert client.get("/metrics", headers={"Accept": "application/openmetrics-text; version=1.0.0"}).text.endswith("# EOF\n")


def metrics_of(client):
    """Values by name and labels, as Prometheus' own reader finds them."""
    families = text_string_to_metric_families(client.get("/metrics").text)
    return {(sample.name, tuple(sorted(sample.labels.items()))): sample.value for family in families for sample in family.samples}


def test_the_page_of_the_docs_names_every_metric_and_setting(client):
    text = PAGE.read_text(encoding="utf-8")
    told = set(re.findall(r"^# TYPE (mangastyle_\S+(?<!_created)) ", client.get("/metrics").text, re.MULTILINE))
    assert set(re.findall(r"`(mangastyle_\w+)", text)) == told
    assert {name for address in ("shade", "run") for name in settings.TAKEN[address]} <= set(re.findall(r"`(\w+)`", text))


def test_a_client_that_has_gone_is_counted(make_client, networks, color):
    """Its answer is never sent; here it is called without a server, which would notice."""
    networks.gate.clear()
    service = make_service(networks)
    app, body = create_service(service, HOST, PORT, ""), png(color)
    headers = [(b"host", f"{HOST}:{PORT}".encode()), (b"content-type", b"image/png")]
    scope = {"type": "http", "method": "POST", "path": "/shade", "raw_path": b"/shade", "query_string": b"", "headers": headers}
    told = []

    async def call():
        ahead = [{"type": "http.request", "body": body, "more_body": False}]

        async def receive():
            if ahead:
                return ahead.pop()
            while service.line.running == 0:
                await asyncio.sleep(0.005)
            return {"type": "http.disconnect"}

        async def send(message):
            told.append(message)

        await app(scope, receive, send)

    service.lane.start()
    try:
        asyncio.run(asyncio.wait_for(call(), PATIENCE))
    finally:
        assert service.lane.close(PATIENCE)  # what ran has been stopped, or the gate would hold it
    assert told[0]["status"] == GONE and f'status="{GONE}"' in service.metrics.text("")[0]
