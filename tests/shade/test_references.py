"""References: colored pictures' regions beside those of line art."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf
from skimage.color import deltaE_ciede2000, rgb2lab

from mangastyle.errors import MangastyleError
from mangastyle.lineart.regions import find_regions
from mangastyle.shade import references, region_network
from mangastyle.shade.hints import Hint
from mangastyle.shade.references import Reference
from mangastyle.shade.shader import Shader
from mangastyle.shade.spec import RegionSpec
from mangastyle.synthetic import characters

SPEC = RegionSpec(size=32, widths=(8, 8, 8), width=16, heads=2, blocks=1, colors=5)


def random_reference(count: int, seed: int = 0) -> Reference:
    random = np.random.default_rng(seed)
    shapes = [[count if side is None else side for side in shape] for shape in references.shapes(SPEC)]
    return Reference(*(random.random(shape).astype(np.float32) for shape in shapes))


@pytest.fixture(scope="module")
def shader() -> Shader:
    return Shader("regions", precision="float32")


def test_several_references_are_one_after_the_other_without_common_borders():
    one, two = random_reference(3), random_reference(2, 1)
    both = references.together(references.nothing(SPEC), one, two)
    for name in ("features", "areas", "centers", "colors"):
        np.testing.assert_array_equal(getattr(both, name), np.concatenate([getattr(one, name), getattr(two, name)]))
    np.testing.assert_array_equal(both.borders[:3, :3], one.borders)
    np.testing.assert_array_equal(both.borders[3:, 3:], two.borders)
    assert not both.borders[:3, 3:].any() and not both.borders[3:, :3].any()


def test_of_many_references_the_largest_regions_count(monkeypatch):
    monkeypatch.setattr(references, "MOST", 4)
    one, two = random_reference(3), random_reference(3, 1)
    areas = np.concatenate([one.areas, two.areas])
    both, largest = references.together(one, two), np.sort(np.argsort(areas)[-4:])
    np.testing.assert_array_equal(both.areas, areas[largest])
    np.testing.assert_array_equal(both.colors, np.concatenate([one.colors, two.colors])[largest])
    assert both.borders.shape == (4, 4)


def test_a_reference_beside_a_picture_is_one_picture_of_all_regions():
    """The decoder's answer for both is that for the same regions in one picture."""
    decoder = region_network.build(SPEC).decoder
    all_regions, own = random_reference(7), 4
    borders = np.zeros((7, 7), np.float32)
    borders[:own, :own], borders[own:, own:] = all_regions.borders[:own, :own], all_regions.borders[own:, own:]
    parts = {"features": all_regions.features, "areas": all_regions.areas, "centers": all_regions.centers, "valid": np.ones(7, np.float32)}
    first = {"borders": borders[None, :own, :own], **{name: values[None, :own] for name, values in parts.items()}}
    rest = Reference(*(values[own:, own:] if i == 1 else values[own:] for i, values in enumerate(all_regions._replace(borders=borders))))
    found = references.beside({name: tf.constant(values) for name, values in first.items()}, rest)
    for name, values in {**parts, "borders": borders}.items():
        np.testing.assert_array_equal(found[name][0], values)
    colors = {"colors": tf.constant(all_regions.colors[None]), "known": tf.constant([[0.0] * own + [1.0] * 3])}
    assert decoder({**found, **colors}).shape == (1, 7, 7 + SPEC.colors)


@pytest.mark.slow
def test_hair_takes_the_color_of_hair(shader):
    """A drawn character at another size, colored by its own picture, is nearer to it than without."""
    apart = []
    for seed in (3, 11, 19):
        line = np.repeat(characters.character(seed, 300).line[..., None], 3, 2)
        true, regions = rgb2lab(characters.character(seed, 300).flat), find_regions(line)
        reference = shader.reference(characters.draw(seed, 256))
        apart.append([deltaE_ciede2000(rgb2lab(shader.flat_colors(line, regions, reference=r)), true).mean() for r in (None, reference)])
    without, beside = np.mean(apart, 0)
    assert beside < 0.6 * without


@pytest.mark.slow
def test_a_hint_goes_before_a_reference(shader):
    line = np.full((64, 64, 3), 255, np.uint8)
    found = shader.layers(line, Hint.from_points([(30, 30, "#204080")], (64, 64)), reference=shader.reference(characters.draw(3, 96)))
    assert (found.flat == (0x20, 0x40, 0x80)).all()


@pytest.mark.slow
def test_wrong_references_are_named(shader, region_weights, loud_weights):
    line = np.full((32, 32, 3), 255, np.uint8)
    with pytest.raises(MangastyleError, match="`reference`: is gray"):
        shader.reference(line)
    with pytest.raises(MangastyleError, match="`reference`: must be uint8"):
        shader.reference(np.zeros((32, 32)))
    with pytest.raises(MangastyleError, match="`reference`: must be what Shader.reference gives, not ndarray"):
        shader(line, reference=characters.draw(0, 32))
    other = Shader(region_weights, precision="float32").reference(characters.draw(0, 32))
    with pytest.raises(MangastyleError, match="`reference`: was made by a shader with other weights"):
        shader(line, reference=other)
    unet = Shader(loud_weights, precision="float32")
    for wrong in (lambda: unet.reference(characters.draw(0, 32)), lambda: unet(line, reference=other)):
        with pytest.raises(MangastyleError, match="`reference`: needs a network that colors regions"):
            wrong()
