"""Measures of style against Gram matrices by Keras' own convolutions, SciPy's distances, closed forms, and pictures made by hand."""

from __future__ import annotations

import cv2
import keras
import numpy as np
import pytest
import scipy.ndimage
import scipy.stats

import mangastyle
from mangastyle.errors import MangastyleError
from mangastyle.evaluate import style_metrics
from mangastyle.evaluate.style_metrics import RemainingStyle, directional_energy, patch_distance
from mangastyle.ops import pixels
from mangastyle.vgg.backbone import backbone

LAYERS = ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1")


@pytest.fixture(scope="module")
def painting() -> np.ndarray:
    return pixels.resize(mangastyle.paint("brush", 0), 96, 120)


@pytest.fixture(scope="module")
def remaining() -> RemainingStyle:
    return RemainingStyle(backbone("slim"))


def flat(*color: int, height: int = 32, width: int = 40) -> np.ndarray:
    return np.full((height, width, 3), color, np.uint8)


def noise(seed: int, height: int = 128, width: int = 128) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


def streaks(angle: float, side: int = 96) -> np.ndarray:
    """Waves of 12 pixels across one direction, in degrees."""
    y, x = np.mgrid[:side, :side] * np.pi / 6
    wave = 128 + 100 * np.sin(x * np.cos(np.radians(angle)) + y * np.sin(np.radians(angle)))
    return np.stack([wave] * 3, -1).astype(np.uint8)


# What is left of the style error


def keras_grams(model: keras.Model, picture: np.ndarray) -> dict[str, np.ndarray]:
    """Mean Gram matrices in float64, by Keras' convolutions on the mean-free BGR picture."""
    x, grams = picture[None, ..., ::-1].astype(np.float32) - np.float32([103.939, 116.779, 123.68]), {}
    for layer in model.layers:
        if layer.name.startswith("conv"):
            x = keras.ops.conv(x, layer.kernel, padding="same") + layer.bias
        elif layer.name.startswith("relu"):
            x = keras.ops.relu(x)
            maps = keras.ops.convert_to_numpy(x)[0].astype(np.float64)
            grams[layer.name] = np.einsum("yxi,yxj->ij", maps, maps) / (maps.shape[0] * maps.shape[1])
        elif layer.name.startswith("pool") and min(x.shape[1:3]) > 1:
            x = keras.ops.average_pool(x, 2)
    return grams


def test_remaining_style_is_that_of_gram_matrices_by_keras(narrow, painting):
    """On a VGG-19 of random weights, at two sizes."""
    remaining = RemainingStyle(narrow)
    for picture in (painting[:64, :80] // 2 + 60, noise(0, 48, 33)):
        found, target = keras_grams(narrow, picture), keras_grams(narrow, painting)
        expected = {name: ((found[name] - target[name]) ** 2).sum() / (target[name] ** 2).sum() for name in LAYERS}
        assert remaining(picture, painting) == pytest.approx(expected, rel=1e-3)


def test_remaining_style_of_the_slim_network_compares_readouts(remaining, painting):
    """Whose sums are those of the full network's Gram matrices."""
    model = backbone("slim")
    taps = keras.Model(model.input, [model.get_layer(f"{name}_readout").output for name in LAYERS])
    picture, grams = mangastyle.draw(7, 64), []
    for shown in (picture, painting):
        grams.append([np.einsum("byxi,byxj->ij", f, f) / f[..., 0].size for f in map(np.float64, taps(shown[None].astype(np.float32)))])
    expected = [((g - a) ** 2).sum() / (a**2).sum() for g, a in zip(*grams)]
    assert list(remaining(picture, painting).values()) == pytest.approx(expected, rel=1e-2)


def test_remaining_style_is_none_in_the_painting_and_grows_with_what_is_done_to_it(remaining, painting):
    of = remaining.beside(painting)
    left = [sum(of(x).values()) for x in (painting, cv2.GaussianBlur(painting, (0, 0), 1), mangastyle.draw(7, 96))]
    assert left[0] == 0 and left[0] < left[1] / 10 < left[2] / 20
    mirrored, moved = of(painting[:, ::-1]), of(np.roll(painting, (16, 32), (0, 1)))
    assert sum(moved.values()) < left[1] and mirrored["relu1_1"] < 0.02  # places do not count


def test_remaining_style_of_many_pictures_is_that_of_each(remaining, painting):
    of = remaining.beside(painting)
    other = remaining.beside(mangastyle.draw(7, 64))
    picture = noise(0, 40, 56)
    assert of(picture) == remaining(picture, painting) != other(picture)
    assert list(of(picture)) == list(LAYERS)


@pytest.mark.parametrize("wrong", [np.zeros((40, 40, 3)), np.zeros((40, 40), np.uint8), np.zeros((31, 40, 3), np.uint8)])
def test_remaining_style_of_what_is_no_picture(remaining, painting, wrong):
    with pytest.raises(MangastyleError, match="`picture`: must be"):
        remaining(wrong, painting)
    with pytest.raises(MangastyleError, match="`painting`: must be"):
        remaining.beside(wrong)


# Patches


@pytest.mark.parametrize(("n", "m"), [(1, 1), (50, 50), (30, 47), (12, 36), (200, 1)])
def test_wasserstein_is_that_of_scipy(n, m):
    generator = np.random.default_rng(n)
    a, b = generator.normal(size=(5, n)), generator.gamma(2, size=(5, m))
    np.testing.assert_allclose(style_metrics.wasserstein(a, b), [scipy.stats.wasserstein_distance(*sets) for sets in zip(a, b)])


def test_patch_distance_is_that_of_all_patches_by_scipy(picture):
    """Patches cut out one by one; pictures of two sizes, whose halves are means of 2x2 pixels."""
    pair, side = (picture, noise(0, 24, 36)), 5
    directions = style_metrics.random_directions(3 * side**2, 6)
    for scale in range(2):
        reduced = [x.reshape(x.shape[0] >> scale, 1 << scale, x.shape[1] >> scale, 1 << scale, 3).mean((1, 3)) / 255 for x in pair]
        sets = []
        for x in reduced:
            patches = [x[i : i + side, j : j + side] for i in range(x.shape[0] - side + 1) for j in range(x.shape[1] - side + 1)]
            sets.append(directions @ np.moveaxis(patches, 3, 1).reshape(len(patches), -1).T)
        expected = np.mean([scipy.stats.wasserstein_distance(a, b) for a, b in zip(*sets)])
        assert patch_distance(*pair, side=side, scales=2, directions=6)[scale] == pytest.approx(expected, rel=1e-4)


def test_patch_distance_of_a_shift_of_all_colors(painting):
    """Each projection moves by the shift times the sum of its direction."""
    dark = painting // 2
    sums = np.abs(style_metrics.random_directions(147, 128).sum(1)).mean()
    for shift in (51, 102):
        np.testing.assert_allclose(patch_distance(dark + np.uint8(shift), dark), shift / 255 * sums, rtol=1e-4)


def test_directions_are_uniform_on_the_sphere():
    """So that the sum of a direction is nearly a normal variable."""
    found = style_metrics.random_directions(147, 4000)
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1)
    assert np.abs(found.sum(1)).mean() == pytest.approx(np.sqrt(2 / np.pi), rel=0.05)
    np.testing.assert_allclose(147 * found.T @ found / 4000, np.eye(147), atol=0.12)


def test_patch_distance_does_not_depend_on_places(painting):
    """Cut out of a wallpaper, whole tiles and 6 pixels more have the same patches wherever they begin; a softened one has others."""
    wallpaper = np.tile(painting[:32, :32], (4, 4, 1))
    one, other = wallpaper[:70, :102], wallpaper[25:95, 17:119]
    softened = cv2.GaussianBlur(wallpaper, (0, 0), 0.6)[25:95, 17:119]
    assert patch_distance(one, other, scales=1) == pytest.approx(0, abs=1e-6)
    assert patch_distance(one, softened, scales=1) > 0.005
    assert 0 < patch_distance(one, other, scales=1, samples=4000) < 0.005


def test_patch_distance_knows_which_way_strokes_run():
    across = streaks(0, 102)
    assert patch_distance(across[:90, :90], across[:90, :90].transpose(1, 0, 2), scales=1) > 0.05  # of the same colors
    assert patch_distance(across[:90, :90], across[5:95, 5:95], scales=1) < 1e-3


def test_patch_distance_orders_what_is_more_and_less_like_the_painting(painting):
    like = [painting, cv2.GaussianBlur(painting, (0, 0), 1), cv2.GaussianBlur(painting, (0, 0), 3), mangastyle.draw(7, 96)]
    found = np.stack([patch_distance(x, painting) for x in like])
    assert (found[0] == 0).all() and (np.diff(found, axis=0) > 0).all()
    np.testing.assert_allclose(patch_distance(painting, like[-1]), found[-1], rtol=1e-6)  # it has no direction


def test_patch_distance_of_samples_is_near_that_of_all(painting):
    other = mangastyle.draw(7, 96)
    every, some = (patch_distance(other, painting, scales=1, samples=samples) for samples in (10**6, 2000))
    assert some == patch_distance(other, painting, scales=1, samples=2000) != every
    assert some == pytest.approx(every, rel=0.05)


def test_patch_distance_where_it_is_not_defined():
    found = patch_distance(noise(0, 14, 20), noise(1, 64, 64))
    assert np.isfinite(found[:2]).all() and np.isnan(found[2])
    with pytest.raises(MangastyleError, match="`picture`: must be uint8"):
        patch_distance(np.zeros((9, 9, 3)), noise(0))
    with pytest.raises(MangastyleError, match="`side`: must be"):
        patch_distance(noise(0), noise(0), side=0)


# The direction of streaks


@pytest.mark.parametrize("angle", [0, 15, 45, 80, 90, 130])
def test_streaks_run_one_way_whichever_it_is(angle):
    assert directional_energy(streaks(angle)) > 0.999


def test_energy_in_all_directions_or_none():
    assert directional_energy(noise(0)) < 0.03
    assert directional_energy(flat(10, 200, 30)) == 0 and directional_energy(flat(1, 2, 3, height=2, width=2)) == 0
    y, x = np.mgrid[-64:64, -64:64] + 0.5
    rings = np.repeat((128 + 100 * np.sin(np.hypot(x, y)))[..., None], 3, 2).astype(np.uint8)
    assert directional_energy(rings) < 0.01


@pytest.mark.parametrize("angle", [20, 45, 90])
def test_two_crossing_sets_of_streaks_closed_form(angle):
    """Side by side, two unit tensors at this angle have a mean with the coherence |cos angle|."""
    both = np.hstack([streaks(10), streaks(10 + angle)])
    assert directional_energy(both) == pytest.approx(abs(np.cos(np.radians(angle))), abs=0.03)


def test_energy_is_that_of_the_eigenvalues(picture):
    luma = picture @ [0.299, 0.587, 0.114]
    smooth = np.array([3, 10, 3])
    gradients = [scipy.ndimage.correlate1d(scipy.ndimage.correlate1d(luma, [-1, 0, 1], i), smooth, 1 - i)[1:-1, 1:-1] for i in (0, 1)]
    small, large = np.linalg.eigvalsh(np.cov([g.ravel() for g in gradients], bias=True) + np.outer(*[[g.mean() for g in gradients]] * 2))
    assert directional_energy(picture) == pytest.approx((large - small) / (large + small), rel=1e-4)


def test_a_mask_tells_where_to_look():
    """Not even its edge is seen, across which the picture changes."""
    picture, mask = streaks(30), np.zeros((96, 96), bool)
    picture[20:70, 30:80] = (noise(0, 50, 50) // 4) + 180
    mask[20:70, 30:80] = True
    assert directional_energy(picture, mask) < 0.06 and directional_energy(picture, ~mask) > 0.999
    picture[mask] = 90
    assert directional_energy(picture, mask) == 0 == directional_energy(picture, np.zeros_like(mask))
    for wrong in (mask[1:], mask.astype(np.uint8)):
        with pytest.raises(MangastyleError, match="`mask`: must be bool"):
            directional_energy(picture, wrong)
