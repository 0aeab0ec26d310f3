"""Config files of any JSON for every command: options of the right types, or one line that names the file or the option."""

from __future__ import annotations

import dataclasses
import json
import time

from hypothesis import given
from hypothesis import strategies as st

from mangastyle.cli import main, options
from mangastyle.errors import MangastyleError

SECONDS = 20
OPTIONS = {name: main.load(name).Options for name in main.COMMANDS}
SEEDS = {name: json.dumps({"command": name, **options.to_json(cls())}).encode() for name, cls in OPTIONS.items()}

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=8),
    st.sampled_from([2**63, 10**400, 1e999, "default", "paper", "\0", "\ud800"]),
)
values = st.recursive(
    scalars, lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=4), inner, max_size=3)), max_leaves=8
)


def check(cls: type, path, flags: dict) -> None:
    start = time.perf_counter()
    try:
        found = options.settle(cls, flags, path)
    except MangastyleError as error:
        assert str(error) and "\n" not in options.in_flags(str(error), cls)
    else:
        assert isinstance(found, cls) and len(repr(found).encode()) > 0  # every text can be shown, and name a file
        json.dumps(options.to_json(found))
    assert time.perf_counter() - start < SECONDS


@given(name=st.sampled_from(sorted(OPTIONS)), data=st.data())
def test_any_values(tmp_path_factory, name, data):
    cls = OPTIONS[name]
    keys = st.one_of(st.sampled_from([f.name for f in dataclasses.fields(cls)]), st.sampled_from([*cls.RENAMED, "x"]), st.text(max_size=6))
    chosen = data.draw(st.one_of(st.dictionaries(keys, values, max_size=4), values))
    path = tmp_path_factory.getbasetemp() / "config.json"
    path.write_text(json.dumps(chosen))
    check(cls, path, data.draw(st.sampled_from([{}, {"seed": 3}, {"preset": "default"}])))


@given(
    name=st.sampled_from(sorted(OPTIONS)),
    changes=st.lists(st.tuples(st.integers(0, 1000), st.binary(max_size=3), st.integers(0, 8)), max_size=5),
)
def test_any_bytes(tmp_path_factory, name, changes):
    data = bytearray(SEEDS[name])
    for place, new, removed in changes:
        data[place : place + removed] = new
    path = tmp_path_factory.getbasetemp() / "config.json"
    path.write_bytes(data)
    check(OPTIONS[name], path, {})
