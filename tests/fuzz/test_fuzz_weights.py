"""Weights files with anything done to their bytes: arrays of finite numbers, or one line that names the file.

HDF5 is written in C and may end the process: the examples are read in another one, which names the file that ended it.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from mangastyle.io import weights
from mangastyle.vgg import files
from mangastyle.vgg.spec import SlimVGGSpec

BATCH = 50  # files that one process reads
SECONDS = 60  # for all of them

READ = """
import sys, time
import numpy as np
from mangastyle.errors import MangastyleError
from mangastyle.io import weights
from mangastyle.vgg import files
for path in sys.argv[1:]:
    print(path, flush=True)
    for read in (lambda: weights.read(path, "vgg19-slim"), lambda: weights.read_spec(path, "vgg19-slim"), lambda: files.read(path)):
        start = time.perf_counter()
        try:
            found = read()
        except MangastyleError as error:
            assert "\\n" not in str(error) and path in str(error), error
        else:
            assert not isinstance(found, weights.WeightsFile) or all(np.isfinite(array).all() for array in found.arrays.values())
        assert time.perf_counter() - start < 20
"""


def seed(folder: Path) -> bytes:
    path = folder / "seed.h5"
    if not path.exists():
        kernels = files.random_weights((1, 1, 1, 1, 1))
        arrays = {f"{name}/{part}": array for name, pair in list(kernels.items())[:4] for part, array in zip(("kernel", "bias"), pair)}
        weights.write(path, "vgg19-slim", SlimVGGSpec((1, 1, 1, 1, 1)), {**arrays, "x/readout": np.ones((1, 1))}, {"steps": 3})
    return path.read_bytes()


change = st.tuples(
    st.floats(0, 1), st.one_of(st.binary(min_size=1, max_size=8), st.sampled_from([b"\xff" * 8, b"\0" * 8])), st.integers(0, 8)
)
files_of_changes = st.lists(st.lists(change, min_size=1, max_size=4), min_size=BATCH, max_size=BATCH)


@settings(max_examples=max(1, settings().max_examples // BATCH))
@given(examples=files_of_changes)
def test_any_bytes(tmp_path_factory, examples):
    folder = tmp_path_factory.getbasetemp()
    paths = []
    for i, changes in enumerate(examples):
        data = bytearray(seed(folder))
        for place, new, removed in changes:
            at = int(place * len(data))
            data[at : at + (removed or len(new))] = new
        paths.append(folder / f"{i}.h5")
        paths[-1].write_bytes(data)
    done = subprocess.run([sys.executable, "-c", READ, *map(str, paths)], capture_output=True, text=True, timeout=SECONDS)
    assert done.returncode == 0, f"{done.stdout.splitlines()[-1:]} {done.stderr[-800:]}"
