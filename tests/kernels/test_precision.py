"""The meaning of --precision auto on machines that are not at hand."""

from __future__ import annotations

from pathlib import Path

import pytest
import tensorflow as tf

from mangastyle.kernels.precision import resolve


def machine(monkeypatch, cpu: str | None = "", gpus: tuple = ()):
    """Pretend: processor flags (None: no /proc/cpuinfo) and the compute capability of each GPU."""

    def read_text(path, *_, **__):
        if cpu is None:
            raise FileNotFoundError(path)
        return f"processor : 0\nflags\t\t: fpu sse2 {cpu} avx2\n"

    monkeypatch.setattr(Path, "read_text", read_text)
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind=None: list(range(len(gpus))))
    details = [{} if c is None else {"compute_capability": c} for c in gpus]
    monkeypatch.setattr(tf.config.experimental, "get_device_details", lambda gpu: details[gpu])


@pytest.mark.parametrize("name", ["float32", "mixed_bfloat16", "mixed_float16"])
def test_a_named_precision_is_itself(name):
    assert resolve(name) == name


@pytest.mark.parametrize(
    "cpu, expected",
    [
        ("", "float32"),
        (None, "float32"),
        ("avx512f avx512_vnni", "float32"),
        ("avx512_bf16", "mixed_bfloat16"),
        ("amx_bf16", "mixed_bfloat16"),
    ],
)
def test_processors(monkeypatch, cpu, expected):
    machine(monkeypatch, cpu)
    assert resolve("auto") == expected


@pytest.mark.parametrize(
    "gpus, expected",
    [
        (((9, 0),), "mixed_bfloat16"),
        (((8, 0),), "mixed_bfloat16"),
        (((7, 5),), "mixed_float16"),
        (((6, 1),), "float32"),
        (((9, 0), (7, 0)), "mixed_float16"),  # all work together, so the weakest decides
        ((None,), "float32"),
    ],
)
def test_gpus(monkeypatch, gpus, expected):
    machine(monkeypatch, "avx512_bf16", gpus)
    assert resolve("auto") == expected
