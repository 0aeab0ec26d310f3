"""HDF5 files made to harm: what they declare is refused before memory is taken, and no link leads out of them."""

from __future__ import annotations

import json
import zlib
from pathlib import Path
from typing import Callable

import h5py
import numpy as np
import pytest

from mangastyle.errors import MangastyleError
from mangastyle.io import hdf5, weights
from mangastyle.shade.files import find_generator
from mangastyle.vgg import files


def made(path: Path, change: Callable[[h5py.File], object]) -> Path:
    with h5py.File(path, "w") as file:
        file.attrs.update({"format": "mangastyle-weights", "schema": 2, "kind": "vgg19-slim", "spec": "{}", "provenance": "{}"})
        file["a/bias"] = np.ones(3, np.float32)
        change(file)
    return path


def attribute(name: str, value: object) -> Callable[[h5py.File], object]:
    return lambda file: file.attrs.__setitem__(name, value)


def virtual(file: h5py.File) -> None:
    layout = h5py.VirtualLayout((10,), "f4")
    layout[:] = h5py.VirtualSource("other.h5", "x", (10,))
    file.create_virtual_dataset("x", layout)


def cycle(file: h5py.File) -> None:
    file["b"] = file.create_group("c")
    file["c/root"] = file["/"]


def deep(file: h5py.File) -> None:
    group: h5py.Group = file
    for _ in range(300):
        group = group.create_group("x")


def packed(file: h5py.File) -> None:
    """One part that is small as it is declared, and unpacks to much more."""
    array = file.create_dataset("x", (1000,), "f4", chunks=(1000,), compression="gzip")
    array.id.write_direct_chunk((0,), zlib.compress(np.random.default_rng(0).bytes(2 * hdf5.MOST_PACKED)))


BOMBS = {
    "large": (lambda f: f.create_dataset("x", (10**10, 10), "f4"), "its arrays have more than 1.1 GB"),
    "chunked": (lambda f: f.create_dataset("x", (10**10, 10), "f4", chunks=(100, 10)), "its arrays have more than 1.1 GB"),
    "chunk": (lambda f: f.create_dataset("x", (10,), "f4", maxshape=(None,), chunks=(10**9,)), "its arrays have more than 1.1 GB"),
    "together": (lambda f: [f.create_dataset(f"x{i}", (10**8,), "f2") for i in range(3)], "its arrays have more than 1.1 GB"),
    "packed": (lambda f: f.create_dataset("x", data=np.zeros(10**6, "f4"), compression="lzf"), "x is compressed in a way that is not read"),
    "packed bomb": (packed, "x is compressed in a way that is not read"),
    "external": (lambda f: f.create_dataset("x", (10,), "f4", external=[("/etc/passwd", 0, 40)]), "x lies in another file"),
    "virtual": (virtual, "x lies in another file"),
    "soft link": (lambda f: f.__setitem__("x", h5py.SoftLink("/a")), "x is a link"),
    "external link": (lambda f: f.__setitem__("x", h5py.ExternalLink("/etc/other.h5", "/a")), "x is a link"),
    "cycle": (cycle, "too many groups"),
    "deep": (deep, "too many groups"),
    "texts": (lambda f: f.create_dataset("x", data=["a" * 10] * 5, dtype=h5py.string_dtype()), "x is of type object, not float"),
    "references": (lambda f: f.create_dataset("x", data=[f.ref], dtype=h5py.ref_dtype), "x is of type object, not float"),
    "nothing": (lambda f: f.create_dataset("x", data=h5py.Empty("f")), "not a weights file, or damaged"),
    "overflow": (lambda f: f.create_dataset("x", data=np.full(3, 1e300)), "x holds values that are not finite"),
    "nested text": (attribute("spec", "[" * 100_000), "its header cannot be read .spec: .* nested too deeply"),
    "list": (attribute("kind", np.zeros(5)), "its header cannot be read .kind is neither a text nor a number"),
    "empty": (attribute("kind", h5py.Empty("S4")), "its header cannot be read .kind is neither"),
    "twice": (attribute("spec", '{"a": 1, "a": 2}'), 'its header cannot be read .*has "a" twice'),
}


@pytest.mark.parametrize("name", BOMBS)
def test_bombs_are_one_line(tmp_path, name):
    change, match = BOMBS[name]
    path = made(tmp_path / "a.h5", change)
    for read in (lambda: weights.read(path, "vgg19-slim"), lambda: files.read(path)):
        with pytest.raises(MangastyleError, match=match) as error:
            read()
        assert str(error.value).startswith(str(path)) and "\n" not in str(error.value)


def test_texts_of_a_hundred_megabytes_are_refused_before_they_are_read(tmp_path, monkeypatch):
    path = made(tmp_path / "a.h5", attribute("spec", "[" * 70_000_000))
    monkeypatch.setattr(hdf5, "attribute", lambda file, name: pytest.fail("it must not be read"))
    with pytest.raises(MangastyleError, match="it holds 70 MB that are no arrays"):
        weights.read_spec(path, "vgg19-slim")


def test_a_sparse_file_is_refused_by_its_size(tmp_path):
    path = made(tmp_path / "a.h5", lambda file: None)
    with open(path, "r+b") as file:
        file.truncate(100_000_000_000)
    with pytest.raises(MangastyleError, match="it has 100.0 GB, and the most is 1.1 GB"):
        weights.read(path, "vgg19-slim")


def test_the_vgg19_of_keras_is_guarded_too(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_dataset("block1_conv1/kernel", (3, 3, 10**9, 64), "f4")
    with pytest.raises(MangastyleError, match="its arrays have more than 1.1 GB"):
        files.read(tmp_path / "a.h5")
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["block1_conv1"] = h5py.ExternalLink("other.h5", "/")
    with pytest.raises(MangastyleError, match="block1_conv1 is a link"):
        files.read(tmp_path / "a.h5")


@pytest.mark.parametrize(
    ("spec", "array"),
    [
        ({"width": 10**9}, "down1/kernel"), ({"levels": 10**9}, "down3/kernel"), ({"residual_blocks": 10**9}, "residual2_conv1/kernel"),
        ({"network": "baseline", "width": 10**9}, "conv1/kernel"),
    ],
)  # fmt: skip
def test_a_specification_of_a_giant_is_refused_before_it_is_built(tmp_path, tiny_weights, spec, array):
    path = tmp_path / "a.h5"
    path.write_bytes(tiny_weights.read_bytes())
    find_generator(path)
    with h5py.File(path, "r+") as file:
        file.attrs["spec"] = json.dumps({**json.loads(file.attrs["spec"]), **spec})
    with pytest.raises(MangastyleError, match=f"a.h5: damaged or of another network: no array .* named {array}"):
        find_generator(path)
