"""Projects: a session as one file that opens again exactly. A zip: what it is as JSON, and pictures as they came.

A file from elsewhere is looked through before anything of it is kept: only the names that we write, none twice, each no larger than
what it may be, all together no larger than a project may be, whatever the archive's own list says of sizes. That list itself must be
short, and nothing may be packed in another way than we do.
"""

from __future__ import annotations

import json
import os
import re
import struct
import zipfile
import zlib
from pathlib import Path
from typing import Any, BinaryIO

from mangastyle.app import protocol, schema
from mangastyle.app.gallery import Gallery, identify
from mangastyle.app.protocol import SIZES
from mangastyle.app.session import Session
from mangastyle.app.sessions import Sessions
from mangastyle.app.storage import PICTURE, REFERENCES, STATE
from mangastyle.errors import MangastyleError
from mangastyle.io import images, json_text
from mangastyle.vgg.spec import MIN_SIDE

FORMAT, VERSION = "mangastyle project", 1
ABOUT, PAINTINGS = "project.json", "paintings"
ALLOWED = re.compile(r"project\.json|picture|styled-(preview|full)\.png|(references|paintings)/[0-9a-f]{16}")
MOST_ENTRIES = 256
MOST_LIST = 2**16  # bytes of an archive's list of entries: each of its lines becomes an object before they can be counted
END, END_MARK = struct.Struct("<4s4H2LH"), b"PK\5\6"  # of an archive: the mark, four counts, size and place of its list, size of a comment
LARGE_END, LARGE_END_SIZE = b"PK\6\7", 20  # before it, of one over 4 GB, whose list may be of another size
PACKED = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # LZMA would take as much memory as a file says
MOST_STYLED = 2**28  # bytes of a painted picture as PNG
BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError, OSError)  # of a damaged archive


def write(path: Path, session: Session, gallery: Gallery) -> None:
    """Write a session as a project.

    Parameters
    ----------
    path : Path
        The file, which is replaced.
    session : Session
    gallery : Gallery
        From which the paintings come along that the page's state names and that were brought by the user.

    Raises
    ------
    MangastyleError
        If it would hold more, or be larger, than what `read` takes.
    """
    state, references = session.state(), session.references()
    text = json.dumps(state)
    named = {id: gallery.get(id).name for id in gallery.ids() if id in text}
    brought = {id: data for id in named if (data := gallery.brought(id)) is not None}
    about = {
        "format": FORMAT, "version": VERSION, "name": session.about.name, "line_art": session.about.line_art,
        "state": state["state"] if state else None, "references": references, "paintings": {id: named[id] for id in brought},
    }  # fmt: skip
    with zipfile.ZipFile(path, "w") as file:
        file.writestr(ABOUT, json.dumps(about, ensure_ascii=False), zipfile.ZIP_DEFLATED)
        file.writestr(PICTURE, session.folder.read(PICTURE))
        for id in references:
            file.writestr(f"{REFERENCES}/{id}", session.reference(id))
        for id, data in brought.items():
            file.writestr(f"{PAINTINGS}/{id}", data)
        for size in SIZES:
            if session.folder.has(f"styled-{size}.png"):
                file.writestr(f"styled-{size}.png", session.folder.read(f"styled-{size}.png", MOST_STYLED))
        checked_entries(file)


def read(file: BinaryIO, sessions: Sessions, gallery: Gallery) -> Session:
    """Open a project as a new session.

    Parameters
    ----------
    file : binary file
        Of unknown origin.
    sessions : Sessions
    gallery : Gallery
        Which gets the paintings that came along.

    Returns
    -------
    Session

    Raises
    ------
    MangastyleError
        If it is no project, a damaged one, or one that holds what none may hold.
    """
    check_end(file)
    try:
        with zipfile.ZipFile(file) as archive:
            entries = checked_entries(archive)
            about = checked_about(schema.sound(json_text.parse(unpacked(archive, entries[ABOUT], json_text.MOST_BYTES), ABOUT), ABOUT))
            pictures = {name: unpacked(archive, entry, MOST_STYLED) for name, entry in entries.items() if name != ABOUT}
    except BROKEN as error:
        raise MangastyleError(f"this is no project, or a damaged one ({error})") from error
    for name, data in pictures.items():  # all must be sound before anything is kept
        kind, _, id = name.partition("/")
        if id and identify(data) != id:
            raise MangastyleError(f"this project is damaged: {name} is not what its name says")
        images.decode(data, name, protocol.MOST_PIXELS, MIN_SIDE if kind == PAINTINGS else images.MIN_SIDE)
    session = sessions.create(pictures[PICTURE], about["name"], line_art=about["line_art"])
    try:
        for name, data in pictures.items():
            kind, _, id = name.partition("/")
            if kind == PAINTINGS:
                gallery.add(data, str(about["paintings"].get(id, "painting")))
            elif name != PICTURE:
                session.folder.write(name, data)
        if about["state"] is not None:
            session.folder.write_json(STATE, {"revision": 1, "state": about["state"]})
    except BaseException:  # such as a full disk
        sessions.delete(session.id)
        raise
    return session


def check_end(file: BinaryIO) -> None:
    """`MangastyleError` for a file that is no archive as ours are, with a short list of entries, before that list is read."""
    file.seek(0, os.SEEK_END)
    file.seek(max(0, file.tell() - END.size - LARGE_END_SIZE))
    before, end = (tail := file.read())[: -END.size], tail[-END.size :]
    mark, *_, size, _, comment = END.unpack(end) if len(end) == END.size else (b"", 0, 0, 0)
    if mark != END_MARK or comment or before.startswith(LARGE_END):
        raise MangastyleError("this is no project, or a damaged one (it does not end as one)")
    if size > MOST_LIST:
        raise MangastyleError(f"a project holds {MOST_ENTRIES} files at most; this has more")


def checked_entries(archive: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    """The entries of an archive by name; `MangastyleError` if it holds anything but what a project may hold."""
    entries = archive.infolist()
    if len(entries) > MOST_ENTRIES:
        raise MangastyleError(f"a project holds {MOST_ENTRIES} files at most, not {len(entries)}")
    found = {entry.filename: entry for entry in entries}
    wrong = [name for name in found if not ALLOWED.fullmatch(name)]
    if wrong or len(found) < len(entries):
        raise MangastyleError(f"this is no project: it holds {ascii(wrong[0])[:60] if wrong else 'a file twice'}")
    if packed := [name for name, entry in found.items() if entry.compress_type not in PACKED]:
        raise MangastyleError(f"this is no project: {packed[0]} is packed in a way that projects are not")
    if missing := {ABOUT, PICTURE} - set(found):
        raise MangastyleError(f"this is no project: it lacks {min(missing)}")
    if sum(entry.file_size for entry in entries) > protocol.MOST_PROJECT - MOST_LIST:
        raise MangastyleError(f"a project has {protocol.MOST_PROJECT // 2**20} MB at most; this is larger")
    return found


def unpacked(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, most: int) -> bytes:
    """What an entry holds; `MangastyleError` if that is more than it says, or than it may be."""
    most = min(most, entry.file_size)
    with archive.open(entry) as file:
        data = file.read(most + 1)
    if len(data) != entry.file_size:
        raise MangastyleError(f"this is no project: {entry.filename} is not as large as it says")
    return data


def checked_about(value: Any) -> dict[str, Any]:
    """What a project says of itself; `MangastyleError` if it is none of ours, or of a later version."""
    if not isinstance(value, dict) or value.get("format") != FORMAT:
        raise MangastyleError("this is no project of mangastyle")
    if value.get("version") != VERSION:
        raise MangastyleError(f"this project is of version {value.get('version')!r}; this program reads version {VERSION}")
    state, given = value.get("state"), value.get("paintings", {})
    right = isinstance(value.get("name"), str) and isinstance(value.get("line_art"), bool) and isinstance(given, dict)
    if not right or not (state is None or isinstance(state, dict)):
        raise MangastyleError("this project is damaged: project.json does not say what it must")
    return {"name": value["name"], "line_art": value["line_art"], "state": state, "paintings": given}
