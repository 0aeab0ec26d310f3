"""What a clip's file says of itself, read from its container without decoding anything: ISO media (mp4, mov), Matroska (webm, mkv), AVI.

A file is judged by its first bytes, whatever its name. What is no container that holds its own frames, such as a playlist that names other
files or addresses, is never handed to a decoder.
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass
from typing import BinaryIO, Iterator

from mangastyle.video import ebml

HEAD = 4096  # bytes by which a kind is recognized
KINDS: tuple[tuple[bytes, str], ...] = (
    (rb"....ftyp(avif|heic|heix|hei[ms]|mif1)", "picture"),
    (rb"....ftyp(avis|hevc|msf1)", "avif"),
    (rb"....ftypqt  |....(moov|mdat|wide|free|skip|pnot)", "mov"),
    (rb"....ftyp", "mp4"),
    (rb"\x1a\x45\xdf\xa3", "mkv"),
    (rb"RIFF....AVI ", "avi"),
    (rb"RIFF....WEBP", "webp"),
    (rb"GIF8[79]a", "gif"),
    (rb"\x89PNG\r\n\x1a\n", "png"),
    (rb"OggS", "ogg"),
    (rb"FLV\x01", "flv"),
    (rb"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "asf"),
    (rb"\0\0\x01\xba", "mpg"),
    (rb"(?:\x47.{187}){3}\x47", "ts"),
    (rb"(?:....\x47.{187}){3}....\x47", "ts"),
    (rb"\xff\xd8\xff|BM|II[*+]\0|MM\0[*+]|8BPS|qoif|P[1-7]\s|\0\0\0\x0cjP  |\xff\x0a", "picture"),
)
DECODED = ("mp4", "mov", "mkv", "webm", "avi", "ogg", "flv", "asf", "mpg", "ts")  # by FFmpeg
MOST_BOXES = 100_000
MOST_CLUSTERS, MOST_BLOCKS = 10_000, 50_000  # more are not counted
SLACK = 1.5  # frames by which an edit list may be shorter than the frames without cutting any
CODECS = {
    "av01": "AV1", "V_AV1": "AV1", "avc1": "H.264", "avc3": "H.264", "V_MPEG4/ISO/AVC": "H.264", "hvc1": "HEVC", "hev1": "HEVC",
    "V_MPEGH/ISO/HEVC": "HEVC", "vvc1": "VVC", "vp08": "VP8", "V_VP8": "VP8", "vp09": "VP9", "V_VP9": "VP9", "apch": "ProRes",
}  # fmt: skip


@dataclass
class Facts:
    """What a container says.

    Attributes
    ----------
    kind : str
        Such as "mp4", "webm".
    listed : bool
        Whether its streams are known.
    codec, audio : str
        Codec of the frames and of the sound, as the container calls them; empty if there is none, or it is unknown.
    width, height : int
        Of the frames as they are stored; 0 if that is unknown.
    right, bottom : int
        Columns and rows at the edges that are not shown.
    count : int or None
        How many frames there are, where that is certain.
    cut : bool
        Whether the file ends before its container does.
    indexed : bool
        Whether the frames can be found at all.
    alpha : bool
        Whether each frame has opacity in a stream of its own.
    end : float or None
        When the last frame ends, in seconds, where that is certain.
    rate : float or None
        Mean number of frames per second, where the decoder guesses it.
    track : int
        Number of the frames' stream.
    """

    kind: str
    listed: bool = False
    codec: str = ""
    audio: str = ""
    width: int = 0
    height: int = 0
    right: int = 0
    bottom: int = 0
    count: int | None = None
    cut: bool = False
    indexed: bool = True
    alpha: bool = False
    end: float | None = None
    rate: float | None = None
    track: int = 1

    @property
    def codec_name(self) -> str:
        """The codec of the frames as people call it."""
        return CODECS.get(self.codec, self.codec.removeprefix("V_"))


def kind_of(head: bytes) -> str:
    """What kind of file begins so.

    Parameters
    ----------
    head : bytes
        At least `HEAD` bytes, if there are as many.

    Returns
    -------
    str
        Such as "mp4"; "picture" for a single one, "" for anything else.

    Examples
    --------
    >>> kind_of(b"GIF89a...."), kind_of(b"#EXTM3U"), kind_of(b"\\xff\\xd8\\xff\\xe0")
    ('gif', '', 'picture')
    """
    return next((kind for pattern, kind in KINDS if re.match(pattern, head, re.DOTALL)), "")


def read_facts(file: BinaryIO, kind: str) -> Facts:
    """Read what a container says.

    Parameters
    ----------
    file : binary file
    kind : str
        Of `kind_of`.

    Returns
    -------
    Facts
        Damaged containers say less.
    """
    size = file.seek(0, 2)
    facts = Facts(kind)
    reader = {"mp4": _read_iso, "mov": _read_iso, "mkv": _read_matroska, "avi": _read_avi}.get(kind)
    if reader:
        try:
            reader(file, size, facts)
        except (struct.error, IndexError, ValueError, ZeroDivisionError):  # damaged; the decoder may still read it
            facts.listed = False
    return facts


Box = tuple[bytes, int, int]  # a kind, and where its content begins and ends


def _boxes(file: BinaryIO, start: int, stop: int) -> Iterator[Box]:
    """The boxes between two places of an ISO file."""
    for _ in range(MOST_BOXES):
        if start + 8 > stop:
            return
        file.seek(start)
        head = file.read(16)
        size, kind = struct.unpack(">I4s", head[:8])
        begin = start + 8
        if size == 1:
            size, begin = struct.unpack(">Q", head[8:16])[0], start + 16
        end = start + size if size else stop
        if end < begin:
            return
        yield kind, begin, end
        start = end


def _inner(file: BinaryIO, box: Box, *path: bytes) -> Box | None:
    """The first box within boxes."""
    for kind in path:
        found = next((inner for inner in _boxes(file, box[1], box[2]) if inner[0] == kind), None)
        if found is None:
            return None
        box = found
    return box


def _content(file: BinaryIO, box: Box | None, least: int) -> bytes:
    """What a box holds; `ValueError` if there is none, or it is too short."""
    if box is None:
        raise ValueError("a box is missing")
    file.seek(box[1])
    data = file.read(min(box[2] - box[1], HEAD))
    if len(data) < least:
        raise ValueError("a box is too short")
    return data


def _read_iso(file: BinaryIO, size: int, facts: Facts) -> None:
    """ISO base media (ISO/IEC 14496-12): mp4, mov."""
    boxes = list(_boxes(file, 0, size))
    facts.cut = bool(boxes) and boxes[-1][2] > size
    movie = next((box for box in boxes if box[0] == b"moov" and box[2] <= size), None)
    facts.indexed = movie is not None
    if movie is None:
        return
    fragments = _inner(file, movie, b"mvex") is not None
    head = _content(file, _inner(file, movie, b"mvhd"), 24)
    scale = struct.unpack(">I", head[20:24] if head[0] else head[12:16])[0]
    for track in (box for box in _boxes(file, movie[1], movie[2]) if box[0] == b"trak"):
        handler = _content(file, _inner(file, track, b"mdia", b"hdlr"), 12)[8:12]
        tables = _inner(file, track, b"mdia", b"minf", b"stbl")
        if handler not in (b"vide", b"soun") or tables is None:
            continue
        entry = _content(file, _inner(file, tables, b"stsd"), 16)
        codec = entry[12:16].decode("latin-1")
        if handler == b"soun":
            facts.audio = facts.audio or codec
        elif not facts.codec:
            facts.codec = codec
            facts.width, facts.height = struct.unpack(">HH", entry[40:44])
            if not fragments:
                facts.count, facts.end = _samples(file, track, tables, scale)
    facts.listed = True


def _samples(file: BinaryIO, track: Box, tables: Box, scale: int) -> tuple[int | None, float | None]:
    """How many frames a track shows, and until when, in seconds; None if its edit list leaves out some."""
    count = struct.unpack(">I", _content(file, _inner(file, tables, b"stsz"), 12)[8:12])[0]
    head = _content(file, _inner(file, track, b"mdia", b"mdhd"), 24)
    rate, length = struct.unpack(">IQ", head[20:32]) if head[0] else struct.unpack(">II", head[12:20])
    edits = _inner(file, track, b"edts", b"elst")
    if edits is None or not count:
        return count, length / rate
    data = _content(file, edits, 8)
    layout = struct.Struct(">QqI" if data[0] else ">IiI")
    entries = [layout.unpack_from(data, 8 + i * layout.size) for i in range(min(100, struct.unpack(">I", data[4:8])[0]))]
    shown = sum(duration / scale for duration, begin, _ in entries if begin >= 0)
    return (count, length / rate) if shown >= length / rate * (1 - SLACK / count) else (None, None)


def _read_matroska(file: BinaryIO, size: int, facts: Facts) -> None:
    """Matroska (RFC 9559): webm, mkv."""
    segment = None
    for place in ebml.elements(file, 0, size):
        if place.code == ebml.EBML:
            kinds = [ebml.read(file, inner, HEAD) for inner in ebml.elements(file, place.start, place.stop) if inner.code == ebml.DOC_TYPE]
            facts.kind = "webm" if kinds and kinds[0].rstrip(b"\0") == b"webm" else "mkv"
        elif place.code == ebml.SEGMENT:
            segment = place
            break
    if segment is None:
        facts.indexed = False
        return
    facts.cut = segment.stop > size
    duration, scale, clusters = 0.0, 1_000_000, []
    for place in ebml.elements(file, segment.start, min(segment.stop, size)):
        if place.code == ebml.INFO:
            for inner in ebml.elements(file, place.start, place.stop):
                if inner.code == ebml.DURATION:
                    duration = ebml.real(ebml.read(file, inner, 8))
                elif inner.code == ebml.TIMESTAMP_SCALE:
                    scale = int.from_bytes(ebml.read(file, inner, 8), "big")
        elif place.code == ebml.TRACKS:
            for inner in ebml.elements(file, place.start, place.stop):
                if inner.code == ebml.TRACK_ENTRY:
                    _read_track(file, inner, facts)
            facts.listed = True
        elif place.code == ebml.CLUSTER:
            clusters.append(place)
            if len(clusters) > MOST_CLUSTERS:
                return
    if facts.listed and duration > 0 and not facts.audio:
        facts.end = duration * scale / 1e9
    if facts.listed and clusters[0:1] and clusters[-1].stop <= size:
        _count_blocks(file, clusters, scale, facts)


def _count_blocks(file: BinaryIO, clusters: list[ebml.Element], scale: int, facts: Facts) -> None:
    """How many frames there are, and their mean rate, by the heads of their blocks."""
    times: list[int] = []
    blocks = 0
    for cluster in clusters:
        begin = 0
        for place in ebml.elements(file, cluster.start, cluster.stop):
            if place.code == ebml.TIMESTAMP:
                begin = int.from_bytes(ebml.read(file, place, 8), "big")
            elif place.code in (ebml.SIMPLE_BLOCK, ebml.BLOCK_GROUP):
                inner = place
                if place.code == ebml.BLOCK_GROUP:
                    inner = next((each for each in ebml.elements(file, place.start, place.stop) if each.code == ebml.BLOCK), None)
                    if inner is None:
                        continue
                track, past = struct.unpack(">Bh", ebml.read(file, inner, 3))
                if track == 0x80 | facts.track:
                    times.append(begin + past)
                if (blocks := blocks + 1) > MOST_BLOCKS:
                    return
    facts.count = len(times)
    if len(times) > 1 and max(times) > min(times):
        facts.rate = (len(times) - 1) / (max(times) - min(times)) / scale * 1e9


def _read_track(file: BinaryIO, entry: ebml.Element, facts: Facts) -> None:
    """A track of Matroska."""
    places = list(ebml.elements(file, entry.start, entry.stop))
    values = {place.code: ebml.read(file, place, HEAD) for place in places}
    kind, codec = values.get(ebml.TRACK_TYPE, b""), values.get(ebml.CODEC_ID, b"").rstrip(b"\0").decode("latin-1")
    if kind == b"\2":
        facts.audio = facts.audio or codec
    elif kind == b"\1" and not facts.codec:
        facts.codec, facts.track = codec, int.from_bytes(values.get(ebml.TRACK_NUMBER, b""), "big")
        video = next((place for place in places if place.code == ebml.VIDEO), None)
        if video is not None:
            inner = {place.code: ebml.read(file, place, 8) for place in ebml.elements(file, video.start, video.stop)}
            sizes = (ebml.PIXEL_WIDTH, ebml.PIXEL_HEIGHT, ebml.PIXEL_CROP_RIGHT, ebml.PIXEL_CROP_BOTTOM, ebml.ALPHA_MODE)
            numbers = [int.from_bytes(inner.get(code, b""), "big") for code in sizes]
            facts.width, facts.height, facts.right, facts.bottom = numbers[:4]
            facts.alpha = numbers[4] == 1


def _read_avi(file: BinaryIO, size: int, facts: Facts) -> None:
    """AVI: lists within RIFF."""
    file.seek(4)
    declared = struct.unpack("<I", file.read(4))[0]
    facts.cut = declared + 8 > size
    ahead = [(12, min(size, declared + 8))]
    while ahead:
        start, stop = ahead.pop(0)
        while start + 12 <= stop:
            file.seek(start)
            name, length, kind = struct.unpack("<4sI4s", file.read(12))
            if name == b"LIST" and kind in (b"hdrl", b"strl"):
                ahead.append((start + 12, min(stop, start + 8 + length)))
            elif name == b"LIST" and kind == b"movi":
                break
            elif name == b"strh":
                codec = file.read(4).decode("latin-1")
                if kind == b"vids":
                    facts.codec = facts.codec or codec
                elif kind == b"auds":
                    facts.audio = facts.audio or codec.strip("\0") or "sound"
            start += 8 + length + length % 2
    facts.listed = True
