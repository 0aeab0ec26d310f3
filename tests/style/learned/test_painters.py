"""Files of learned painters: what they keep, what is refused, and where a painting's painter is found."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

import h5py
import numpy as np
import pytest

from mangastyle.errors import MangastyleError
from mangastyle.io import registry, weights
from mangastyle.ops import pixels
from mangastyle.style.learned import painters
from mangastyle.style.learned.painters import Painter
from mangastyle.style.learned.settings import LearnedSettings
from mangastyle.style.onepass.settings import OnePassSpec

SPEC = OnePassSpec(widths=(4, 3, 2, 1), residual_blocks=(1, 0, 0, 0), modulated=True, residual_windows=(0, 9), residual_share=1.0)


def painting(seed: int, height: int = 40, width: int = 56) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


def painter(seed: int, spec: OnePassSpec = SPEC) -> Painter:
    """A painter whose arrays are no decoder's."""
    random, own = np.random.default_rng(seed), painting(seed)
    arrays = {
        "code/kernel": random.normal(0, 1, (5, 6)),
        "code/bias": random.normal(0, 1, 6),
        "at_relu1_1/kernel": random.normal(size=(3, 3, 2, 2)),
    }
    return Painter(painters.digest(own), own, spec, {name: array.astype(np.float32) for name, array in arrays.items()})


@pytest.fixture
def file(tmp_path) -> Path:
    """A file of two painters."""
    painters.write(tmp_path / "two.h5", [painter(1), painter(2)], {"minutes": 3})
    return tmp_path / "two.h5"


def test_painters_come_back(file):
    found = painters.read(file)
    assert len(found) == 2
    for own, expected in zip(found, (painter(1), painter(2)), strict=True):
        assert (own.digest, own.spec) == (expected.digest, SPEC)
        assert own.painting.dtype == np.uint8
        np.testing.assert_array_equal(own.painting, expected.painting)
        assert own.arrays.keys() == expected.arrays.keys()
        for name, array in own.arrays.items():
            np.testing.assert_allclose(array, expected.arrays[name], rtol=2**-10, atol=1e-7)  # kernels are stored as float16
    spec, provenance = weights.read_spec(file, "painters")
    assert provenance == {"minutes": 3} and spec["paintings"] == [painter(1).digest, painter(2).digest]


def test_more_than_nine_painters_keep_their_own_arrays(tmp_path):
    """Arrays of painter 1 are not those of 10, 11 and so on."""
    painters.write(tmp_path / "many.h5", [painter(seed) for seed in range(12)], {})
    for seed, own in enumerate(painters.read(tmp_path / "many.h5")):
        assert own.digest == painter(seed).digest and own.arrays.keys() == painter(seed).arrays.keys()
        np.testing.assert_array_equal(own.arrays["code/bias"], painter(seed).arrays["code/bias"])


def test_the_digest_is_of_shape_and_pixels():
    one = painting(1)
    assert painters.digest(one) == hashlib.sha256(b"(40, 56, 3)" + one.tobytes()).hexdigest()
    turned = np.rot90(one)  # not contiguous
    assert painters.digest(turned) == painters.digest(turned.copy()) != painters.digest(one)
    assert painters.digest(one.reshape(56, 40, 3)) != painters.digest(one)
    other = one.copy()
    other[-1, -1, -1] ^= 1
    assert painters.digest(other) != painters.digest(one)


@pytest.mark.parametrize(("height", "width"), [(1100, 1000), (1024, 1024), (700, 3001)])
def test_a_large_painting_is_reduced_and_still_the_same(height, width):
    large = pixels.resize(painting(0, 11, 10), height, width)
    kept = painters.reduced(large)
    assert kept.shape[0] * kept.shape[1] <= painters.MAX_PIXELS and abs(kept.shape[1] / kept.shape[0] / (width / height) - 1) < 0.01
    assert painters.digest(kept) == painters.digest(large)
    small = painting(0)
    assert painters.reduced(small) is small


def test_a_long_strip_is_reduced_and_still_the_same():
    strip = np.tile(painting(0, 40, 50), (1, 1000, 1))
    kept = painters.reduced(strip)
    assert kept.shape[0] * kept.shape[1] <= painters.MAX_PIXELS
    assert painters.digest(kept) == painters.digest(strip)


def test_decoders_of_several_forms_are_refused(tmp_path):
    other = OnePassSpec(widths=(4, 3, 2, 1))
    with pytest.raises(MangastyleError, match="mixed.h5: painters whose decoders have different forms"):
        painters.write(tmp_path / "mixed.h5", [painter(1), painter(2, other)], {})
    assert not list(tmp_path.iterdir())


def test_a_file_learned_with_another_encoder_is_refused(file, monkeypatch):
    assert painters.read_spec(file).encoder == hashlib.sha256(registry.find("vgg19-slim").read_bytes()).hexdigest()
    monkeypatch.setattr(painters, "encoder_digest", lambda: "another")
    for read in (painters.read, painters.read_spec, lambda path: painters.find(painting(1), str(path))):
        with pytest.raises(MangastyleError, match="two.h5: was learned with another slim VGG-19.*mangastyle learn"):
            read(file)


def damage(file: Path, change) -> Path:
    with h5py.File(file, "a") as opened:
        change(opened)
    return file


def test_damaged_files_are_refused(file, tmp_path, tiny_weights):
    whole = file.read_bytes()
    (tmp_path / "half.h5").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "empty.h5").write_bytes(b"")
    files = {name: Path(shutil.copy(file, tmp_path / f"{name}.h5")) for name in ("lost", "gray", "wild", "spec")}
    damage(files["lost"], lambda opened: opened.__delitem__("1/painting"))

    def replace(opened, array) -> None:
        del opened["1/painting"]
        opened["1/painting"] = array

    damage(files["gray"], lambda opened: replace(opened, np.zeros((40, 56), np.float16)))
    damage(files["wild"], lambda opened: replace(opened, np.full((40, 56, 3), 300, np.float16)))
    damage(files["spec"], lambda opened: opened.attrs.__setitem__("spec", '{"widths": [1, 2]}'))
    for name, message in {
        "half": "half.h5", "empty": "empty.h5", "nothing": "nothing.h5", "lost": "lost.h5: damaged: no painting 1",
        "gray": "gray.h5: damaged: no painting 1", "wild": "wild.h5: damaged: no painting 1", "spec": "spec.h5: .*widths",
    }.items():  # fmt: skip
        with pytest.raises(MangastyleError, match=message):
            painters.read(tmp_path / f"{name}.h5")
    for path in (tiny_weights, registry.find("onepass")):
        with pytest.raises(MangastyleError, match="not a weights file of a learned painter"):
            painters.read(path)
        with pytest.raises(MangastyleError, match="not a weights file of a learned painter"):
            LearnedSettings(painters=str(path)).check_files()


def test_a_painter_is_found_in_the_file_and_else_in_the_cache(file, tmp_path):
    cache = str(tmp_path / "cache")
    assert painters.find(painting(1), cache=cache) is None is painters.find(painting(3), str(file), cache)
    assert painters.find(painting(2), str(file), cache).digest == painter(2).digest
    path = painters.cached(painter(3).digest, cache)
    assert path.parent == tmp_path / "cache" / "painters" and painter(3).digest in path.name
    path.parent.mkdir(parents=True)
    painters.write(path, [painter(3)], {})
    np.testing.assert_array_equal(painters.find(painting(3), str(file), cache).painting, painting(3))
    np.testing.assert_array_equal(painters.find(painting(3), cache=cache).painting, painting(3))
    # One that cannot be used is learned again; a file that was named must be whole.
    path.write_bytes(path.read_bytes()[:1000])
    assert painters.find(painting(3), cache=cache) is None
    with pytest.raises(MangastyleError, match="nothing.h5"):
        painters.find(painting(3), str(tmp_path / "nothing.h5"), cache)


def test_the_cache_is_the_users(monkeypatch, tmp_path):
    monkeypatch.setenv("MANGASTYLE_CACHE", str(tmp_path))
    assert painters.cached("abc") == tmp_path / "painters" / "abc.h5"
