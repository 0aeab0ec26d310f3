"""Reading clips: every kind gives its frames, at their times; everything that is no clip gives one line."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
import zipfile
from pathlib import Path

import cv2
import numpy as np
import pytest
from clip_files import by_ffmpeg, by_opencv, by_pillow, drawn, luma, needs_ffmpeg, psnr, with_sound
from PIL import Image

from mangastyle.errors import MangastyleError
from mangastyle.video.clips import open_clip
from mangastyle.video.containers import kind_of
from mangastyle.video.frame_folders import natural

FRAMES = drawn(6)


def numbers_and_times(clip, *span):
    return [(frame.number, round(frame.time, 3)) for frame in clip.frames(*span)]


@pytest.fixture
def avi(tmp_path):
    return by_opencv(tmp_path / "a.avi", FRAMES)


def one_line(path, **options):
    with pytest.raises(MangastyleError) as raised:
        list(open_clip(path, **options).frames())
    message = str(raised.value)
    assert "\n" not in message and message.startswith(str(path))
    return message[len(str(path)) :]


@pytest.mark.parametrize(
    ("name", "code", "least"), [("a.avi", "MJPG", 30), ("a.mp4", "mp4v", 28), ("a.mkv", "FFV1", 50), ("a.mov", "mp4v", 28)]
)
def test_video_files(tmp_path, name, code, least):
    clip = open_clip(by_opencv(tmp_path / name, FRAMES, 12.5, code))
    assert (clip.kind, clip.width, clip.height, clip.count, clip.has_alpha, clip.has_audio) == (name[2:], 80, 64, 6, False, False)
    assert clip.rate == pytest.approx(12.5) and numbers_and_times(clip) == [(i, 0.08 * i) for i in range(6)]
    assert min(psnr(luma(frame.rgb), luma(wanted)) for frame, wanted in zip(clip.frames(), FRAMES)) > least
    assert all(frame.alpha is None and frame.rgb.flags.c_contiguous for frame in clip.frames())


def test_nothing_is_printed_by_opencv_or_ffmpeg(tmp_path):
    for name, data in (("text.mp4", b"hello"), ("half.mp4", b"\0\0\0\x18ftypmp42" + b"\0" * 99), ("half.webm", b"\x1a\x45\xdf\xa3\x80")):
        (tmp_path / name).write_bytes(data)
    whole = by_opencv(tmp_path / "a.avi", FRAMES).read_bytes()
    (tmp_path / "cut.avi").write_bytes(whole[: len(whole) // 2])
    program = f"""
import logging, pathlib
logging.getLogger("mangastyle").setLevel(logging.CRITICAL)
from mangastyle.errors import MangastyleError
from mangastyle.video.clips import open_clip
for path in sorted(pathlib.Path({str(tmp_path)!r}).iterdir()):
    try:
        list(open_clip(path).frames())
    except MangastyleError:
        pass
"""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("OPENCV")}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=environment)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_part_of_a_clip(avi):
    clip = open_clip(avi)
    everything = list(clip.frames())
    part = list(clip.frames(1, 6, 2))
    assert [frame.number for frame in part] == [1, 3, 5] and list(clip.frames(9)) == [] and list(clip.frames(0, 0)) == []
    assert all(np.array_equal(frame.rgb, everything[frame.number].rgb) for frame in part)
    for wrong in ((-1,), (0, -1), (0, None, 0), (0.5,)):
        with pytest.raises(MangastyleError):
            clip.frames(*wrong)


def test_the_number_of_a_time(avi):
    clip = open_clip(avi)
    assert [clip.number_at(seconds) for seconds in (0, 0.05, 0.1, 0.3499, 0.55, 0.6, 99)] == [0, 0, 1, 3, 5, 6, 6]


def test_two_readers_do_not_disturb_each_other(avi):
    clip = open_clip(avi)
    for one, other in zip(clip.frames(), clip.frames()):
        assert np.array_equal(one.rgb, other.rgb)


@needs_ffmpeg
@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("a.mp4", ["-c:v", "libx264", "-pix_fmt", "yuv420p"]), ("a.webm", ["-c:v", "libvpx-vp9"]), ("a.flv", []), ("a.ts", []),
        ("a.mov", ["-c:v", "prores"]), ("a.ogv", ["-c:v", "libtheora"]), ("a.mpg", ["-r", "25"]),
    ],
)  # fmt: skip
def test_other_containers(tmp_path, name, arguments):
    clip = open_clip(by_ffmpeg(tmp_path / name, *arguments))
    rate = 25 if name == "a.mpg" else 10
    assert (clip.width, clip.height, round(clip.rate, 3)) == (64, 48, rate)
    assert numbers_and_times(clip) == [(i, pytest.approx(i / rate, abs=2e-3)) for i in range(rate)]


@needs_ffmpeg
def test_a_clip_that_was_filmed_upright(tmp_path):
    lying = by_ffmpeg(tmp_path / "a.mp4", "-c:v", "libx264", "-pix_fmt", "yuv420p")
    turned = tmp_path / "turned.mp4"
    subprocess.run(["ffmpeg", "-v", "error", "-i", lying, "-c", "copy", "-metadata:s:v", "rotate=90", turned], check=True)
    clip = open_clip(turned)
    assert (clip.width, clip.height) == (48, 64)
    command = ["ffmpeg", "-v", "error", "-i", turned, "-frames:v", "1", "-f", "rawvideo", "-pix_fmt", "rgb24", "-"]
    raw = subprocess.run(command, check=True, capture_output=True).stdout  # which ffmpeg has turned
    assert np.array_equal(next(clip.frames()).rgb, np.frombuffer(raw, np.uint8).reshape(64, 48, 3))


@needs_ffmpeg
@pytest.mark.parametrize("name", ["a.mp4", "a.webm", "a.mkv"])
def test_frames_that_are_shown_for_different_times(tmp_path, name):
    path = by_ffmpeg(tmp_path / name, "-vf", "select='not(eq(mod(n,3),1))'", "-vsync", "vfr", source="testsrc=s=64x48:r=10:d=2")
    clip = open_clip(path)
    times = [0.1 * number for number in range(20) if number % 3 != 1]
    assert clip.count == 13 and [frame.time for frame in clip.frames()] == pytest.approx(times, abs=1e-3)
    assert clip.rate == pytest.approx(13 / 2, rel=0.06)


@needs_ffmpeg
@pytest.mark.parametrize("matrix", ["bt709", "smpte170m"])
def test_colors_by_the_matrix_that_the_file_names(tmp_path, matrix):
    filters = f"format=gbrp,scale=out_color_matrix={matrix},format=yuv420p"
    path = by_ffmpeg(tmp_path / "a.mp4", "-vf", filters, "-c:v", "libx264", "-colorspace", matrix, source="color=c=0xC83C28:s=64x64:d=0.2")
    assert np.abs(next(open_clip(path).frames()).rgb - np.int32([200, 60, 40])).max() <= 3


@needs_ffmpeg
def test_sound_is_seen(tmp_path):
    assert open_clip(with_sound(tmp_path / "a.mp4")).has_audio is True
    assert open_clip(with_sound(tmp_path / "a.webm")).has_audio is True
    assert open_clip(with_sound(tmp_path / "a.avi")).has_audio is True
    assert open_clip(with_sound(tmp_path / "a.ts")).has_audio is None
    for name in ("sound.mp4", "sound.mkv"):
        subprocess.run(["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "sine=d=1", tmp_path / name], check=True)
        assert "has sound and no picture" in one_line(tmp_path / name)


@needs_ffmpeg
def test_a_codec_that_is_not_there_is_named(tmp_path):
    path = by_ffmpeg(tmp_path / "a.mkv", "-c:v", "libx264", "-pix_fmt", "yuv420p")
    path.write_bytes(path.read_bytes().replace(b"V_MPEG4/ISO/AVC", b"V_MPEG9/ISO/XYZ"))
    assert "its frames (MPEG9/ISO/XYZ) cannot be decoded; save it with another codec (H.264" in one_line(path)


@needs_ffmpeg
@pytest.mark.parametrize("name", ["a.mp4", "a.webm", "a.mkv", "a.avi"])
def test_a_broken_tail_is_a_remark(tmp_path, caplog, name):
    path = by_ffmpeg(tmp_path / name, "-movflags", "+faststart", "-threads", "1", source="testsrc=s=160x120:r=10:d=3")
    whole = list(open_clip(path).frames())
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 3 // 4])
    clip = open_clip(path)
    frames = list(clip.frames())
    assert 5 < len(frames) < len(whole) == 30
    assert clip.remarks == [f"{path}: breaks off; the {len(frames)} frames that it has are used"] == caplog.messages
    assert np.array_equal(frames[3].rgb, whole[3].rgb)


def test_an_index_at_the_end_that_is_missing(tmp_path):
    path = by_opencv(tmp_path / "a.mp4", FRAMES, code="mp4v")
    path.write_bytes(path.read_bytes()[:-400])
    assert "its index is missing" in one_line(path)


@needs_ffmpeg
def test_a_size_that_changes_is_scaled_to_the_first(tmp_path):
    parts = [by_ffmpeg(tmp_path / f"{size}.ts", source=f"testsrc=s={size}:r=10:d=1") for size in ("64x48", "96x80")]
    path = tmp_path / "both.ts"
    path.write_bytes(b"".join(part.read_bytes() for part in parts))
    shapes = [frame.rgb.shape for frame in open_clip(path).frames()]
    assert set(shapes) == {(48, 64, 3)} and len(shapes) > 15


@pytest.mark.parametrize(("name", "form"), [("a.gif", "GIF"), ("a.png", "PNG"), ("a.webp", "WEBP")])
def test_animated_pictures(tmp_path, name, form):
    options = {"lossless": True} if form == "WEBP" else {}
    clip = open_clip(by_pillow(tmp_path / name, FRAMES, [100, 250, 40, 100, 500, 70], form, **options))
    assert (clip.kind, clip.width, clip.height, clip.count, clip.has_alpha) == ({"png": "apng"}.get(name[2:], name[2:]), 80, 64, 6, False)
    assert numbers_and_times(clip) == [(0, 0), (1, 0.1), (2, 0.35), (3, 0.39), (4, 0.49), (5, 0.99)]
    assert clip.last == pytest.approx(0.07) and clip.rate == pytest.approx(6 / 1.06)
    assert min(psnr(frame.rgb, wanted) for frame, wanted in zip(clip.frames(), FRAMES)) > (30 if form == "GIF" else 98)
    assert [frame.number for frame in clip.frames(2, 5, 2)] == [2, 4]


@pytest.mark.parametrize(("name", "form"), [("a.gif", "GIF"), ("a.apng", "PNG"), ("a.webp", "WEBP")])
def test_opacity_of_animated_pictures(tmp_path, name, form):
    frames = []
    for frame in FRAMES:
        alpha = np.full(frame.shape[:2], 255, np.uint8)
        alpha[:, :30] = 0
        frames.append(np.dstack([frame, alpha]))
    options = {"GIF": {"disposal": 2}, "WEBP": {"lossless": True}}.get(form, {})
    clip = open_clip(by_pillow(tmp_path / name, frames, [100] * 6, form, **options))
    assert clip.has_alpha
    for frame in clip.frames():
        assert (frame.alpha[:, :30] == 0).all() and (frame.alpha[:, 30:] == 255).all() and (frame.rgb[:, :30] == 255).all()


def test_a_gif_whose_frames_build_on_each_other(tmp_path):
    """Pillow's writer stores what changed alone; browsers' rule for very short times is ours."""
    clip = open_clip(by_pillow(tmp_path / "a.gif", FRAMES, [0, 10, 20, 30, 0, 0]))
    assert [round(time, 2) for _, time in clip._times()] == [0, 0.1, 0.2, 0.22, 0.25, 0.35]


def test_a_gif_that_breaks_off(tmp_path):
    path = by_pillow(tmp_path / "a.gif", [np.random.default_rng(i).integers(0, 255, (40, 40, 3), np.uint8) for i in range(5)], [100] * 5)
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])
    clip = open_clip(path)
    frames = list(clip.frames())
    assert 2 <= len(frames) < 5 and clip.count == len(frames) and "breaks off" in clip.remarks[0] and len(clip.remarks) == 1


def test_one_frame_is_a_clip(tmp_path):
    assert numbers_and_times(open_clip(by_pillow(tmp_path / "a.gif", FRAMES[:1], [100]))) == [(0, 0)]
    assert numbers_and_times(open_clip(by_opencv(tmp_path / "a.avi", FRAMES[:1]))) == [(0, 0)]


def frame_folder(place: Path, names, frames=FRAMES) -> Path:
    place.mkdir()
    for name, frame in zip(names, frames):
        Image.fromarray(frame).save(place / name)
    return place


def test_a_folder_in_the_order_of_its_numbers(tmp_path):
    folder = frame_folder(tmp_path / "frames", ["f10.png", "f2.bmp", "f1.png", "F3.tif"])
    clip = open_clip(folder)
    assert (clip.kind, clip.count, clip.rate, clip.has_audio) == ("folder", 4, 24, False)
    found = [frame.rgb for frame in clip.frames()]
    assert all(np.array_equal(a, FRAMES[b]) for a, b in zip(found, (2, 1, 3, 0)))
    assert [round(frame.time * 12) for frame in open_clip(folder, rate=12).frames()] == [0, 1, 2, 3]
    assert sorted(["a10", "a9", "a09", "b1", "A1"], key=natural) == ["A1", "a09", "a9", "a10", "b1"]


def test_folders_that_are_no_clips(tmp_path):
    folder = frame_folder(tmp_path / "odd", ["1.png", "2.png", "3.png"], [FRAMES[0], FRAMES[1], FRAMES[2][:-1]])
    with pytest.raises(MangastyleError, match=r"3\.png: is 80x63, but the first frame, 1\.png, is 80x64; give all frames one size"):
        open_clip(folder)
    (tmp_path / "empty").mkdir()
    assert "no picture in this folder" in one_line(tmp_path / "empty")
    frame_folder(tmp_path / "outer", [])
    frame_folder(tmp_path / "outer" / "inner", ["1.png"])
    assert f"it has folders of them: name one, such as {tmp_path / 'outer' / 'inner'}" in one_line(tmp_path / "outer")
    damaged = frame_folder(tmp_path / "damaged", ["1.png", "2.png"])
    (damaged / "2.png").write_bytes((damaged / "2.png").read_bytes()[:300])
    with pytest.raises(MangastyleError, match=r"2\.png: damaged"):
        list(open_clip(damaged).frames())


@pytest.mark.parametrize("said", ["[]", "{}", '{"rate": 0}', '{"rate": 12, "times": [0, 2, 1]}', '{"rate": 12, "times": [0, "a", 1]}'])
def test_a_file_of_times_that_makes_no_sense(tmp_path, said):
    folder = frame_folder(tmp_path / "frames", ["1.png", "2.png"])
    (folder / "clip.json").write_text(said)
    with pytest.raises(MangastyleError, match=r"clip\.json: .* mend or remove this file"):
        open_clip(folder)


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", "the file is empty"), (b"Dear diary, " * 900, "is no clip; clips end in .mp4 .webm"),
        (b"#EXTM3U\n#EXTINF:1,\nhttp://localhost/a.ts\n", "is no clip"), (b"ffconcat version 1.0\nfile a.mp4\n", "is no clip"),
        (b"v=0\no=- 0 0 IN IP4 127.0.0.1\n", "is no clip"), (b"<?xml version='1.0'?><MPD></MPD>", "is no clip"),
        (b"\0\0\0\x18ftypmp42" + b"\0" * 99, "its index is missing"), (b"RIFF\xff\0\0\0AVI ", "has nothing and no picture"),
        (b"\x1a\x45\xdf\xa3\x80", "its index is missing"), (b"GIF89a", "damaged"), (b"OggS" + b"\0" * 99, "damaged"),
    ],
)  # fmt: skip
def test_files_that_are_no_clips(tmp_path, data, told):
    path = tmp_path / "a.mp4"
    path.write_bytes(data)
    assert told in one_line(path)


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP", "BMP", "TIFF", "AVIF"])
def test_a_picture_that_was_renamed(tmp_path, form):
    Image.fromarray(FRAMES[0]).save(tmp_path / "a.mp4", form)
    assert "is a single picture, not a clip; name a clip, or a folder of frames" in one_line(tmp_path / "a.mp4")


@pytest.mark.posix
def test_addresses_and_devices_are_not_opened(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for path in ("http://localhost/a.mp4", "rtsp://localhost/a", "https:/localhost/a.mp4", "ftp://a.b/c.webm"):
        with pytest.raises(MangastyleError, match="is no file; download the clip"):
            open_clip(path)
    with pytest.raises(MangastyleError, match="no such file"):
        open_clip("concat:a.mp4|b.mp4")
    os.mkfifo(tmp_path / "pipe.mp4")
    with pytest.raises(MangastyleError, match="pipe or a device"):
        open_clip("pipe.mp4")
    for wrong in (None, 5, b"a.mp4", "a\0b"):
        with pytest.raises(MangastyleError, match="`path`"):
            open_clip(wrong)


def test_names_mean_nothing_to_the_decoder(tmp_path):
    """Patterns of names, and names like addresses, are those of files."""
    for number in range(3):
        Image.fromarray(FRAMES[number]).save(tmp_path / f"a{number:03d}.png")
    data = by_opencv(tmp_path / "x.avi", FRAMES).read_bytes()
    for name in ("a%03d.png", "file:x.avi", "no suffix", "größe\udcff.avi"):
        (tmp_path / name).write_bytes(data)
        clip = open_clip(tmp_path / name)
        assert clip.kind == "avi" and len(list(clip.frames())) == 6


def test_frames_that_are_too_large(tmp_path, monkeypatch):
    """8K is known by the header, before anything is decoded."""
    large = by_opencv(tmp_path / "a.mp4", FRAMES, code="mp4v")
    entry = struct.pack(">HH", 80, 64)
    assert large.read_bytes().count(entry) == 1
    large.write_bytes(large.read_bytes().replace(entry, struct.pack(">HH", 7680, 4320)))
    monkeypatch.setattr(cv2, "VideoCapture", lambda *given: pytest.fail("decoded"))
    assert "7680x4320 pixels is over the limit of 30 megapixels; make it smaller, or raise `max_pixels`" in one_line(
        large, max_pixels=30_000_000
    )
    monkeypatch.undo()
    for path in (by_opencv(tmp_path / "a.avi", FRAMES), by_pillow(tmp_path / "a.gif", FRAMES, [100] * 6)):
        assert "80x64 pixels is over the limit" in one_line(path, max_pixels=5000)
    with pytest.raises(MangastyleError, match="over the limit"):
        open_clip(frame_folder(tmp_path / "f", ["1.png"]), max_pixels=5000)


def test_kinds_by_their_first_bytes():
    assert kind_of(b"\x47" + b"\0" * 187 + b"\x47" + b"\0" * 187 + b"\x47" + b"\0" * 187 + b"\x47") == "ts"
    assert kind_of(b"GET / HTTP") == kind_of(b"") == ""
    assert kind_of(b"\0\0\0\x1cftypavif") == "picture" and kind_of(b"\0\0\0\x1cftypqt  ") == "mov"


@pytest.mark.slow
def test_real_clips(shared_data, tmp_path):
    with zipfile.ZipFile(shared_data / "clips.zip") as archive:
        archive.extractall(tmp_path)
    found = {}
    for path in sorted(tmp_path.iterdir()):
        clip = open_clip(path)
        frames = list(clip.frames())
        assert len(frames) == clip.count and not clip.remarks
        found[clip.kind] = found.get(clip.kind, 0) + len(frames)
    assert found == {"mp4": 28, "gif": 80, "folder": 48}
