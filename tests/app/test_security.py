"""What the protocol says of addresses and safety, point by point."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest
from fake_studio import API, HOST, PORT, TOKEN, sent
from starlette.testclient import TestClient

from mangastyle.app import protocol, security
from mangastyle.app.encoding import png
from mangastyle.app.launch import choose_token
from mangastyle.app.server import create_app
from mangastyle.errors import MangastyleError

BEARER = {"Authorization": f"Bearer {TOKEN}"}


def test_everything_below_api_needs_the_token(page):
    for path in ("/status", "/samples", "/sessions/0123456789abcdef", "/nothing"):
        answer = page.http.get(API + path)
        assert sent(answer)[0] == 401 and answer.headers["www-authenticate"] == "Bearer"
    assert page.http.get("/nothing").status_code == 401  # whatever is not the page
    for wrong in ("", TOKEN, f"Bearer {TOKEN}x", f"Bearer {TOKEN[:-1]}", f"Basic {TOKEN}", "Bearer", "Bearer ä".encode()):
        assert page.http.get(f"{API}/status", headers={"Authorization": wrong}).status_code == 401
    assert page.http.get(f"{API}/status?token={TOKEN}").status_code == 401
    assert page.get("/status").status_code == 200


def test_a_code_gives_the_token_once(page):
    http, url = TestClient(create_app(page.studio, HOST, PORT, TOKEN, code="once"), base_url=f"http://{HOST}:{PORT}"), f"{API}/token"
    assert sent(http.post(url, json={"code": "twice"}))[0] == 401 and sent(http.post(url, json={"code": 3}))[0] == 400
    assert http.get(url).status_code == 405 and sent(http.post(f"{url}s", json={"code": "once"}))[0] == 401
    assert sent(http.post(url, json={"code": "once"}, headers={"Origin": "http://evil.example"}))[0] == 403
    answer = http.post(url, json={"code": "once"})
    assert answer.json() == {"token": TOKEN} and answer.headers["cache-control"] == "no-store"
    assert sent(http.post(url, json={"code": "once"}))[0] == 401
    assert sent(page.http.post(url, json={"code": "none"}))[0] == 401  # a server that opens no browser has none


def test_the_page_needs_no_token(page, tmp_path):
    assert page.http.get("/").status_code == 200
    assert page.http.get("/page/main.js").headers["content-type"].startswith("text/javascript")


@pytest.mark.parametrize(
    "host", ["evil.example:8745", "127.0.0.1", "127.0.0.1:80", "127.0.0.1:8745.evil.example", "localhost:8746", "192.168.1.2:8745", ""]
)
def test_another_host_is_refused(page, host):
    answer = page.get("/status", headers={"Host": host})
    assert sent(answer)[0] == 403
    assert page.http.get("/", headers={"Host": host}).status_code == 403  # the page, too: it would get the token


@pytest.mark.parametrize("host", ["127.0.0.1:8745", "localhost:8745", "[::1]:8745", "LOCALHOST:8745"])
def test_this_host_is_let_in_by_its_names(page, host):
    assert page.get("/status", headers={"Host": host}).status_code == 200
    assert page.get("/status", headers={"Host": host, "Origin": f"http://{host}"}).status_code == 200


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "https://127.0.0.1:8745", "http://127.0.0.1:8746", "file://", "http://"])
def test_another_origin_is_refused(page, origin):
    assert sent(page.get("/status", headers={"Origin": origin}))[0] == 403
    assert page("OPTIONS", "/status", headers={"Origin": origin, "Access-Control-Request-Method": "GET"}).status_code == 403


def test_a_server_of_all_addresses_goes_by_numbers_alone():
    guard = security.Guard(lambda *_: None, "0.0.0.0", PORT, TOKEN)  # type: ignore[arg-type]
    assert all(guard.is_own(host) for host in ("192.168.1.2:8745", "localhost:8745", "[fe80::1]:8745", "10.0.0.1:9000"))
    assert not any(guard.is_own(host) for host in ("evil.example:8745", "evil.example", ":8745", "192.168.1.2"))
    guard = security.Guard(lambda *_: None, "0.0.0.0", security.WEB_PORT, TOKEN)  # type: ignore[arg-type]
    assert all(guard.is_own(host) for host in ("192.168.1.2", "192.168.1.2:80", "[fe80::1]", "localhost"))
    assert not any(guard.is_own(host) for host in ("evil.example", "evil.example:80", ""))


def test_names_of_hosts_have_no_case():
    guard = security.Guard(lambda *_: None, "MyTablet.local", PORT, TOKEN)  # type: ignore[arg-type]
    assert guard.is_own("mytablet.local:8745") and guard.is_own("MyTablet.local:8745") and not guard.is_own("other.local:8745")


def test_the_headers_of_every_answer(page, line_art):
    session = page.open(line_art)["id"]
    answers = [
        page.http.get("/"), page.http.get("/page/main.js"), page.http.get("/page/none.js"), page.http.get(f"{API}/status"),
        page.get("/status"), page.get("/nothing"), page("PATCH", "/status"), page.get(f"/sessions/{session}/pictures/original"),
        page.get("/status", headers={"Host": "evil.example"}),
    ]  # fmt: skip
    for answer in answers:
        for name, value in security.HEADERS.items():
            assert answer.headers[name] == value
        assert "unsafe" not in answer.headers["content-security-policy"]
        own_files = answer.url.path == "/" or answer.url.path.startswith("/page/")
        assert answer.headers["cache-control"] == ("no-cache" if own_files else "no-store")
        assert not [name for name in answer.headers if name.startswith("access-control")]


def test_nothing_is_listed_and_nothing_outside_the_page_is_read(page):
    outside = (
        "/page/",
        "/page/tools",
        "/page/../server.py",
        "/page/%2e%2e/server.py",
        "/page/..%2fserver.py",
        "/page//etc/passwd",
        "/page/%00",
    )
    for path in outside:
        answer = page.http.get(path)
        assert answer.status_code in (401, 404, 405) and "import" not in answer.text


def test_the_page_has_no_inline_script_or_style(page):
    text = page.http.get("/").text
    assert not re.search(r"<script(?![^>]*\bsrc=)|\bon\w+=|<style|\bstyle=|https?://(?!www\.w3\.org)", text)


@pytest.mark.parametrize("path", ["/sessions", "/paintings", "/folder"])
def test_bodies_of_pictures_are_limited(page, monkeypatch, path):
    monkeypatch.setattr(protocol, "MOST_PICTURE", 1000)
    assert sent(page.upload(path, b"x" * 1001))[0] == 413
    assert sent(page.upload(path, (b"x" * 100 for _ in range(1000))))[0] == 413  # whose length nobody has said
    assert sent(page.upload(path, b""))[0] == 400
    assert sent(page.upload(path, b"no picture"))[0] == 400
    assert sent(page.upload(path, png(np.zeros((9, 9, 3), np.uint8)), "text/html"))[0] == 415


def test_bodies_of_json_are_limited(page, line_art, monkeypatch):
    url = f"/sessions/{page.open(line_art)['id']}/state"

    def put(data, kind="application/json"):
        return page("PUT", url, content=data, headers={"Content-Type": kind})

    assert sent(put(json.dumps({"revision": 1, "state": {}}), "text/plain"))[0] == 415
    assert sent(put(b'{"revision": 1'))[0] == 400
    for number in (b"NaN", b"Infinity", b"-1e999"):  # what could not be sent again
        assert sent(put(b'{"revision": 1, "state": {"a": [%b]}}' % number))[0] == 400
    for levels, status in ((29, 200), (32, 400), (63, 400), (10_000, 400)):
        text = json.dumps({"revision": levels, "state": {"a": 0}}).replace("0}", "[" * levels + "]" * levels + "}")
        assert put(text).status_code == status, levels
    monkeypatch.setattr(protocol, "MOST_JSON", 100)
    assert sent(put(json.dumps({"revision": 9, "state": {"a": "x" * 100}})))[0] == 413
    assert sent(page("PUT", url, content=b"x", headers={"Content-Type": "application/json", "Content-Encoding": "gzip"}))[0] == 415


def test_pictures_are_bounded_before_they_are_decoded(page, monkeypatch):
    monkeypatch.setattr(protocol, "MOST_PIXELS", 100 * 100)
    status, line = sent(page.upload("/sessions", png(np.zeros((101, 100, 3), np.uint8))))
    assert status == 400 and "megapixels" in line


@pytest.mark.parametrize(
    "body",
    [
        {"size": "tiny"}, {"sise": "full"}, [], 3, {"settings": {"gap": 3}}, {"settings": {"shadow": 1}}, {"palette": ["red; x"]},
        {"references": ["../../etc"]}, {"hint": {"strokes": []}}, {"hint": []}, {"settings": {"variant": 1.5}}, {"tag": "x"},
    ],
)  # fmt: skip
def test_bodies_of_another_form_are_refused(page, line_art, body):
    session = page.open(line_art)["id"]
    assert sent(page.post(f"/sessions/{session}/shade", body))[0] == 400


@pytest.mark.parametrize(
    "id", ["0123456789abcdef", "0123", "%2e%2e%2fa", "%2e%2e%2f%2e%2e", "0123456789ABCDEF", "0123456789abcdef.json", "0123456789abcdeg"]
)
def test_identifiers_that_are_none_are_not_found(page, line_art, id):
    session = page.open(line_art)["id"]
    for path in (f"/sessions/{id}", f"/sessions/{session}/references/{id}", f"/paintings/{id}", f"/sessions/{session}/downloads/{id}"):
        assert sent(page.get(path))[0] == 404
    assert sent(page("DELETE", f"/sessions/{id}"))[0] in (404, 405)


def test_methods_that_an_address_does_not_take(page):
    assert sent(page("PUT", "/status"))[0] == 405
    assert sent(page("OPTIONS", "/status"))[0] == 405


def test_no_name_of_a_client_is_one_of_a_file(page, line_art, tmp_path):
    session = page.open(line_art, "../../evil%00%0a.png")
    assert "\n" not in session["name"] and "\0" not in session["name"]
    page.upload("/paintings?name=../../evil.png", png(np.zeros((40, 40, 3), np.uint8)))
    names = [path.name for path in (tmp_path / "data").rglob("*")]
    assert names and not [name for name in names if "evil" in name]
    assert not list(tmp_path.glob("evil*"))


def test_what_is_drawn_is_for_this_user_alone(page, line_art, tmp_path):
    page.put(f"/sessions/{page.open(line_art)['id']}/state", {"revision": 1, "state": {}})
    assert all(path.stat().st_mode & 0o077 == 0 for path in (tmp_path / "data").rglob("*") if path.is_file())
    assert (tmp_path / "data" / "sessions").stat().st_mode & 0o077 == 0


def test_previews_are_limited_in_rate(page, line_art, models):
    models.gate.clear()
    session, other = (page.open(line_art)["id"] for _ in range(2))
    answers = [page.post(f"/sessions/{session}/shade", {}) for _ in range(protocol.PREVIEWS_A_SECOND + 20)]
    refused = [answer for answer in answers if answer.status_code != 202]
    assert refused and all(sent(answer)[0] == 429 and answer.headers["retry-after"] == "1" for answer in refused)
    assert page.post(f"/sessions/{other}/shade", {}).status_code == 202
    assert page.post(f"/sessions/{session}/shade", {"size": "full"}).status_code == 202


def test_a_fault_of_the_program_tells_nothing_of_it(make_page, monkeypatch):
    page = make_page()
    monkeypatch.setattr(type(page.studio), "status", lambda self: 1 / 0)
    page.http.raise_server_exceptions = False
    page.http._transport.raise_server_exceptions = False
    answer = page.get("/status")
    assert sent(answer)[0] == 500 and "division" not in answer.text


def test_websockets_are_refused(page):
    with pytest.raises(Exception), page.http.websocket_connect("/api/v1/status"):  # noqa: B017
        pass


def test_a_host_that_others_can_reach_demands_a_token():
    for host in ("0.0.0.0", "::", "192.168.1.2", "example.org"):
        with pytest.raises(MangastyleError, match="token"):
            choose_token(host, "")
    assert choose_token("0.0.0.0", "secret-token") == "secret-token"
    assert choose_token(HOST, "") != choose_token(HOST, "") and len(choose_token(HOST, "")) >= 43
    for short in ("1234567", "with spaces here", "ümläute-sind-da", "line\nbreak-in-it"):
        with pytest.raises(MangastyleError, match="token"):
            choose_token(HOST, short)
