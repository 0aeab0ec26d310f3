"""The data set: sources, crop, split, cache and batches, against pictures whose every pixel is known."""

from __future__ import annotations

import functools
import io
import json
import subprocess
import sys
import tarfile
import threading
import zipfile

import cv2
import numpy as np
import pytest
from PIL import Image

from mangastyle.data import ahead, archives, dataset
from mangastyle.errors import MangastyleError
from mangastyle.io import caches, images
from mangastyle.ops.random import uniforms
from mangastyle.synthetic import characters, figures


def picture(seed: int, height: int = 20, width: int = 16) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


def encoded(seed: int, kind: str = "PNG") -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(picture(seed)).save(buffer, kind, **({"lossless": True} if kind == "WEBP" else {}))
    return buffer.getvalue()


def write(folder, seeds):
    for seed in seeds:
        path = folder / ("inner" if seed % 3 == 0 else ".") / f"{seed:03d}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(encoded(seed))
    return folder


@pytest.fixture
def load(tmp_path):
    """`dataset.load` at 16 pixels, without larger pictures, into a cache of this test's own."""
    return functools.partial(dataset.load, size=16, zoom=False, cache=str(tmp_path / "cache"))


@pytest.fixture
def folder(tmp_path) -> str:
    """A folder of twelve pictures."""
    return str(write(tmp_path / "pictures", range(12)))


def contents(pictures: dataset.Pictures) -> dict[str, bytes]:
    return {h: bytes(row.tobytes()) for h, row in zip(pictures.hashes, pictures.base)}


def pack_zip(path, seeds):
    with zipfile.ZipFile(path, "w") as archive:
        for seed in seeds:
            archive.writestr(f"folder/{seed}.png", encoded(seed))
        archive.writestr("notes.txt", "no picture")
        archive.writestr("__MACOSX/._0.png", "hidden, no picture")
    return path


def pack_tar(path, seeds, mode):
    with tarfile.open(path, mode) as archive:
        for seed in seeds:
            data = encoded(seed)
            info = tarfile.TarInfo(f"folder/{seed}.png")
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return path


def test_folder_zip_and_tar_give_the_same_pictures(load, folder, tmp_path):
    expected = contents(load([folder]))
    assert len(expected) == 12
    for archive in (
        pack_zip(tmp_path / "a.zip", range(12)),
        pack_tar(tmp_path / "b.tar", range(12), "w"),
        pack_tar(tmp_path / "c.tar.gz", range(12), "w:gz"),
    ):
        loaded = load([str(archive)])
        assert contents(loaded) == expected and loaded.skipped == 0
    several = load([str(tmp_path / "a.zip"), folder])
    assert contents(several) == expected and several.duplicates == 12


def test_drawn_characters_are_a_source(load):
    loaded = load(["drawn:3"])
    np.testing.assert_array_equal(loaded.base, [characters.draw(seed, 16) for seed in range(3)])
    later = load(["drawn:5-8"])
    np.testing.assert_array_equal(later.base, [characters.draw(seed, 16) for seed in range(5, 8)])
    with_larger = load(["drawn:3"], zoom=True)
    np.testing.assert_array_equal(with_larger.large, [characters.draw(seed, 64) for seed in range(3)])


def test_drawn_figures_are_a_source(load):
    loaded = load(["figures:1-3"])
    np.testing.assert_array_equal(loaded.base, [figures.figure(seed, 16, 16).rgb for seed in (1, 2)])
    for name in ("figures:", "figures:x", "figures:3-3"):
        with pytest.raises(MangastyleError, match="figures:N"):
            archives.check([name])


@pytest.mark.parametrize("name", ["drawn:", "drawn:x", "drawn:0", "drawn:-3", "drawn:²", "drawn:3-3", "drawn:5-2", "drawn:1-2-3"])
def test_drawn_needs_a_number(load, name):
    with pytest.raises(MangastyleError, match="drawn:N"):
        load([name])
    with pytest.raises(MangastyleError, match="drawn:N"):
        archives.check([name])


def test_portraits_keep_their_top_and_landscapes_their_center(load, tmp_path):
    tall, wide = picture(1, 23, 16), picture(2, 16, 30)
    (tmp_path / "crops").mkdir()
    images.save(tmp_path / "crops/a.png", tall)
    images.save(tmp_path / "crops/b.png", wide)
    loaded = load([str(tmp_path / "crops")])
    np.testing.assert_array_equal(loaded.base, [tall[:16], wide[:, 7:23]])
    half = load([str(tmp_path / "crops")], size=8)
    np.testing.assert_array_equal(half.base[0], cv2.resize(tall[:16], (8, 8), interpolation=cv2.INTER_AREA))


def test_exact_duplicates_are_dropped_under_any_name_and_format(load, folder, tmp_path):
    (tmp_path / "pictures/copy.png").write_bytes(encoded(4))
    (tmp_path / "pictures/same-pixels.webp").write_bytes(encoded(5, "WEBP"))
    loaded = load([folder])
    assert (len(loaded.base), loaded.duplicates, len(set(loaded.hashes))) == (12, 2, 12)


def test_split_is_a_partition_and_does_not_depend_on_names_or_order(load, tmp_path):
    loaded = load([str(pack_zip(tmp_path / "many.zip", range(60)))])
    split = loaded.split(0.2, 0.2)
    assert sorted(np.concatenate(list(split.values()))) == list(range(60))
    assert 3 <= len(split["validation"]) <= 22 and 3 <= len(split["test"]) <= 22

    def by_hash(pictures):
        return {pictures.hashes[row]: part for part, rows in pictures.split(0.2, 0.2).items() for row in rows}

    other = tmp_path / "other"
    other.mkdir()
    for seed in range(90):  # the same pictures under other names, with newcomers among them
        (other / f"{(seed * 37) % 90:02d}.png").write_bytes(encoded(seed))
    more = by_hash(load([str(other)]))
    assert len(more) == 90 and by_hash(loaded).items() <= more.items()


@pytest.mark.parametrize("shares", [(0.0, 0.0), (0.02, 0.02), (0.98, 0.01), (0.01, 0.98)])
def test_even_two_pictures_give_both_training_and_validation(load, tmp_path, shares):
    write(tmp_path / "two", [1, 2])
    split = load([str(tmp_path / "two")]).split(*shares)
    assert len(split["train"]) == len(split["validation"]) == 1 and split["train"] != split["validation"]


def test_a_second_load_decodes_nothing(load, folder, monkeypatch):
    first = contents(load([folder]))
    monkeypatch.setattr(dataset, "_decode_one", lambda *_: pytest.fail("decoded again"))
    again = load([folder])
    assert contents(again) == first
    assert isinstance(again.base, np.memmap) and again.base.dtype == np.uint8


def test_a_changed_picture_is_noticed(load, folder, tmp_path):
    before = contents(load([folder]))
    changed = tmp_path / "pictures/001.png"
    changed.write_bytes(encoded(100))
    after = contents(load([folder]))
    assert len(after) == 12 and len(after.keys() & before.keys()) == 11
    assert picture(100)[:16].tobytes() in after.values()


def cached(tmp_path):
    """The one folder in the cache of `load`."""
    (found,) = (path for path in (tmp_path / "cache").iterdir() if not path.name.startswith("."))
    return found


@pytest.mark.parametrize("damage", ["no index", "half index", "half pictures", "leftover"])
def test_what_a_killed_decoding_left_behind_does_no_harm(load, folder, tmp_path, damage):
    expected = contents(load([folder]))
    cache = cached(tmp_path)
    if damage == "no index":
        (cache / "index.json").unlink()
    elif damage == "half index":
        (cache / "index.json").write_text((cache / "index.json").read_text()[:40])
    elif damage == "half pictures":
        (cache / "base.u8").write_bytes((cache / "base.u8").read_bytes()[:1000])
    else:
        (cache.parent / ".decoding-killed/cache").mkdir(parents=True)
        (cache.parent / ".decoding-killed/cache/base.u8").write_bytes(b"half")
    assert contents(load([folder])) == expected
    assert cached(tmp_path) == cache


def test_an_interrupted_decoding_leaves_nothing(load, folder, tmp_path, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(dataset, "publish", interrupted)
    with pytest.raises(KeyboardInterrupt):
        load([folder])
    assert list((tmp_path / "cache").iterdir()) == []


def test_a_cache_that_cannot_be_written_is_one_clear_error(load, folder, tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(MangastyleError, match="file.*`cache`"):
        load([folder], cache=str(tmp_path / "file" / "cache"))


def test_broken_pictures_are_skipped_named_and_counted(load, folder, tmp_path, caplog):
    (tmp_path / "pictures/broken.png").write_bytes(encoded(50)[:200])
    (tmp_path / "pictures/empty.jpg").write_bytes(b"")
    loaded = load([folder])
    assert (len(loaded.base), loaded.skipped) == (12, 2)
    lines = [line for line in caplog.messages if line.startswith("skipped: ")]
    assert len(lines) == 2 and "broken.png" in lines[0] and "empty.jpg" in lines[1]


def test_broken_members_of_archives_are_skipped_too(load, tmp_path, caplog):
    path = pack_zip(tmp_path / "a.zip", range(4))
    data = bytearray(path.read_bytes())
    start = data.index(b"\x89PNG", 500) + 100
    data[start : start + 20] = bytes(20)  # the archive's checksum no longer holds
    path.write_bytes(data)
    deflated = tmp_path / "b.zip"
    with zipfile.ZipFile(deflated, "w", zipfile.ZIP_DEFLATED) as archive:
        for seed in range(10, 14):
            archive.writestr(f"{seed}.bmp", encoded(seed, "BMP"))
    data = bytearray(deflated.read_bytes())
    data[60:120] = b"\xff" * 60
    deflated.write_bytes(data)
    loaded = load([str(path), str(deflated)])
    assert (len(loaded.base), loaded.skipped) == (6, 2)
    assert caplog.text.count("cannot be unpacked") == 2


def test_of_thousands_that_cannot_be_read_the_first_are_named_and_the_others_counted(load, tmp_path, caplog):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for i in range(60):
            archive.writestr(f"{i:02}.png", encoded(i) if i < 3 else b"no picture")
    assert load([str(tmp_path / "a.zip")]).skipped == 57
    lines = [line for line in caplog.messages if line.startswith("skipped: ")]
    assert len(lines) == 21 and "22.png: not a picture" in lines[19] and lines[20] == "skipped: 37 more"


@pytest.mark.parametrize("kind", ["zip", "tar", "tar.gz", "tar.xz", "text", "missing", "empty folder"])
def test_sources_that_cannot_be_used_are_errors_that_name_them(load, tmp_path, kind):
    path = tmp_path / f"source.{kind}"
    if kind == "zip":
        data = pack_zip(path, range(6)).read_bytes()
        path.write_bytes(data[: len(data) // 2])
    elif kind.startswith("tar"):
        data = pack_tar(path, range(6), f"w:{kind[4:]}").read_bytes()
        path.write_bytes(data[: len(data) // 2 + 700])
    elif kind == "text":
        path.write_text("no archive")
    elif kind == "empty folder":
        path.mkdir()
    with pytest.raises(MangastyleError, match="source"):
        load([str(path)])


def test_corrupt_bytes_inside_a_compressed_tar_do_not_go_unnoticed(load, tmp_path):
    for kind in ("gz", "xz", "bz2"):
        path = pack_tar(tmp_path / f"source.tar.{kind}", range(8), f"w:{kind}")
        data = bytearray(path.read_bytes())
        data[len(data) // 2 : len(data) // 2 + 50] = b"\xaa" * 50
        path.write_bytes(data)
        try:
            assert load([str(path)]).skipped
        except MangastyleError as error:
            assert path.name in str(error)


def test_fewer_than_two_pictures_is_an_error(load, tmp_path):
    write(tmp_path / "one", [1])
    (tmp_path / "one/copy.png").write_bytes(encoded(1))
    (tmp_path / "one/bad.png").write_bytes(b"bad")
    with pytest.raises(MangastyleError, match="1 usable pictures .1 unreadable, 1 duplicates.*at least 2"):
        load([str(tmp_path / "one")])


def test_batches_are_a_pure_function_of_seed_and_step(load, folder):
    pictures = load([folder])
    rows = np.arange(12)
    forwards = dataset.Batches(pictures, rows, 5, 3, 0.0)
    made = [forwards(step) for step in range(9)]
    backwards = dataset.Batches(pictures, rows, 5, 3, 0.0)
    for step in reversed(range(9)):
        np.testing.assert_array_equal(backwards(step), made[step])
    assert made[0].shape == (5, 16, 16, 3) and made[0].dtype == np.uint8
    assert any((dataset.Batches(pictures, rows, 5, 4, 0.0)(step) != made[step]).any() for step in range(3))


def test_batches_are_the_same_from_several_threads(load, folder):
    batches = dataset.Batches(load([folder]), np.arange(12), 12, 0, 0.0)
    expected = [batches(step) for step in range(40)]  # each step is another epoch
    wrong = []

    def compare(steps):
        wrong.extend(step for step in steps if (batches(step) != expected[step]).any())

    threads = [threading.Thread(target=compare, args=(list(range(40))[::d] * 5,)) for d in (1, -1, 3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_each_epoch_visits_every_picture_once_in_a_new_order(load, folder):
    batches = dataset.Batches(load([folder]), np.arange(2, 12), 5, 0, 0.0)
    epochs = [[p.tobytes() for step in (2 * e, 2 * e + 1) for p in batches(step)] for e in range(3)]
    expected = sorted(p.tobytes() for p in batches.pictures.base[2:])
    assert all(sorted(epoch) == expected for epoch in epochs)
    assert epochs[0] != epochs[1] != epochs[2]


def test_closeups_come_from_training_pictures_that_have_the_pixels(load, tmp_path):
    folder = tmp_path / "mixed"
    folder.mkdir()
    for i in range(8):  # flat colors, so that a close-up shows where it comes from; the first two are small
        side = 63 if i < 2 else 64 + 20 * i
        images.save(folder / f"{i}.png", np.full((side, side, 3), 20 * i + 10, np.uint8))
    pictures = load([str(folder)], zoom=True)
    assert pictures.large.shape == (6, 64, 64, 3) and list(pictures.large_rows) == [2, 3, 4, 5, 6, 7]
    batches = dataset.Batches(pictures, np.array([0, 1, 4, 6]), 32, 0, 1.0)
    assert set(np.unique([batches(step) for step in range(8)])) == {90, 130}
    without = dataset.Batches(pictures, np.array([0, 1]), 4, 0, 1.0)  # nobody has the pixels: whole pictures then
    assert set(np.unique(without(0))) == {10, 30}


def test_closeups_are_crops_and_have_their_share(load, tmp_path):
    folder = tmp_path / "ramps"
    folder.mkdir()
    ramp = np.add.outer(3 * np.arange(64), np.arange(64)).astype(np.uint8)[..., None].repeat(3, 2)
    for i in range(2):
        images.save(folder / f"{i}.png", ramp + i)
    pictures = load([str(folder)], zoom=True)
    batches = dataset.Batches(pictures, np.arange(2), 200, 0, 0.3)
    steps = {1: 0, 2: 0, 3: 0, 4: 0}  # how far neighboring pixels of the batch lie apart in the picture
    for p in np.concatenate([batches(step) for step in range(5)]).astype(float):
        steps[round((p[8, 11, 0] - p[8, 3, 0]) / 8)] += 1
    assert abs(sum(steps[i] for i in (1, 2, 3)) - 300) < 50
    assert min(steps[i] for i in (1, 2, 3)) > 60


def test_uniforms_are_uniform_and_a_function_of_seed_and_step():
    numbers = uniforms(1, 2, 1000, 10)
    assert numbers.shape == (1000, 10) and numbers.dtype == np.float32
    assert numbers.min() >= 0 and numbers.max() < 1 and abs(numbers.mean() - 0.5) < 0.01
    np.testing.assert_array_equal(numbers, uniforms(1, 2, 1000, 10))
    assert (numbers != uniforms(1, 3, 1000, 10)).mean() > 0.99
    assert (numbers != uniforms(2, 2, 1000, 10)).mean() > 0.99


def test_where_the_cache_is(monkeypatch, tmp_path):
    monkeypatch.setenv("MANGASTYLE_CACHE", str(tmp_path / "m"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "x"))
    assert caches.cache_folder("given").name == "given"
    assert caches.cache_folder("") == tmp_path / "m"
    monkeypatch.delenv("MANGASTYLE_CACHE")
    assert caches.cache_folder("") == tmp_path / "x" / "mangastyle"


@pytest.mark.linux
@pytest.mark.parametrize("variable", ["XDG_CACHE_HOME", "MANGASTYLE_CACHE", "HOME"])
def test_a_cache_that_cannot_be_made_names_its_own_setting(folder, monkeypatch, variable):
    for name in ("XDG_CACHE_HOME", "MANGASTYLE_CACHE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(variable, "/proc/x")
    with pytest.raises(MangastyleError, match="^/proc/x.*: cannot keep decoded pictures here .*; choose another `cache`$"):
        dataset.load([folder], 16, zoom=False)


def test_a_user_without_a_home_is_told_the_setting(folder, monkeypatch):
    for name in ("XDG_CACHE_HOME", "MANGASTYLE_CACHE"):
        monkeypatch.delenv(name, raising=False)

    def unknown():
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr("pathlib.Path.home", unknown)
    with pytest.raises(MangastyleError, match="the user has no home folder for decoded pictures; name a folder by `cache`"):
        dataset.load([folder], 16, zoom=False)


def test_a_disk_that_is_full_while_decoding_is_one_line_and_leaves_nothing(load, folder, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(dataset, "publish", full)
    with pytest.raises(MangastyleError, match="cannot keep decoded pictures here .No space left on device.; choose another `cache`"):
        load([folder])
    assert list((tmp_path / "cache").iterdir()) == []


def test_pictures_that_are_decoded_at_once_have_no_more_pixels_than_the_limit():
    room, taken, most, lock = ahead.Room(10), [0], [0], threading.Lock()

    def work(pixels):
        with room.taking(pixels):
            with lock:
                taken[0] += pixels
                most[0] = max(most[0], taken[0])
            with lock:
                taken[0] -= pixels

    threads = [threading.Thread(target=work, args=(pixels,)) for pixels in [4, 5, 10, 3, 2, 6] * 20]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert taken == [0] and 4 < most[0] <= 10
    with room.taking(1000):  # more than there is room for: alone
        assert room.taken == 1000


@pytest.mark.parametrize("held", [ahead.HELD, 1])
def test_results_are_the_same_however_few_may_wait(load, folder, monkeypatch, held):
    monkeypatch.setattr(ahead, "HELD", held)
    assert load([folder]).names == sorted(load([folder]).names) and len(load([folder]).names) == 12


def test_the_index_is_plain_json(load, folder, tmp_path):
    load([folder])
    index = json.loads((cached(tmp_path) / "index.json").read_text())
    assert len(index["names"]) == len(index["hashes"]) == 12 and index["names"][0] == "001.png"


def test_a_new_version_of_what_decodes_or_draws_decodes_again(load, folder, tmp_path, monkeypatch):
    """The cache depends on the versions of Pillow, OpenCV and the drawing program, not on the text of this program."""
    for sources in ([folder], ["drawn:3"], ["figures:3"]):
        load(sources)
        before = len(list((tmp_path / "cache").iterdir()))
        load(sources)
        assert len(list((tmp_path / "cache").iterdir())) == before
    for target, sources in (
        ("PIL.__version__", [folder]), ("cv2.__version__", [folder]), ("cv2.__version__", ["drawn:3"]),
        ("mangastyle.synthetic.characters.DRAWING_VERSION", ["drawn:3"]),
        ("mangastyle.synthetic.figures.FIGURE_VERSION", ["figures:3"]),
    ):  # fmt: skip
        before = len(list((tmp_path / "cache").iterdir()))
        with monkeypatch.context() as patch:
            patch.setattr(target, "another")
            load(sources)
        assert len(list((tmp_path / "cache").iterdir())) == before + 1, target


def test_sources_are_checked_without_being_opened(folder, tmp_path):
    damaged = tmp_path / "damaged.tar.gz"
    damaged.write_bytes(pack_tar(tmp_path / "whole.tar.gz", range(40), "w:gz").read_bytes()[:-2000])
    archives.check([folder, "drawn:10", "drawn:3-7", str(pack_zip(tmp_path / "a.zip", range(2))), str(damaged)])
    for name, message in (
        (str(tmp_path / "nowhere"), "nowhere: no such folder or archive"),
        (str(tmp_path / "pictures/001.png"), "is a picture"),
    ):
        with pytest.raises(MangastyleError, match=message):
            archives.check([name])


def test_opening_pictures_needs_no_tensorflow():
    code = "import sys; from mangastyle.data import archives, crops, dataset; sys.exit('tensorflow' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_another_process_that_decodes_the_same_meanwhile_is_no_error(load, tmp_path, monkeypatch):
    in_order = dataset.in_order

    def slower(*arguments):
        monkeypatch.setattr(dataset, "in_order", in_order)
        load(["drawn:3"])
        yield from in_order(*arguments)

    monkeypatch.setattr(dataset, "in_order", slower)
    assert len(load(["drawn:3"]).names) == 3
    assert [path.name[0] == "." for path in (tmp_path / "cache").iterdir()] == [False]


@pytest.mark.posix
def test_what_a_killed_run_left_in_the_cache_goes(load, tmp_path):
    for name in (".decoding-12345678.part", ".decoding-12345678.part.d/cache/base.u8"):
        (tmp_path / "cache" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "cache" / name).touch()
    load(["drawn:3"])
    assert [path.name[0] == "." for path in (tmp_path / "cache").iterdir()] == [False]
