"""Pictures of manga characters from safebooru.org, the paper's source (section 3): `mangastyle fetch`.

Speaks the Gelbooru 0.2 interface. One request at a time, never faster than asked for, safe rating only.
A folder of pictures holds `manifest.jsonl`, one JSON line for every finished picture; run the same command
again and it goes on from there. One run per folder at a time.

Local file names come from the post's number and a known suffix alone: nothing a site says can name a path.
"""

from __future__ import annotations

import datetime
import email.utils
import functools
import hashlib
import itertools
import json
import os
import random
import re
import sys
import time
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO, Callable, Iterator, NamedTuple
from urllib.parse import quote, unquote, urljoin, urlsplit

import requests
from requests.exceptions import ChunkedEncodingError, ProxyError, SSLError
from tqdm import tqdm

from mangastyle import __version__, images
from mangastyle.config import FetchConfig, save_config
from mangastyle.errors import MangastyleError
from mangastyle.files import atomic, make_folder, refuse_existing

MANIFEST = "manifest.jsonl"
SAFE = ("safe", "general")  # new safe posts are called `general`, old ones kept `safe`
# So neither can be asked for alone. The rating of every post is checked again when it arrives.
ONLY_SAFE = "-rating:questionable -rating:explicit"
PAGE_SIZE = 100  # posts per request, the most the interface gives
MAX_BYTES = 64 << 20  # of one answer
BACKOFF = 1.0  # seconds before the second try; doubles with every further one
MAX_BACKOFF = 60.0
MAX_WAIT = 600.0  # seconds of Retry-After we sit out; if asked for more, we stop and say so
EMPTY_PAGES = 3  # safebooru now and then answers with an empty page by mistake; so many in a row are the end
MAX_SKIPPED = 20  # so many posts skipped in a row are no accident: the site blocks us or is not what we think


class Skip(Exception):
    """What the site has for a post or page cannot be used; the text says why."""


class _TryAgain(Exception):
    """A passing trouble; `wait` is how many seconds the site asks us to stay away."""

    def __init__(self, reason: str, wait: float = 0.0) -> None:
        super().__init__(reason)
        self.wait = wait


class Post(NamedTuple):
    """What we use of a post. `md5` is "" where the site gives none."""

    id: int
    url: str
    suffix: str
    md5: str
    tags: str
    source: str
    rating: str


def command(options: FetchConfig) -> None:
    """Download pictures into `options.out` until it holds `options.count`, or as many as there are.

    Posts that cannot be used get one line each on stderr and are tried again by the next run.
    Raises `MangastyleError` if the site cannot be reached, is no Gelbooru 0.2 site, or has no such picture.
    """
    client = Client(options.site, options.rate, options.retries, options.timeout)
    posts = client.posts(options.tags)
    folder = Path(options.out)
    manifest = folder / MANIFEST
    finished = {} if options.force else read_manifest(manifest)
    if options.dry_run:
        _fetch(options, posts, finished, client.site, lambda post: print(post.id, post.url))
        return
    refuse_existing(folder / "config.json", options.force or manifest.exists())
    mend(manifest)
    save_config(folder, "fetch", options)
    _fetch(options, posts, finished, client.site, functools.partial(_store, client, manifest))


def _fetch(
    options: FetchConfig, posts: Iterator[tuple[int, dict]], finished: dict, site: str, use: Callable[[Post], None]
) -> None:
    """Hand the posts that are safe, whole and not finished to `use`, until there are enough; then sum up."""
    have, skipped, in_a_row, unsafe = len(finished), 0, 0, 0
    seen = set(finished)
    with tqdm(total=options.count, initial=have, unit="picture", disable=options.dry_run or None) as bar:
        for number, raw in posts if have < options.count else ():
            if number in seen:
                continue
            seen.add(number)
            if raw.get("rating") not in SAFE:
                unsafe += 1
                continue
            try:
                use(read_post(number, raw, site))
            except Skip as reason:
                skipped, in_a_row = skipped + 1, in_a_row + 1
                _say(f"post {number} skipped: {reason}")
                if in_a_row == MAX_SKIPPED:
                    raise MangastyleError(
                        f"{site}: {in_a_row} posts in a row could not be used; it may be blocking us, run again later"
                    ) from reason
                continue
            in_a_row = 0
            have += 1
            bar.update()
            if have == options.count:
                break
    notes = [f"{have} pictures", f"{have - len(finished)} of them new"]
    if skipped:
        notes.append(f"{skipped} posts skipped")
    if unsafe:
        notes.append(f"{unsafe} posts not rated safe left out")
    if have < options.count:
        notes.append(f"{site} has no more posts with these tags, so fewer than the {options.count} asked for")
    if not have:
        raise MangastyleError(f"--tags: no picture for {options.tags!r}, check the spelling ({', '.join(notes)})")
    print(f"{options.out}: {', '.join(notes)}", file=sys.stderr if options.dry_run else sys.stdout)


def _store(client: Client, manifest: Path, post: Post) -> None:
    """Download the picture of `post` beside the manifest, and only then add its line there."""
    data = client.get(post.url)
    height, width = check(post, data).rgb.shape[:2]
    file = f"{post.id}{post.suffix}"
    with atomic(manifest.parent / file) as temporary, open(temporary, "wb") as f:
        f.write(data)
        _sync(f)
    record = {
        "id": post.id, "file": file, "md5": hashlib.md5(data).hexdigest(), "tags": post.tags,
        "source": post.source, "rating": post.rating, "width": width, "height": height, "url": post.url,
    }  # fmt: skip
    try:
        with open(manifest, "ab") as f:
            f.write(json.dumps(record).encode() + b"\n")
            _sync(f)
    except OSError as error:
        raise MangastyleError(f"{manifest}: cannot write this file ({error.strerror})") from error


class Client:
    """Polite access to one Gelbooru 0.2 site: paging, retries, and one rate limit over all requests.

    site : address such as https://safebooru.org
    rate : requests per second at most, files and redirects included
    retries : tries per request
    timeout : seconds to wait for an answer
    """

    def __init__(self, site: str, rate: float, retries: int, timeout: float) -> None:
        self.site = site.rstrip("/")
        if not re.match(r"https?://[^/]", self.site):
            raise MangastyleError(f"--site: {site!r} is not an address such as https://safebooru.org")
        self.retries, self.timeout = retries, timeout
        self.session = requests.Session()
        self.session.headers["User-Agent"] = f"mangastyle/{__version__} (fetches pictures to learn manga shading from)"
        throttle = _Throttle(1 / rate)
        self.session.mount("http://", throttle)
        self.session.mount("https://", throttle)

    def posts(self, tags: str) -> Iterator[tuple[int, dict]]:
        """(number, raw post) of all posts with these tags, newest first; `MangastyleError` for tags we must set."""
        for tag in tags.split():
            if tag.lower().startswith(("sort:", "id:<")):
                raise MangastyleError(f"--tags: leave out {tag!r}; posts are always taken newest first")
        return self._walk(" ".join([*tags.split(), ONLY_SAFE]))

    def _walk(self, query: str) -> Iterator[tuple[int, dict]]:
        """Pages are asked for by `id:<LAST`: page numbers shift while people upload, and sites refuse high ones."""
        last, empty = None, 0
        while empty < EMPTY_PAGES:
            if empty:
                time.sleep(_backoff(empty))
            page = self._page(query if last is None else f"{query} id:<{last}")
            if not page:
                empty += 1
                continue
            empty = 0
            numbered = [(number, raw) for raw in page if (number := _number(raw)) is not None]
            if not numbered:
                raise MangastyleError(f"{self.site}: its posts have no id; check --site")
            lowest = min(number for number, _ in numbered)
            if last is not None and lowest >= last:
                raise MangastyleError(f"{self.site}: cannot be walked through, it does not understand 'id:<{last}'")
            yield from numbered
            last = lowest

    def _page(self, query: str) -> list:
        """One page of raw posts; [] at the end."""
        params = {"page": "dapi", "s": "post", "q": "index", "json": 1, "limit": PAGE_SIZE, "pid": 0, "tags": query}
        try:
            body = self.get(f"{self.site}/index.php", params)
        except Skip as reason:
            raise MangastyleError(f"{self.site}: cannot list posts ({reason}); check --site or the network") from reason
        if not body.strip():
            return []
        try:
            answer = json.loads(body)
            if isinstance(answer, dict) and "@attributes" in answer:  # how later versions wrap the list
                answer = answer.get("post", [])
            if not isinstance(answer, list):
                raise ValueError("not a list")
            return answer
        except (ValueError, RecursionError) as error:
            raise MangastyleError(
                f"{self.site}: answered {_short(body.decode(errors='replace'))} instead of a JSON list of posts; "
                "check that --site speaks the Gelbooru 0.2 interface"
            ) from error

    def get(self, url: str, params: dict | None = None) -> bytes:
        """The body behind `url`, complete; passing troubles are waited out, `Skip` if they stay or others come."""
        for attempt in itertools.count(1):
            try:
                return self._get_once(url, params)
            except _TryAgain as trouble:
                if trouble.wait > MAX_WAIT:
                    raise MangastyleError(
                        f"{urlsplit(url).netloc}: asks us to stay away for {trouble.wait:.0f} s; run again after that"
                    ) from trouble
                if attempt == self.retries:
                    raise Skip(f"{trouble}, {attempt} times") from trouble
                pause = max(trouble.wait, _backoff(attempt))
                _say(f"{url}: {trouble}, trying again in {pause:.1f} s")
                time.sleep(pause)

    def _get_once(self, url: str, params: dict | None) -> bytes:
        try:
            with self.session.get(url, params=params, timeout=self.timeout, stream=True) as answer:
                if answer.status_code in (408, 425, 429) or answer.status_code >= 500:
                    raise _TryAgain(f"HTTP {answer.status_code}", retry_after(answer.headers.get("Retry-After", "")))
                if answer.status_code != 200:
                    raise Skip(f"HTTP {answer.status_code}")
                body = bytearray()
                for chunk in answer.iter_content(1 << 16):
                    body += chunk
                    if len(body) > MAX_BYTES:
                        raise Skip(f"larger than {MAX_BYTES / (1 << 20):g} MB")
                promised = answer.headers.get("Content-Length", "")
                # tell() counts the bytes that came over the wire, before any decompression
                if promised.isdecimal() and answer.raw.tell() != int(promised):
                    raise _TryAgain(f"{answer.raw.tell()} of {promised} bytes came")
                return bytes(body)
        except (SSLError, ProxyError) as error:
            raise Skip(_short(error)) from error
        except requests.Timeout as error:
            raise _TryAgain(f"no answer in {self.timeout:g} s") from error
        except ChunkedEncodingError as error:
            raise _TryAgain("the answer broke off") from error
        except requests.ConnectionError as error:
            raise _TryAgain("the connection failed") from error
        except (requests.RequestException, ValueError) as error:  # not an address, redirected to ftp: or for ever ...
            raise Skip(_short(error)) from error


class _Throttle(requests.adapters.HTTPAdapter):
    """Starts requests at least `interval` seconds apart. Every request passes here, redirects too."""

    def __init__(self, interval: float) -> None:
        super().__init__()
        self.interval, self.next = interval, 0.0

    def send(self, *args: Any, **kwargs: Any) -> requests.Response:
        time.sleep(max(0.0, self.next - time.monotonic()))
        self.next = time.monotonic() + self.interval
        return super().send(*args, **kwargs)


def read_post(number: int, raw: dict, site: str) -> Post:
    """Pick what we use from a raw post of the site; `Skip` if there is no picture file to fetch."""
    address, directory, image = raw.get("file_url"), raw.get("directory"), raw.get("image")
    if not address and (directory is None or not image):
        raise Skip("has no file")
    try:
        address = address or f"images/{quote(str(directory))}/{quote(str(image), safe='')}"
        url = requests.utils.requote_uri(urljoin(site + "/", str(address)))
        parts = urlsplit(url)
    except ValueError as error:
        raise Skip(f"{_short(address or image)} is no address") from error
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise Skip(f"{_short(address)} is no web address")
    suffix = PurePosixPath(unquote(parts.path)).suffix.lower()
    if suffix not in images.SUFFIXES:
        raise Skip(f"{_short(address)} is none of {' '.join(images.SUFFIXES)}")
    md5 = str(raw.get("hash") or raw.get("md5") or "").lower()
    return Post(number, url, suffix, md5, str(raw.get("tags") or ""), str(raw.get("source") or ""), raw["rating"])


def check(post: Post, data: bytes) -> images.Picture:
    """The decoded picture, if `data` is the one the post tells of; else `Skip`."""
    if post.md5 and hashlib.md5(data).hexdigest() != post.md5:
        raise Skip(f"{post.url}: its MD5 is not the post's, {_short(post.md5)}")
    try:
        return images.decode(data, post.url)
    except MangastyleError as error:
        raise Skip(str(error)) from error


def read_manifest(path: Path) -> dict[int, dict]:
    """The finished pictures of a manifest by post number, those whose files are still there.

    A last line without its line end, left by a kill, does not count.
    Raises `MangastyleError` for a line that is no record.
    """
    records = {}
    for i, line in enumerate(_whole_lines(path).splitlines(), 1):
        try:
            record = json.loads(line)
            if (path.parent / record["file"]).is_file():
                records[record["id"]] = record
        except (ValueError, TypeError, KeyError) as error:
            raise MangastyleError(f"{path}: line {i} is no record of a picture; remove that line") from error
    return records


def mend(manifest: Path) -> None:
    """Make sure of a sound manifest to append to: what a killed run left half-written in its folder is removed."""
    whole = len(_whole_lines(manifest))
    make_folder(manifest.parent)
    try:
        for part in manifest.parent.glob(".*.part.*"):
            if re.fullmatch(r"\.[0-9]+-\w+\.part\.\w+", part.name):
                part.unlink()
        with open(manifest, "ab") as f:
            f.truncate(whole)
    except OSError as error:
        raise MangastyleError(f"{error.filename}: cannot write this file ({error.strerror})") from error


def _whole_lines(path: Path) -> bytes:
    try:
        content = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return b""
    except OSError as error:
        raise MangastyleError(f"{path}: cannot read this file ({error.strerror})") from error
    return content[: content.rfind(b"\n") + 1]


def retry_after(value: str) -> float:
    """Seconds from now that a Retry-After header asks for, given in seconds or as an HTTP date; 0 if neither."""
    if value.strip().isdecimal():
        return float(value)
    try:
        date = email.utils.parsedate_to_datetime(value)
    except (TypeError, ValueError):
        return 0.0
    if date.tzinfo is None:  # "-0000" means UTC
        date = date.replace(tzinfo=datetime.timezone.utc)
    return max(0.0, date.timestamp() - time.time())


def _backoff(attempt: int) -> float:
    """Seconds to pause after the `attempt`-th failure: doubling, with jitter."""
    return min(MAX_BACKOFF, BACKOFF * 2 ** (attempt - 1)) * random.uniform(0.5, 1.5)


def _number(raw: Any) -> int | None:
    """A post's number, or None if it has no usable one."""
    text = str(raw.get("id")) if isinstance(raw, dict) else ""
    return int(text) if re.fullmatch("[0-9]{1,18}", text) else None


def _say(line: str) -> None:
    """One line on stderr, above the progress bar."""
    tqdm.write(f"mangastyle: {line}", file=sys.stderr)


def _short(text: Any) -> str:
    """Somebody else's text, made fit for one line of ours."""
    return ascii(str(text)[:120])


def _sync(file: BinaryIO) -> None:
    """Have the disk hold what was written, so that even a power cut leaves it."""
    file.flush()
    os.fsync(file.fileno())
