"""Writing clips: what is written is read again, frame by frame; what cannot be written leaves nothing, and gives one line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest
from clip_files import by_opencv, by_pillow, drawn, luma, needs_ffmpeg, psnr, with_sound
from PIL import Image

from mangastyle.errors import MangastyleError
from mangastyle.video import ebml, ffmpeg, webm
from mangastyle.video.clips import open_clip
from mangastyle.video.writer import even, rate_of
from mangastyle.video.writers import check_result, open_writer

EXACT = ("a.webp", "a.apng", "folder/")
OWN = (*EXACT, "a.gif", "a.webm")
BY_FFMPEG = ("a.mp4", "a.mov", "a.mkv")
EVERY = [
    *OWN,
    pytest.param("a.mp4", marks=needs_ffmpeg),
    *(pytest.param(x, marks=[needs_ffmpeg, pytest.mark.slow]) for x in ("a.mov", "a.mkv")),
]
FRAMES = drawn(8)


def write(path, frames=FRAMES, *, rate=12, alphas=None, times=None, **options):
    with open_writer(path, frames[0].shape[:2], rate=rate, alpha=alphas is not None, **options) as writer:
        for number, frame in enumerate(frames):
            writer.write(frame, None if alphas is None else alphas[number], None if times is None else times[number])
    return writer


def place(folder: Path, name: str) -> str:
    """The name with its slash, which a Path would lose."""
    return f"{folder}/{name}"


@pytest.mark.parametrize("rate", [24000 / 1001, Fraction(25, 2)])
@pytest.mark.parametrize("name", EVERY)
def test_what_is_written_is_read_again(tmp_path, name, rate):
    writer = write(place(tmp_path, name), rate=rate)
    clip = open_clip(tmp_path / name)
    found = list(clip.frames())
    step = 0.005 if name.endswith("gif") else 0.00051
    assert writer.count == clip.count == len(found) == 8 and (clip.height, clip.width) == (64, 80) and not clip.has_alpha
    assert [frame.time for frame in found] == pytest.approx([number / float(rate) for number in range(8)], abs=step)
    assert clip.rate == pytest.approx(float(rate), rel=0.02 if name.endswith(("gif", "webp", "apng")) else 1e-6)
    end = found[-1].time + (clip.last or 1 / clip.rate)
    assert end == pytest.approx(8 / float(rate), abs=2 * step)
    if name in EXACT:
        assert all(np.array_equal(frame.rgb, wanted) for frame, wanted in zip(found, FRAMES))
    else:
        least = 33 if name.endswith("gif") else 38
        assert min(psnr(luma(frame.rgb), luma(wanted)) for frame, wanted in zip(found, FRAMES)) > least
        assert max(np.abs(frame.rgb.mean((0, 1)) - wanted.mean((0, 1))).max() for frame, wanted in zip(found, FRAMES)) < 3
    assert os.listdir(tmp_path) == [name.rstrip("/")]


@pytest.mark.parametrize("name", EVERY)
def test_times_that_differ_are_kept(tmp_path, name):
    times = [7 + time for time in (0, 0.1, 0.13, 0.33, 0.4, 1.4, 1.44, 1.5)]
    writer = write(place(tmp_path, name), times=times, rate=5, last=0.5)
    assert not writer.steady
    clip = open_clip(tmp_path / name)
    found = [frame.time for frame in clip.frames()]
    assert found == pytest.approx([time - 7 for time in times], abs=1e-3) and clip.count == 8
    if name in OWN:
        assert clip.last == pytest.approx(0.5)


@pytest.mark.parametrize("name", EVERY)
def test_times_of_a_steady_clip_may_be_rounded(tmp_path, name):
    """Containers round to milliseconds; the rate is exact nevertheless."""
    rate = 24000 / 1001
    writer = write(place(tmp_path, name), rate=rate, times=[round(number / rate, 3) for number in range(8)])
    assert writer.steady
    if not name.endswith(("gif", "webp", "apng")):
        assert open_clip(tmp_path / name).rate == pytest.approx(rate, rel=1e-6)


@pytest.mark.parametrize("size", [(1, 1), (33, 47), (34, 47)])
@pytest.mark.parametrize("name", EVERY)
def test_odd_sizes(tmp_path, caplog, name, size):
    frames = drawn(3, *size)
    write(place(tmp_path, name), frames)
    clip = open_clip(tmp_path / name)
    padded = name in BY_FFMPEG
    assert (clip.height, clip.width) == (even(frames[0]).shape[:2] if padded else size)
    assert padded == any("is repeated" in message for message in caplog.messages)
    assert [frame.rgb.shape for frame in clip.frames()] == [(clip.height, clip.width, 3)] * 3
    if name == "a.webm" and size != (1, 1):
        assert min(psnr(luma(frame.rgb), luma(wanted)) for frame, wanted in zip(clip.frames(), frames)) > 33
    if name in EXACT:
        assert all(np.array_equal(frame.rgb, wanted) for frame, wanted in zip(clip.frames(), frames))


def opacities(frames):
    """A gradient, and a hole that moves."""
    alphas = []
    for number, frame in enumerate(frames):
        alpha = np.repeat(np.linspace(255, 60, frame.shape[1]).astype(np.uint8)[None], len(frame), 0)
        alpha[10:20, 5 * number : 5 * number + 10] = 0
        alphas.append(alpha)
    return alphas


@pytest.mark.parametrize("name", [*EXACT, "a.gif", pytest.param("a.webm", marks=needs_ffmpeg)])
def test_opacity_is_kept(tmp_path, name):
    alphas = opacities(FRAMES)
    on_white = [np.uint8(np.rint(255 - (255.0 - rgb) * alpha[..., None] / 255)) for rgb, alpha in zip(FRAMES, alphas)]
    write(place(tmp_path, name), on_white, alphas=alphas)
    clip = open_clip(tmp_path / name)
    assert clip.has_alpha and clip.count == 8
    for frame, rgb, alpha in zip(clip.frames(), on_white, alphas):
        if name == "a.gif":
            assert np.array_equal(frame.alpha, np.where(alpha >= 128, 255, 0))
        elif name in EXACT:
            assert np.array_equal(frame.alpha, alpha) and np.abs(frame.rgb - np.int32(rgb)).max() <= 2
        else:
            assert psnr(frame.alpha, alpha) > 34 and psnr(luma(frame.rgb), luma(rgb)) > 30


def test_opacity_that_cannot_be_kept_is_a_remark(tmp_path, monkeypatch, caplog):
    monkeypatch.setenv("PATH", "")
    writer = write(tmp_path / "a.webm", alphas=opacities(FRAMES))
    assert caplog.messages == writer.remarks == [f"{tmp_path / 'a.webm'}: opacity is not kept; install ffmpeg, or name a .webp"]
    assert not open_clip(tmp_path / "a.webm").has_alpha


@pytest.mark.parametrize("name", EVERY)
def test_the_same_frames_give_the_same_bytes(tmp_path, name):
    found = []
    for folder in ("first", "second"):
        write(place(tmp_path / folder, name))
        path = tmp_path / folder / name
        found.append({file.name: file.read_bytes() for file in path.iterdir()} if path.is_dir() else path.read_bytes())
    assert found[0] == found[1]


@pytest.mark.parametrize("name", ["a.webp", "a.apng", "a.gif"])
def test_pillow_agrees_on_animated_pictures(tmp_path, name):
    """Frames that repeat the one before, and small changes, are rectangles within the picture."""
    frames = [FRAMES[0], FRAMES[0], FRAMES[1], FRAMES[0].copy(), FRAMES[2]]
    frames[3][-1, -1] = 255 - frames[3][-1, -1]
    write(tmp_path / name, frames, rate=10)
    with Image.open(tmp_path / name) as image:
        assert image.n_frames == 5 and image.info.get("loop", 0) == 0
        for number, wanted in enumerate(frames):
            image.seek(number)
            image.load()
            assert image.info["duration"] == 100 and psnr(np.asarray(image.convert("RGB")), wanted) > (33 if name == "a.gif" else 98)


def test_small_changes_make_small_files(tmp_path):
    still = np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8)
    changed = still.copy()
    changed[5:9, 5:9] = 0
    for name in ("a.webp", "a.apng", "a.gif"):
        write(tmp_path / f"one{name}", [still])
        write(tmp_path / name, [still, changed, changed])
        assert (tmp_path / name).stat().st_size < 1.2 * (tmp_path / f"one{name}").stat().st_size + 1000


def test_a_painting_as_webp_is_not_lossless_and_good(tmp_path):
    noise = np.random.default_rng(0).normal(size=(128, 128, 3))
    painted = np.uint8(np.clip(128 + 30 * cv2.GaussianBlur(noise, (0, 0), 3) * 6, 0, 255))
    write(tmp_path / "a.webp", [painted] * 2)
    found = next(open_clip(tmp_path / "a.webp").frames()).rgb
    assert 33 < psnr(found, painted) < 90


def test_webm_by_its_elements(tmp_path):
    """An EBML reader finds what RFC 9559 wants; positions lead to what they name."""
    frames = [np.full((33, 48, 3), 4 * i, np.uint8) for i in range(60)]
    write(tmp_path / "a.webm", frames, rate=10)
    with open(tmp_path / "a.webm", "rb") as file:
        size = os.fstat(file.fileno()).st_size
        head, segment = ebml.elements(file, 0, size)
        assert head.code == ebml.EBML and (segment.code, segment.stop) == (ebml.SEGMENT, size)
        inner = list(ebml.elements(file, segment.start, size))
        codes = [place.code for place in inner]
        assert codes[:3] == [ebml.SEEK_HEAD, ebml.INFO, ebml.TRACKS] and codes[-1] == ebml.CUES and codes.count(ebml.CLUSTER) > 1
        for seek in ebml.elements(file, inner[0].start, inner[0].stop):
            code, position = (ebml.read(file, place) for place in ebml.elements(file, seek.start, seek.stop))
            file.seek(segment.start + int.from_bytes(position, "big"))
            assert file.read(4) == code
        for point in ebml.elements(file, inner[-1].start, inner[-1].stop):
            time, positions = ebml.elements(file, point.start, point.stop)
            place = [ebml.read(file, each) for each in ebml.elements(file, positions.start, positions.stop)][1]
            file.seek(segment.start + int.from_bytes(place, "big"))
            cluster = next(ebml.elements(file, file.tell(), size))
            stamp = next(ebml.elements(file, cluster.start, cluster.stop))
            assert cluster.code == ebml.CLUSTER and ebml.read(file, stamp) == ebml.read(file, time)


def test_repeated_frames_of_webm_take_a_byte_and_are_the_same(tmp_path):
    once = drawn(15)  # OpenCV's encoder makes every twelfth frame one that needs no other
    counts = [1, 2, 3, 1, 1, 4, 2, 2, 1, 1, 3, 3, 2, 1, 2]
    held = [frame for frame, count in zip(once, counts) for _ in range(count)]
    write(tmp_path / "once.webm", once)
    write(tmp_path / "held.webm", held)
    shown, expected = ([frame.rgb for frame in open_clip(tmp_path / name).frames()] for name in ("held.webm", "once.webm"))
    expected = [frame for frame, count in zip(expected, counts) for _ in range(count)]
    assert len(shown) == len(held) and all(np.array_equal(*pair) for pair in zip(shown, expected))
    added = (tmp_path / "held.webm").stat().st_size - (tmp_path / "once.webm").stat().st_size
    assert added < 12 * (len(held) - len(once))  # bytes, heads of blocks and clusters included


@needs_ffmpeg
def test_colors_of_webm_have_no_cast(tmp_path):
    """By ITU-R BT.601 the stored luma and chroma are those of the colors, on average to a third of a level."""
    colors = np.random.default_rng(0).integers(30, 226, (8, 8, 3), np.uint8)
    write(tmp_path / "a.webm", [np.kron(colors, np.ones((16, 16, 1), np.uint8))] * 2)
    command = ["ffmpeg", "-v", "error", "-i", tmp_path / "a.webm", "-frames:v", "1", "-f", "rawvideo", "-pix_fmt", "yuv420p", "-"]
    planes = np.frombuffer(subprocess.run(command, check=True, capture_output=True).stdout, np.uint8)
    stored = [planes[: 128 * 128].reshape(128, 128)[8::16, 8::16], *planes[128 * 128 :].reshape(2, 64, 64)[:, 4::8, 4::8]]
    matrix = np.array([[65.481, 128.553, 24.966], [-37.797, -74.203, 112.0], [112.0, -93.786, -18.214]]) / 255
    for plane, row, offset in zip(stored, matrix, (16, 128, 128)):
        assert abs((plane - (colors @ row + offset)).mean()) < 0.3


def test_players_go_to_frames_that_need_no_others(tmp_path):
    """A cluster that is full begins with any frame; no cue leads there."""
    frames = [np.full((32, 48, 3), 9 * i, np.uint8) for i in range(26)]
    write(tmp_path / "a.webm", frames, rate=Fraction(1, 10))
    with open(tmp_path / "a.webm", "rb") as file:
        _, segment = ebml.elements(file, 0, os.fstat(file.fileno()).st_size)
        inner = list(ebml.elements(file, segment.start, segment.stop))
        cues = [
            ebml.read(file, next(ebml.elements(file, point.start, point.stop)))
            for point in ebml.elements(file, inner[-1].start, inner[-1].stop)
        ]
    assert [place.code for place in inner].count(ebml.CLUSTER) > 3
    assert [int.from_bytes(cue, "big") for cue in cues] == [0, 120_000, 240_000]  # milliseconds: each twelfth frame


def test_long_pauses_begin_clusters(tmp_path):
    times = [0, 1, 40, 41, 100, 160, 161, 200]
    write(tmp_path / "a.webm", times=times, rate=1)
    assert [frame.time for frame in open_clip(tmp_path / "a.webm").frames()] == times


@needs_ffmpeg
def test_ffmpeg_reads_our_webm(tmp_path):
    write(tmp_path / "a.webm", drawn(30), rate=24000 / 1001)
    entries = "stream=codec_name,width,height,avg_frame_rate,color_range,color_primaries:packet=pts_time"
    command = ["ffprobe", "-v", "warning", "-of", "json", "-show_entries", entries, str(tmp_path / "a.webm")]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    said = json.loads(done.stdout)
    assert not done.stderr and said["streams"] == [
        {"codec_name": "vp9", "width": 80, "height": 64, "avg_frame_rate": "24000/1001", "color_range": "tv", "color_primaries": "bt709"}
    ]
    times = [float(packet["pts_time"]) for packet in said["packets"]]
    assert times == pytest.approx([number * 1001 / 24000 for number in range(30)], abs=6e-4)


@needs_ffmpeg
@pytest.mark.parametrize(
    ("name", "sides"),
    [
        ("a.webm", (47, 63)), ("a.mp4", (48, 64)),
        *(pytest.param(*given, marks=pytest.mark.slow) for given in (("a.webm", (48, 64)), ("a.mkv", (48, 64)), ("a.mov", (47, 63)))),
    ],
)  # fmt: skip
def test_sound_is_kept_where_the_pictures_are(tmp_path, name, sides):
    """A tone in the source's second half is there from the right time on."""
    tone = "aevalsrc=if(gte(t\\,0.5)\\,sin(2500*t)\\,0):d=1"
    source = with_sound(tmp_path / "source.mp4", "-f", "lavfi", "-i", tone, "-map", "0:v", "-map", "2:a", "-c:a", "aac", "-t", "1")
    clip = open_clip(source)
    with open_writer(tmp_path / name, sides, rate=clip.rate, audio_from=clip) as writer:
        for frame in clip.frames(2, 9):
            writer.write(frame.rgb[: sides[0], : sides[1]], None, frame.time)
    made = open_clip(tmp_path / name)
    assert made.has_audio and [round(frame.time, 2) for frame in made.frames()] == [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6]
    assert (made.height, made.width) == (sides if name == "a.webm" else (48, 64))
    command = ["ffmpeg", "-v", "error", "-i", tmp_path / name, "-map", "0:a", "-ac", "1", "-ar", "8000", "-f", "s16le", "-"]
    sound = np.abs(np.frombuffer(subprocess.run(command, check=True, capture_output=True).stdout, np.int16).astype(float))
    loud = np.flatnonzero(sound > 3000)
    assert loud[0] / 8000 == pytest.approx(0.3, abs=0.05) and len(sound) / 8000 == pytest.approx(0.7, abs=0.06)
    assert sorted(os.listdir(tmp_path)) == sorted([name, "source.mp4"])


@needs_ffmpeg
def test_a_clip_without_sound_has_none_to_keep(tmp_path, caplog):
    source = open_clip(by_opencv(tmp_path / "a.avi", FRAMES))
    write(tmp_path / "a.mp4", audio_from=source)
    assert "has no sound to keep" in caplog.messages[0] and open_clip(tmp_path / "a.mp4").has_audio is False
    with pytest.raises(MangastyleError, match="no sound that can be kept"):
        open_writer(tmp_path / "b.mp4", (4, 4), rate=1, audio_from=by_pillow(tmp_path / "a.gif", FRAMES, [100] * 8))


@pytest.mark.posix
def test_without_ffmpeg(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    for name in BY_FFMPEG:
        with pytest.raises(MangastyleError, match=r"is written by ffmpeg, which is not on the PATH; install it, or name a \.webm"):
            check_result(tmp_path / name)
    with pytest.raises(MangastyleError, match="sound is kept by ffmpeg, which is not on the PATH"):
        check_result(tmp_path / "a.webm", sound=True)
    with pytest.raises(MangastyleError, match="holds no sound; name a .webm or .mp4"):
        check_result(tmp_path / "a.webp", sound=True)
    program = tmp_path / "ffmpeg"
    program.write_text("#!/bin/sh\necho ' V....D mpeg4   MPEG-4'\necho oh >&2\nexit 3\n")
    program.chmod(0o755)
    with pytest.raises(MangastyleError, match="was built without libx264; name a .webm"):
        write(tmp_path / "a.mp4")
    program.write_text("#!/bin/sh\necho ' V....D libx264   H.264'\n/bin/cat > /dev/null\necho 'no such thing' >&2\nexit 3\n")
    ffmpeg.encoders.cache_clear()
    with pytest.raises(MangastyleError, match=r"a\.mp4: ffmpeg cannot write this \(no such thing\)"):
        write(tmp_path / "a.mp4")
    program.write_text("#!/bin/sh\necho 'disk: No space left on device' >&2\nexit 1\n")
    with pytest.raises(MangastyleError, match=r"a\.mp4: cannot write this file \(No space left on device\)"):
        write(tmp_path / "a.mp4", drawn(20, 200, 200))
    ffmpeg.encoders.cache_clear()
    ffmpeg.version.cache_clear()
    assert os.listdir(tmp_path) == ["ffmpeg"]


@pytest.mark.parametrize("name", EVERY)
@pytest.mark.parametrize("failure", [KeyboardInterrupt(), OSError(28, "No space left on device")])
def test_after_a_failure_the_old_clip_is_there_and_nothing_else(tmp_path, name, failure):
    write(place(tmp_path, name), FRAMES[:2])
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    with pytest.raises(MangastyleError if isinstance(failure, OSError) else type(failure)) as raised:
        with open_writer(place(tmp_path, name), (64, 80), rate=10) as writer:
            writer.write(FRAMES[0])
            writer.write(FRAMES[1])
            raise failure
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before
    assert "No space left" in str(raised.value) or not isinstance(failure, OSError)
    write(place(tmp_path, name), FRAMES[:3])
    assert open_clip(tmp_path / name).count == 3


@pytest.mark.parametrize("name", EVERY)
def test_no_frame_is_no_clip(tmp_path, name):
    with pytest.raises(MangastyleError, match="no frame was written"):
        with open_writer(place(tmp_path, name), (64, 80), rate=10):
            pass
    assert os.listdir(tmp_path) == []


def test_existing_results(tmp_path):
    write(tmp_path / "a.webm")
    with pytest.raises(MangastyleError, match="already exists; use `force`"):
        write(tmp_path / "a.webm", force=False)
    write(tmp_path / "frames")
    with pytest.raises(MangastyleError, match="already exists; use `force`"):
        write(tmp_path / "frames", force=False)
    (tmp_path / "frames" / "mine.txt").write_text("mine")
    with pytest.raises(MangastyleError, match=r"frames: holds other files, such as mine\.txt; choose another `out`"):
        write(tmp_path / "frames", FRAMES[:1])
    assert len(os.listdir(tmp_path / "frames")) == 10
    (tmp_path / "file").write_text("")
    with pytest.raises(MangastyleError, match="is a file, not a folder"):
        write(place(tmp_path, "file/"))
    (tmp_path / "new.d").mkdir()
    write(tmp_path / "new.d")
    assert len(os.listdir(tmp_path / "new.d")) == 9


@pytest.mark.parametrize("name", ["a.mpeg", "a.avi", "a.png", "a.txt"])
def test_formats_that_are_not_written(tmp_path, name):
    with pytest.raises(MangastyleError, match=r"cannot write this format; end the name in \.webm"):
        open_writer(tmp_path / name, (8, 8), rate=10)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write anywhere")
def test_places_that_cannot_be_written(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(MangastyleError, match="cannot write in"):
        check_result(tmp_path / "a.webm")


def test_a_place_below_a_file(tmp_path):
    (tmp_path / "file").write_text("")
    for name in OWN:
        with pytest.raises(MangastyleError, match="cannot write in"):
            check_result(place(tmp_path / "file", name))


@pytest.mark.posix
def test_a_disk_that_takes_no_more(tmp_path):
    """A limit of files' sizes stands for a full disk: nothing half-written is left."""
    names = [place(tmp_path, name) for name in OWN]
    program = f"""
import resource, numpy as np
from mangastyle.errors import MangastyleError
from mangastyle.video.writers import open_writer
resource.setrlimit(resource.RLIMIT_FSIZE, (9000, 9000))
for name in {names!r}:
    try:
        with open_writer(name, (96, 96), rate=10) as writer:
            for i in range(30):
                writer.write(np.random.default_rng(i).integers(0, 255, (96, 96, 3), np.uint8))
    except MangastyleError as error:
        print(error)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    lines = done.stdout.splitlines()
    assert not done.stderr and len(lines) == len(names)
    assert all(line.startswith(name.rstrip("/") + ": ") for line, name in zip(lines, names))
    assert os.listdir(tmp_path) == []


def test_frames_that_do_not_fit(tmp_path):
    for wrong in (FRAMES[0][:-1], FRAMES[0].astype(float), None):
        with pytest.raises(MangastyleError):
            write(tmp_path / "a.webp", [FRAMES[0], wrong])
    with pytest.raises(MangastyleError, match="`time`: must rise; frame 1 comes at 0 s"):
        write(tmp_path / "a.webp", FRAMES[:2], times=[0.5, 0.0])
    with pytest.raises(MangastyleError, match="for all frames, or for none"):
        write(tmp_path / "a.webp", FRAMES[:2], times=[0.5, None])
    with pytest.raises(MangastyleError, match="`alpha`"):
        write(tmp_path / "a.webp", FRAMES[:1], alphas=[np.zeros((2, 2), np.uint8)])
    assert os.listdir(tmp_path) == []
    write(tmp_path / "gray.webp", [luma(frame) for frame in FRAMES])


@pytest.mark.parametrize("rate", [0, -1, float("nan"), float("inf"), None, "x", True, 5000])
def test_rates_that_are_none(tmp_path, rate):
    with pytest.raises(MangastyleError, match="`rate`"):
        open_writer(tmp_path / "a.webm", (8, 8), rate=rate)


def test_well_known_rates():
    assert [rate_of(rate) for rate in (23.976, 23.976023976, 29.97, 59.94)] == [Fraction(n * 1000, 1001) for n in (24, 24, 30, 60)]
    assert [rate_of(rate) for rate in (12, 12.5, 15, 8.333333)] == [12, Fraction(25, 2), 15, Fraction(25, 3)]


def test_the_caller_may_use_its_array_again(tmp_path):
    canvas = np.zeros((16, 16, 3), np.uint8)
    with open_writer(tmp_path / "a.webp", (16, 16), rate=10) as writer:
        for number in range(4):
            canvas[:] = 60 * number
            writer.write(canvas)
    assert [int(frame.rgb[0, 0, 0]) for frame in open_clip(tmp_path / "a.webp").frames()] == [0, 60, 120, 180]


def test_an_encoder_that_is_not_there(tmp_path, monkeypatch):
    class Missing:
        def isOpened(self):  # noqa: N802
            return False

        def release(self):
            pass

    fourcc = cv2.VideoWriter.fourcc
    monkeypatch.setattr(webm.cv2, "VideoWriter", type("", (), {"__new__": lambda *given: Missing(), "fourcc": staticmethod(fourcc)}))
    with pytest.raises(MangastyleError, match="this OpenCV has no VP9 encoder; name a .webp"):
        write(tmp_path / "a.webm")
    assert os.listdir(tmp_path) == []


@pytest.mark.posix
@pytest.mark.slow
@pytest.mark.parametrize("name", EVERY)
def test_memory_does_not_grow_with_the_clip(tmp_path, name):
    import resource

    frame = drawn(1, 240, 320)[0]
    peaks = []
    with open_writer(place(tmp_path, name), (240, 320), rate=24) as writer:
        for number in range(240):
            writer.write(np.roll(frame, number, 1))
            if number in (60, 239):
                peaks.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
    for number, _ in enumerate(open_clip(tmp_path / name).frames()):
        assert number < 240
    peaks.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
    assert max(peaks) - peaks[0] < 60_000  # kilobytes
