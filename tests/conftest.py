"""Strict mode for every test: shapes are checked, silent broadcasting and warnings are errors, the CPU is enough."""

import atexit
import gc
import os
import shutil
import tempfile

os.environ.setdefault("JAX_PLATFORMS", "cpu")
os.environ.setdefault("MPLBACKEND", "agg")

# most of the tests' time is compilation: what one process has compiled, its fellow workers and the scripts under test
# load. A folder of this session, unless the environment names one that stays
if "JAX_COMPILATION_CACHE_DIR" not in os.environ:
    os.environ["JAX_COMPILATION_CACHE_DIR"] = tempfile.mkdtemp(prefix="ganjax-tests-")
    atexit.register(shutil.rmtree, os.environ["JAX_COMPILATION_CACHE_DIR"], ignore_errors=True)
os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0")
os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES", "-1")

from jaxtyping import install_import_hook

install_import_hook("ganjax", "typechecking.check")

import jax
import pytest

jax.config.update("jax_numpy_rank_promotion", "raise")
# eight devices out of one processor, for the tests of many; not by XLA_FLAGS, which scripts under test would inherit
jax.config.update("jax_num_cpu_devices", 8)


def pytest_configure(config):
    # an entry that another process is still writing: it is compiled instead
    config.addinivalue_line("filterwarnings", "ignore:Error (reading|writing) persistent compilation cache:UserWarning")


def pytest_collection_finish():
    """What is there by now stays: the garbage collector, woken by every trace, need not look through it again."""
    gc.collect()
    gc.freeze()


@pytest.fixture
def x64():
    """Float64 inside the test."""
    with jax.enable_x64(True):
        yield
