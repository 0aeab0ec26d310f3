"""The server: its addresses, and what each does. The event loop never computes; pictures are read and written in a few threads."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import mimetypes
import tempfile
from pathlib import Path
from typing import Any, AsyncIterator, Awaitable, Callable, Coroutine, TypeVar
from urllib.parse import quote

import anyio
import anyio.to_thread
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from mangastyle.app import bodies, projects, protocol, schema
from mangastyle.app.encoding import png, raw_labels
from mangastyle.app.gallery import SAMPLES, identify, sample
from mangastyle.app.jobs import FAULT
from mangastyle.app.protocol import PREVIEW, SIZES
from mangastyle.app.refusals import Refusal, answer
from mangastyle.app.security import Code, Guard
from mangastyle.app.session import Session, download_file
from mangastyle.app.sessions import tidy
from mangastyle.app.small import thumbnail
from mangastyle.app.storage import REFERENCES
from mangastyle.app.studio import Studio
from mangastyle.errors import Cancelled, MangastyleError
from mangastyle.io import images
from mangastyle.lineart.detect import has_colors
from mangastyle.shade.hints import main_colors
from mangastyle.shade.spec import ShadeSettings

PAGE = Path(__file__).parent / "page"
THREADS, THREADS_LATER = 3, 2  # for what a person waits for, and for what a page shows beside it, such as many thumbnails
IN_MEMORY = 2**24  # bytes of a project that are not put on the disk first
LAYERS = ("original", "line", "labels", "shading", "highlights", "flat", "shaded", "styled")
TYPES = {  # whatever the system's own table says
    ".js": "text/javascript", ".mjs": "text/javascript", ".css": "text/css", ".json": "application/json", ".svg": "image/svg+xml",
    ".webmanifest": "application/manifest+json", ".woff2": "font/woff2",
}  # fmt: skip
DOWNLOAD_TYPES = {
    ".png": "image/png", ".webp": "image/webp", ".ora": "image/openraster", ".psd": "image/vnd.adobe.photoshop",
    ".json": "application/json", ".mangastyle": "application/zip", ".zip": "application/zip",
}  # fmt: skip

T = TypeVar("T")
remarks = logging.getLogger(__name__)


def create_app(studio: Studio, host: str, port: int, token: str, page: Path = PAGE, code: str = "") -> ASGIApp:
    """The server as an ASGI application; the studio starts and ends with it.

    Parameters
    ----------
    studio : Studio
    host, port : str, int
        What it is bound to.
    token : str
        What requests must bring.
    page : Path
        The folder of the page.
    code : str
        For which the token is given, once; none if it is empty.

    Returns
    -------
    ASGI application
    """
    for suffix, kind in TYPES.items():
        mimetypes.add_type(kind, suffix)

    @contextlib.asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        studio.start()
        try:
            yield
        finally:
            studio.close()

    api = Api(studio, Code(code, token))
    routes = [
        Route("/", lambda request: FileResponse(page / "index.html")),
        Mount("/page", StaticFiles(directory=page, check_dir=False)),
        Mount(protocol.PREFIX, routes=api.routes()),
    ]
    handlers: dict[Any, Any] = {MangastyleError: on_error, HTTPException: on_http_error, Exception: on_fault}
    return Guard(Starlette(routes=routes, exception_handlers=handlers, lifespan=lifespan), host, port, token)


async def on_error(request: Request, error: Exception) -> Response:
    """A refusal, or a mistake that the user can mend."""
    if isinstance(error, Refusal):
        return answer(error.status, str(error), error.headers, **error.details)
    return answer(400, str(error))


async def on_http_error(request: Request, error: Exception) -> Response:
    """What routing refuses."""
    assert isinstance(error, HTTPException)
    line = {404: "there is nothing at this address", 405: "this address does not take that method"}.get(error.status_code, error.detail)
    return answer(error.status_code, line, error.headers)


async def on_fault(request: Request, error: Exception) -> Response:
    """A fault of the program, whose traceback the server shows."""
    return answer(500, FAULT)


class Api:
    """What is below /api/v1."""

    def __init__(self, studio: Studio, code: Code) -> None:
        self.studio, self.code = studio, code
        self._limiters: dict[int, anyio.CapacityLimiter] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def routes(self) -> list[Route]:
        """All addresses."""
        table: list[tuple[str, str, Callable[[Request], Awaitable[Response]]]] = [
            ("POST", "/token", self.token),
            ("GET", "/status", self.status),
            ("GET", "/samples", self.samples),
            ("GET", "/samples/{name}", self.sample),
            ("GET", "/paintings", self.paintings),
            ("POST", "/paintings", self.add_painting),
            ("GET", "/paintings/{id}", self.painting),
            ("DELETE", "/paintings/{id}", self.remove_painting),
            ("GET", "/folder", self.folder),
            ("POST", "/folder", self.add_to_folder),
            ("DELETE", "/folder", self.clear_folder),
            ("POST", "/folder/apply", self.apply),
            ("GET", "/folder/{id}", self.folder_picture),
            ("GET", "/sessions", self.sessions),
            ("POST", "/sessions", self.create),
            ("GET", "/sessions/{session}", self.session),
            ("DELETE", "/sessions/{session}", self.delete),
            ("PUT", "/sessions/{session}/line-art", self.line_art),
            ("PUT", "/sessions/{session}/state", self.save_state),
            ("GET", "/sessions/{session}/small", self.small),
            ("GET", "/sessions/{session}/pictures/{layer}", self.picture),
            ("POST", "/sessions/{session}/references", self.add_reference),
            ("GET", "/sessions/{session}/references/{id}", self.reference),
            ("POST", "/sessions/{session}/palette", self.palette),
            ("POST", "/sessions/{session}/shade", self.shade),
            ("POST", "/sessions/{session}/suggest", self.suggest),
            ("POST", "/sessions/{session}/style", self.style),
            ("POST", "/sessions/{session}/cancel", self.cancel),
            ("POST", "/sessions/{session}/export", self.export),
            ("POST", "/sessions/{session}/command", self.command),
            ("GET", "/sessions/{session}/events", self.events),
            ("GET", "/sessions/{session}/downloads/{id}", self.download),
        ]
        paths = dict.fromkeys(path for _, path, _ in table)
        return [
            Route(path, by_method({method: handler for method, other, handler in table if other == path}),
                  methods=[method for method, other, _ in table if other == path])
            for path in paths
        ]  # fmt: skip

    async def token(self, request: Request) -> Response:
        """The token, for the code of the address that was opened."""
        body = await bodies.read_json(request, schema.code)
        token = self.code.exchange(body["code"])
        if token is None:
            raise Refusal(401, "this address was opened before; open the one that mangastyle app has printed")
        return JSONResponse({"token": token})

    async def status(self, request: Request) -> Response:
        """What a page asks first."""
        return JSONResponse(await self._aside(self.studio.status))

    async def samples(self, request: Request) -> Response:
        """The drawn pictures to begin with."""
        return JSONResponse([{"name": name, "kind": one.kind} for name, one in SAMPLES.items()])

    async def sample(self, request: Request) -> Response:
        """One of them, at its own size or reduced."""
        name, side = request.path_params["name"], whole_query(request, "side", 0, 4096)
        disk = self.studio.sessions.disk
        return picture_response(await self._later(disk.made, f"sample {name} {side}", lambda: sample(name, side)))

    async def paintings(self, request: Request) -> Response:
        """The gallery."""
        return JSONResponse(await self._later(self.studio.gallery.entries))

    async def add_painting(self, request: Request) -> Response:
        """A painting that is brought."""
        data, gallery = await bodies.read_picture(request), self.studio.gallery
        return JSONResponse(await self._aside(lambda: gallery.entry(gallery.add(data, request.query_params.get("name", "painting")))))

    async def painting(self, request: Request) -> Response:
        """A painting's picture, at its own size or reduced."""
        id, side = checked_id(request, "id", "painting"), whole_query(request, "side", 0, 4096)

        def make() -> bytes:
            rgb = self.studio.gallery.pixels(id)
            return png(thumbnail(rgb, side) if side else rgb)

        return picture_response(await self._later(make))

    async def remove_painting(self, request: Request) -> Response:
        """The end of a painting that was brought."""
        await self._aside(self.studio.gallery.remove, checked_id(request, "id", "painting"))
        return Response(status_code=204)

    async def folder(self, request: Request) -> Response:
        """The film strip."""
        strip = self.studio.strip
        entries = await self._aside(strip.entries)
        dropped = any(frame.file is None for frame in strip.frames())
        return JSONResponse({"name": tidy(strip.folder.name) if strip.folder else "", "pictures": entries, "dropped": dropped})

    async def clear_folder(self, request: Request) -> Response:
        """The end of the film strip of what was dropped; the pictures stay."""
        await self._aside(self.studio.strip.clear)
        return Response(status_code=204)

    async def add_to_folder(self, request: Request) -> Response:
        """A picture that is dropped on it."""
        data, strip, name = await bodies.read_picture(request), self.studio.strip, request.query_params.get("name", "picture")
        return JSONResponse(await self._aside(lambda: strip.entry(strip.add(data, name))), 201)

    async def folder_picture(self, request: Request) -> Response:
        """A small picture of one of it."""
        strip, id, side = self.studio.strip, checked_id(request, "id", "picture"), whole_query(request, "side", 160, 1024)

        def make() -> bytes:
            frame = strip.frame(id)
            return png(thumbnail(images.decode(strip.read(frame), frame.name, protocol.MOST_PIXELS).rgb, side or 160))

        return picture_response(await self._later(make))

    async def apply(self, request: Request) -> Response:
        """All pictures of the film strip, made as one was."""
        body = await bodies.read_json(request, schema.apply)
        return JSONResponse({"job": await self._aside(self.studio.apply, body)}, 202)

    async def sessions(self, request: Request) -> Response:
        """All sessions that are kept."""
        return JSONResponse(await self._later(self.studio.sessions.entries))

    async def small(self, request: Request) -> Response:
        """A small picture of one, which need not be in memory."""
        return picture_response(await self._later(self.studio.sessions.small, checked_id(request, "session", "session")))

    async def create(self, request: Request) -> Response:
        """A new session: of a picture, a sample, a picture of the folder, or a project."""
        sessions, kind = self.studio.sessions, bodies.content_type(request)
        if kind in bodies.JSON:
            body = await bodies.read_json(request, schema.new_session)
            if len(body) != 1:
                raise Refusal(400, "body: must name a `sample` or a picture of the `folder`")
            if "sample" in body:
                session = await self._aside(self._open_sample, body["sample"])
            else:
                session = await self._aside(self.studio.strip.open, body["folder"])
        elif kind in bodies.PROJECT:
            with tempfile.SpooledTemporaryFile(IN_MEMORY, dir=str(self.studio.sessions.disk.path)) as file:
                await bodies.read(request, protocol.MOST_PROJECT, file)  # type: ignore[arg-type]  # it is one
                session = await self._aside(projects.read, file, sessions, self.studio.gallery)
        else:
            data, name = await bodies.read_picture(request), request.query_params.get("name", "picture")
            session = await self._aside(sessions.create, data, name)
        self._begin_with(session)
        return JSONResponse(await self._aside(self.studio.describe, session), 201)

    async def session(self, request: Request) -> Response:
        """A session, with what was saved of it."""
        session = await self._session(request)
        return JSONResponse(await self._aside(self.studio.describe, session))

    async def delete(self, request: Request) -> Response:
        """The end of a session, and of all that is kept of it."""
        await self._aside(self.studio.delete, (await self._session(request)).id)
        return Response(status_code=204)

    async def line_art(self, request: Request) -> Response:
        """Whether a picture is line art, as a person says."""
        session = await self._session(request)
        body = await bodies.read_json(request, schema.line_art)
        await self._aside(session.tell_line_art, body["line_art"])
        return JSONResponse(await self._aside(self.studio.describe, session))

    async def save_state(self, request: Request) -> Response:
        """The page's document."""
        session = await self._session(request)
        body = await bodies.read_json(request, schema.state)
        await self._aside(session.save_state, body["revision"], body["state"])
        self._in_background(self._later(session.save_small))
        return JSONResponse({"revision": body["revision"]})

    async def picture(self, request: Request) -> Response:
        """A layer, as PNG, or raw labels."""
        session, layer = await self._session(request), request.path_params["layer"]
        size, revision = request.query_params.get("size", PREVIEW), whole_query(request, "revision", None, 2**53)
        if size not in SIZES:
            raise Refusal(400, f"`size` must be {' or '.join(SIZES)}")
        if layer not in LAYERS:
            raise Refusal(404, "no such layer")
        if layer == "labels":
            return Response(await self._aside(encode_labels, session, size, revision), media_type="application/octet-stream")
        return picture_response(await self._aside(encode_layer, session, layer, size, revision))

    async def add_reference(self, request: Request) -> Response:
        """A colored picture whose colors may be taken."""
        session, data = await self._session(request), await bodies.read_picture(request)

        def keep() -> str:
            if not has_colors(images.decode(data, "reference", protocol.MOST_PIXELS).rgb):
                raise MangastyleError("this reference picture is gray, so there are no colors to take from it")
            session.folder.write(f"{REFERENCES}/{identify(data)}", data)
            return identify(data)

        return JSONResponse({"id": await self._aside(keep)}, 201)

    async def reference(self, request: Request) -> Response:
        """A reference picture, at its own size or reduced."""
        session, id, side = await self._session(request), checked_id(request, "id", "reference"), whole_query(request, "side", 0, 4096)

        def make() -> bytes:
            rgb = images.decode(session.reference(id), "reference", protocol.MOST_PIXELS).rgb
            return png(thumbnail(rgb, side) if side else rgb)

        return picture_response(await self._later(make))

    async def palette(self, request: Request) -> Response:
        """The main colors of a reference picture, the most frequent first."""
        session = await self._session(request)
        body = await bodies.read_json(request, schema.palette)

        def find() -> list[str]:
            found = main_colors(images.decode(session.reference(body["reference"]), "reference", protocol.MOST_PIXELS).rgb)
            order = (-found.shares).argsort()
            return ["#{:02x}{:02x}{:02x}".format(*(round(level) for level in found.colors[i])) for i in order]

        return JSONResponse({"colors": await self._aside(find)})

    async def shade(self, request: Request) -> Response:
        """A new coloring."""
        return await self._submit(request, schema.shade, self.studio.shade)

    async def suggest(self, request: Request) -> Response:
        """Colors of further variants for some places."""
        session = await self._session(request)
        body = await bodies.read_json(request, schema.suggest)
        found = await self._aside(self.studio.suggest, session, body)
        await asyncio.wait([waiting := asyncio.wrap_future(found)])
        if waiting.cancelled() or isinstance(waiting.exception(), Cancelled):
            raise Refusal(409, "a later request for suggestions, or a stop, came before these were made")
        return JSONResponse({"colors": waiting.result()})

    async def style(self, request: Request) -> Response:
        """A new painting."""
        return await self._submit(request, schema.style, self.studio.style)

    async def export(self, request: Request) -> Response:
        """A file to take away."""
        return await self._submit(request, schema.export, self.studio.export)

    async def _submit(self, request: Request, check: schema.Check, submit: Callable[[Session, dict[str, Any]], int]) -> Response:
        session = await self._session(request)
        body = await bodies.read_json(request, check)
        return JSONResponse({"job": await self._aside(submit, session, body)}, 202)

    async def cancel(self, request: Request) -> Response:
        """The end of what is in work."""
        session = await self._session(request)
        body = await bodies.read_json(request, schema.cancel)
        return JSONResponse({"cancelled": self.studio.cancel(session, body["kind"])})

    async def command(self, request: Request) -> Response:
        """The command lines that make the same picture."""
        session = await self._session(request)
        body = await bodies.read_json(request, schema.export)
        return JSONResponse(await self._aside(self.studio.commands, session, body))

    async def events(self, request: Request) -> Response:
        """What happens, as it happens."""
        session, last = await self._session(request), request.headers.get("last-event-id", "")
        if session.events.listening >= protocol.STREAMS:
            raise Refusal(429, f"{protocol.STREAMS} pages listen to this session already", {"Retry-After": "5"})
        position, once = int(last) if last.isdecimal() and len(last) < 17 else None, whole_query(request, "once", 0, 1)
        stream = session.events.news(position) if once else session.events.stream(position)
        return StreamingResponse(stream, media_type="text/event-stream")

    async def download(self, request: Request) -> Response:
        """A file that was exported."""
        session, id = await self._session(request), checked_id(request, "id", "download")
        name = session.downloads.get(id)
        if name is None or not await self._aside(session.folder.has, download_file(id, name)):
            raise Refusal(404, "no such download, or no longer")
        headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(name)}"}
        path = session.folder.path / download_file(id, name)
        return FileResponse(path, headers=headers, media_type=DOWNLOAD_TYPES[path.suffix])

    def _open_sample(self, name: str) -> Session:
        sessions = self.studio.sessions
        return sessions.create(sessions.disk.made(f"sample {name} 0", lambda: sample(name)), f"{name}.png")

    def _begin_with(self, session: Session) -> None:
        """Find the regions of a new picture, while the page is told of it and networks may still load."""

        async def find() -> None:
            with contextlib.suppress(MangastyleError):  # who asks for them is told
                await self._later(session.regions, PREVIEW, ShadeSettings.gap)
            await self._aside(self.studio.sessions.trim)

        self._in_background(find())

    def _in_background(self, work: Coroutine[Any, Any, Any]) -> None:
        """Let work go on while the request is answered."""
        task = asyncio.create_task(work)
        self._tasks.add(task)  # the event loop does not keep it
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()):  # nobody waits for it, and nothing is lost
            remarks.warning("%s", error)

    async def _session(self, request: Request) -> Session:
        """The session that the address names."""
        return await self._aside(self.studio.sessions.get, checked_id(request, "session", "session"))

    async def _aside(self, function: Callable[..., T], *arguments: Any) -> T:
        """Call what reads files or computes in one of a few threads."""
        return await self._in_threads(THREADS, function, *arguments)

    async def _later(self, function: Callable[..., T], *arguments: Any) -> T:
        """The same for what a page shows beside the picture: nobody who draws waits for these threads."""
        return await self._in_threads(THREADS_LATER, function, *arguments)

    async def _in_threads(self, count: int, function: Callable[..., T], *arguments: Any) -> T:
        limiter = self._limiters.setdefault(count, anyio.CapacityLimiter(count))
        return await anyio.to_thread.run_sync(lambda: function(*arguments), limiter=limiter)


def by_method(handlers: dict[str, Callable[[Request], Awaitable[Response]]]) -> Callable[[Request], Awaitable[Response]]:
    """One handler of an address, for all its methods."""

    async def handle(request: Request) -> Response:
        return await handlers["GET" if request.method == "HEAD" else request.method](request)

    return handle


def encode_layer(session: Session, layer: str, size: str, revision: int | None) -> bytes:
    """A layer of a session's picture as PNG."""
    if layer == "original":
        return png(session.picture(size).rgb)
    if layer == "line":
        return png(session.art(size))
    kept = session.canonical(size)
    if layer == "styled":
        if revision is None:
            session.last_styled(size)
        return png(session.styled.get(kept, revision).picture)
    if layer in ("shading", "highlights"):
        return png(getattr(session.colored.with_layer(kept, layer, revision), layer))
    colored = session.colored.get(kept, revision)
    return png(colored.divided.flat if layer == "flat" else colored.picture)


def encode_labels(session: Session, size: str, revision: int | None) -> bytes:
    """The label map of a session's picture; those of the line art as long as nothing is colored."""
    kept = session.canonical(size)
    if revision is None and session.colored.last(kept) is None:
        return raw_labels(session.regions(size, ShadeSettings.gap).labels)
    return raw_labels(session.colored.with_layer(kept, "labels", revision).divided.labels)


def checked_id(request: Request, name: str, noun: str) -> str:
    """An identifier of the address; `Refusal` 404 for what is none."""
    id = request.path_params[name]
    if not schema.ID.fullmatch(id):
        raise Refusal(404, f"no such {noun}")
    return id


def whole_query(request: Request, name: str, default: Any, most: int) -> Any:
    """A whole number of the query; `Refusal` 400 for what is none, or too large."""
    text = request.query_params.get(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdecimal() and len(text) < 18 and int(text) <= most):
        raise Refusal(400, f"`{name}` must be a whole number up to {most}")
    return int(text)


def picture_response(data: bytes) -> Response:
    """A picture as it is sent."""
    return Response(data, media_type="image/png")
