"""A run whose numbers cease to be finite: it says when, who and where, harms no checkpoint, and can go on past it."""

import json
from types import SimpleNamespace

import assembly
import jax
import jax.numpy as jnp
import numpy as np
import pytest
import soundness
import train
from collapse import ALIKE, SAMPLES, CollapseWatch, spread
from scripts import DIVERGED, report_errors
from workdir import LOCKS

from ganjax.io import read_metrics, restore_step, saved_steps
from ganjax.types import GanState, StepInfo

SMALL = ["ring", "--generator.features", "8", "--discriminator.features", "8", "--batch-size", "8"]
SHORT = ["--num-steps", "60", "--steps-per-call", "10", "--checkpoint-every", "20", "--sample-every", "60"]
SHORT += ["--log-every", "10", "--keep-checkpoints", "9"]
AT = 33


def run(capsys, *arguments):
    """The exit code, and what was said on both streams."""
    capsys.readouterr()
    code = report_errors(lambda: train.main([*SMALL, *SHORT, *map(str, arguments)]))
    while LOCKS:  # the next call goes on in the same folder
        LOCKS.pop().close()
    said = capsys.readouterr()
    return code, " ".join(said.out.split()), " ".join(said.err.split())


def bad_data(state, advance, deal, batch, hit):
    return advance(state, deal, jax.tree.map(lambda x: jnp.where(hit, jnp.nan, x), batch))


def bad_generator(state, advance, deal, batch, hit):
    """One number of one leaf of the generator is infinite after the step."""
    state, info = advance(state, deal, batch)
    leaves, structure = jax.tree.flatten(state.gen_params)
    leaves[-1] = leaves[-1].at[(0,) * leaves[-1].ndim].set(jnp.where(hit, jnp.inf, leaves[-1].ravel()[0]))
    return state._replace(gen_params=jax.tree.unflatten(structure, leaves)), info


@pytest.fixture
def poisoned(monkeypatch):
    """Makes the steps that `is_hit` names go wrong in one of these ways."""
    build = assembly.build_algorithm

    def poison(how, is_hit):
        def wrapped(config, game):
            algorithm = build(config, game)

            def advance(state, deal, batch):
                return how(state, algorithm.advance, deal, batch, is_hit(state.step))

            return algorithm._replace(advance=advance)

        monkeypatch.setattr(assembly, "build_algorithm", wrapped)

    return poison


def at_33(step):
    return step == AT


@pytest.mark.parametrize(
    ("how", "said"),
    [
        (bad_data, "the discriminator's loss is nan, 8 of the 8 numbers of disc_params/"),
        (bad_generator, "1 of the "),
    ],
)
def test_it_stops_and_names_the_step_the_player_and_the_leaf(how, said, poisoned, tmp_path, capsys):
    poisoned(how, at_33)
    code, _, error = run(capsys, "--workdir", tmp_path / "run")
    assert code == DIVERGED
    assert f"Numbers are no longer finite after step {AT + 1}: " in error
    assert said in error
    assert ("the generator's loss is" in error) == (how is bad_generator)
    assert "last sound checkpoint is of step 20" in error
    assert "--on-nonfinite rollback" in error
    assert saved_steps(tmp_path / "run" / "checkpoints") == [20]
    assert not (tmp_path / "run" / "final.json").exists()
    assert max(row["step"] for row in read_metrics(tmp_path / "run")) == 30


@pytest.mark.slow
def test_before_the_first_checkpoint_it_says_so(poisoned, tmp_path, capsys):
    poisoned(bad_data, lambda step: step == 3)
    code, _, error = run(capsys, "--workdir", tmp_path / "run")
    assert code == DIVERGED
    assert "after step 4: " in error
    assert "no checkpoint was saved before" in error


def test_rollback_goes_on_with_the_players_of_the_checkpoint_and_other_data(poisoned, tmp_path, capsys):
    poisoned(bad_data, at_33)
    code, said, _ = run(capsys, "--workdir", tmp_path / "at_once", "--on-nonfinite", "rollback")
    assert code == 0
    assert "between steps 30 and 40: back to the players of step 20, on with step 40" in said
    folder = tmp_path / "at_once" / "checkpoints"
    assert saved_steps(folder) == [20, 40, 60]
    config = train.parse([*SMALL, *SHORT])
    template = assembly.template(assembly.assemble(config), config)
    old, moved = (restore_step(folder, template, step).state for step in (20, 40))
    assert int(moved.step) == 40
    same = jax.tree.map(np.array_equal, old._replace(key=()), moved._replace(key=(), step=old.step))
    assert all(jax.tree.leaves(same))
    rows = read_metrics(tmp_path / "at_once")
    assert [row["step"] for row in rows] == [10, 20, 30, 50, 60]
    assert all(np.isfinite(row["disc_loss"]) for row in rows)

    # stopped first, asked to roll back then: the same run
    assert run(capsys, "--workdir", tmp_path / "later")[0] == DIVERGED
    assert run(capsys, "--workdir", tmp_path / "later", "--on-nonfinite", "rollback")[0] == 0
    hashes = {json.loads((tmp_path / name / "final.json").read_text())["state_sha256"] for name in ("at_once", "later")}
    assert len(hashes) == 1


@pytest.mark.slow
def test_rollbacks_that_lead_nowhere_end(poisoned, tmp_path, capsys):
    poisoned(bad_data, lambda step: step >= AT)
    code, said, error = run(capsys, "--workdir", tmp_path / "run", "--on-nonfinite", "rollback", "--num-steps", 200)
    assert code == DIVERGED
    assert said.count("back to the players of step") == soundness.ROLLBACKS
    assert f"after {soundness.ROLLBACKS} rollbacks in a row" in error


@pytest.mark.slow
def test_a_sound_stretch_between_two_accidents_makes_the_second_a_first(poisoned, tmp_path, capsys):
    poisoned(bad_data, lambda step: step % 40 == AT)
    flags = ["--num-steps", 400, "--on-nonfinite", "rollback"]
    code, said, _ = run(capsys, "--workdir", tmp_path / "run", *flags)
    assert code == 0
    assert said.count("back to the players of step") == 10


def info(**means):
    zeros = dict.fromkeys(StepInfo._fields, 0.0)
    return StepInfo(**{name: np.float32(value) for name, value in (zeros | means).items()})


def test_the_player_whose_numbers_fail_first_in_a_step_is_named():
    sound = {"gen_params": np.ones(2), "disc_params": np.ones(2), "disc_opt_state": np.ones(2), "helper_params": ()}
    bad = np.array([1.0, np.nan])
    # an alternating step: the generator learns from a discriminator that has failed before it
    both = soundness.culprit(sound | {"disc_params": bad, "gen_params": bad}, info(gen_loss=np.nan))
    assert both.startswith("the discriminator's loss is 0, 1 of the 2 numbers of disc_params")
    generator = soundness.culprit(sound | {"gen_params": bad}, info())
    assert generator.startswith("the generator's loss is 0, 1 of the 2 numbers of gen_params")
    helper = soundness.culprit(sound | {"helper_params": bad}, info())
    assert helper.startswith("the generator's loss is 0, 1 of the 2 numbers of helper_params")
    scores = soundness.culprit(sound, info(fake_score=np.inf))
    assert scores == "mean scores are 0 on real and inf on generated samples"


def of_points(samples):
    """A run whose data are these."""
    spec = SimpleNamespace(num_samples=len(samples))
    source = SimpleNamespace(take=lambda indices: (samples[indices], None), spec=spec)
    return SimpleNamespace(source=source, sample_key=None)


def test_spread_is_the_mean_squared_distance_of_two_samples():
    samples = np.random.default_rng(0).normal(size=(40, 3))
    pairs = ((samples[:, None] - samples[None]) ** 2).sum(-1)
    np.testing.assert_allclose(spread(samples), pairs.mean(), rtol=1e-12)


def test_diversity_compares_with_the_data(monkeypatch):
    generator = np.random.default_rng(0)
    real = generator.normal(size=(1000, 2)).astype(np.float32)
    fake = (0.5 * generator.normal(size=(SAMPLES, 2))).astype(np.float32)
    monkeypatch.setattr(assembly, "block_sampler", lambda run, size: lambda *_: fake)
    watch = CollapseWatch(of_points(real))
    state = GanState(jnp.int32(1), jax.random.key(0), *[()] * 6)
    np.testing.assert_allclose(watch.diversity(state), 0.25, rtol=0.2)


def test_a_fall_is_told_once_and_a_late_start_as_well(monkeypatch):
    monkeypatch.setattr(assembly, "block_sampler", lambda run, size: None)
    watch = CollapseWatch(of_points(np.eye(3, dtype=np.float32)))
    low, high = ALIKE / 2, 2 * ALIKE
    told = [watch.warning(x, 0.1) is not None for x in (low, low, high, low, low, high, low)]
    assert told == [False, False, False, True, False, False, True]
    watch = CollapseWatch(of_points(np.eye(3, dtype=np.float32)))
    told = [watch.warning(low, progress) is not None for progress in (0.2, 0.4, 0.5, 0.9, 1.0)]
    assert told == [False, False, True, False, False]
    assert "5.0% of the data's spread" in (CollapseWatch(of_points(np.eye(3))).warning(low, 0.7) or "")


def test_a_run_logs_its_diversity(tmp_path, capsys):
    code, _, _ = run(capsys, "--workdir", tmp_path / "run", "--sample-every", 30)
    assert code == 0
    diversities = {row["step"]: row["diversity"] for row in read_metrics(tmp_path / "run") if "diversity" in row}
    assert sorted(diversities) == [30, 60]
    assert all("disc_loss" in row for row in read_metrics(tmp_path / "run"))
    assert all(0 <= x < 2 for x in diversities.values())
