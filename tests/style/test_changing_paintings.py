"""A stylizer that gets other paintings for the contents to come."""

from __future__ import annotations

import numpy as np
import pytest

from mangastyle.errors import MangastyleError
from mangastyle.style.onepass.settings import OnePassSettings
from mangastyle.style.onepass.stylizer import OnePassStylizer

CONTENT, FIRST, SECOND = np.random.default_rng(0).integers(0, 256, (3, 40, 48, 3), np.uint8)


def test_statistics_are_kept_as_long_as_the_paintings_are_the_same(onepass_weights, monkeypatch):
    settings = OnePassSettings(size=0, onepass_weights=onepass_weights)
    stylizer = OnePassStylizer([FIRST], settings, precision="float32")
    measured, measure = [], stylizer._measure
    monkeypatch.setattr(stylizer, "_measure", lambda styles, *size: measured.append(styles) or measure(styles, *size))
    first = stylizer(CONTENT)
    stylizer.use([FIRST], [np.ones((40, 48), np.float32)])
    stylizer(CONTENT)
    assert len(measured) == 1
    stylizer.use([SECOND])
    second = stylizer(CONTENT)
    assert len(measured) == 2 and (second != first).any()
    np.testing.assert_array_equal(second, OnePassStylizer([SECOND], settings, precision="float32")(CONTENT))


def test_the_number_of_paintings_stays(onepass_weights):
    stylizer = OnePassStylizer([FIRST], OnePassSettings(size=0, onepass_weights=onepass_weights), precision="float32")
    for styles, masks, message in (
        ([FIRST, SECOND], [], "must be 1 as before, not 2"),
        ([], [], "at least one painting"),
        ([FIRST], [CONTENT, CONTENT], "as many masks as paintings"),
        ([FIRST[:20]], [], "`styles`: must be at least 32 pixels"),
    ):
        with pytest.raises(MangastyleError, match=message):
            stylizer.use(styles, masks)
    assert stylizer.styles[0] is FIRST
