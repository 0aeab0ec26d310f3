"""Downloading pictures of manga characters from safebooru.org, the paper's source (section 3).

The site speaks the Gelbooru 0.2 interface. One request at a time, never faster than asked for, safe rating only.
A folder of pictures holds `manifest.jsonl`, one JSON line for every finished picture, from which a later run continues.
One run per folder at a time: a second one is refused.

Local file names come from the post's number and a known suffix alone: no text from a site can name a path.
"""

from __future__ import annotations

import datetime
import email.utils
import hashlib
import json
import os
import random
import re
import time
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO, Callable, Collection, Iterator, NamedTuple
from urllib.parse import quote, unquote, urljoin, urlsplit

import requests
from requests.adapters import HTTPAdapter
from requests.exceptions import ChunkedEncodingError, ProxyError, SSLError

from mangastyle import __version__
from mangastyle.errors import MangastyleError
from mangastyle.io import images, leftovers
from mangastyle.io.files import atomic, make_folder
from mangastyle.io.formats import SUFFIXES

MANIFEST = "manifest.jsonl"
SAFE = ("safe", "general")  # new safe posts are called `general`, old ones kept `safe`
# So neither can be asked for alone. The rating of every post is checked again when it arrives.
ONLY_SAFE = "-rating:questionable -rating:explicit"
PAGE_SIZE = 100  # posts per request, the most the interface gives
MAX_BYTES = 64 << 20  # size limit of one answer
BACKOFF = 1.0  # seconds before the second try; doubles with every further one
MAX_BACKOFF = 60.0
MAX_WAIT = 600.0  # longest Retry-After, in seconds, that is waited for; a longer one ends the run
EMPTY_PAGES = 3  # safebooru now and then answers with an empty page by mistake; so many in a row are the end
MAX_SKIPPED = 20  # so many posts skipped in a row are no accident: the site blocks us or is not what we think


class Skip(Exception):
    """A post or page cannot be used; the text is the reason."""


class _TryAgain(Exception):
    """A passing error; `wait` is the number of seconds for which the site asks us to stay away."""

    def __init__(self, reason: str, wait: float = 0.0) -> None:
        super().__init__(reason)
        self.wait = wait


class Post(NamedTuple):
    """The fields of a post that we use.

    Attributes
    ----------
    id : int
        Its number.
    url : str
        Address of the picture.
    suffix : str
        Its kind of file, such as ".png".
    md5 : str
        MD5 of the file in hexadecimal digits; "" where the site gives none.
    tags, source, rating : str
        As the site has them.
    """

    id: int
    url: str
    suffix: str
    md5: str
    tags: str
    source: str
    rating: str


class Progress(NamedTuple):
    """One post that was looked at.

    Attributes
    ----------
    number : int
        The post's number.
    pictures : int
        How many pictures there are now.
    skipped : str
        Why the post cannot be used; "" if it can.
    """

    number: int
    pictures: int
    skipped: str


class Summary(NamedTuple):
    """Counts at the end.

    Attributes
    ----------
    pictures, new : int
        Pictures there are, and how many of them are new.
    skipped, unsafe : int
        Posts that could not be used, and posts that are not rated safe.
    """

    pictures: int
    new: int
    skipped: int
    unsafe: int


def collect(
    posts: Iterator[tuple[int, dict]],
    use: Callable[[Post], None],
    count: int,
    site: str,
    finished: Collection[int] = (),
    progress: Callable[[Progress], None] | None = None,
) -> Summary:
    """Hand posts that are safe, complete and not finished to `use`, until there are enough.

    Parameters
    ----------
    posts : iterator of (int, dict)
        Numbers and raw posts, as from `Client.posts`.
    use : callable
        Called with each `Post`, such as `store`; may raise `Skip`.
    count : int
        How many pictures to have in the end, `finished` ones included.
    site : str
        Address that relative addresses of pictures start from.
    finished : collection of int
        Numbers of the pictures that are there already.
    progress : callable, optional
        Called with a `Progress` for every new or skipped picture.

    Returns
    -------
    Summary

    Raises
    ------
    MangastyleError
        If `MAX_SKIPPED` posts in a row cannot be used.
    """
    have, skipped, in_a_row, unsafe = len(finished), 0, 0, 0
    seen = set(finished)
    for number, raw in posts if have < count else ():
        if number in seen:
            continue
        seen.add(number)
        if raw.get("rating") not in SAFE:
            unsafe += 1
            continue
        reason = ""
        try:
            use(read_post(number, raw, site))
            have, in_a_row = have + 1, 0
        except Skip as skip:
            reason, skipped, in_a_row = str(skip), skipped + 1, in_a_row + 1
        if progress:
            progress(Progress(number, have, reason))
        if in_a_row == MAX_SKIPPED:
            raise MangastyleError(f"{site}: {in_a_row} posts in a row could not be used; it may be blocking us, run again later")
        if have == count:
            break
    return Summary(have, have - len(finished), skipped, unsafe)


def store(client: Client, manifest: Path, post: Post) -> None:
    """Download the picture of a post beside the manifest, and only then add its line there.

    Parameters
    ----------
    client : Client
        Access to the site.
    manifest : Path
        The manifest, see `mend`.
    post : Post
        The post.

    Raises
    ------
    Skip
        If the picture cannot be had, or is not the post's.
    MangastyleError
        If the disk refuses.
    """
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

    Parameters
    ----------
    site : str
        Address such as https://safebooru.org.
    rate : float
        Requests per second at most, files and redirects included.
    retries : int
        Tries per request.
    timeout : float
        Seconds to wait for an answer.
    report : callable, optional
        Called with one line of text before each pause.
    """

    def __init__(
        self, site: str, rate: float = 1.0, retries: int = 6, timeout: float = 30.0, report: Callable[[str], None] = lambda line: None
    ) -> None:
        self.site = site.rstrip("/")
        if not re.match(r"https?://[^/]", self.site):
            raise MangastyleError(f"`site`: {site!r} is not an address such as https://safebooru.org")
        self.retries, self.timeout, self.report = retries, timeout, report
        self.session = requests.Session()
        self.session.headers["User-Agent"] = f"mangastyle/{__version__} (downloads pictures to learn manga shading from)"
        throttle = _Throttle(1 / rate)
        self.session.mount("http://", throttle)
        self.session.mount("https://", throttle)

    def posts(self, tags: str) -> Iterator[tuple[int, dict]]:
        """All posts with some tags, newest first.

        Parameters
        ----------
        tags : str
            Tags with spaces between them.

        Returns
        -------
        iterator of (int, dict)
            Number and raw post. It asks the site page by page, and raises `MangastyleError` where that fails.

        Raises
        ------
        MangastyleError
            For tags that set the order or the number, which are ours to set.
        """
        for tag in tags.split():
            if tag.lower().startswith(("sort:", "id:<")):
                raise MangastyleError(f"`tags`: leave out {tag!r}; posts are always taken newest first")
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
                raise MangastyleError(f"{self.site}: its posts have no id; check `site`")
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
            raise MangastyleError(f"{self.site}: cannot list posts ({reason}); check `site` or the network") from reason
        if not body.strip():
            return []
        try:
            answer = json.loads(body)
            if isinstance(answer, dict) and "@attributes" in answer:  # later versions wrap the list
                answer = answer.get("post", [])
            if not isinstance(answer, list):
                raise ValueError("not a list")
            return answer
        except (ValueError, RecursionError) as error:
            raise MangastyleError(
                f"{self.site}: answered {_short(body.decode(errors='replace'))} instead of a JSON list of posts; "
                "check that `site` speaks the Gelbooru 0.2 interface"
            ) from error

    def get(self, url: str, params: dict | None = None) -> bytes:
        """The complete body behind an address; passing errors are waited out.

        Parameters
        ----------
        url : str
            The address.
        params : dict, optional
            Its query.

        Returns
        -------
        bytes
            The body.

        Raises
        ------
        Skip
            For an error that is not passing, or still there at the last try.
        MangastyleError
            If the site asks us to stay away for more than `MAX_WAIT` seconds.
        """
        attempt = 1
        while True:
            try:
                return self._get_once(url, params)
            except _TryAgain as error:
                if error.wait > MAX_WAIT:
                    raise MangastyleError(
                        f"{urlsplit(url).netloc}: asks us to stay away for {error.wait:.0f} s; run again after that"
                    ) from error
                if attempt == self.retries:
                    raise Skip(f"{error}, {attempt} times") from error
                pause = max(error.wait, _backoff(attempt))
                self.report(f"{url}: {error}, trying again in {pause:.1f} s")
                time.sleep(pause)
                attempt += 1

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


class _Throttle(HTTPAdapter):
    """Starts requests at least `interval` seconds apart. Every request passes here, redirects too."""

    def __init__(self, interval: float) -> None:
        super().__init__()
        self.interval, self.next = interval, 0.0

    def send(self, *args: Any, **kwargs: Any) -> requests.Response:
        time.sleep(max(0.0, self.next - time.monotonic()))
        self.next = time.monotonic() + self.interval
        return super().send(*args, **kwargs)


def read_post(number: int, raw: dict, site: str) -> Post:
    """Read a raw post.

    Parameters
    ----------
    number : int
        The post's number.
    raw : dict
        The post as the site gives it, with a safe rating.
    site : str
        Address of the site.

    Returns
    -------
    Post
        The fields that we use.

    Raises
    ------
    Skip
        If it has no picture file with an address on the web.

    Examples
    --------
    >>> post = read_post(7, {"file_url": "/images/a.PNG", "rating": "safe"}, "https://safebooru.org")
    >>> post.url, post.suffix
    ('https://safebooru.org/images/a.PNG', '.png')
    """
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
    if suffix not in SUFFIXES:
        raise Skip(f"{_short(address)} is none of {' '.join(SUFFIXES)}")
    md5 = str(raw.get("hash") or raw.get("md5") or "").lower()
    return Post(number, url, suffix, md5, str(raw.get("tags") or ""), str(raw.get("source") or ""), raw["rating"])


def check(post: Post, data: bytes) -> images.Picture:
    """Decode the picture of a post.

    Parameters
    ----------
    post : Post
        The post.
    data : bytes
        What came from its address.

    Returns
    -------
    mangastyle.io.images.Picture
        The picture.

    Raises
    ------
    Skip
        If the MD5 of the bytes is not the post's, or they are no picture.
    """
    if post.md5 and hashlib.md5(data).hexdigest() != post.md5:
        raise Skip(f"{post.url}: its MD5 is not the post's, {_short(post.md5)}")
    try:
        return images.decode(data, post.url)
    except MangastyleError as error:
        raise Skip(str(error)) from error


def read_manifest(path: Path) -> dict[int, dict]:
    """The finished pictures of a manifest.

    Parameters
    ----------
    path : Path
        The manifest; it need not exist.

    Returns
    -------
    dict of int to dict
        Records by post number, of those pictures whose files are still there. A last line without its line end, left by a kill,
        does not count.

    Raises
    ------
    MangastyleError
        For a line that is no record.
    """
    return {number: json.loads(line) for number, line in _lines_of_pictures(path).items()}


def mend(manifest: Path) -> None:
    """Leave one whole line for each picture in a manifest, and no half-written file of a killed run beside it.

    Lines of pictures whose files are gone, and earlier lines of pictures that were downloaded again, are dropped.

    Parameters
    ----------
    manifest : Path
        The manifest; it is created, with its folder, where it does not exist.

    Raises
    ------
    MangastyleError
        For a line that is no record; if the disk refuses.
    """
    mended = b"".join(line + b"\n" for line in _lines_of_pictures(manifest).values())
    make_folder(manifest.parent)
    leftovers.remove(manifest.parent, inner=False)
    if not manifest.exists() or manifest.read_bytes() != mended:
        with atomic(manifest) as temporary, open(temporary, "wb") as f:
            f.write(mended)
            _sync(f)


def _lines_of_pictures(path: Path) -> dict[int, bytes]:
    """The last line about each picture whose file is there, by its post's number."""
    lines = {}
    for i, line in enumerate(_whole_lines(path).splitlines(), 1):
        try:
            record = json.loads(line)
            if (path.parent / record["file"]).is_file():
                lines[record["id"]] = line
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            raise MangastyleError(f"{path}: line {i} is no record of a picture; remove that line") from error
    return lines


def _whole_lines(path: Path) -> bytes:
    try:
        content = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return b""
    except OSError as error:
        raise MangastyleError(f"{path}: cannot read this file ({error.strerror})") from error
    return content[: content.rfind(b"\n") + 1]


def retry_after(value: str) -> float:
    """Seconds from now that a Retry-After header asks for.

    Parameters
    ----------
    value : str
        Its value: seconds, or an HTTP date.

    Returns
    -------
    float
        Seconds; 0 for any other value.

    Examples
    --------
    >>> retry_after("120"), retry_after("Wed, 21 Oct 2015 07:28:00 GMT"), retry_after("soon")
    (120.0, 0.0, 0.0)
    """
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


def _short(text: Any) -> str:
    """Foreign text, shortened and escaped for one line of a message."""
    return ascii(str(text)[:120])


def _sync(file: BinaryIO) -> None:
    """Flush a file to the disk, so that it survives a power cut."""
    file.flush()
    os.fsync(file.fileno())
