"""Strict mode for every test: shapes are checked, silent broadcasting and warnings are errors, the CPU is enough."""

import os

os.environ.setdefault("JAX_PLATFORMS", "cpu")
os.environ.setdefault("MPLBACKEND", "agg")

from jaxtyping import install_import_hook

install_import_hook("ganjax", "typechecking.check")

import jax
import pytest

jax.config.update("jax_numpy_rank_promotion", "raise")
# eight devices out of one processor, for the tests of many; not by XLA_FLAGS, which scripts under test would inherit
jax.config.update("jax_num_cpu_devices", 8)


@pytest.fixture
def x64():
    """Float64 inside the test."""
    with jax.enable_x64(True):
        yield
