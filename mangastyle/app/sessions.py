"""All sessions: found by their identifiers, in memory or on the disk; memory is bounded, the disk keeps everything."""

from __future__ import annotations

import contextlib
import threading
import time
import unicodedata
import weakref
from collections import OrderedDict
from typing import Any, Callable

from mangastyle.app import protocol
from mangastyle.app.refusals import Refusal
from mangastyle.app.session import About, Session
from mangastyle.app.small import small_picture
from mangastyle.app.storage import ABOUT, DOWNLOADS, PICTURE, SMALL, STATE, Disk, new_id
from mangastyle.errors import MangastyleError
from mangastyle.io import images
from mangastyle.lineart.detect import is_line_art

MOST_SESSIONS = 4  # whose arrays are kept
MOST_BYTES = 2**30
LEFT_SECONDS = 86400.0  # for which exported files stay, and what a killed server has begun
KEPT_SECONDS = 7 * 86400.0  # for which nothing is removed to make room
LONGEST_NAME = 120  # characters


def tidy(name: str) -> str:
    """A name that a client gave, as it is shown: one line, not too long.

    Examples
    --------
    >>> tidy("a\\nb"), tidy("  "), len(tidy("x" * 1000))
    ('a b', 'picture', 120)
    """
    letters = (" " if unicodedata.category(letter)[0] == "C" else letter for letter in name)
    return "".join(letters).strip()[:LONGEST_NAME] or "picture"


class Sessions:
    """The sessions of one data folder.

    Parameters
    ----------
    disk : Disk
    is_busy : callable
        Whether a job works on a session, by its identifier: it keeps its arrays.
    most, most_bytes : int
        How many sessions, and how many bytes, stay in memory; that in use always does.
    """

    def __init__(
        self, disk: Disk, is_busy: Callable[[str], bool] = lambda id: False, most: int = MOST_SESSIONS, most_bytes: int = MOST_BYTES
    ) -> None:
        self.disk, self.most, self.most_bytes, self._is_busy = disk, most, most_bytes, is_busy
        self._lock = threading.Lock()
        self._known: OrderedDict[str, Session] = OrderedDict()  # the one used last is the last
        # Those that anybody still holds, such as a request under way: of one identifier there are never two, each with events of its own.
        self._alive: weakref.WeakValueDictionary[str, Session] = weakref.WeakValueDictionary()
        self._by_source: dict[str, str] = {}
        for id in disk.sessions.names(""):
            with contextlib.suppress(MangastyleError):
                self._by_source[About.from_json(disk.session(id).read_json(ABOUT)).source] = id
        self._by_source.pop("", None)

    def create(self, data: bytes, name: str, source: str = "", line_art: bool | None = None) -> Session:
        """A session of a new picture, which is kept on the disk as it came.

        Parameters
        ----------
        data : bytes
            The picture's file.
        name : str
            What people call it.
        source : str
            The identifier of the picture in a folder, if it is from there.
        line_art : bool, optional
            Whether it is line art; by default `is_line_art` decides.

        Raises
        ------
        MangastyleError
            If it is no picture that can be read, too large or too small.
        """
        name = tidy(name)
        picture = images.decode(data, name, protocol.MOST_PIXELS)
        height, width = picture.rgb.shape[:2]
        about = About(name, width, height, is_line_art(picture.rgb) if line_art is None else line_art, source)
        session = Session(id := new_id(), self.disk.session(id), about, picture)
        session.folder.write(PICTURE, data)
        session.save_about()  # last: a folder without it is no session
        if source:
            with self._lock:
                self._by_source[source] = id
        return self._use(session)

    def get(self, id: str) -> Session:
        """A session; `Refusal` 404 if there is none."""
        with self._lock:
            session = self._alive.get(id)
        if session is not None:
            return self._use(session)
        folder = self.disk.session(id)
        if not folder.has(ABOUT):
            raise Refusal(404, "no such session")
        try:
            about = About.from_json(folder.read_json(ABOUT))
        except MangastyleError as error:
            raise Refusal(410, f"this session cannot be read ({error})") from error
        return self._use(Session(id, folder, about))

    def of_source(self, source: str) -> str | None:
        """The identifier of the session of a film strip's picture, if there is one; of several, of that made last."""
        with self._lock:
            return self._by_source.get(source)

    def delete(self, id: str) -> None:
        """Remove a session and all that is kept of it."""
        session = self.get(id)
        with self._lock:
            self._known.pop(id, None)
            self._alive.pop(id, None)
            if self._by_source.get(session.about.source) == id:  # and not that of a later one
                del self._by_source[session.about.source]
        session.events.close()
        session.folder.remove(ABOUT)  # first: without it there is no session any more
        session.folder.remove()

    def entries(self) -> list[dict[str, Any]]:
        """All sessions, as they are listed, the one saved last first; those that cannot be read are left out."""
        with self._lock:
            listened = {id for id, session in self._alive.items() if session.events.listening}
        found = []
        for id, saved in sorted(self.disk.saved_sessions(), key=lambda one: -one[1]):
            folder = self.disk.session(id)
            with contextlib.suppress(MangastyleError):
                about = About.from_json(folder.read_json(ABOUT))
                found.append({"id": id, "name": about.name, "width": about.width, "height": about.height, "saved": round(1000 * saved),
                              "bytes": folder.bytes(), "drawn": folder.has(STATE), "open": id in listened})  # fmt: skip
        return found

    def small(self, id: str) -> bytes:
        """A small picture of a session as PNG, without taking it into memory; `Refusal` 404 if there is none."""
        folder = self.disk.session(id)
        if not folder.has(ABOUT):
            raise Refusal(404, "no such session")
        if not folder.has(SMALL):
            folder.write(SMALL, small_picture(images.decode(folder.read(PICTURE), "picture", protocol.MOST_PIXELS).rgb))
        return folder.read(SMALL)

    def make_room(self, most_bytes: float) -> int:
        """Remove the sessions that were saved longest ago until the others take at most so many bytes; returns how many.

        Those on which nothing was drawn go first. None of the last week goes, and none that is in memory.
        """
        folders = {id: self.disk.session(id) for id, _ in self.disk.saved_sessions()}
        sizes = {id: folder.bytes() for id, folder in folders.items()}
        with self._lock:
            kept = set(self._alive)
        order = sorted((folders[id].has(STATE), saved, id) for id, saved in self.disk.saved_sessions() if id in folders)
        total, removed = sum(sizes.values()), 0
        for _, saved, id in order:
            if total <= most_bytes:
                break
            if id not in kept and time.time() - saved > KEPT_SECONDS:
                with contextlib.suppress(MangastyleError):  # of one that cannot be read, somebody may still save the picture
                    self.delete(id)
                    total -= sizes[id]
                    removed += 1
        return removed

    def trim(self) -> None:
        """Free the arrays of the sessions that were used least recently, beyond the bounds; not of those at work."""
        with self._lock:
            ahead = list(self._known.values())[:-1]
            kept = sum(session.bytes_kept for session in self._known.values())
            count = len(self._known)
        for session in ahead:
            if count <= self.most and kept <= self.most_bytes:
                return
            size = session.bytes_kept
            if not self._is_busy(session.id):
                session.drop()
                kept -= size
                count -= 1
                if not session.events.listening:
                    with self._lock:
                        self._known.pop(session.id, None)

    def tell_all(self, name: str, data: dict) -> None:
        """Send an event to all sessions that somebody may listen to."""
        for session in self._all_alive():
            session.events.append(name, data)

    def end_streams(self) -> None:
        """End all event streams."""
        for session in self._all_alive():
            session.events.close()

    def in_memory(self) -> list[Session]:
        """The sessions that are in memory, the one used last at the end."""
        with self._lock:
            return list(self._known.values())

    def clear_leftovers(self) -> None:
        """Remove the exported files of former servers, and sessions that they have begun to make or to remove.

        Those of today stay: another server that runs may offer them, or be at it.
        """
        for id in self.disk.sessions.names(""):
            folder = self.disk.session(id)
            left = DOWNLOADS if folder.has(ABOUT) else ""
            with contextlib.suppress(OSError):
                if time.time() - (folder.path / left).stat().st_mtime > LEFT_SECONDS:
                    folder.remove(left)

    def _all_alive(self) -> list[Session]:
        with self._lock:
            return list(self._alive.values())

    def _use(self, session: Session) -> Session:
        """Count a session as used; of two that were made at once of one identifier, the first stays."""
        with self._lock:
            session = self._alive.setdefault(session.id, session)
            self._known[session.id] = session
            self._known.move_to_end(session.id)
        self.trim()
        return session
