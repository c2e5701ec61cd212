"""Checkpoints: restored to the bit, never silently wrong, never lost."""

import hashlib
import json
import os
import random
import resource
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from ganjax.checks import InputError
from ganjax.io import _manifest
from ganjax.io.checkpoints import (
    Checkpoints,
    SaveError,
    best_step,
    restore_latest,
    restore_step,
    saved_steps,
    state_sha256,
)
from ganjax.types import GanState

ROOT = Path(__file__).parents[2]


def gan_state(seed: int) -> GanState:
    """A state with everything that a run's may hold: Adam inside, keys of two kinds, scalars, bfloat16, no entries."""
    key, gen_key, disc_key = jax.random.split(jax.random.key(seed), 3)
    gen_params = {
        "Dense_0": {"kernel": jax.random.normal(gen_key, (3, 4)), "bias": jnp.arange(4, dtype=jnp.bfloat16) + seed / 3}
    }
    disc_params = [jax.random.normal(disc_key, (2, 2), jnp.float16), jnp.zeros((0, 3)), jnp.array([True, False])]
    adam = optax.adam(1e-3, b1=0.5)
    grads = jax.tree.map(lambda p: p * 0.1, gen_params)
    return GanState(
        step=jnp.int32(seed),
        key=key,
        gen_params=gen_params,
        gen_stats=(),
        gen_opt_state=adam.update(grads, adam.init(gen_params))[1],
        disc_params=disc_params,
        disc_stats={"batch_stats": {"mean": jnp.float32(-0.0), "var": jnp.float32(jnp.nan)}},
        disc_opt_state=optax.sgd(0.1).init(disc_params),
        gen_ema_params=jax.random.split(jax.random.key(seed, impl="rbg"), (2, 3)),
        helper_params=np.arange(seed, seed + 3, dtype=np.int64),
    )


def small_state(seed: int) -> dict:
    return {"weights": jnp.arange(500.0) * 0.25 + seed, "key": jax.random.key(seed), "half": jnp.ones(3, jnp.bfloat16)}


def assert_same(left, right):
    """To the bit, with the same structure, types, kinds of array and kinds of key."""
    assert jax.tree.structure(left) == jax.tree.structure(right)
    for a, b in zip(jax.tree.leaves(left), jax.tree.leaves(right), strict=True):
        assert (a.dtype, a.shape, isinstance(a, jax.Array)) == (b.dtype, b.shape, isinstance(b, jax.Array))
        assert content(a) == content(b)


def content(leaf) -> bytes:
    is_key = jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key)
    return np.asarray(jax.random.key_data(leaf) if is_key else leaf).tobytes()


def folders(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


# ---------------------------------------------------------------------------------------------------- round trips


def test_round_trip_is_exact(tmp_path):
    state = gan_state(7)
    with Checkpoints(tmp_path) as checkpoints:
        checkpoints.save(7, state, {"cursor": [3, 1.1], "seed": None})
        restored = checkpoints.restore(gan_state(0))
    assert (restored.step, restored.extra, restored.skipped) == (7, {"cursor": [3, 1.1], "seed": None}, ())
    assert_same(restored.state, state)
    for restored_leaf, leaf in zip(jax.tree.leaves(restored.state), jax.tree.leaves(state), strict=True):
        # an array tied to a device could not meet others on another
        assert getattr(restored_leaf, "committed", False) == getattr(leaf, "committed", False) is False
    assert isinstance(restored.state, GanState)
    assert type(restored.state.gen_opt_state[0]) is type(state.gen_opt_state[0])
    assert state_sha256(restored.state) == state_sha256(state)
    # a template of shapes alone gives the same, but for NumPy's int64, which it cannot tell from JAX's
    template = jax.eval_shape(lambda: gan_state(0)._replace(helper_params=()))
    with pytest.raises(InputError, match=r"state.helper_params is only in the checkpoint"):
        restore_latest(tmp_path, template)


def test_restore_from_shapes_alone(tmp_path):
    with Checkpoints(tmp_path) as checkpoints:
        checkpoints.save(1, small_state(4))
    state, step, extra, skipped = restore_latest(tmp_path, jax.eval_shape(lambda: small_state(0)))
    assert (step, extra, skipped) == (1, {}, ())
    assert_same(state, small_state(4))
    assert not state["weights"].committed  # as fresh arrays are


def test_restored_state_is_the_same_run_and_may_be_donated(tmp_path):
    @jax.jit
    def noise(state):
        return jax.random.normal(jax.random.fold_in(state["key"], 3), (4,))

    move = jax.jit(lambda state: {**state, "weights": state["weights"] * 2}, donate_argnums=0)
    with Checkpoints(tmp_path) as checkpoints:
        checkpoints.save(1, small_state(4))
        state = checkpoints.restore(small_state(0)).state
    np.testing.assert_array_equal(noise(state), noise(small_state(4)))
    np.testing.assert_array_equal(move(state)["weights"], small_state(4)["weights"] * 2)


def test_float64_and_small_types_stay_what_they_are(tmp_path, x64):
    state = {
        "double": jnp.float64(1) / 3,
        "long": jnp.int64(2**62 + 1),
        "complex": jnp.array([1 + 2j]),
        "float8": jnp.arange(4, dtype=jnp.float8_e4m3fn),
        "int4": jnp.arange(-3, 3, dtype=jnp.int4),
        "fortran": np.asfortranarray(np.arange(6.0).reshape(2, 3)),
    }
    with Checkpoints(tmp_path) as checkpoints:
        checkpoints.save(1, state)
        assert_same(checkpoints.restore(state).state, state)


def test_restore_keeps_committed_placement(tmp_path):
    sharding = jax.sharding.NamedSharding(jax.make_mesh((1,), ("data",)), jax.sharding.PartitionSpec())
    placed = jax.device_put(small_state(2), sharding)
    with Checkpoints(tmp_path) as checkpoints:
        checkpoints.save(1, placed)
        state = checkpoints.restore(jax.device_put(small_state(0), sharding)).state
    assert all(leaf.sharding == sharding and leaf.committed for leaf in jax.tree.leaves(state))
    assert_same(state, small_state(2))


def run_python(source: str, *arguments: object, **environment: str) -> subprocess.CompletedProcess:
    everything = {**os.environ, "PYTHONPATH": str(ROOT), "JAX_PLATFORMS": "cpu", **environment}
    command = [sys.executable, "-W", "error", "-c", source, *map(str, arguments)]
    return subprocess.run(command, env=everything, capture_output=True, text=True, timeout=120, check=False)


def test_sharded_and_replicated_states_on_four_devices(tmp_path):
    source = """
import sys, jax, jax.numpy as jnp, numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec as P
from ganjax.io import Checkpoints, state_sha256
mesh = Mesh(np.array(jax.devices()), ("data",))
split, everywhere = NamedSharding(mesh, P("data")), NamedSharding(mesh, P())
def state(seed): return {"rows": jax.device_put(jnp.arange(8.0) + seed, split),
                         "key": jax.device_put(jax.random.key(seed), everywhere),
                         "keys": jax.device_put(jax.random.split(jax.random.key(seed), 8), split),
                         "all": jax.device_put(jnp.arange(3.0) * seed, everywhere)}
with Checkpoints(sys.argv[1]) as checkpoints:
    checkpoints.save(1, state(5))
    restored = checkpoints.restore(state(0)).state
assert len(jax.devices()) == 4
assert state_sha256(restored) == state_sha256(state(5)) == state_sha256(jax.device_put(state(5), jax.devices()[1]))
for a, b in zip(jax.tree.leaves(restored), jax.tree.leaves(state(0))): assert a.sharding == b.sharding, (a, b)
"""
    result = run_python(source, tmp_path, XLA_FLAGS="--xla_force_host_platform_device_count=4")
    assert (result.returncode, result.stderr) == (0, "")


# ---------------------------------------------------------------------------------------------------- saving


def test_state_may_be_donated_right_after_save(tmp_path):
    # 8 MB, updated in place while the save is being written
    step = jax.jit(lambda x: x + 1.0, donate_argnums=0)
    x = step(jnp.zeros(2_000_000))
    with Checkpoints(tmp_path) as checkpoints:
        for number in range(1, 4):
            address = x.unsafe_buffer_pointer()
            checkpoints.save(number, {"x": x})
            for _ in range(5):
                x = jax.block_until_ready(step(x))
                assert x.unsafe_buffer_pointer() == address  # donation took place: no view stood in its way
    for number in range(2, 4):
        saved = restore_step(tmp_path, {"x": x}, number).state["x"]
        np.testing.assert_array_equal(saved, np.full(2_000_000, 1.0 + 5.0 * (number - 1), np.float32))


def test_numpy_state_may_be_changed_right_after_save(tmp_path):
    x = np.zeros(1_000_000)
    with Checkpoints(tmp_path) as checkpoints:
        checkpoints.save(1, {"x": x})
        x += 1.0
        assert not checkpoints.restore({"x": x}).state["x"].any()


def test_keeps_the_last_ones(tmp_path):
    with Checkpoints(tmp_path, keep_last=2) as checkpoints:
        assert checkpoints.latest_step() is None
        for step in (1, 5, 10, 200):
            checkpoints.save(step, small_state(step))
            assert checkpoints.latest_step() == step
    assert folders(tmp_path) == ["10", "200"]
    assert_same(restore_step(tmp_path, small_state(0), 10).state, small_state(10))


@pytest.mark.parametrize("step", [3, 5])
def test_saving_no_later_step_is_refused(tmp_path, step):
    with Checkpoints(tmp_path) as checkpoints:
        checkpoints.save(5, small_state(5))
        with pytest.raises(InputError, match=f"Expected a step after 5, .*got {step}: restore"):
            checkpoints.save(step, small_state(1))
    with Checkpoints(tmp_path) as checkpoints, pytest.raises(InputError, match="Expected a step after 5"):
        checkpoints.save(step, small_state(1))
    assert_same(restore_latest(tmp_path, small_state(0)).state, small_state(5))


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, ValueError])
def test_leaving_by_an_error_completes_the_save(tmp_path, error):
    with pytest.raises(error), Checkpoints(tmp_path) as checkpoints:  # noqa: PT012
        checkpoints.save(1, {"x": jnp.arange(1_000_000.0)})
        raise error
    assert restore_latest(tmp_path, {"x": jnp.zeros(1_000_000)}).step == 1


def test_relative_directory_counts_from_where_it_was_opened(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with Checkpoints("run/checkpoints") as checkpoints:
        checkpoints.save(1, small_state(1))
        (tmp_path / "elsewhere").mkdir()
        monkeypatch.chdir(tmp_path / "elsewhere")
        checkpoints.save(2, small_state(2))
    assert folders(tmp_path / "run" / "checkpoints") == ["1", "2"]
    assert restore_latest("../run/checkpoints", small_state(0)).step == 2


def test_what_cannot_be_saved_is_named(tmp_path):
    with Checkpoints(tmp_path) as checkpoints:
        with pytest.raises(InputError, match=r"state\['a'\]\[1\] = 3.0: wrap it in jnp.asarray"):
            checkpoints.save(1, {"a": [jnp.zeros(2), 3.0]})
        with pytest.raises(InputError, match="nothing to save"):
            checkpoints.save(1, ())
        with pytest.raises(InputError, match="`extra` only what JSON can hold"):
            checkpoints.save(1, small_state(1), {"a": jnp.zeros(2)})
        with pytest.raises(InputError, match="`extra` only what JSON can hold"):
            checkpoints.save(1, small_state(1), {"a": float("nan")})
        checkpoints.save(1, small_state(1))  # none of these stands in the way of the next
    assert folders(tmp_path) == ["1"]


def test_bad_settings_are_refused(tmp_path):
    with pytest.raises(InputError, match="keep_last >= 1, got 0"):
        Checkpoints(tmp_path, keep_last=0)
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="got the file"):
        Checkpoints(tmp_path / "file")


def test_a_full_disk_is_an_error_and_harms_nothing(tmp_path):
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    state = {"x": jnp.asarray(np.random.default_rng(0).normal(size=200_000))}
    with Checkpoints(tmp_path) as checkpoints:
        checkpoints.save(1, state)
        checkpoints.wait()
        try:
            resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))  # no file may grow longer: EFBIG
            checkpoints.save(2, state)
            with pytest.raises(SaveError, match=r"^The checkpoint of step 2 .*saved: File too large\. Kept: 1\.$"):
                checkpoints.wait()
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        assert checkpoints.latest_step() == 1
        checkpoints.save(2, state)
    assert restore_latest(tmp_path, state).step == 2


def test_a_folder_that_cannot_be_made_is_an_error_and_not_a_hang(tmp_path):
    with Checkpoints(tmp_path / "run") as checkpoints:
        checkpoints.save(1, small_state(1))
        checkpoints.wait()
        shutil.rmtree(tmp_path / "run")
        (tmp_path / "run").write_text("in the way")
        with pytest.raises(SaveError, match=r"step 2 could not be saved: Not a directory\. Kept: none\."):
            checkpoints.save(2, small_state(2))


# ---------------------------------------------------------------------------------------------------- what does not fit


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda s: s._replace(step=jnp.float32(0)), r"state\.step is int32\[\] in the checkpoint and float32\[\]"),
        (lambda s: s._replace(key=jax.random.key(0, impl="rbg")), r"state\.key is key<fry>\[\] .* and key<rbg>\[\]"),
        (lambda s: s._replace(key=jax.random.PRNGKey(0)), r"state\.key is key<fry>\[\] .* and uint32\[2\]"),
        (lambda s: s._replace(gen_stats=jnp.zeros(2)), r"state\.gen_stats is only in the state to be restored"),
        (lambda s: s._replace(gen_opt_state=()), r"gen_opt_state\[0\]\.count is only in the checkpoint.*and 2 more"),
        (
            lambda s: s._replace(gen_params={"Dense_0": {"kernel": jnp.zeros((4, 3)), "bias": jnp.zeros(4)}}),
            r"state\.gen_params\['Dense_0'\]\['bias'\] is bfloat16\[4\] in the checkpoint and float32\[4\] .*"
            r"state\.gen_params\['Dense_0'\]\['kernel'\] is float32\[3, 4\] in the checkpoint and float32\[4, 3\]",
        ),
        (tuple, r"state\[0\] is only in the state to be restored"),
    ],
)
def test_a_state_that_does_not_fit_is_refused_by_name(tmp_path, change, message):
    with Checkpoints(tmp_path) as checkpoints:
        checkpoints.save(3, gan_state(3))
        with pytest.raises(InputError, match=f"The checkpoint of step 3 does not fit: .*{message}"):
            checkpoints.restore(change(gan_state(0)))
    assert folders(tmp_path) == ["3"]  # not taken for damage


def test_another_schema_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(_manifest, "SCHEMA", 2)
    with Checkpoints(tmp_path) as checkpoints:
        checkpoints.save(3, small_state(3))
    monkeypatch.undo()
    with pytest.raises(InputError, match=r"schema 1, got 2 at step 3, which a newer version .*update ganjax"):
        restore_latest(tmp_path, small_state(0))


def test_no_checkpoint_is_an_input_error(tmp_path):
    with pytest.raises(InputError, match="which is not a folder"):
        restore_latest(tmp_path / "nowhere", small_state(0))
    assert not (tmp_path / "nowhere").exists()
    with pytest.raises(InputError, match="No checkpoint in"):
        restore_latest(tmp_path, small_state(0))
    with Checkpoints(tmp_path) as checkpoints, pytest.raises(InputError, match="No checkpoint in"):
        checkpoints.restore(small_state(0))
    with Checkpoints(tmp_path) as checkpoints:
        checkpoints.save(3, small_state(3))
        checkpoints.save(12, small_state(12))
    with pytest.raises(InputError, match=r"No checkpoint of step 4 .*There: 3, 12\."):
        restore_step(tmp_path, small_state(0), 4)


# ---------------------------------------------------------------------------------------------------- damage


@pytest.fixture(scope="module")
def two_checkpoints(tmp_path_factory):
    directory = tmp_path_factory.mktemp("two")
    with Checkpoints(directory) as checkpoints:
        checkpoints.save(1, small_state(1), {"step": 1})
        checkpoints.save(2, small_state(2), {"step": 2})
    return directory


def damage_everywhere(two_checkpoints: Path, tmp_path: Path, flips: int, seed: int) -> tuple[int, int]:
    """Damages each file of the newest checkpoint in several ways; says how often that was (harmless, detected)."""
    outcomes = [0, 0]
    rng = random.Random(seed)
    for file in sorted(path for path in (two_checkpoints / "2").rglob("*") if path.is_file()):
        content = file.read_bytes()
        places = rng.sample(range(len(content)), min(flips, len(content)))
        flipped = [content[:i] + bytes([content[i] ^ (1 << rng.randrange(8))]) + content[i + 1 :] for i in places]
        for damaged in (None, b"", content[: len(content) // 2], *flipped):
            directory = tmp_path / "damaged"
            shutil.copytree(two_checkpoints, directory)
            target = directory / file.relative_to(two_checkpoints)
            target.unlink() if damaged is None else target.write_bytes(damaged)
            restored = restore_latest(directory, small_state(0))
            # either nothing that matters was hit, or the one before comes back and the loss is told
            assert_same(restored.state, small_state(restored.step))
            assert restored.extra == {"step": restored.step}
            assert [skipped.step for skipped in restored.skipped] == ([] if restored.step == 2 else [2])
            outcomes[restored.step == 1] += 1
            shutil.rmtree(directory)
    return outcomes[0], outcomes[1]


@pytest.mark.slow  # tests/integration/test_faults_checkpoints.py has a quicker one
def test_damage_is_harmless_or_detected(two_checkpoints, tmp_path, capfd):
    harmless, detected = damage_everywhere(two_checkpoints, tmp_path, flips=2, seed=0)
    assert detected > 10 < harmless
    assert capfd.readouterr() == ("", "")  # Orbax's own complaints stay off the terminal


@pytest.mark.slow
def test_much_damage_is_harmless_or_detected(two_checkpoints, tmp_path):
    damage_everywhere(two_checkpoints, tmp_path, flips=60, seed=1)


def test_wrong_numbers_are_found_by_their_checksum(tmp_path, monkeypatch):
    # what a flipped byte does when it passes under the file format's own checks: one bit of one number differs
    right = _manifest.host_copies

    def one_bit_off(leaves):
        arrays = right(leaves)
        arrays[-1].reshape(-1).view(np.uint8)[5] ^= 1
        return arrays

    with Checkpoints(tmp_path) as checkpoints:
        checkpoints.save(1, small_state(1))
        good = _manifest.digest
        # the digest is taken of the right numbers, the numbers are saved wrong
        monkeypatch.setattr(_manifest, "host_copies", one_bit_off)
        truth = dict(zip(sorted(small_state(2)), right(jax.tree.leaves(small_state(2))), strict=True))
        monkeypatch.setattr(
            _manifest, "digest", lambda leaf, array: good(leaf, truth["weights"] if array.size == 500 else array)
        )
        checkpoints.save(2, small_state(2))
        checkpoints.wait()
        monkeypatch.undo()
    restored = restore_latest(tmp_path, small_state(0))
    assert restored.step == 1
    assert restored.skipped == ((2, "ValueError: state['weights'] does not match its checksum"),)
    with pytest.raises(InputError, match=r"step 2 in .* is damaged: ValueError: state\['weights'\] does not match"):
        restore_step(tmp_path, small_state(0), 2)


@pytest.mark.parametrize(
    ("read", "message"),
    [
        (lambda w: w.view(np.int32), r"state\['weights'\] is int32\[500\], not float32\[500\]"),  # the bytes are right
        (lambda w: w.reshape(20, 25), r"state\['weights'\] is float32\[20, 25\], not float32\[500\]"),
        (lambda w: -w, r"state\['weights'\] does not match its checksum"),
    ],
)
def test_what_is_read_is_held_to_the_manifest(two_checkpoints, monkeypatch, read, message):
    right = _manifest._read_arrays

    def wrong(folder, expected):
        arrays = right(folder, expected)
        return arrays | {"state['weights']": read(arrays["state['weights']"])}

    monkeypatch.setattr(_manifest, "_read_arrays", wrong)
    with pytest.raises(InputError, match=f"step 2 in .* is damaged: ValueError: {message}"):
        restore_step(two_checkpoints, small_state(0), 2)


def test_damaged_newest_is_set_aside_and_its_step_saved_anew(two_checkpoints, tmp_path):
    directory = tmp_path / "run"
    shutil.copytree(two_checkpoints, directory)
    for again in ("damaged-2", "damaged-2-2"):
        (directory / "2" / "manifest" / "metadata").write_text("{}")
        assert restore_latest(directory, small_state(0)).skipped[0].step == 2
        assert (directory / "2").exists()  # reading leaves all as it is
        with Checkpoints(directory) as checkpoints:
            restored = checkpoints.restore(small_state(0))
            assert (restored.step, restored.skipped[0].step) == (1, 2)
            assert "KeyError" in restored.skipped[0].reason
            assert checkpoints.latest_step() == 1
            checkpoints.save(2, small_state(20))
        assert (directory / again).is_dir()
    assert_same(restore_latest(directory, small_state(0)).state, small_state(20))


def test_all_damaged_is_an_error_and_nothing_is_moved(two_checkpoints, tmp_path):
    directory = tmp_path / "run"
    shutil.copytree(two_checkpoints, directory)
    for step in "12":
        (directory / step / "manifest" / "metadata").unlink()
    message = r"No sound checkpoint in .*: step 2: FileNotFoundError.*; step 1: "
    with Checkpoints(directory) as checkpoints, pytest.raises(InputError, match=message):
        checkpoints.restore(small_state(0))
    assert folders(directory) == ["1", "2"]


def test_manifest_says_what_it_should(two_checkpoints):
    manifest = json.loads((two_checkpoints / "2" / "manifest" / "metadata").read_text())
    assert manifest["sha256"] == hashlib.sha256(manifest["contents"].encode()).hexdigest()
    contents = json.loads(manifest["contents"])
    assert contents["schema"] == 1
    assert [row[:4] for row in contents["leaves"]] == [
        ["state['half']", "bfloat16", [3], ""],
        ["state['key']", "key<fry>", [], "threefry2x32"],
        ["state['weights']", "float32", [500], ""],
    ]
    # bfloat16 keeps the upper half of a float32: 1.0 = 3f80, little-endian 80 3f
    assert contents["leaves"][0][4] == hashlib.sha256(b"bfloat16[3]" + b"\x80\x3f" * 3).hexdigest()


# ---------------------------------------------------------------------------------------------------- kills

SAVE_FOREVER = """
import sys, jax, jax.numpy as jnp
from ganjax.io import Checkpoints
step = int(sys.argv[2])
with Checkpoints(sys.argv[1], keep_last=2) as checkpoints:
    while True:
        step += 1
        checkpoints.save(step, {"x": jnp.arange(1_500_000.0) + step, "key": jax.random.key(step)})
        print(step, flush=True)  # begun; the one before is complete
"""


def killed_state(step: int) -> dict:
    return {"x": jnp.arange(1_500_000.0) + step, "key": jax.random.key(step)}


def kill_while_saving(directory: Path, step: int, saves: int, delay: float) -> int:
    """Starts to save after `step`, kills within a save, and says which step was being saved."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "JAX_PLATFORMS": "cpu"}
    command = [sys.executable, "-c", SAVE_FOREVER, str(directory), str(step)]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        begun = step
        for _ in range(saves):
            begun = int(process.stdout.readline())
        time.sleep(delay)
        process.send_signal(signal.SIGKILL)
        begun = max([begun, *map(int, process.stdout.read().split())])
    assert process.returncode == -signal.SIGKILL
    return begun


@pytest.mark.parametrize("rounds", [4, pytest.param(40, marks=pytest.mark.slow)])
def test_kill_in_the_middle_of_a_save_leaves_the_earlier_ones_good(tmp_path, rounds):
    rng = random.Random(rounds)
    step, remains = 0, 0
    for _ in range(rounds):
        begun = kill_while_saving(tmp_path, step, saves=rng.randint(2, 4), delay=rng.uniform(0, 0.04))
        remains += any("tmp" in name for name in folders(tmp_path))
        restored = restore_latest(tmp_path, killed_state(0))
        assert restored.skipped == ()
        assert begun - 1 <= restored.step <= begun
        assert_same(restored.state, killed_state(restored.step))
        step = restored.step
    assert remains > 0  # some save was indeed cut in two
    with Checkpoints(tmp_path) as checkpoints:
        assert not any("tmp" in name for name in folders(tmp_path))
        assert checkpoints.restore(killed_state(0)).step == step
        checkpoints.save(step + 1, killed_state(step + 1))
    assert restore_latest(tmp_path, killed_state(0)).step == step + 1


def test_remains_of_a_killed_save_are_ignored_then_cleared(two_checkpoints, tmp_path):
    directory = tmp_path / "run"
    shutil.copytree(two_checkpoints, directory)
    shutil.copytree(directory / "2", directory / "3.orbax-checkpoint-tmp")
    assert restore_latest(directory, small_state(0)).step == 2
    assert (directory / "3.orbax-checkpoint-tmp").exists()
    with Checkpoints(directory) as checkpoints:
        assert checkpoints.latest_step() == 2
        checkpoints.save(3, small_state(3))
    assert folders(directory) == ["1", "2", "3"]


# ---------------------------------------------------------------------------------------------------- several processes

ONE_OF_TWO = """
import sys, jax, jax.numpy as jnp, numpy as np
from pathlib import Path
from jax.experimental.multihost_utils import sync_global_devices
from jax.sharding import Mesh, NamedSharding, PartitionSpec
jax.distributed.initialize(f"localhost:{sys.argv[2]}", 2, int(sys.argv[3]))
from ganjax.io import Checkpoints, state_sha256
everywhere = NamedSharding(Mesh(np.array(jax.devices()), ("data",)), PartitionSpec())
def state(seed):
    return jax.jit(lambda: {"x": jnp.arange(9.0) + seed, "key": jax.random.key(seed)}, out_shardings=everywhere)()
with Checkpoints(sys.argv[1]) as checkpoints:
    for step in (1, 2, 3):
        checkpoints.save(step, state(step))
    checkpoints.wait()
    if jax.process_index() == 0:
        (Path(sys.argv[1]) / "3" / "manifest" / "metadata").write_text("{}")
    sync_global_devices("damaged")
    restored = checkpoints.restore(state(0))
    assert (restored.step, restored.skipped[0].step, checkpoints.latest_step()) == (2, 3, 2), restored
    assert state_sha256(restored.state) == state_sha256(state(2))
    assert all(leaf.sharding == everywhere for leaf in jax.tree.leaves(restored.state))
    checkpoints.save(3, state(33))
    restored = checkpoints.restore(state(0))
    assert (restored.step, restored.skipped) == (3, ()), restored
    assert state_sha256(restored.state) == state_sha256(state(33))
"""


@pytest.mark.slow
def test_two_processes_write_one_folder(tmp_path):
    with socket.socket() as free:
        free.bind(("localhost", 0))
        port = free.getsockname()[1]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "JAX_PLATFORMS": "cpu"}
    commands = [[sys.executable, "-c", ONE_OF_TWO, str(tmp_path), str(port), str(index)] for index in range(2)]
    processes = [subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) for command in commands]
    errors = [process.communicate(timeout=200)[1] for process in processes]
    assert [process.returncode for process in processes] == [0, 0], errors
    assert folders(tmp_path) == ["1", "2", "3", "damaged-3"]


# ---------------------------------------------------------------------------------------------------- digests


def test_state_sha256_by_hand():
    # leaves in tree order: dict keys sorted, so "a" before "b"
    state = {"b": jnp.float32(1.0), "a": np.array([1, 2], np.int16)}
    a = hashlib.sha256(b"int16[2]" + bytes([1, 0, 2, 0])).hexdigest()
    b = hashlib.sha256(b"float32[]" + bytes([0, 0, 0x80, 0x3F])).hexdigest()  # 1.0 = 3f800000, little-endian
    assert state_sha256(state) == hashlib.sha256((a + b).encode()).hexdigest()


def test_state_sha256_sees_every_bit():
    base = {"x": jnp.array([0.0, 1.0]), "key": jax.random.key(0)}
    others = [
        base | {"x": jnp.array([-0.0, 1.0])},
        base | {"x": jnp.array([0.0, 1.0 + 2**-23])},
        base | {"x": jnp.array([[0.0, 1.0]])},
        base | {"x": base["x"].view(jnp.int32)},
        base | {"key": jax.random.key(1)},
        base | {"key": jax.random.key_data(jax.random.key(0))},
    ]
    digests = [state_sha256(state) for state in (base, *others)]
    assert len(set(digests)) == len(digests)
    assert state_sha256(jax.tree.map(jnp.copy, base)) == digests[0]
    assert state_sha256((base, (), None)) == digests[0]


# ---------------------------------------------------------------------------------------------------- manners


def test_importing_io_imports_nothing_heavy():
    source = """
import sys, ganjax.io
heavy = [name for name in ("orbax", "matplotlib", "tensorboardX", "flax", "tensorflow") if name in sys.modules]
assert not heavy, heavy
"""
    result = run_python(source)
    assert (result.returncode, result.stderr) == (0, "")


def test_a_clean_exit_is_silent_and_complete(tmp_path):
    source = """
import sys, jax.numpy as jnp
from ganjax.io import Checkpoints, restore_latest
with Checkpoints(sys.argv[1]) as checkpoints:
    checkpoints.save(1, {"x": jnp.zeros(3_000_000)})
restore_latest(sys.argv[1], {"x": jnp.zeros(3_000_000)})
with Checkpoints(sys.argv[1]) as checkpoints:
    pass  # neither saved nor restored
with Checkpoints(sys.argv[1]) as checkpoints:
    checkpoints.save(2, {"x": jnp.arange(3_000_000.0)})
    sys.exit(0)
"""
    result = run_python(source, tmp_path)
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
    np.testing.assert_array_equal(restore_latest(tmp_path, {"x": jnp.zeros(3_000_000)}).state["x"], np.arange(3e6))


# ---------------------------------------------------------------- the best one


def saved_with_scores(folder, scores, keep_last=1):
    with Checkpoints(folder, keep_last=keep_last) as checkpoints:
        for step, score in scores.items():
            checkpoints.save(step, {"x": jnp.float32(step)}, score=score)
        checkpoints.wait()
        return checkpoints.best_step()


def test_the_best_checkpoint_stays_beside_the_newest(tmp_path):
    assert saved_with_scores(tmp_path, {1: -5.0, 2: -3.0, 3: -4.0, 4: -6.0}) == 2
    assert saved_steps(tmp_path) == [2, 4]
    assert best_step(tmp_path) == 2
    assert restore_step(tmp_path, {"x": jnp.float32(0)}, 2).state["x"] == 2


def test_a_later_writer_knows_the_best_of_an_earlier_one(tmp_path):
    saved_with_scores(tmp_path, {1: 7.0, 2: 1.0})
    assert saved_with_scores(tmp_path, {3: 2.0, 4: 3.0}) == 1
    assert saved_steps(tmp_path) == [1, 4]
    assert saved_with_scores(tmp_path, {5: 8.0, 6: 7.5}) == 5
    assert saved_steps(tmp_path) == [5, 6]


def test_checkpoints_without_a_score_or_with_none_that_counts_are_never_the_best(tmp_path):
    assert saved_with_scores(tmp_path, {1: None, 2: float("nan"), 3: -1e9, 4: None, 5: float("inf")}) == 3
    assert saved_steps(tmp_path) == [3, 5]


def test_of_equals_the_later_one_is_the_best(tmp_path):
    assert saved_with_scores(tmp_path, {1: 2.0, 2: 2.0, 3: 0.0}) == 2


def test_a_save_is_withdrawn_and_nobody_else_s(tmp_path):
    theirs, ours = tmp_path / "theirs", tmp_path / "ours"
    for folder, steps in ((theirs, (1, 2)), (ours, (1, 3))):
        with Checkpoints(folder) as checkpoints:
            checkpoints.withdraw()  # before any save it has nothing to take back
            for step in steps:
                checkpoints.save(step, gan_state(step + (folder == ours)))
            checkpoints.wait()
            if folder == ours:
                for step in (1, 2):
                    shutil.copytree(theirs / str(step), folder / str(step), dirs_exist_ok=True)
                checkpoints.withdraw()
                checkpoints.withdraw()
                assert saved_steps(folder) == [1, 2]
                shutil.copytree(theirs / "2", folder / "3")  # another's, of the step that was just saved
                checkpoints.withdraw()
                assert saved_steps(folder) == [1, 2, 3]
    assert saved_steps(theirs) == [1, 2]


def test_no_best_where_none_was_judged(tmp_path):
    assert saved_with_scores(tmp_path, {1: None, 2: None, 3: None}) is None
    assert saved_steps(tmp_path) == [3]
    with pytest.raises(InputError, match="not judged"):
        best_step(tmp_path)
