"""All that the server holds, without HTTP: sessions, networks, the lane, the gallery, the folder."""

from __future__ import annotations

import functools
import os
from concurrent.futures import Future
from pathlib import Path
from typing import Any, Callable

from mangastyle import __version__
from mangastyle.app import protocol
from mangastyle.app.commands import commands
from mangastyle.app.exports import export
from mangastyle.app.gallery import Gallery, identify
from mangastyle.app.jobs import Job, Lane
from mangastyle.app.models import Models
from mangastyle.app.painting import DEFAULTS, paint
from mangastyle.app.protocol import FULL, PREVIEW
from mangastyle.app.refusals import Refusal
from mangastyle.app.session import Session
from mangastyle.app.sessions import Sessions
from mangastyle.app.shading import shade, suggest
from mangastyle.app.storage import Disk
from mangastyle.app.strip import Strip
from mangastyle.io.files import read_bytes

AT_ONCE = "onepass"  # the method that a person waits for: others take longer, or may have to learn a painting first


class Studio:
    """What a server serves.

    Parameters
    ----------
    disk : Disk
    models : Models
        Or what has its methods.
    folder : Path, optional
        Pictures for the film strip.
    paintings : Path, optional
        The user's own paintings.
    """

    def __init__(self, disk: Disk, models: Models, folder: Path | None = None, paintings: Path | None = None) -> None:
        self.models, self.gallery = models, Gallery(disk, paintings)
        self.lane = Lane(self._load)
        self.sessions = Sessions(disk, is_busy=lambda id: self.lane.is_busy(lambda job: self._is_of(job, id)))
        self.strip = Strip(self.sessions, folder)
        self.opened: str | None = None  # the session of the picture that the command line named

    def start(self) -> None:
        """Begin to load networks, and to take jobs."""
        self.lane.start()

    def close(self) -> bool:
        """Stop all jobs and streams; whether the thread that computes has ended."""
        ended = self.lane.close()
        self.sessions.end_streams()
        return ended

    def open_picture(self, path: Path) -> None:
        """Open the picture that the command line names, with what was drawn on it before."""
        data = read_bytes(path, protocol.MOST_PICTURE)
        source = identify(os.fsencode(path.name) + b"\0" + data)
        self.opened = self.sessions.of_source(source) or self.sessions.create(data, path.name, source).id

    def status(self) -> dict[str, Any]:
        """What a page asks first."""
        models = self.models
        return {
            "version": __version__, "protocol": protocol.VERSION, "models": models.state, "seconds": models.seconds,
            "error": models.error or None, "session": self.sessions.disk.last_session(), "open": self.opened,
        }  # fmt: skip

    def describe(self, session: Session) -> dict[str, Any]:
        """A session, as it is sent."""
        height, width = session.preview_shape
        shaded = {size: session.colored.last(session.canonical(size)) for size in protocol.SIZES}
        styled = {size: session.last_styled(size) for size in protocol.SIZES}
        saved = session.state()
        return {
            "id": session.id, "name": session.about.name, "width": session.about.width, "height": session.about.height,
            "preview": {"width": width, "height": height}, "line_art": session.about.line_art,
            "state": saved["state"] if saved else None, "state_revision": saved["revision"] if saved else 0,
            "references": session.references(), "last_event": session.events.last,
            "shaded": {size: result.revision for size, result in shaded.items() if result},
            "styled": {size: result.revision for size, result in styled.items() if result},
            "folder": session.about.source if self.strip.holds(session.about.source) else None,
        }  # fmt: skip

    def shade(self, session: Session, request: dict[str, Any]) -> int:
        """Let a picture be shaded; returns the number of the job. `Refusal` 429 if previews come too fast.

        A preview ends what is shaded at full size: that is of a picture which has changed.
        """
        request = {**request, "size": request.get("size", PREVIEW)}
        self._check_references(session, request)
        if request["size"] == PREVIEW:
            self.lane.cancel(lambda job: job.key == (session.id, "shade", FULL))
        return self._submit(session, "shade", request, lambda job: shade(session, self.models, request, job)).number

    def suggest(self, session: Session, request: dict[str, Any]) -> Future[list[list[str]]]:
        """Let colors be suggested; returns what will hold them. `Refusal` 429 if requests come too fast."""
        self._check_references(session, request)
        found: Future[list[list[str]]] = Future()

        def work(job: Job) -> None:
            if not found.set_running_or_notify_cancel():  # who asked has gone
                return
            try:
                found.set_result(suggest(session, self.models, request, job))
            except Exception as error:
                found.set_exception(error)

        self._submit(session, "suggest", {**request, "size": PREVIEW}, work, dropped=found.cancel)
        return found

    def style(self, session: Session, request: dict[str, Any]) -> int:
        """Let a picture be painted; returns the number of the job. `Refusal` 429 if previews come too fast, 404 for no painting."""
        request = {**request, "size": request.get("size", PREVIEW)}
        self._check_paintings(request)
        self._check_references(session, request.get("shade") or {})
        fast = request.get("method", DEFAULTS["method"]) == AT_ONCE
        work = functools.partial(paint, session, self.models, self.gallery, request)
        return self._submit(session, "style", request, work, fast).number

    def export(self, session: Session, request: dict[str, Any]) -> int:
        """Let a file be made; returns the number of the job."""
        self._check_references(session, request.get("shade") or {})
        self._check_paintings(request.get("style") or {})
        work = functools.partial(export, session, self.models, self.gallery, request)
        return self._submit(session, "export", {**request, "size": FULL}, work).number

    def commands(self, session: Session, request: dict[str, Any]) -> dict[str, Any]:
        """The commands that make the same picture."""
        self._check_paintings(request.get("style") or {})
        return commands(session, self.gallery, request)

    def apply(self, request: dict[str, Any]) -> int:
        """Let all pictures of the folder be made as one was; returns the number of the job."""
        like, stages = self.sessions.get(request["like"]), request["stages"]
        if "style" in stages and not request.get("style"):
            raise Refusal(400, "body: stage style needs `style`, the settings")
        self._check_paintings(request.get("style") or {})
        bodies = {"shade": request.get("shade") or {}, "style": request.get("style") or {}}
        work = functools.partial(self.strip.apply, like, self.models, self.gallery, stages, bodies)
        return self._submit(like, "folder", {"size": FULL}, work).number

    def cancel(self, session: Session, kind: str) -> int:
        """Stop the jobs of a kind; returns how many there were."""
        return self.lane.cancel(lambda job: self._is_of(job, session.id) and job.marks["kind"] == kind)

    def delete(self, id: str) -> None:
        """Stop the jobs of a session, and remove all that is kept of it."""
        self.lane.cancel(lambda job: self._is_of(job, id))
        self.sessions.delete(id)
        self.opened = None if self.opened == id else self.opened

    def _submit(
        self, session: Session, kind: str, request: dict[str, Any], work: Callable[[Job], Any], fast: bool = True,
        dropped: Callable[[], object] = lambda: None,
    ) -> Job:  # fmt: skip
        """Let a job of a session wait for its turn. `Refusal` 429 if previews come too fast.

        `dropped` is called if it never runs.
        """
        size = request["size"]
        if size == PREVIEW and not session.previews.allows():
            raise Refusal(429, f"more than {protocol.PREVIEWS_A_SECOND} previews a second", {"Retry-After": "1"})

        def work_and_tidy(job: Job) -> None:
            work(job)
            self.sessions.trim()

        def tell(name: str, data: dict[str, Any]) -> None:
            if name == "cancelled":
                dropped()
            session.events.append(name, data)

        marks = {"kind": kind, "size": size, "tag": request.get("tag")}
        return self.lane.submit((session.id, kind, size), work_and_tidy, tell, size == PREVIEW and fast, **marks)

    def _check_references(self, session: Session, request: dict[str, Any]) -> None:
        known = session.references() if request.get("references") else []
        if any(id not in known for id in request.get("references", ())):
            raise Refusal(404, "no such reference picture")

    def _check_paintings(self, request: dict[str, Any]) -> None:
        for painting in request.get("paintings", ()):
            self.gallery.get(painting["id"])

    def _is_of(self, job: Job, id: str) -> bool:
        return isinstance(job.key, tuple) and job.key[0] == id

    def _load(self) -> None:
        self.models.load()
        self.sessions.tell_all("models", {"state": self.models.state})
