"""Settings of requests: which of the commands' options they are."""

from __future__ import annotations

import dataclasses

import pytest
from fake_service import COMMANDS

from mangastyle.app.service import settings
from mangastyle.settings import element_types

TEXTS = {"hint", "palette", "content_layers", "style_layers", "init"}  # free texts that name no file: each is checked elsewhere


@pytest.mark.parametrize("address", settings.TAKEN)
def test_all_are_options_of_the_command(address):
    options = {f.name: f for f in dataclasses.fields(COMMANDS[address])}
    assert set(settings.TAKEN[address]) <= set(options)
    kinds = element_types(COMMANDS[address])
    free = {name for name in settings.TAKEN[address] if kinds[name][0] is str and not options[name].metadata["choices"]}
    assert free <= TEXTS, f"{free - TEXTS} may name files of the server: leave them out, or say here that they do not"


def test_a_request_that_gives_none_has_the_defaults_of_the_command():
    for address, command in COMMANDS.items():
        assert settings.choose(address, {}, COMMANDS).options == command()


def test_values_are_read_by_their_types():
    texts = {"style_layers": ["relu1_1", "relu2_1"], "style_layer_weights": ["1", "0.5"], "winograd": ["False"], "iterations": ["3"]}
    chosen = settings.choose("style", {**texts, "format": ["webp"]}, COMMANDS)
    options = chosen.options
    assert (options.style_layers, options.style_layer_weights) == (("relu1_1", "relu2_1"), (1.0, 0.5))
    assert (options.winograd, options.iterations, chosen.form.format) == (False, 3, "webp")
    assert chosen.given == set(texts)
