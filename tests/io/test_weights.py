"""Weights files: what is written comes back, former formats are read, nothing else is accepted."""

from __future__ import annotations

import dataclasses
import json
import os

import h5py
import keras
import numpy as np
import pytest

from mangastyle.errors import MangastyleError
from mangastyle.io import weights
from mangastyle.settings import to_json
from mangastyle.shade import networks
from mangastyle.shade.spec import DiscriminatorSpec, ShadeSpec
from mangastyle.shade.unet_shader import load_generator
from mangastyle.style.onepass.network import decoder
from mangastyle.style.onepass.settings import OnePassSpec
from mangastyle.vgg.spec import SlimVGGSpec

TINY = ShadeSpec(size=16, width=4, levels=2)


def randomize(model: keras.Model) -> keras.Model:
    """Statistics and biases that are not the initial ones."""
    random = np.random.default_rng(0)
    for variable in model.variables:
        variable.assign(random.normal(0.5, 0.2, variable.shape))
    return model


@pytest.fixture
def file(tmp_path):
    """A weights file and its network."""
    model = randomize(networks.build(TINY))
    weights.save_model(tmp_path / "net.h5", "shade", TINY, model, {"steps": 3})
    return tmp_path / "net.h5", model


def refused(path, match, kind="shade"):
    with pytest.raises(MangastyleError, match=match) as caught:
        weights.read(path, kind)
    assert str(path) in str(caught.value) and "\n" not in str(caught.value)


def changed(path, change):
    """The file at `path`, changed by a function of the open file."""
    with h5py.File(path, "r+") as stored:
        change(stored)
    return path


# Today's format


def test_a_round_trip_is_exact_to_float16_for_kernels_and_to_float32_for_the_rest(file):
    path, model = file
    loaded, spec = load_generator(str(path), "float32")
    assert spec == TINY
    for before, after in zip(model.variables, loaded.variables, strict=True):
        stored = np.float16 if before.ndim > 1 else np.float32
        np.testing.assert_array_equal(after.numpy(), before.numpy().astype(stored).astype(np.float32))
    with h5py.File(path) as stored:
        assert stored["down1/kernel"].dtype == np.float16 and stored["down1/bias"].dtype == np.float32


def test_a_file_holds_its_kind_its_specification_and_its_provenance_and_nothing_else(file):
    path, _ = file
    with h5py.File(path) as stored:
        attributes = dict(stored.attrs)
    assert json.loads(attributes.pop("spec")) == to_json(TINY)
    assert json.loads(attributes.pop("provenance")) == {"steps": 3}
    assert attributes == {"format": "mangastyle-weights", "schema": 2, "kind": "shade"}
    found = weights.read(path, "shade")
    assert (found.kind, found.spec, found.provenance) == ("shade", to_json(TINY), {"steps": 3})
    assert weights.read_spec(path, "shade") == (found.spec, found.provenance)
    assert all(array.dtype == np.float32 for array in found.arrays.values())


def test_nothing_is_pickled_and_nothing_is_left_beside_the_file(file):
    path, _ = file
    assert os.listdir(path.parent) == ["net.h5"]
    with h5py.File(path) as stored:
        stored.visititems(lambda name, item: pytest.fail(name) if isinstance(item, h5py.Dataset) and item.dtype.kind not in "f" else None)
    assert b"numpy.core" not in path.read_bytes() and b"numpy._core" not in path.read_bytes()


def test_damaged_and_foreign_files_are_one_clear_error(file):
    path, _ = file
    whole = path.read_bytes()
    for cut in (0, 7, 100, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:cut])
        refused(path, "not a weights file, or damaged")
    path.write_bytes(b"no HDF5 at all" * 100)
    refused(path, "not a weights file, or damaged")
    path.unlink()
    refused(path, "no such file")
    with h5py.File(path, "w") as foreign:
        foreign["layer/kernel"] = np.zeros((3, 3))
    refused(path, "not a weights file of a shading network$")

    def damaged(change, match):
        path.write_bytes(whole)
        refused(changed(path, change), match)

    damaged(lambda f: f["down2/bias"].__setitem__(0, np.nan), "down2/bias holds values that are not finite")
    damaged(lambda f: f["down2/kernel"].__setitem__((0, 0, 0, 0), np.inf), "down2/kernel holds values that are not finite")
    damaged(lambda f: f.create_dataset("name", data=np.bytes_(b"text")), "damaged: name is of type .S4, not float")
    damaged(lambda f: f.attrs.__setitem__("spec", '{"width": '), "damaged: its header cannot be read")
    damaged(lambda f: f.attrs.__setitem__("provenance", "[]"), "damaged: its header cannot be read")
    damaged(lambda f: f.attrs.__delitem__("kind"), "damaged: its header cannot be read")
    damaged(lambda f: f.attrs.__setitem__("schema", "two"), "damaged: its header cannot be read")


def test_a_newer_schema_is_refused_in_one_line(file):
    path, _ = file
    changed(path, lambda f: f.attrs.__setitem__("schema", 3))
    refused(path, "written by a newer mangastyle, in schema 3 instead of 2; update mangastyle$")


def test_another_kind_of_network_is_refused_in_one_line(file):
    path, _ = file
    refused(path, "not a weights file of a one-pass decoder, but of a shading network", "onepass")
    changed(path, lambda f: f.attrs.__setitem__("kind", "upscaler"))
    refused(path, "not a weights file of a shading network, but of a upscaler")


@pytest.mark.parametrize(
    ("spec", "match"),
    [
        ({"wdith": 4}, "unknown argument 'wdith' .did you mean 'width'"),
        ({"width": 0}, "width: must be at least 1, not 0"),
        ({"network": "u-net"}, "network: 'u-net' .did you mean 'unet'.. is none of unet, baseline"),
        ({"levels": [4]}, "levels: must be a whole number"),
    ],
)
def test_a_specification_that_does_not_suit_names_the_file(file, spec, match):
    path, _ = file
    changed(path, lambda f: f.attrs.__setitem__("spec", json.dumps(spec)))
    with pytest.raises(MangastyleError, match=match) as caught:
        load_generator(str(path), "float32")
    assert str(caught.value).startswith(f"{path}: ") and "`" not in str(caught.value)


def test_the_arrays_must_be_the_models(file):
    path, model = file
    before = [variable.numpy() for variable in model.variables]
    whole = path.read_bytes()

    def unfit(change, match):
        path.write_bytes(whole)
        with pytest.raises(MangastyleError, match=match):
            weights.fill(model, changed(path, change), "shade")

    unfit(lambda f: f.__delitem__("up1/kernel"), "damaged or of another network: up1/kernel is missing")
    unfit(lambda f: f.create_dataset("more/bias", data=np.zeros(3)), "damaged or of another network: it has no variable more/bias")

    def reshape(f):
        del f["up1/bias"]
        f["up1/bias"] = np.zeros(5)

    unfit(reshape, r"up1/bias has shape \(5,\), the network needs \(4,\)")
    for variable, value in zip(model.variables, before, strict=True):
        np.testing.assert_array_equal(variable.numpy(), value)


@pytest.mark.parametrize("other", [{"width": 8}, {"levels": 3}, {"upsample": "transpose"}, {"network": "baseline"}, {"residual_blocks": 0}])
def test_another_networks_weights_are_refused(file, other):
    path, _ = file
    with pytest.raises(MangastyleError, match="of another network|the network needs"):
        weights.fill(networks.build(dataclasses.replace(TINY, **other)), path, "shade")


def test_a_failed_write_keeps_the_file_that_was_there(file):
    path, _ = file
    before = path.read_bytes()
    for broken in (np.float32([1, np.nan]), np.full((2, 2), 1e6), object()):
        with pytest.raises((MangastyleError, TypeError)):
            weights.write(path, "shade", TINY, {"good/bias": np.zeros(3), "bad/kernel": broken})
    assert path.read_bytes() == before and os.listdir(path.parent) == ["net.h5"]


# Former formats, written by hand

SHADE_V1 = {
    "preset": "default", "seed": 2, "force": False, "resume": True, "describe": False, "size": 16, "flip": True, "closeups": 0.2,
    "fine": 0.6, "hues": 0.25, "hint": "mixed", "no_hint": 0.15, "validation": 0.02, "test": 0.02, "model": "gan", "width": 4,
    "levels": 2, "residual": 1, "upsample": "resize", "head": "patch", "see_line": False, "distance": "l2", "distance_weight": 50.0,
    "perceptual_weight": 50.0, "hintless": 0.2, "hinted": 0.1, "gan_weight": 0.3, "epochs": 0, "steps": 3200, "minutes": 0, "batch": 32,
    "learning_rate": 0.0002, "beta_1": 0.5, "decay": "linear", "ema": 0.999, "precision": "auto", "strategy": "none",
    "checkpoint_every": 150, "keep": 6, "validate_every": 300, "sample_every": 300, "max_megapixels": 100.0,
}  # fmt: skip


def write_v1(path, form, attributes, arrays):
    """A file as it was written before schema 2."""
    with h5py.File(path, "w") as file:
        file.attrs["format"] = form
        for name, value in attributes.items():
            file.attrs[name] = json.dumps(value)
        for name, array in arrays.items():
            file.create_dataset(name, data=np.asarray(array, np.float16 if np.ndim(array) > 1 else np.float32))
    return path


def arrays_of(model):
    return {variable.path: variable.numpy() for variable in model.variables}


def test_a_former_generator_is_read_to_the_same_network(tmp_path):
    model = randomize(networks.build(TINY))
    write_v1(tmp_path / "v1.h5", "mangastyle-shade-1", {"config": SHADE_V1, "extra": {"step": 2550}}, arrays_of(model))
    provenance = {
        "steps": 2550, "discriminator": to_json(DiscriminatorSpec("patch", False, 4, 2, 16)), "pixel_loss": "l2", "pixel_weight": 50.0,
    }  # fmt: skip
    weights.save_model(tmp_path / "v2.h5", "shade", TINY, model, provenance)
    former, today = (weights.read(tmp_path / name, "shade") for name in ("v1.h5", "v2.h5"))
    assert (former.kind, former.spec, former.provenance) == (today.kind, today.spec, today.provenance)
    assert former.arrays.keys() == today.arrays.keys()
    for name in former.arrays:
        np.testing.assert_array_equal(former.arrays[name], today.arrays[name])
    loaded, spec = load_generator(str(tmp_path / "v1.h5"), "float32")
    assert spec == TINY
    for before, after in zip(model.variables, loaded.variables, strict=True):
        np.testing.assert_array_equal(after, before.numpy().astype(np.float16 if before.ndim > 1 else np.float32))


@pytest.mark.parametrize(
    ("options", "spec"),
    [
        ({"fine": 0.0}, {"soft_lines": False}),
        ({"model": "baseline"}, {"network": "baseline"}),
        ({"residual": 3, "upsample": "transpose"}, {"residual_blocks": 3, "upsample": "transpose"}),
        ({"width": 8, "levels": 3, "size": 32}, {"width": 8, "levels": 3, "size": 32}),
        ({"an_option_of_that_time": 7}, {}),
    ],
)
def test_former_options_map_to_the_specification(tmp_path, options, spec):
    path = write_v1(tmp_path / "v1.h5", "mangastyle-shade-1", {"config": SHADE_V1 | options, "extra": {}}, {})
    found, provenance = weights.read_spec(path, "shade")
    assert weights.parse_spec(path, ShadeSpec, found) == dataclasses.replace(TINY, **spec)
    assert ("discriminator" in provenance) == (spec.get("network") != "baseline")


def test_options_that_a_former_file_lacks_are_defaults(tmp_path):
    path = write_v1(tmp_path / "v1.h5", "mangastyle-shade-1", {"config": {"width": 8}, "extra": {}}, {})
    assert weights.parse_spec(path, ShadeSpec, weights.read_spec(path, "shade")[0]) == ShadeSpec(width=8)


def test_a_former_one_pass_decoder_is_read_to_the_same_specification(tmp_path):
    arrays = {"strength_features/kernel": np.zeros((1, 8)), **{f"at_relu{i}_1/bias": np.zeros(n) for i, n in ((3, 6), (2, 4), (1, 2))}}
    path = write_v1(tmp_path / "v1.h5", "mangastyle-onepass-1", {"config": {"crop": 192}, "extra": {"steps": 1800}}, arrays)
    spec, provenance = weights.read_spec(path, "onepass")
    assert weights.parse_spec(path, OnePassSpec, spec) == OnePassSpec(widths=(8, 6, 4, 2)) and provenance == {"steps": 1800}


def test_a_former_one_pass_decoder_fills_todays(tmp_path):
    spec = OnePassSpec(widths=(8, 6, 4, 2))
    model = randomize(decoder(spec))
    arrays = {name.replace("_residual_", "_grain_"): array for name, array in arrays_of(model).items()}
    assert arrays.keys() != arrays_of(model).keys()
    path = write_v1(tmp_path / "v1.h5", "mangastyle-onepass-1", {"config": {}, "extra": {}}, arrays)
    empty = decoder(spec)
    weights.fill(empty, path, "onepass")
    for before, after in zip(model.variables, empty.variables, strict=True):
        np.testing.assert_array_equal(after, before.numpy().astype(np.float16 if before.ndim > 1 else np.float32))


def test_a_former_slim_vgg_is_read_to_the_same_specification(tmp_path):
    arrays = {f"conv{i}_1/bias": np.zeros(3 + i) for i in range(1, 6)}
    extra = {"steps": 3900, "errors": {"relu1_1": 0.03}, "config": {"widths": [4, 5, 6, 7, 8], "painted": 3}}
    path = write_v1(tmp_path / "v1.h5", "mangastyle-vgg19-1", {"extra": extra}, arrays)
    spec, provenance = weights.read_spec(path, "vgg19-slim")
    assert weights.parse_spec(path, SlimVGGSpec, spec) == SlimVGGSpec((4, 5, 6, 7, 8))
    assert provenance == {"steps": 3900, "errors": {"relu1_1": 0.03}}


def test_damaged_former_files_are_one_clear_error(tmp_path):
    path = write_v1(tmp_path / "v1.h5", "mangastyle-shade-1", {"config": SHADE_V1, "extra": {}}, {})
    whole = path.read_bytes()
    for config in ('{"width": ', '{"model": "transformer"}', "[]"):
        path.write_bytes(whole)
        refused(changed(path, lambda f, config=config: f.attrs.__setitem__("config", config)), "damaged: its header cannot be read")
    path.write_bytes(whole)
    refused(changed(path, lambda f: f.attrs.__delitem__("extra")), "damaged: its header cannot be read")
    path.write_bytes(whole)
    refused(path, "not a weights file of a slim VGG-19, but of a shading network", "vgg19-slim")
    changed(path, lambda f: f.attrs.__setitem__("format", "mangastyle-onepass-1"))  # whose arrays are not there
    refused(path, "damaged: its header cannot be read", "onepass")
    refused(changed(path, lambda f: f.attrs.__setitem__("format", "mangastyle-shade-9")), "not a weights file of a shading network")
