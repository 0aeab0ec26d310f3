"""Diagrams show what the Keras models are."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from matplotlib.patches import FancyArrowPatch, Rectangle

from mangastyle.paper.figures import diagram
from mangastyle.shade import networks
from mangastyle.shade.spec import ShadeSpec

SIZES = {"line": (1, 64, 64, 1), "hint": (1, 64, 64, 3)}


@pytest.fixture(scope="module")
def generator() -> keras.Model:
    return networks.build(ShadeSpec(width=4, levels=3))


def test_stages_of_a_model_made_by_hand():
    x = keras.Input((None, None, 3), name="x")
    a = keras.layers.Conv2D(8, 3, 2, "same", name="a")(x)  # (b, 5, 5, 8)
    b = keras.layers.BatchNormalization(name="a_norm")(a)
    c = keras.layers.Conv2D(8, 3, padding="same", name="c", use_bias=False)(b)
    d = keras.layers.Add(name="d")([c, b])
    found = {stage.name: stage for stage in diagram.stages(keras.Model(x, d), (1, 10, 10, 3))}
    assert list(found) == ["x", "a", "c", "d"]
    assert found["a"] == ("a", ("a", "a_norm"), (5, 5, 8), ("x",), 3 * 9 * 8 + 8 + 2 * 8)  # moving statistics are not trainable
    assert found["c"].weights == 8 * 9 * 8 and found["c"].inputs == ("a",)
    assert set(found["d"].inputs) == {"a", "c"}


def test_weights_and_shapes_are_the_models(generator):
    found = diagram.stages(generator, SIZES)
    assert sum(stage.weights for stage in found) == sum(int(np.prod(w.shape)) for w in generator.trainable_weights)
    assert {name for stage in found for name in stage.layers} == {layer.name for layer in generator.layers}
    bottom = min(found, key=lambda stage: stage.shape[0])
    assert bottom.shape == generator.get_layer("down3").compute_output_shape((1, 16, 16, 8))[1:] == (8, 8, 16)
    assert found[-1].shape == (64, 64, 3)


def test_skip_connections_join_equal_sizes(generator):
    found = {stage.name: stage for stage in diagram.stages(generator, SIZES)}
    skips = [stage for stage in found.values() if stage.name.startswith("skip")]
    assert len(skips) == 3
    for skip in skips:
        sources = [found[name].shape for name in skip.inputs]
        assert {shape[:2] for shape in sources} == {skip.shape[:2]}
        assert sum(shape[2] for shape in sources) == skip.shape[2]


def test_every_layer_alone_if_asked_for(generator):
    assert [stage.name for stage in diagram.stages(generator, SIZES, str)] == [op.name for op in generator.operations]


def test_drawing_has_a_box_for_each_stage_and_an_arrow_for_each_input(generator):
    found = diagram.stages(generator, SIZES)
    axes = diagram.draw(found, (8, 4)).axes[0]
    boxes = [patch for patch in axes.patches if isinstance(patch, Rectangle)]
    arrows = [patch for patch in axes.patches if isinstance(patch, FancyArrowPatch)]
    assert len(boxes) == len(found) and len(arrows) == sum(len(stage.inputs) for stage in found)
    texts = [text.get_text() for text in axes.texts]
    assert any(text.startswith("down3\n8×8×16\n") for text in texts)


def test_arrows_of_a_diagram_end_at_the_edges():
    scheme = diagram.Diagram(6, 3)
    scheme.box("a", 1, 1, "a", "white", width=1.0, height=1.0)
    scheme.picture("b", 4, 1, np.zeros((10, 20, 3), np.uint8), height=1.0)
    scheme.arrow("a", "b")
    (x0, y0), (x1, y1) = scheme._edge("a", "b"), scheme._edge("b", "a")
    assert x0 == pytest.approx(1.5, abs=0.05) and x1 == pytest.approx(3.0, abs=0.05) and y0 == y1 == 1
