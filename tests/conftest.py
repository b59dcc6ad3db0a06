"""How generated examples are drawn: no clock decides, and CI draws the same ones every time."""

import os

from hypothesis import HealthCheck, settings

# Before OpenMP is loaded: idle threads of trees would else spin on the cores of other tests.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

# Time limits of single examples fail on busy machines and say nothing about the code.
settings.register_profile(
    "house",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize=bool(os.environ.get("CI")),
)
settings.load_profile("house")
