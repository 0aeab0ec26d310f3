"""The networks of the paper: sizes, ranges, conditioning, gradients, and that they can learn."""

from __future__ import annotations

import dataclasses

import keras
import numpy as np
import pytest
import tensorflow as tf

from mangastyle.errors import MangastyleError
from mangastyle.ops.pixels import normalize
from mangastyle.ops.threshold import adaptive_threshold
from mangastyle.shade import losses, networks, simulated_hints
from mangastyle.shade.multiscale import any_size_function
from mangastyle.shade.spec import DiscriminatorSpec, ShadeSpec
from mangastyle.synthetic import characters

TINY = ShadeSpec(size=32, width=4, levels=3)
BASELINE = dataclasses.replace(TINY, network="baseline")
GENERATORS = [
    TINY,
    dataclasses.replace(TINY, upsample="transpose", residual_blocks=0),
    dataclasses.replace(TINY, residual_blocks=2),
]
TINY_DISCRIMINATOR = DiscriminatorSpec(size=32, width=4, levels=3)
DISCRIMINATORS = [
    TINY_DISCRIMINATOR,
    dataclasses.replace(TINY_DISCRIMINATOR, condition_on_line=False),
    dataclasses.replace(TINY_DISCRIMINATOR, head="patch"),
]


def inputs(count: int = 2, side: int = 32, seed: int = 0) -> dict[str, tf.Tensor]:
    random = np.random.default_rng(seed)
    line = random.choice(np.float32([-1, 1]), (count, side, side, 1))
    return {"line": tf.constant(line), "hint": tf.constant(random.uniform(-1, 1, (count, side, side, 3)).astype(np.float32))}


def shape(model: keras.Model, name: str) -> tuple:
    return tuple(model.get_layer(name).output.shape)


@pytest.mark.parametrize("spec", [*GENERATORS[:2], BASELINE])
def test_any_size_from_8_on_comes_out_exactly_as_large(spec):
    run = any_size_function(networks.build(spec), spec.multiple)
    for height, width in ((8, 8), (31, 31), (32, 32), (33, 33), (64, 64), (65, 97), (9, 40)):
        random = np.random.default_rng(height)
        line = random.choice(np.uint8([0, 255]), (2, height, width, 1))
        found = run(tf.constant(line), tf.constant(random.integers(0, 256, (2, height, width, 3), np.uint8)))
        assert found.shape == (2, height, width, 3) and found.dtype == tf.uint8
        assert found.numpy().std() > 0


def test_colors_stay_between_minus_one_and_one_even_for_wild_weights():
    generator = networks.generator(TINY)
    for variable in generator.trainable_variables:
        variable.assign(variable * 50)
    made = generator(inputs()).numpy()
    assert np.abs(made).max() <= 1 and np.abs(made).max() > 0.9


@pytest.mark.parametrize("spec", [*GENERATORS, BASELINE])
def test_a_picture_alone_is_the_same_as_in_a_batch(spec):
    generator = networks.build(spec)
    for _ in range(3):
        generator(inputs(8, seed=5), training=True)  # moving statistics that differ from the batch's
    batch = inputs(5)
    together = generator(batch, training=False).numpy()
    alone = generator({name: value[2:3] for name, value in batch.items()}, training=False).numpy()
    np.testing.assert_allclose(alone, together[2:3], atol=1e-5)
    assert np.abs(generator(batch, training=True).numpy() - together).max() > 1e-3  # statistics do matter


@pytest.mark.parametrize(("spec", "discriminator_spec"), list(zip(GENERATORS, DISCRIMINATORS)))
def test_gradients_reach_every_variable(spec, discriminator_spec):
    generator, discriminator = networks.build(spec), networks.discriminator(discriminator_spec)
    batch = inputs(4)
    condition = batch if discriminator_spec.condition_on_line else {"hint": batch["hint"]}
    with tf.GradientTape(persistent=True) as tape:
        picture = generator(batch, training=True)
        logit = discriminator({"picture": picture, **condition}, training=True)
        loss = tf.reduce_sum(losses.adversarial_loss(logit))
    for model in (generator, discriminator):
        assert len({v.path for v in model.variables}) == len(model.variables)
        for variable, gradient in zip(model.trainable_variables, tape.gradient(loss, model.trainable_variables)):
            assert gradient is not None, variable.path
            # A bias just before a normalization is removed by it: there the gradient is rightly zero.
            before_norm = variable.path.split("/")[0] + "_norm" in {layer.name for layer in model.layers}
            assert np.isfinite(gradient).all() and (before_norm and "bias" in variable.path or np.abs(gradient).max() > 0), variable.path


@pytest.mark.parametrize("spec", DISCRIMINATORS)
def test_the_discriminators_logit_depends_on_hint_and_line(spec):
    discriminator = networks.discriminator(spec)
    random = np.random.default_rng(1)
    batch = inputs(2)
    batch["picture"] = tf.constant(random.uniform(-1, 1, (2, 32, 32, 3)).astype(np.float32))
    if not spec.condition_on_line:
        del batch["line"]
    logit = discriminator(batch, training=False).numpy()
    assert logit.shape == ((2, 4, 4, 1) if spec.head == "patch" else (2, 1))
    for name in batch:
        changed = discriminator({**batch, name: -batch[name]}, training=False).numpy()
        assert np.abs(changed - logit).max() > 1e-7, name


def test_levels_halve_the_side_and_double_the_features():
    spec = ShadeSpec(width=4, levels=4, size=64)
    generator, discriminator = networks.build(spec), networks.discriminator(DiscriminatorSpec(width=4, levels=4, size=64))
    for level in range(1, 5):
        assert shape(generator, f"down{level}")[-1] == 4 * 2 ** (level - 1)
        assert shape(discriminator, f"down{level}") == (None, 64 // 2**level, 64 // 2**level, 4 * 2 ** (level - 1))
        assert generator.get_layer(f"down{level}").kernel_size == (5, 5)
        assert generator.get_layer(f"down{level}").strides == (2, 2)
    assert not any(layer.name.startswith("down5") for layer in generator.layers)
    assert spec.multiple == 16
    assert shape(discriminator, "logit") == (None, 1)


def test_the_papers_generator_is_figure_6():
    generator = networks.generator(ShadeSpec(upsample="transpose"))
    assert [shape(generator, f"down{i}")[-1] for i in (1, 2, 3, 4)] == [64, 128, 256, 512]
    assert [shape(generator, f"up{i}")[-1] for i in (3, 2, 1, 0)] == [256, 128, 64, 3]
    assert [shape(generator, f"skip{i}")[-1] for i in (3, 2, 1)] == [512, 256, 128]
    for i in range(4):
        layer = generator.get_layer(f"up{i}")
        assert isinstance(layer, keras.layers.Conv2DTranspose) and layer.kernel_size == (5, 5) and layer.strides == (2, 2)
    assert shape(generator, "color") == (None, None, None, 3)


def test_skip_connections_carry_what_the_lowest_level_loses():
    for upsample in ("transpose", "resize"):
        generator = networks.generator(dataclasses.replace(TINY, upsample=upsample))
        for layer in generator.layers:  # close the way through the lowest level
            if layer.name.startswith(("up2", "down3", "residual")):
                for variable in layer.trainable_variables:
                    variable.assign(tf.zeros_like(variable))
        one, other = (generator(inputs(1, seed=seed), training=False).numpy() for seed in (0, 1))
        assert np.abs(one - other).max() > 1e-5


def test_residual_blocks_are_counted_and_add_to_their_input():
    for count in (0, 1, 3):
        names = {layer.name for layer in networks.generator(dataclasses.replace(TINY, residual_blocks=count)).layers}
        assert sum(name.endswith("_add") for name in names) == count
    generator = networks.generator(TINY)
    block = keras.Model(generator.inputs, [generator.get_layer(n).output for n in ("down3_leaky", "residual1_conv2_norm", "residual1_add")])
    before, change, after = block(inputs())
    np.testing.assert_allclose(after, before + change, atol=1e-6)


def test_enlarging_doubles_bilinearly():
    x = np.random.default_rng(0).random((1, 3, 5, 2), np.float32)
    made = networks.Enlarge()(x).numpy()
    assert made.shape == (1, 6, 10, 2)
    # Pixel centres: every second output lies a quarter of the way from one pixel to the next.
    row = 0.75 * x[:, :-1] + 0.25 * x[:, 1:]
    np.testing.assert_allclose(made[:, 1:-1:2, 1:-1:2], 0.75 * row[:, :, :-1] + 0.25 * row[:, :, 1:], atol=1e-6)


def test_the_fully_connected_head_is_tied_to_its_size_and_the_patch_head_is_not():
    with pytest.raises(MangastyleError, match="`size`: must be a multiple of 8 for 3 levels, not 30"):
        networks.discriminator(dataclasses.replace(TINY_DISCRIMINATOR, size=30))
    batch = {"picture": tf.zeros((1, 48, 48, 3)), "hint": tf.zeros((1, 48, 48, 3)), "line": tf.zeros((1, 48, 48, 1))}
    with pytest.raises(ValueError, match="discriminator.*\n?.*32"):
        networks.discriminator(TINY_DISCRIMINATOR)(batch)
    assert networks.discriminator(DISCRIMINATORS[2])(batch).shape == (1, 6, 6, 1)


def test_the_baseline_is_five_convolutions_at_full_size():
    convolutions = [layer for layer in networks.build(BASELINE).layers if isinstance(layer, keras.layers.Conv2D)]
    assert BASELINE.multiple == 1
    assert [(c.kernel_size, c.strides) for c in convolutions] == [((5, 5), (1, 1))] * 5


def test_every_network_of_the_specification_is_in_the_table():
    choices = next(f.metadata["choices"] for f in dataclasses.fields(ShadeSpec) if f.name == "network")
    assert set(choices) == set(networks.NETWORKS)


@pytest.mark.parametrize("dtype", ["mixed_bfloat16", "mixed_float16"])
def test_mixed_precision_computes_low_but_keeps_weights_and_results_float32(dtype):
    for spec, discriminator_spec in zip(GENERATORS[:2], DISCRIMINATORS):
        generator, discriminator = networks.build(spec, dtype), networks.discriminator(discriminator_spec, dtype)
        assert generator.get_layer("down2").compute_dtype == dtype[6:]
        assert {v.dtype for v in generator.trainable_variables} == {"float32"}
        found = generator(inputs(), training=True)
        assert found.dtype == tf.float32
        exact = networks.build(spec)(inputs(), training=True)
        np.testing.assert_allclose(found, exact, atol=0.1)
        batch = inputs() if discriminator_spec.condition_on_line else {"hint": inputs()["hint"]}
        assert discriminator({"picture": found, **batch}).dtype == tf.float32


def test_the_seed_decides_the_first_weights():
    def kernels(seed):
        models = networks.build(TINY, seed=seed), networks.discriminator(TINY_DISCRIMINATOR, seed=seed)
        return [v.numpy() for model in models for v in model.trainable_variables if v.ndim > 1]

    first, again, other = kernels(7), kernels(7), kernels(8)
    assert all((a == b).all() for a, b in zip(first, again))
    assert all((a != b).any() for a, b in zip(first, other))
    flat = [k.ravel()[:8].tobytes() for k in first]
    assert len(set(flat)) == len(flat)  # no two layers start alike
    assert abs(np.concatenate([k.ravel() for k in first]).std() - 0.02) < 0.001
    kernels(2**40)  # any seed will do


def test_normalization_is_synchronized_over_replicas_when_asked():
    for synchronized in (False, True):
        models = [networks.build(spec, synchronized=synchronized) for spec in (TINY, BASELINE)]
        models.append(networks.discriminator(TINY_DISCRIMINATOR, synchronized=synchronized))
        norms = [layer for model in models for layer in model.layers if isinstance(layer, keras.layers.BatchNormalization)]
        assert norms and {layer.synchronized for layer in norms} == {synchronized}


@pytest.mark.slow
def test_the_generator_learns_eight_pictures_by_heart():
    pictures = np.stack([characters.draw(seed, 16) for seed in range(8)])
    uniforms = tf.constant(np.random.default_rng(0).random((8, simulated_hints.NUM_UNIFORMS), np.float32))
    line, color = adaptive_threshold(tf.constant(pictures)), tf.constant(normalize(pictures))
    hint = simulated_hints.simulate(color, uniforms, "proportional")
    generator = networks.generator(ShadeSpec(size=16, width=8, levels=2))
    optimizer = keras.optimizers.Adam(0.01)
    optimizer.build(generator.trainable_variables)

    @tf.function
    def step():
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(losses.l2(generator({"line": line, "hint": hint}, training=True), color))
        optimizer.apply_gradients(zip(tape.gradient(loss, generator.trainable_variables), generator.trainable_variables))
        return loss

    first = float(step())
    assert min(float(step()) for _ in range(250)) < first / 10
