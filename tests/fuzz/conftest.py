"""How many examples the fuzz tests try: some in every run; all with `pytest tests/fuzz --hypothesis-profile=long`."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

# Seconds an example may take are checked by the tests themselves, see `within_limits`: the machine may be busy.
shared = {"deadline": None, "suppress_health_check": list(HealthCheck), "print_blob": True}
settings.register_profile("short", max_examples=200, derandomize=True, database=None, **shared)
settings.register_profile("long", max_examples=20_000, **shared)
settings.load_profile("short")
