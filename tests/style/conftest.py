"""What the tests of the style stage share."""

from __future__ import annotations

import keras
import numpy as np
import pytest


@pytest.fixture(scope="session")
def narrow() -> keras.Model:
    """VGG-19 with an eighth of the features in each layer, never trained."""
    from mangastyle.style import vgg

    generator, weights = np.random.default_rng(0), {}
    for name, shape in vgg.kernel_shapes(tuple(width // 8 for width in vgg.WIDTHS)).items():
        weights[name] = (generator.normal(0, np.sqrt(2 / (9 * shape[2])), shape), np.zeros(shape[-1]))
    return vgg.network(weights)
