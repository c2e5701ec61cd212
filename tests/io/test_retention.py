"""Which checkpoints stay, and what a save that fails does to them: nothing."""

import contextlib
import errno
import os
import random
import resource
import shutil
import signal

import jax.numpy as jnp
import numpy as np
import pytest

from ganjax.checks import InputError
from ganjax.io import Checkpoints, SaveError, restore_latest, restore_step, saved_steps, why
from ganjax.io._retention import Preserved

NUMBERS = np.random.default_rng(0).normal(size=20_000)


def state(step):
    return {"x": jnp.asarray(NUMBERS + step, jnp.float32)}


def save(folder, steps, scores=None, **policy):
    with Checkpoints(folder, **policy) as checkpoints:
        for step in steps:
            checkpoints.save(step, state(step), score=(scores or {}).get(step))


def check_sound(folder, steps):
    assert saved_steps(folder) == list(steps)
    assert sorted(path.name for path in folder.iterdir()) == sorted(map(str, steps))  # and no remains
    for step in steps:
        np.testing.assert_array_equal(restore_step(folder, state(0), step).state["x"], state(step)["x"])


# ---------------------------------------------------------------- policy


def test_every_kth_stays_for_ever(tmp_path):
    save(tmp_path, range(5, 61, 5), keep_last=2, keep_every=20)
    check_sound(tmp_path, [20, 40, 55, 60])


def test_the_latest_the_best_and_every_kth_stay_together(tmp_path):
    scores = {10: 1.0, 15: 9.0, 30: 3.0, 55: 2.0}
    save(tmp_path, range(5, 61, 5), scores, keep_last=1, keep_every=25)
    check_sound(tmp_path, [15, 25, 50, 60])


def test_what_stays_for_ever_outlives_the_writer(tmp_path):
    for start in range(0, 60, 12):  # a clean exit after every twelve steps
        save(tmp_path, range(start + 4, start + 13, 4), keep_last=1, keep_every=20)
    check_sound(tmp_path, [20, 40, 60])


def test_by_hand():
    preserved = Preserved(2, 3)
    preserved.scores = {1: 0.5, 4: 0.5, 7: -1.0}
    assert preserved.of([0, 1, 2, 3, 4, 5, 6, 7]) == {0, 3, 6} | {6, 7} | {4}
    assert Preserved(1).of([5]) == {5}
    assert Preserved(1).of([]) == set()


@pytest.mark.parametrize("keep_every", [0, -5])
def test_a_policy_that_is_none_is_refused(tmp_path, keep_every):
    with pytest.raises(InputError, match=f"keep_every >= 1, or None, got {keep_every}"):
        Checkpoints(tmp_path, keep_every=keep_every)


# ---------------------------------------------------------------- saves that fail


@contextlib.contextmanager
def no_room():
    """No file may grow beyond 10 kB: what a full disk says, but for the words."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_save_that_fails_is_told_by_the_next_one_which_may_be_tried_again(tmp_path, capfd):
    with Checkpoints(tmp_path, keep_last=1) as checkpoints:
        checkpoints.save(10, state(10))
        checkpoints.wait()
        with no_room():
            checkpoints.save(20, state(20))
            with pytest.raises(SaveError, match=r"step 20 could not be saved: File too large. Kept: 10\.") as error:
                checkpoints.save(30, state(30))
        assert (error.value.step, error.value.reason, error.value.kept) == (20, "File too large", (10,))
        assert checkpoints.latest_step() == 10
        check_sound(tmp_path, [10])  # keep_last is 1: 10 would have gone, had 20 come
        checkpoints.save(30, state(30))
    check_sound(tmp_path, [30])
    assert capfd.readouterr() == ("", "")


def test_a_save_that_fails_at_the_end_is_told_by_closing(tmp_path):
    with no_room(), pytest.raises(SaveError, match=r"step 20 .* Kept: 10\.$"), Checkpoints(tmp_path) as checkpoints:  # noqa: PT012
        with no_limit():
            checkpoints.save(10, state(10))
            checkpoints.wait()
        checkpoints.save(20, state(20))
    check_sound(tmp_path, [10])


@contextlib.contextmanager
def no_limit():
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_many_failures_in_any_order_harm_nothing(tmp_path):
    rng, kept = random.Random(0), []
    with Checkpoints(tmp_path, keep_last=2, keep_every=8) as checkpoints:
        for step in range(1, 31):
            fails = rng.random() < 0.5
            with no_room() if fails else contextlib.nullcontext():
                checkpoints.save(step, state(step))
                with pytest.raises(SaveError) if fails else contextlib.nullcontext() as error:
                    checkpoints.wait()
            if fails:
                assert list(error.value.kept) == kept
            else:
                kept = sorted(Preserved(2, 8).of([*kept, step]))
            assert saved_steps(tmp_path) == kept
    check_sound(tmp_path, kept)


def test_a_folder_that_is_gone_is_made_anew(tmp_path):
    folder = tmp_path / "run" / "checkpoints"
    with Checkpoints(folder) as checkpoints:
        checkpoints.save(1, state(1))
        checkpoints.wait()
        shutil.rmtree(tmp_path / "run")
        checkpoints.save(2, state(2))
    check_sound(folder, [2])


def test_a_folder_that_is_gone_in_the_middle_of_a_save(tmp_path):
    with Checkpoints(tmp_path / "run") as checkpoints:
        checkpoints.save(1, state(1))
        shutil.rmtree(tmp_path / "run", ignore_errors=True)
        with contextlib.suppress(SaveError):  # it may have been complete before
            checkpoints.wait()
        checkpoints.save(2, state(2))
    assert saved_steps(tmp_path / "run")[-1] == 2
    assert restore_latest(tmp_path / "run", state(0)).skipped == ()


def test_checkpoints_of_another_that_took_the_place_are_not_written_over(tmp_path):
    save(tmp_path / "theirs", [3, 7])
    with Checkpoints(tmp_path / "ours") as checkpoints:
        checkpoints.save(1, state(1))
        checkpoints.wait()
        shutil.rmtree(tmp_path / "ours")
        (tmp_path / "theirs").rename(tmp_path / "ours")
        with pytest.raises(InputError, match=r"Expected a step after 7, the newest in .*, got 5"):
            checkpoints.save(5, state(5))
        checkpoints.save(8, state(8))
    check_sound(tmp_path / "ours", [3, 7, 8])


def test_what_may_not_be_read_is_no_damage(tmp_path, monkeypatch):
    save(tmp_path, [1, 2])
    real = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: "/2/" not in str(path) and real(path, mode))
    with Checkpoints(tmp_path) as checkpoints, pytest.raises(InputError, match=r"step 2 .* can't be read: Permission"):
        checkpoints.restore(state(0))
    monkeypatch.undo()
    check_sound(tmp_path, [1, 2])


def test_a_folder_that_can_not_be_written_to_is_refused_at_once(tmp_path, monkeypatch):
    def refuse(*arguments, **options):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr("orbax.checkpoint.CheckpointManager", refuse)
    with pytest.raises(InputError, match=r"Can't keep checkpoints in .*: Permission denied\."):
        Checkpoints(tmp_path)


# ---------------------------------------------------------------- words


def raised(error, cause=None):
    try:
        raise error from cause
    except Exception as caught:
        return caught


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), "No space left on device"),
        (
            raised(ValueError("OUT_OF_RANGE: Failed: No space left on device [os_error_code='28']")),
            "No space left on device",
        ),
        (raised(RuntimeError("it failed"), OSError(errno.EROFS, os.strerror(errno.EROFS))), "Read-only file system"),
        (raised(RuntimeError("a\nb")), "RuntimeError: a"),
        (raised(RuntimeError("x" * 300)), "RuntimeError: " + "x" * 200),
        (raised(RuntimeError()), "RuntimeError"),
    ],
)
def test_the_cause_of_a_failure_in_a_few_words(error, words):
    assert why(error) == words


def test_no_signal_is_sent_for_a_file_that_is_too_large():
    assert signal.getsignal(signal.SIGXFSZ) == signal.SIG_IGN  # Python's own doing, on which `no_room` rests
