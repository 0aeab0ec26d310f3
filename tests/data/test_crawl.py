"""`mangastyle crawl` against a real HTTP server on this machine that behaves as badly as the real world."""

from __future__ import annotations

import email.utils
import errno
import hashlib
import json
import re
import signal
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from fake_booru import Booru, png, send, serving

from mangastyle import __version__
from mangastyle.cli.main import main
from mangastyle.data import crawl
from mangastyle.io import images
from mangastyle.io.locks import only_process


def status(code: int, **headers: object):
    return lambda handler: send(handler, b"", code, **headers)


def text(body: str):
    return lambda handler: send(handler, body.encode())


def truncated(body: bytes):
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.close_connection = True
        send(handler, body[:-7], Content_Length=len(body))

    return answer


def cut_chunks(body: bytes):
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.close_connection = True
        handler.send_response(200)
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        handler.wfile.write(b"%x\r\n" % len(body) + body[:20])

    return answer


def in_turn(*answers: object):
    """Answer with each in turn, then for ever with the last."""
    left = list(answers)

    def answer(handler: BaseHTTPRequestHandler) -> None:
        body = left.pop(0) if len(left) > 1 else left[0]
        send(handler, body) if isinstance(body, bytes) else body(handler)

    return answer


@pytest.fixture
def booru():
    with serving() as site:
        yield site


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch):
    monkeypatch.setattr(crawl, "BACKOFF", 0.005)


class Clock:
    """In the place of the module `time`: pauses pass at once, and are noted."""

    def __init__(self) -> None:
        self.passed, self.pauses = 0.0, []

    def sleep(self, seconds: float) -> None:
        self.passed += seconds
        self.pauses.append(seconds)

    def monotonic(self) -> float:
        return self.passed

    time = staticmethod(time.time)


@pytest.fixture
def clock(monkeypatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(crawl, "time", clock)
    return clock


@pytest.fixture
def out(tmp_path: Path):
    """The output folder; at the end nothing else may have changed beside it."""
    home = tmp_path / "home"
    home.mkdir()
    (home / "evil.png").write_bytes(b"mine")

    def others() -> dict[Path, bytes]:
        files = (p for p in tmp_path.rglob("*") if p.is_file() and home / "out" not in p.parents)
        return {p: p.read_bytes() for p in files}

    before = others()
    yield home / "out"
    assert others() == before


def arguments(booru: Booru, out: Path, *more: object) -> list[str]:
    fixed = ["crawl", "--site", booru.url, "--out", out, "--rate", 1000, "--retries", 3, "--count", 1000]
    return [str(a) for a in [*fixed, *more]]


def run(booru: Booru, out: Path, *more: object) -> int:
    return main(arguments(booru, out, *more))


def manifest(out: Path) -> dict[int, dict]:
    lines = (out / "manifest.jsonl").read_text().splitlines()
    records = [json.loads(line) for line in lines]
    assert len({r["id"] for r in records}) == len(records)
    return {r["id"]: r for r in records}


def check_whole(booru: Booru, out: Path, numbers: set[int]) -> None:
    """The folder holds exactly these pictures, byte for byte, and the manifest lists exactly these."""
    assert set(manifest(out)) == numbers
    files = {p.name for p in out.iterdir()} - {"manifest.jsonl", "config.json"}
    assert files == {f"{n}.png" for n in numbers}
    for n in numbers:
        assert (out / f"{n}.png").read_bytes() == png(n)


def test_downloads_every_post_once_and_remembers_it(booru, out, capsys):
    for n in range(100, 125):
        booru.add(n)
    assert run(booru, out, "--tags", " 1girl  solo ", "--count", 25) == 0
    check_whole(booru, out, set(range(100, 125)))
    assert manifest(out)[107] == {
        "id": 107, "file": "107.png", "md5": hashlib.md5(png(107)).hexdigest(), "tags": "1girl solo n107",
        "source": "https://artist.example/1", "rating": "general", "width": 12, "height": 9,
        "url": f"{booru.url}/images/7/{107:040x}.png",
    }  # fmt: skip
    assert json.loads((out / "config.json").read_text())["tags"] == " 1girl  solo "
    assert images.load(out / "107.png").rgb.shape == (9, 12, 3)
    assert all(booru.count(n) == 1 for n in range(100, 125))
    first = {key: values[0] for key, values in booru.queries[0].items()}
    asked = {"page": "dapi", "s": "post", "q": "index", "json": "1", "limit": "100", "pid": "0"}
    assert first == {**asked, "tags": "1girl solo -rating:questionable -rating:explicit"}
    assert len(booru.queries) == 3  # enough after the third page: no fourth
    assert len(booru.agents) == 1 and booru.agents.pop().startswith(f"mangastyle/{__version__} ")
    assert capsys.readouterr().out == f"{out}: 25 pictures, 25 of them new\n"


def test_uploads_meanwhile_neither_hide_nor_repeat_posts(booru, out):
    for n in range(100, 125):
        booru.add(n)

    def upload(handler):
        for n in range(900, 907):
            booru.add(n)
        send(handler, png(120))

    booru.files[f"/images/7/{120:040x}.png"] = upload
    assert run(booru, out) == 0
    check_whole(booru, out, set(range(100, 125)))
    assert all(booru.count(n) == 1 for n in range(100, 125))


def test_second_run_continues_and_downloads_nothing_twice(booru, out, capsys):
    for n in range(100, 125):
        booru.add(n)
    assert run(booru, out, "--count", 8) == 0
    check_whole(booru, out, set(range(117, 125)))
    requests = len(booru.hits)
    assert run(booru, out, "--count", 8) == 0
    assert len(booru.hits) == requests  # nothing to do, so nothing is asked
    booru.add(200)
    assert run(booru, out, "--count", 20) == 0
    check_whole(booru, out, {200, *range(106, 125)})
    assert all(booru.count(n) == 1 for n in (200, *range(106, 125)))
    assert "20 pictures, 12 of them new" in capsys.readouterr().out


def test_a_lost_file_is_downloaded_again_and_force_downloads_all(booru, out):
    for n in range(100, 103):
        booru.add(n)
    assert run(booru, out) == 0
    (out / "101.png").unlink()
    assert run(booru, out) == 0
    assert [booru.count(n) for n in (100, 101, 102)] == [1, 2, 1]
    assert (out / "101.png").read_bytes() == png(101)
    assert len(manifest(out)) == 3
    assert run(booru, out, "--force") == 0
    assert [booru.count(n) for n in (100, 101, 102)] == [2, 3, 2]
    check_whole(booru, out, {100, 101, 102})


def test_lines_that_a_killed_run_doubled_are_one_again(booru, out):
    for n in range(100, 103):
        booru.add(n)
    assert run(booru, out) == 0
    path = out / "manifest.jsonl"
    path.write_bytes(path.read_bytes() * 2)  # as a killed run with --force leaves it
    assert run(booru, out) == 0
    check_whole(booru, out, {100, 101, 102})


@pytest.mark.posix
def test_two_runs_in_one_folder_are_refused(booru, out, capsys):
    booru.add(100)
    out.mkdir()
    with only_process(out):
        assert run(booru, out) == 2
    assert f"{out}: another process is at work in this folder" in capsys.readouterr().err
    assert not list(out.iterdir())
    assert run(booru, out) == 0


def test_wrapped_lists_and_empty_pages_by_mistake(booru, out):
    for n in range(100, 103):
        booru.add(n)
    wrapped = json.dumps({"@attributes": {"count": 3}, "post": [booru.posts[102], booru.posts[101]]})
    booru.script = [text(""), text("[]"), text(wrapped), text('{"@attributes": {"count": 3}}'), None]
    assert run(booru, out) == 0
    check_whole(booru, out, {100, 101, 102})


def test_file_address_is_built_where_the_site_gives_none(booru, out):
    booru.add(100, file_url=None)
    booru.add(101, file_url=f"//{urlsplit(booru.url).netloc}/images/7/{101:040x}.png")
    booru.add(102, file_url=f"/images/7/{102:040x}.png")
    booru.add(103, hash=None, md5=hashlib.md5(png(103)).hexdigest().upper())
    booru.add(104, hash=None, width=None, height=None, tags=None, source=None)
    booru.add(105, id="105")
    booru.files["/images/7/7/odd ?&#%41.png"] = booru.add(106, file_url=None, directory="7/7", image="odd ?&#%41.png")
    assert run(booru, out) == 0
    check_whole(booru, out, set(range(100, 107)))
    assert (manifest(out)[104]["width"], manifest(out)[104]["height"]) == (12, 9)


def test_throttling_is_respected(booru, out, capsys, clock):
    def busy(handler):
        send(handler, b"", 503, Retry_After=email.utils.formatdate(time.time() + 300, usegmt=True))

    booru.add(100)
    booru.add(101, body=in_turn(status(429, Retry_After=1), png(101)))
    booru.script = [busy]
    assert run(booru, out) == 0
    check_whole(booru, out, {100, 101})
    first, second = (pause for pause in clock.pauses if pause > 0.5)
    assert 200 < first <= 300 and second == 1
    assert "HTTP 429, trying again in 1.0 s" in capsys.readouterr().err


def test_retry_after_forms():
    assert crawl.retry_after("120") == 120
    assert 85 < crawl.retry_after(email.utils.formatdate(time.time() + 90, usegmt=True)) <= 90
    assert 85 < crawl.retry_after(email.utils.formatdate(time.time() + 90)) <= 90  # "-0000"
    assert crawl.retry_after("Wed, 21 Oct 2015 07:28:00 GMT") == 0
    assert [crawl.retry_after(v) for v in ("", "soon", "-5", "²")] == [0, 0, 0, 0]


def test_backoff_grows_and_is_bounded(monkeypatch):
    monkeypatch.setattr(crawl, "BACKOFF", 1.0)
    for attempt, middle in ((1, 1), (2, 2), (4, 8), (40, crawl.MAX_BACKOFF)):
        pauses = {crawl._backoff(attempt) for _ in range(50)}
        assert len(pauses) > 40 and middle * 0.5 <= min(pauses) and max(pauses) <= middle * 1.5


def test_asked_to_stay_away_for_long_stops_and_keeps(booru, out, capsys):
    booru.add(101)
    booru.add(100, body=status(429, Retry_After=3600))
    assert run(booru, out) == 2
    assert "3600 s; run again after that" in capsys.readouterr().err
    check_whole(booru, out, {101})


@pytest.mark.parametrize(
    "trouble", [status(500), status(502), status(408), truncated(png(101)), cut_chunks(png(101))],
    ids=["500", "502", "408", "truncated", "chunks"],
)  # fmt: skip
def test_passing_trouble_is_tried_again(booru, out, capsys, trouble):
    booru.add(100)
    booru.add(101, body=in_turn(trouble, trouble, png(101)))
    assert run(booru, out) == 0
    check_whole(booru, out, {100, 101})
    assert booru.count(101) == 3
    assert capsys.readouterr().err.count("trying again in") == 2


@pytest.mark.parametrize("trouble", [status(500), truncated(png(101)), cut_chunks(png(101))], ids=["500", "truncated", "chunks"])
def test_lasting_trouble_skips_the_post_until_the_next_run(booru, out, capsys, trouble):
    booru.add(100)
    booru.add(101, body=trouble)
    assert run(booru, out) == 0
    check_whole(booru, out, {100})
    assert booru.count(101) == 3  # --retries 3
    said = capsys.readouterr()
    assert said.err.count("post 101 skipped: ") == 1 and "1 posts skipped" in said.out
    booru.add(101)
    assert run(booru, out) == 0
    check_whole(booru, out, {100, 101})
    assert (booru.count(100), booru.count(101)) == (1, 4)


def test_silence_is_no_answer(booru, out, capsys):
    booru.add(100)
    over = threading.Event()
    booru.add(101, body=lambda handler: over.wait(60))
    assert run(booru, out, "--timeout", 1, "--retries", 2) == 0
    over.set()
    assert "no answer in 1 s, 2 times" in capsys.readouterr().err
    check_whole(booru, out, {100})


@pytest.mark.parametrize(
    ("spoil", "reason", "requests"),
    [
        ({"hash": "0" * 32}, "MD5", 1),
        ({"hash": "\x1b[2Jx"}, "MD5", 1),
        ({"body": b"<html>not found</html>", "hash": None}, "not a picture", 1),
        ({"body": b"", "hash": None}, "empty", 1),
        ({"body": png(101)[:-40], "hash": None}, "damaged", 1),
        ({"body": status(404)}, "HTTP 404", 1),
        ({"body": status(302)}, "HTTP 302", 1),
        ({"body": b"x" * 5001, "hash": None}, "larger than", 1),
        ({"file_url": None, "image": None}, "no file", 0),
        ({"file_url": None, "directory": None}, "no file", 0),
        ({"file_url": 7}, "none of", 0),
        ({"file_url": "http://[half/1.png"}, "no address", 0),
        ({"file_url": "https://x/film.mp4"}, "none of", 0),
    ],
)  # fmt: skip
def test_broken_posts_are_skipped_and_reported_once(booru, out, capsys, monkeypatch, spoil, reason, requests):
    monkeypatch.setattr(crawl, "MAX_BYTES", 5000)
    booru.add(100)
    booru.add(101, **spoil)
    booru.add(102)
    assert run(booru, out) == 0
    check_whole(booru, out, {100, 102})
    said = capsys.readouterr()
    (line,) = [line for line in said.err.splitlines() if line.startswith("mangastyle: post 101 skipped: ")]
    assert reason in line and line.isprintable()
    assert "2 pictures, 2 of them new, 1 posts skipped" in said.out
    assert booru.count(101) == requests


def test_only_safe_ratings_are_taken_whatever_the_site_sends(booru, out, capsys):
    booru.add(100, rating="safe")
    booru.add(101, rating="general")
    others = ["questionable", "explicit", "sensitive", "e", "q", "s", "Safe ", "", None, 1, ["safe"]]
    for n, rating in enumerate(others, 200):
        booru.add(n, rating=rating)
    assert run(booru, out) == 0
    check_whole(booru, out, {100, 101})
    assert sum(path != "/index.php" for _, path in booru.hits) == 2
    assert f"{len(others)} posts not rated safe left out" in capsys.readouterr().out


HOSTILE = (
    "../../evil.png", "..\\..\\evil.png", "/etc/evil.png", "HOME/evil.png", "C:\\evil.png", "a\0b.png", "~/x.png",
    "x" * 5000 + ".png", "\u202egnp.exe.png", ".png", "..png", "con.png", "a\nb.png", "a;$(touch evil).png",
    "%2e%2e%2fevil.png", "\ud800.png", "a.png\0.sh", "x.png/../../../evil.sh",
)  # fmt: skip


@pytest.mark.parametrize("field", ["image", "file_url", "directory"])
def test_hostile_names_never_name_a_path(booru, out, capsys, field):
    class Everything(dict):  # the site serves a picture under whatever name
        def get(self, path, default=None):
            return png(7)

    booru.files = Everything()
    for n, name in enumerate(HOSTILE, 101):
        name = name.replace("HOME", str(out.parent))
        spoil = {
            "image": {"image": name, "file_url": None},
            "file_url": {"file_url": f"{booru.url}/images/{name}"},
            "directory": {"directory": name, "file_url": None},
        }
        booru.add(n, hash=hashlib.md5(png(7)).hexdigest(), **spoil[field])
    assert run(booru, out) == 0
    have = manifest(out)
    assert len(have) >= 8  # the `out` fixture sees to it that nothing was written elsewhere
    assert {p.name for p in out.iterdir()} == {"manifest.jsonl", "config.json"} | {f"{n}.png" for n in have}
    skipped = re.findall(r"post (\d+) skipped", capsys.readouterr().err)
    assert {int(n) for n in skipped} == set(range(101, 101 + len(HOSTILE))) - set(have)


def test_posts_without_a_usable_number_are_passed_over(booru, out):
    booru.add(100)
    numbers = ["../evil", "1/../../evil", -5, 1.5, True, None, [101], "\uff11x", "9" * 400, ""]
    spoilt = [{**booru.posts[100], "id": number} for number in numbers]
    booru.script = [text(json.dumps([*spoilt, "nonsense", 7, None, booru.posts[100]]))]
    assert run(booru, out) == 0
    check_whole(booru, out, {100})


def test_other_schemes_are_refused(booru, out, capsys):
    booru.add(100)
    addresses = (
        "file:///etc/passwd.png", "javascript:alert(1)//.png", "data:image/png;base64,AAAA.png", "ftp://x/y.png",
        "FILE:///etc/x.png", "\tfile:///etc/x.png",
    )  # fmt: skip
    for n, address in enumerate(addresses, 101):
        booru.add(n, file_url=address)
    assert run(booru, out) == 0
    check_whole(booru, out, {100})
    assert capsys.readouterr().err.count(" is no web address") == len(addresses)


def test_redirects_are_followed_to_the_web_only(booru, out, capsys):
    booru.add(100, body=lambda handler: send(handler, b"", 302, Location="/elsewhere"))
    booru.files["/elsewhere"] = png(100)
    for n, target in ((101, "file:///etc/passwd"), (102, "ftp://127.0.0.1/x"), (103, "/loop"), (104, "http://[")):
        booru.add(n, body=lambda handler, target=target: send(handler, b"", 302, Location=target))
    booru.files["/loop"] = lambda handler: send(handler, b"", 302, Location="/loop")
    assert run(booru, out) == 0
    check_whole(booru, out, {100})
    assert capsys.readouterr().err.count(" skipped: ") == 4


def test_rate_holds_over_all_requests(booru, out, clock):
    for n in range(100, 106):
        booru.add(n, body=lambda handler, n=n: send(handler, b"", 302, Location=f"/moved/{n}"))
        booru.files[f"/moved/{n}"] = png(n)
    assert run(booru, out, "--rate", 20, "--count", 6) == 0
    assert len(booru.hits) == 13  # one page, and a redirect and a file for each post
    assert clock.pauses == pytest.approx([0.0, *[1 / 20] * 12])


def test_many_skipped_in_a_row_stop_the_run(booru, out, capsys):
    booru.page = 100
    booru.add(500)
    for n in range(100, 140):
        booru.add(n, body=status(403))
    assert run(booru, out) == 2
    assert "20 posts in a row" in capsys.readouterr().err
    assert sum(booru.count(n) for n in range(100, 140)) == crawl.MAX_SKIPPED
    check_whole(booru, out, {500})
    booru.posts = {n: booru.posts[n] for n in range(100, 130)}
    booru.add(115)
    assert run(booru, out) == 0  # 14 and 15 with a good one between
    check_whole(booru, out, {115, 500})


def test_fewer_pictures_than_asked_for_are_reported(booru, out, capsys):
    booru.add(100)
    assert run(booru, out, "--count", 5) == 0
    assert "has no more posts with these tags, so fewer than the 5 asked for" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (text("<html>Welcome</html>"), "instead of a JSON list of posts"),
        (text('<response success="false" reason="API limited due to abuse."/>'), "API limited due to abuse"),
        (text('"Missing authentication"'), "Missing authentication"),
        (text('{"success": false}'), "instead of a JSON list"),
        (text("[" * 100_000), "instead of a JSON list"),
        (text('[{"tags": "x"}]'), "no id"),
        (status(404), "HTTP 404"),
        (status(500), "HTTP 500, 3 times"),
        (truncated(b"[" + b" " * 50 + b"]"), "3 times"),
        (text("[]"), "--tags: no picture for '1girl solo', check the spelling"),
    ],
)  # fmt: skip
def test_wrong_sites_get_one_clear_line(booru, out, capsys, answer, message):
    booru.script = [answer] * 3
    assert run(booru, out) == 2
    last = capsys.readouterr().err.splitlines()[-1]
    assert last.startswith("mangastyle: ") and message in last and last.isprintable()


def test_unreachable_site(booru, out, capsys):
    booru.server.socket.close()
    assert run(booru, out) == 2
    assert f"{booru.url}: cannot list posts (the connection failed, 3 times)" in capsys.readouterr().err


def test_site_that_ignores_id_is_no_endless_loop(booru, out, capsys):
    booru.add(100)
    booru.add(101)
    same = text(json.dumps([booru.posts[101], booru.posts[100]]))
    booru.script = [same] * 50
    assert run(booru, out) == 2
    assert "does not understand 'id:<100'" in capsys.readouterr().err
    assert len(booru.queries) == 2 and booru.count(100) == 1


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (("--site", "safebooru.org"), "--site"),
        (("--site", "file:///etc"), "--site"),
        (("--tags", "1girl sort:score"), "sort:score"),
        (("--tags", "id:<5"), "id:<5"),
    ],
)
def test_wrong_flags_leave_no_trace(booru, out, capsys, flags, message):
    assert run(booru, out, *flags) == 2
    assert message in capsys.readouterr().err
    assert not out.exists() and not booru.hits


def test_dry_run_lists_and_writes_nothing(booru, out, capsys):
    for n in range(100, 115):
        booru.add(n)
    booru.add(115, rating="explicit")
    booru.add(116, file_url=f"{booru.url}/a b\x1b[2J.png")
    assert run(booru, out, "--dry-run", "--count", 13) == 0
    said = capsys.readouterr()
    expected = [f"{n} {booru.url}/images/7/{n:040x}.png" for n in range(114, 102, -1)]
    assert said.out.splitlines() == [f"116 {booru.url}/a%20b%1B[2J.png", *expected]
    assert not out.exists()
    assert {path for _, path in booru.hits} == {"/index.php"}
    booru.posts.pop(116)
    assert run(booru, out, "--count", 10) == 0
    before = {p: p.stat().st_mtime_ns for p in out.iterdir()}
    capsys.readouterr()
    assert run(booru, out, "--dry-run", "--count", 12) == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == ["104", "103"]
    assert {p: p.stat().st_mtime_ns for p in out.iterdir()} == before


@pytest.mark.posix
def test_half_written_line_and_part_files_of_a_kill_are_mended(booru, out):
    for n in range(100, 104):
        booru.add(n)
    assert run(booru, out, "--count", 2) == 0
    path = out / "manifest.jsonl"
    whole = path.read_bytes()
    path.write_bytes(whole + b'{"id": 101, "file": "10')
    (out / ".101-ab_c1xyz.part.png").write_bytes(b"half")
    (out / "101.png").write_bytes(b"half")
    assert run(booru, out) == 0
    assert path.read_bytes().startswith(whole)
    check_whole(booru, out, set(range(100, 104)))
    assert all(booru.count(n) == 1 for n in range(100, 104))


@pytest.mark.parametrize(("sync", "file"), [(4, "101.png"), (5, "manifest.jsonl")])
def test_full_disk_stops_with_the_file_named(booru, out, capsys, monkeypatch, sync, file):
    for n in range(100, 103):
        booru.add(n)
    syncs = []

    def full(number: int) -> None:
        syncs.append(number)
        if len(syncs) == sync:
            raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(crawl.os, "fsync", full)
        assert run(booru, out) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line == f"mangastyle: {out / file}: cannot write this file (No space left on device)"
    assert run(booru, out) == 0
    check_whole(booru, out, {100, 101, 102})


@pytest.mark.parametrize("line", ["nonsense", "[]", '{"id": 5}', '{"id": [1], "file": "103.png"}'])
def test_damaged_manifest_is_named_not_guessed_at(booru, out, capsys, line):
    booru.add(103)
    assert run(booru, out) == 0
    path = out / "manifest.jsonl"
    damaged = path.read_text() + line + "\n"
    path.write_text(damaged)
    assert run(booru, out) == 2
    assert f"{path}: line 2 is no record" in capsys.readouterr().err
    assert path.read_text() == damaged


def test_a_folder_of_somebody_else_keeps_its_config(booru, out, capsys):
    booru.add(100)
    out.mkdir()
    (out / "config.json").write_text("{}")
    assert run(booru, out) == 2
    assert "config.json: already exists" in capsys.readouterr().err
    assert [p.name for p in out.iterdir()] == ["config.json"] and (out / "config.json").read_text() == "{}"


class Barrier:
    """Serves pictures until so many were asked for, then leaves the next one unanswered."""

    def __init__(self) -> None:
        self.left, self.reached, self.over = 0, threading.Event(), threading.Event()

    def picture(self, data: bytes):
        def answer(handler: BaseHTTPRequestHandler) -> None:
            if self.left:
                self.left -= 1
                return send(handler, data)
            self.reached.set()
            self.over.wait(60)

        return answer


@pytest.fixture
def barrier():
    barrier = Barrier()
    yield barrier
    barrier.over.set()


def start(booru: Booru, out: Path, barrier: Barrier, pictures: int) -> subprocess.Popen:
    """Run the real command line until it has downloaded so many pictures and asks for one more."""
    barrier.left = pictures
    barrier.reached.clear()
    process = subprocess.Popen(
        [sys.executable, "-m", "mangastyle", *arguments(booru, out)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # tests started in the background ignore Ctrl-C
    )  # fmt: skip
    if not barrier.reached.wait(100):
        process.kill()
        raise AssertionError(f"crawl did not come so far: {process.communicate()}")
    return process


@pytest.mark.posix
def test_killed_run_loses_nothing_and_repeats_nothing(booru, out, barrier):
    numbers = set(range(100, 140))
    for n in numbers:
        booru.add(n, body=barrier.picture(png(n)))
    finished: set[int] = set()
    for done in (8, 17, 29):
        process = start(booru, out, barrier, done - len(finished))
        process.send_signal(signal.SIGKILL)
        assert process.wait(60) == -signal.SIGKILL
        process.communicate()
        before, finished = finished, set(manifest(out))
        assert finished >= before and len(finished) == done
        assert all((out / f"{n}.png").read_bytes() == png(n) for n in finished)
    barrier.left = 100
    assert run(booru, out) == 0
    check_whole(booru, out, numbers)
    assert sum(booru.count(n) for n in numbers) == len(numbers) + 3  # the one in flight at each kill


@pytest.mark.posix
def test_interrupt_keeps_what_is_done(booru, out, barrier):
    for n in range(100, 140):
        booru.add(n, body=barrier.picture(png(n)))
    process = start(booru, out, barrier, 9)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert err.splitlines()[-1] == "mangastyle: interrupted; what was finished is kept, and the same command goes on"
    assert len(manifest(out)) == 9
    check_whole(booru, out, set(manifest(out)))
