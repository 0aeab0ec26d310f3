"""Pictures side by side, as a film strip: those of a folder, those that were dropped; one picture's settings applied to all."""

from __future__ import annotations

import os
import threading
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Sequence

from mangastyle.app import protocol
from mangastyle.app.encoding import png
from mangastyle.app.exports import file_name
from mangastyle.app.gallery import Gallery, identify
from mangastyle.app.jobs import NO_MEMORY, Job
from mangastyle.app.models import Models
from mangastyle.app.painting import paint
from mangastyle.app.protocol import FULL, PREVIEW
from mangastyle.app.refusals import Refusal
from mangastyle.app.schema import ID
from mangastyle.app.session import About, Session, download_file
from mangastyle.app.sessions import Sessions, tidy
from mangastyle.app.shading import shade
from mangastyle.app.storage import PICTURE, REFERENCES, STATE, STRIP, Folder, new_id
from mangastyle.errors import MangastyleError
from mangastyle.io import images
from mangastyle.io.files import make_folder, read_bytes, temporary_folder
from mangastyle.io.folders import list_pictures, result_paths
from mangastyle.lineart.detect import alpha_of_coloring, is_line_art

SUFFIXES = {"shade": "shaded", "style": "stylized"}
NEW, OPEN, WAITING, BUSY, DONE, FAILED = "new", "open", "waiting", "busy", "done", "failed"  # states of a frame
ZIP = "pictures.zip"
GONE = "no such picture in the folder"


@dataclass
class Frame:
    """A picture of the strip: its name, its file and that of its results if it is in the folder, and what it is at."""

    id: str
    name: str
    file: Path | None = None
    result: Path | None = None  # within the folder of results
    state: str = NEW


class Strip:
    """The pictures.

    Parameters
    ----------
    sessions : Sessions
        Where pictures are opened, and where those are that were dropped.
    folder : Path, optional
        One to begin with.

    Raises
    ------
    MangastyleError
        If there is no picture in it, or it is the root, beside which nothing can be written.
    """

    def __init__(self, sessions: Sessions, folder: Path | None = None) -> None:
        self.sessions, self.folder = sessions, folder.resolve() if folder else None
        self._lock = threading.Lock()
        self._opening = threading.Lock()  # one at a time, so that no picture gets two sessions
        self._frames: dict[str, Frame] = {}
        if not self.folder:
            self._frames = self._dropped_before()
            return
        if not self.folder.name:
            raise MangastyleError(f"{self.folder}: nothing can be written beside this folder; name one within it")
        for path, result in result_paths(list_pictures(self.folder).pictures).items():
            name = tidy(path.relative_to(self.folder).as_posix())
            frame = Frame(identify(os.fsencode(path)), name, path, result.relative_to(self.folder))
            frame.state = DONE if self.result(frame, "shade").exists() else NEW
            self._frames[frame.id] = frame

    def entries(self) -> list[dict[str, Any]]:
        """All pictures, as they are listed."""
        return [self.entry(frame) for frame in self.frames()]

    def frames(self) -> list[Frame]:
        """All pictures. Those that were dropped are no longer there when their sessions are deleted."""
        with self._lock:
            return [frame for frame in self._frames.values() if frame.file or self.sessions.of_source(frame.id)]

    def entry(self, frame: Frame) -> dict[str, Any]:
        """A picture, as it is listed."""
        session = self.sessions.of_source(frame.id)
        # What was dropped has a session from the beginning: it is begun when something is drawn.
        begun = session and (frame.file or self.sessions.disk.session(session).has(STATE))
        return {"id": frame.id, "name": frame.name, "session": session, "state": OPEN if begun and frame.state == NEW else frame.state}

    def frame(self, id: str) -> Frame:
        """A picture; `Refusal` 404 if there is none."""
        for frame in self.frames():
            if frame.id == id:
                return frame
        raise Refusal(404, GONE)

    def holds(self, id: str) -> bool:
        """Whether a picture is in the strip."""
        return any(frame.id == id for frame in self.frames())

    def add(self, data: bytes, name: str) -> Frame:
        """Add a picture that was dropped: it has a session at once, so that it is kept."""
        frame = Frame(identify(name.encode() + b"\0" + data), tidy(name))
        with self._opening:
            if self.sessions.of_source(frame.id) is None:
                self.sessions.create(data, name, frame.id)
        with self._lock:
            kept = self._frames.setdefault(frame.id, frame)
        self._save()
        return kept

    def clear(self) -> None:
        """Forget which pictures were dropped; they themselves stay."""
        with self._lock:
            self._frames = {id: frame for id, frame in self._frames.items() if frame.file}
        self._save()

    def _save(self) -> None:
        """Keep which pictures were dropped, for the next server."""
        if not self.folder:
            names = [{"id": frame.id, "name": frame.name} for frame in self.frames()]
            self.sessions.disk.folder.write_json(STRIP, names)

    def _dropped_before(self) -> dict[str, Frame]:
        """The pictures that a former server has kept; none if that cannot be read."""
        try:
            kept = self.sessions.disk.folder.read_json(STRIP)
        except MangastyleError:
            return {}
        right = [one for one in kept if isinstance(one, dict) and isinstance(one.get("name"), str)] if isinstance(kept, list) else []
        return {one["id"]: Frame(one["id"], tidy(one["name"])) for one in right if ID.fullmatch(str(one.get("id")))}

    def read(self, frame: Frame) -> bytes:
        """The bytes of a picture's file."""
        if frame.file:
            return read_bytes(frame.file, protocol.MOST_PICTURE)
        if known := self.sessions.of_source(frame.id):
            return self.sessions.get(known).folder.read(PICTURE)
        raise Refusal(404, GONE)

    def open(self, id: str) -> Session:
        """The session of a picture: that of before, or a new one."""
        frame = self.frame(id)
        with self._opening:
            known = self.sessions.of_source(id)
            return self.sessions.get(known) if known else self.sessions.create(self.read(frame), frame.name, id)

    def result(self, frame: Frame, stage: str, place: Path | None = None) -> Path:
        """The file of a picture's result: beside the folder as the commands name it, or within a place for what was dropped."""
        if frame.result and self.folder:
            return self.folder.with_name(f"{self.folder.name}-{SUFFIXES[stage]}") / frame.result
        return (place or Path()) / SUFFIXES[stage] / f"{frame.id}.png"

    def apply(
        self, like: Session, models: Models, gallery: Gallery, stages: list[str], bodies: dict[str, dict[str, Any]], job: Job
    ) -> None:  # fmt: skip
        """Make the results of all pictures that have none, as one picture was made; its colors are their reference.

        Results of the folder's pictures go to folders beside it; those of dropped pictures into one file, to take away.

        Parameters
        ----------
        like : Session
            Of the picture whose colors the others take.
        models, gallery
        stages : list of "shade" and "style"
        bodies : dict
            By stage: the request of that picture.
        job : Job
        """
        colored = like.colored.last(like.canonical(FULL)) or like.colored.last(PREVIEW)
        reference = None if colored is None else png(colored.picture)
        frames = self.frames()
        for frame in frames:
            self._tell(frame, WAITING, job)
        try:
            with temporary_folder(make_folder(like.folder.path), "apply") as place:
                for i, frame in enumerate(frames):
                    job.stop_if_cancelled()
                    self._tell(frame, BUSY, job)
                    try:
                        self._apply_to(frame, place, like, reference, models, gallery, stages, bodies, job)
                    except (MangastyleError, MemoryError) as error:
                        job.stop_if_cancelled()
                        self._tell(frame, FAILED, job, error=NO_MEMORY if isinstance(error, MemoryError) else str(error))
                    else:
                        self._tell(frame, DONE, job)
                    job.progress(i + 1, len(frames))
                offer_zip(place / "results", frames, like, job)
        finally:
            for frame in frames:
                if frame.state in (WAITING, BUSY):
                    self._tell(frame, NEW, job)

    def _apply_to(
        self, frame: Frame, place: Path, like: Session, reference: bytes | None, models: Models, gallery: Gallery, stages: list[str],
        bodies: dict[str, dict[str, Any]], job: Job,
    ) -> None:  # fmt: skip
        """Make the results of one picture."""
        targets = {stage: self.result(frame, stage, place / "results") for stage in stages}
        if all(target.exists() for target in targets.values()):
            return
        picture = images.decode(self.read(frame), frame.name, protocol.MOST_PIXELS)
        height, width = picture.rgb.shape[:2]
        about = About(frame.name, width, height, is_line_art(picture.rgb), frame.id)
        session, quiet = Session(frame.id, Folder(place / frame.id), about, picture), job.quiet()
        body, itself = bodies["shade"], frame.id == like.about.source
        pictures = {name: like.reference(name) for name in body.get("references", ())}
        if reference is not None and not itself:
            pictures = {identify(reference): reference, **pictures}
        for name, data in pictures.items():
            session.folder.write(f"{REFERENCES}/{name}", data)
        if not itself:  # strokes are of one picture
            body = {key: value for key, value in body.items() if key != "hint"}
        results = {"shade": shade(session, models, {**body, "references": list(pictures), "size": FULL}, quiet).picture}
        if "style" in stages:
            results["style"] = paint(session, models, gallery, {**bodies["style"], "shade": None, "size": FULL}, quiet).picture
        for stage, target in targets.items():
            if not target.exists():
                images.save(target, results[stage], alpha_of_coloring(picture))
        session.folder.remove()

    def _tell(self, frame: Frame, state: str, job: Job, **more: Any) -> None:
        frame.state = state
        job.tell("folder", id=frame.id, state=state, **more)


def offer_zip(place: Path, frames: Sequence[Frame], like: Session, job: Job) -> None:
    """Offer the results of dropped pictures as one file, if there are any; only there do they have the names that they came with."""
    found = [(suffix, i, frame) for suffix in SUFFIXES.values() for i, frame in enumerate(frames, 1)]
    found = [(suffix, i, frame) for suffix, i, frame in found if (place / suffix / f"{frame.id}.png").exists()]
    if not found:
        return
    id = new_id()
    with like.folder.replacing(download_file(id, ZIP)) as path, zipfile.ZipFile(path, "w") as file:
        for suffix, i, frame in found:
            file.write(place / suffix / f"{frame.id}.png", f"{suffix}/{i:03}-{file_name(frame.name, suffix, 'png')}")
    like.offer(id, ZIP)
    job.tell("exported", download=id, name=ZIP)
