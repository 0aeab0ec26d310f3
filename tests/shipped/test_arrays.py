"""The files that ship: whole, of today's format, and with the arrays that were trained."""

from __future__ import annotations

import hashlib

import h5py
import pytest

from mangastyle.io import registry, weights
from mangastyle.io.files import read_json, sha256
from mangastyle.settings import to_json
from mangastyle.shade.spec import RegionSpec, ShadeSpec, ShadingSpec
from mangastyle.style.onepass.settings import OnePassSpec
from mangastyle.vgg.spec import SlimVGGSpec

# Over the data type, shape and bytes of every array, in the order of their names. A network that is trained anew gets a new hash
# here; a file that is written anew, in another format, does not.
ARRAYS = {
    "regions": "8dcb1d5ec8fb240216b123c372801de2be105703e5fd2e1b328a950808f73c43",
    "shading": "cc0276ec707f31260e6c332d133e4fc3e7f23395fc9b64d23460a775ae965148",
    "shade": "93dee45b11da81cfbd5582574fad8fcc45439606734368377a06ff4c4811bf1b",
    "shade-paper": "19ff2644b755e8dbe4741db9343d57a0fe0a1c80624bd1dc47c51b28f937cc20",
    "baseline": "bf604ad24fe692ae105fe50f9c5227b0847e07149f7cf8a80a55ab7157da4deb",
    "onepass": "c4d73b20f568689ce19bb862f314c13d22b0cdaf3b2e4707e6492a107995551d",
    "vgg19-slim": "64cf0f39c4e5911a8ea43cb51f1c749a34fc74279c106faca6e67716e563a695",
}
SPECS = {
    "regions": ("regions", RegionSpec()),
    "shading": ("shading", ShadingSpec()),
    "shade": ("shade", ShadeSpec()),
    "shade-paper": ("shade", ShadeSpec(upsample="transpose", soft_lines=False)),
    "baseline": ("shade", ShadeSpec(network="baseline", upsample="transpose", soft_lines=False)),
    "onepass": (
        "onepass",
        OnePassSpec(residual_blocks=(2, 2, 0, 0), modulated=True, residual_windows=(0, 9), residual_block=4, residual_share=1.0),
    ),
    "vgg19-slim": ("vgg19-slim", SlimVGGSpec()),
}


def hash_of_arrays(path) -> str:
    arrays, digest = {}, hashlib.sha256()
    with h5py.File(path) as file:
        file.visititems(lambda name, item: arrays.update({name: item[()]}) if isinstance(item, h5py.Dataset) else None)
    for name in sorted(arrays):
        digest.update(f"{arrays[name].dtype} {arrays[name].shape}".encode())
        digest.update(arrays[name].tobytes())
    return digest.hexdigest()


def test_all_that_ships_is_tested_and_in_the_manifest():
    manifest = read_json(registry.shipped_folder() / registry.MANIFEST)
    assert set(registry.SHIPPED) == set(ARRAYS) == set(SPECS)
    assert set(registry.SHIPPED.values()) == set(manifest)
    for file, entry in manifest.items():
        path = registry.shipped_folder() / file
        assert (entry["sha256"], entry["bytes"]) == (sha256(path), path.stat().st_size)


@pytest.mark.parametrize("name", registry.SHIPPED)
def test_the_arrays_are_bit_for_bit_those_that_were_trained(name):
    assert hash_of_arrays(registry.find(name)) == ARRAYS[name]


@pytest.mark.parametrize("name", registry.SHIPPED)
def test_the_specification_is_the_networks_and_the_manifests(name):
    path, (kind, spec) = registry.find(name), SPECS[name]
    with h5py.File(path) as file:
        assert (file.attrs["format"], file.attrs["schema"], file.attrs["kind"]) == (weights.FORMAT, weights.SCHEMA, kind)
    found, provenance = weights.read_spec(path, kind)
    assert found == {field: to_json(spec)[field] for field in found}  # what a field that came later means by default is so here
    assert weights.parse_spec(path, type(spec), found) == spec
    entry = read_json(registry.shipped_folder() / registry.MANIFEST)[path.name]
    assert (entry["kind"], entry["spec"], entry["history"]["steps"]) == (kind, found, provenance["steps"])
    for key in ("discriminator", "pixel_loss", "pixel_weight"):
        assert entry.get(key) == provenance.get(key)


def test_the_figures_facts_about_discriminators_are_there():
    shade, paper, baseline = (weights.read_spec(registry.find(name), "shade")[1] for name in ("shade", "shade-paper", "baseline"))
    assert shade["discriminator"]["condition_on_line"] and not paper["discriminator"]["condition_on_line"]
    assert (shade["pixel_loss"], paper["pixel_loss"], baseline["pixel_loss"]) == ("l1", "l2", "l2")
    assert "discriminator" not in baseline
