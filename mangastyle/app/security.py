"""Who may speak to the server: the host that is named, the page that asks, the token; and the headers of every answer.

A page of another site can reach a server on this machine, under the server's own address (CSRF) or under a name of its own (DNS
rebinding). The first has another Origin and no token; the second another Host.
"""

from __future__ import annotations

import hmac
import ipaddress
import threading
from typing import Iterable

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mangastyle.app.protocol import PREFIX
from mangastyle.app.refusals import answer

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self'; font-src 'self'; "
    "worker-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}
LOCAL = ("localhost", "127.0.0.1", "[::1]")
EVERYWHERE = ("0.0.0.0", "::")
WEB_PORT = 80  # which addresses need not name


def is_loopback(host: str) -> bool:
    """Whether a host is this machine for itself alone.

    Examples
    --------
    >>> is_loopback("127.0.0.1"), is_loopback("localhost"), is_loopback("0.0.0.0"), is_loopback("example.org")
    (True, True, False, False)
    """
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


class Code:
    """A code for which the token is given, once: what opens a browser is seen by all who use the machine.

    Parameters
    ----------
    code : str
        None if it is empty.
    token : str

    Examples
    --------
    >>> code = Code("once", "a secret")
    >>> code.exchange("twice"), code.exchange("once"), code.exchange("once")
    (None, 'a secret', None)
    """

    def __init__(self, code: str, token: str) -> None:
        self._code, self._token, self._lock = code.encode(), token, threading.Lock()

    def exchange(self, given: str) -> str | None:
        """The token, if this is the code and nobody came with it before."""
        with self._lock:
            if not self._code or not hmac.compare_digest(given.encode(), self._code):
                return None
            self._code = b""
        return self._token


class Guard:
    """Lets requests through that may come in, and gives every answer its headers.

    Parameters
    ----------
    app : ASGI application
    host, port : str, int
        What the server is bound to.
    token : str
        What requests below /api/ must bring.
    """

    def __init__(self, app: ASGIApp, host: str, port: int, token: str) -> None:
        self.app, self.port, self.token = app, port, token.encode()
        host = host.lower()
        self.anywhere = host.strip("[]") in EVERYWHERE
        names = {*LOCAL, f"[{host}]" if ":" in host and not host.startswith("[") else host}
        self.hosts = {f"{name}:{port}" for name in names} | (names if port == WEB_PORT else set())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
            return
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        path = scope["path"]

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(HEADERS)
                headers["Cache-Control"] = "no-cache" if is_of_page(path) else "no-store"
            await send(message)

        refusal = self.refusal(path, Headers(scope=scope))
        if refusal:
            await answer(*refusal, {"WWW-Authenticate": "Bearer"} if refusal[0] == 401 else None)(scope, receive, send_guarded)
        else:
            await self.app(scope, receive, send_guarded)

    def refusal(self, path: str, headers: Headers) -> tuple[int, str] | None:
        """Status and line of a request that may not come in."""
        if refusal := self.stranger(headers):
            return refusal
        if not is_open(path) and not self.has_token(headers.getlist("authorization")):
            return 401, "the token is missing or wrong; open the address that mangastyle app has printed"
        return None

    def stranger(self, headers: Headers) -> tuple[int, str] | None:
        """Status and line of a request that calls the server by another name, or comes from a page of another site."""
        hosts, origins = headers.getlist("host"), headers.getlist("origin")
        if len(hosts) != 1 or not self.is_own(hosts[0]):
            return 403, "this server is called by another name than its own"
        if any(not self.is_own(origin.removeprefix("http://")) or not origin.startswith("http://") for origin in origins):
            return 403, "this request comes from a page of another site"
        return None

    def is_own(self, host: str) -> bool:
        """Whether a Host header, or the host of an Origin, names this server.

        Bound to every address of the machine, it goes by any of them: by numbers, which no name server can make up.
        """
        host = host.lower()
        name, _, port = host.rpartition(":")
        in_numbers = port.isdecimal() and is_number(name) or self.port == WEB_PORT and is_number(host)
        return host in self.hosts or self.anywhere and in_numbers

    def has_token(self, given: Iterable[str]) -> bool:
        """Whether a request brings the token, compared in constant time."""
        words = [value.partition(" ") for value in given]
        return len(words) == 1 and words[0][0].lower() == "bearer" and hmac.compare_digest(words[0][2].strip().encode(), self.token)


def is_open(path: str) -> bool:
    """Whether a path needs no token: the page and its files, and what gives the token for a code.

    Examples
    --------
    >>> is_open("/"), is_open("/page/studio.js"), is_open("/api/v1/token"), is_open("/api/v1/status")
    (True, True, True, False)
    """
    return is_of_page(path) or path == f"{PREFIX}/token"


def is_of_page(path: str) -> bool:
    """Whether a path is that of the page or of one of its files."""
    return path == "/" or path.startswith("/page/")


def is_number(host: str) -> bool:
    """Whether a host is an address in numbers.

    Examples
    --------
    >>> is_number("192.168.1.7"), is_number("[fe80::1]"), is_number("example.org")
    (True, True, False)
    """
    try:
        ipaddress.ip_address(host.removeprefix("[").removesuffix("]"))
    except ValueError:
        return False
    return True
