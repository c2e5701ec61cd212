"""A sweep from its command line to its table: what it plays, how it goes on, what it refuses."""

import io
import json
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import assembly
import cell_games
import jax
import numpy as np
import pytest
import sweep as sweep_module
from cells import Cell, Member, product, variations, with_numbers
from configs import PRESETS
from configs.sweeps import SWEEPS
from judges import judge
from rich.console import Console
from sample import chosen
from summaries import Finished, for_terminal, markdown, summarize

from ganjax import steps
from ganjax.checks import InputError

ROOT = Path(__file__).resolve().parents[2]
TINY = ["ring", "--objectives", "hinge", "--packings", "1", "2", "--seeds", "2"]
SHORT = ["--num-steps", "50", "--batch-size", "16", "--num-samples", "200"]
LONG = ["ring", "--objectives", "hinge", "--seeds", "2", "--num-steps", "4000", "--batch-size", "8"]


def command(*arguments):
    return [sys.executable, str(ROOT / "experiments" / "sweep.py"), *map(str, arguments)]


def sweep(*arguments):
    return subprocess.run(command(*arguments), capture_output=True, text=True, cwd=ROOT, check=False)


def numbers(workdir):
    """All games' numbers; times differ."""
    cells = json.loads((workdir / "sweep.json").read_text())["cells"]
    return {label: cell["rows"] for label, cell in cells.items()}


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    workdir = tmp_path_factory.mktemp("sweep") / "ring"
    result = sweep(*TINY, *SHORT, "--workdir", workdir)
    assert result.returncode == 0, result.stderr
    return workdir, result.stdout


def test_a_sweep_from_end_to_end(finished):
    workdir, output = finished
    labels = ["hinge", "hinge, packing 2"]
    result = json.loads((workdir / "sweep.json").read_text())
    assert list(result["cells"]) == labels
    assert {path.stem for path in (workdir / "cells").iterdir()} == {"hinge", "hinge-packing-2"}
    for label in labels:
        rows = result["cells"][label]["rows"]
        assert [row["seed"] for row in rows] == [0, 1]
        values = [row["ema"]["reverse_kl"] for row in rows]
        # the mean of two and Student's t(.975, 1) · s/√2 = 12.7062 · |a − b|/2
        shown = result["table"][label]["reverse_kl"]
        assert shown["mean"] == pytest.approx(np.mean(values))
        assert shown["half_width"] == pytest.approx(12.7062 * abs(values[0] - values[1]) / 2, rel=1e-4)
        assert {"modes_found", "high_quality_share", "reverse_kl"} <= set(rows[0]["raw"])
    assert (workdir / "sweep.png").read_bytes()[:4] == b"\x89PNG"
    table = (workdir / "table.md").read_text()
    assert all(f"| {label} |" in table for label in labels)
    assert "cell 2 of 2: hinge, packing 2" in output


def test_the_same_command_again_changes_nothing(finished):
    workdir, _ = finished
    before = numbers(workdir)
    result = sweep(*TINY, *SHORT, "--workdir", workdir)
    assert result.returncode == 0, result.stderr
    assert "cell 1" not in result.stdout
    assert numbers(workdir) == before


@pytest.mark.slow
def test_a_game_of_a_sweep_is_the_game_of_its_seed_alone():
    """What train.py would play with that seed, judged by the same latents."""
    config = replace(PRESETS["ring"], num_steps=20, batch_size=16, steps_per_call=20)
    sweep = SWEEPS["pacgan-ring"]._replace(cells=(Cell("one", config),), seeds=3, num_samples=300)
    population = cell_games.populate(sweep.cells[0], 3)
    states, _ = cell_games.play(sweep.cells[0], population, NoCheckpoints(), lambda *_: None, NoInterruption())
    rows = cell_games.judged(sweep.cells[0], population, states, sweep, Path())
    alone = replace(config, seed=2)
    run = assembly.assemble(alone)
    state = assembly.init(run, alone)
    chunk = steps.chunk(run.algorithm, run.source.draw, run.source.gather, 16, 20)
    state, _ = jax.jit(chunk)(state, run.data_key, run.source.arrays)
    for mine, its in zip(jax.tree.leaves(state.gen_params), jax.tree.leaves(states.gen_params), strict=True):
        np.testing.assert_allclose(its[2], mine, rtol=1e-3, atol=1e-5)
    for weights in ("raw", "ema"):
        fake = assembly.sample(run, chosen(state, weights), run.sample_key, 300)
        expected = judge(alone, np.asarray(fake), None)
        assert rows[2][weights] == pytest.approx(expected, rel=0.05, abs=0.02)
    assert len({json.dumps(row["raw"]) for row in rows}) == 3


class NoCheckpoints:
    def latest_step(self):
        return None

    def save(self, *anything, **more):
        del anything, more


class NoInterruption:
    asked = False

    def took(self, seconds):
        pass


@pytest.mark.slow
def test_a_killed_sweep_ends_as_if_nothing_had_happened(tmp_path):
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    assert sweep(*LONG, "--workdir", whole).returncode == 0
    with subprocess.Popen(command(*LONG, "--workdir", cut), stdout=subprocess.DEVNULL) as process:
        wait_until(lambda: list((cut / "checkpoints" / "hinge").glob("[0-9]*")))
        process.send_signal(signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL
    assert not (cut / "sweep.json").exists()
    result = sweep(*LONG, "--workdir", cut)
    assert result.returncode == 0, result.stderr
    assert numbers(cut) == numbers(whole)


def wait_until(condition, seconds=120):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_another_sweep_in_the_workdir_is_refused_with_the_difference(finished):
    workdir, _ = finished
    before = numbers(workdir)
    result = sweep(*TINY, *SHORT, "--seeds", 3, "--workdir", workdir)
    assert result.returncode == 2
    assert "seeds: 2 there, 3 here" in result.stderr
    assert numbers(workdir) == before


BAD = {
    "preset": (["rign"], ["ring", "pacgan-ring"]),
    "objective": (["ring", "--objectives", "hinje"], ["hinge"]),
    "penalty": (["ring", "--penalties", "r3"], ["r1", "wgan_gp"]),
    "cell": (["pacgan-ring", "--only", "GAM"], ["GAN", "PacGAN2"]),
    "own cells": (["pacgan-ring", "--objectives", "hinge"], ["brings its own", "--only"]),
    "only": (["ring", "--only", "GAN"], ["pacgan-ring"]),
    "packs": (["ring", "--packings", "3", "--batch-size", "64"], ["packs of 3", "66"]),
    "penalty on packs": (["ring", "--penalties", "r1", "--packings", "2"], ["gradient penalties score one sample"]),
    "twice": (["ring", "--objectives", "wgan-gp", "wgan_gp"], ["different values"]),
    "seeds": (["ring", "--seeds=0"], ["seeds >= 1"]),
    "weight": (["ring", "--penalties", "r1", "--penalty-weights=-1"], ["penalty.weight", "-1"]),
    "learning rate": (["ring", "--learning-rates=0"], ["learning-rate > 0"]),
    "samples": (["ring", "--num-samples=0"], ["num-samples"]),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_gets_one_clear_error_before_anything_is_touched(name, tmp_path, capsys):
    arguments, expected = BAD[name]
    assert sweep_module.entry([*arguments, "--workdir", str(tmp_path / "run")]) == 2
    error = capsys.readouterr().err
    assert "Traceback" not in error
    for text in expected:
        assert text in error
    assert not (tmp_path / "run").exists()


# ---------------------------------------------------------------- cells


def test_the_product_is_every_combination():
    cells = product(
        "ring",
        PRESETS,
        objectives=["hinge", "wgan-gp"],
        penalties=["none", "r1"],
        learning_rates=[1e-3, 1e-4],
        penalty_weights=[0.1, 1.0, 10.0],
    )
    assert [cell.label for cell in cells] == ["hinge", "hinge + r1", "wgan-gp", "wgan-gp + r1"]
    assert [len(cell.variations) for cell in cells] == [2, 6, 2, 6]
    assert [cell.config.update.disc_steps for cell in cells] == [1, 1, 5, 5]
    assert cells[1].name_of(4) == "hinge + r1, learning rate 0.0001, penalty weight 1"
    assert cells[1].slug == "hinge-r1"
    assert cells[0].members(2) == [Member(0, 0), Member(1, 0), Member(0, 1), Member(1, 1)]
    settings = cells[1].settings(2)
    np.testing.assert_allclose(settings["learning_rate"], [1e-3] * 6 + [1e-4] * 6, rtol=1e-6)
    np.testing.assert_allclose(settings["penalty_weight"], [0.1, 0.1, 1, 1, 10, 10] * 2, rtol=1e-6)
    config = with_numbers(cells[1].config, cells[1].variations[4])
    assert (config.gen_optimizer.learning_rate, config.disc_optimizer.learning_rate) == (1e-4, 1e-4)
    assert config.penalty.weight == 1.0


def test_variations():
    assert variations() == ({},)
    assert variations(a=(1.0,), b=(), c=(2.0, 3.0)) == ({"a": 1.0, "c": 2.0}, {"a": 1.0, "c": 3.0})


def test_varied_numbers_reach_each_game():
    base = replace(PRESETS["ring"], num_steps=3, batch_size=16)
    cell = Cell("varied", base, variations(learning_rate=(1e-3, 1e-5)))
    population = cell_games.populate(cell, 1)
    before = cell_games.init(cell, population)
    after, _ = cell_games.play(cell, population, NoCheckpoints(), lambda *_: None, NoInterruption())
    moved = [
        max(float(np.abs(a[i] - b[i]).max()) for a, b in zip(*map(jax.tree.leaves, pair), strict=True))
        for i in range(2)
        for pair in [(after.gen_params, before.gen_params)]
    ]
    # Adam moves each parameter by about the learning rate a step
    assert moved[0] == pytest.approx(3e-3, rel=0.2)
    assert moved[1] == pytest.approx(3e-5, rel=0.2)


def test_an_objective_brings_its_own_networks():
    (cell,) = product("ring", PRESETS, objectives=["ebgan"])
    assert cell.config.discriminator.name == "mlp-autoencoder"


@pytest.mark.slow
@pytest.mark.parametrize("name", SWEEPS)
def test_every_cell_of_every_sweep_can_be_played(name):
    for cell in SWEEPS[name].cells:
        run = assembly.assemble(cell.config)
        assert cell.config.batch_size == 100 * cell.config.packing
        assert run.game.discriminator.samples_per_score == cell.config.packing


# ---------------------------------------------------------------- tables


def test_a_game_that_diverged_is_left_out_and_counted(tmp_path):
    sweep = SWEEPS["pacgan-ring"].only(["GAN"])._replace(seeds=3)
    good = {"num_samples": 5.0, "modes_found": 8.0, "high_quality_share": 0.5, "reverse_kl": 0.25}
    rows = [
        {"variation": 0, "seed": 0, "raw": good},
        {"variation": 0, "seed": 1},
        {"variation": 0, "seed": 2, "raw": good | {"modes_found": 6.0}},
    ]
    summarize(sweep, {"GAN": Finished("GAN", 90.0, rows)}, tmp_path)
    table = (tmp_path / "table.md").read_text().splitlines()
    assert table[0] == "|  | modes_found | high_quality_share | reverse_kl | minutes |"
    # mean 7, t(.975, 1) · √2/√2 = 12.71
    assert table[2] == "| GAN | 7.00 ± 12.71 (2 of 3) | 0.500 ± 0.000 (2 of 3) | 0.250 ± 0.000 (2 of 3) | 1.5 |"
    assert table[3] == "| GAN, published | 6.3 | 0.982 | 0.45 |  |"
    assert json.loads((tmp_path / "sweep.json").read_text())["table"]["GAN"]["modes_found"]["num"] == 2


def test_a_table_of_many_numbers_is_turned_to_fit_the_terminal():
    metrics = [f"metric_number_{i}[mnist-classifier]" for i in range(20)]
    rows = [["", *metrics, "minutes"], ["hinge", *["1.000 ± 0.000"] * 20, "3.1"]]
    console = Console(width=80, file=io.StringIO())
    console.print(sweep_module.fitted(for_terminal(rows), console))
    shown = console.file.getvalue()
    assert all(f"metric_number_{i} " in shown for i in range(20))
    assert shown.count("[mnist-classifier]") == shown.count("1.000 ± 0.000") == 20
    few = [[*rows[0][:3]], *([f"cell {i}", "1.0", "2.0"] for i in range(9))]
    upright = sweep_module.fitted(for_terminal(few), console)
    assert [str(column.header).split()[:1] for column in upright.columns] == [
        [],
        ["metric_number_0"],
        ["metric_number_1"],
    ]


def test_a_data_folder_leaves_each_cell_its_own_data(monkeypatch):
    ring, grid = replace(PRESETS["ring"], packing=1), PRESETS["grid"]
    cells = (Cell("ring", ring), Cell("grid", replace(grid, data=replace(grid.data, flip=True))))
    monkeypatch.setattr(sweep_module, "own_sweep", lambda _: SWEEPS["pacgan-ring"]._replace(cells=cells))
    monkeypatch.setattr(assembly, "assemble", lambda _: None)
    changed = sweep_module.sweep_of(sweep_module.Options("pacgan-ring", data_dir="there")).cells
    assert [cell.config.data for cell in changed] == [replace(cell.config.data, dir="there") for cell in cells]


def test_markdown():
    assert markdown([["", "a"], ["x", "1"]]) == "|  | a |\n| --- | --- |\n| x | 1 |\n"


def test_only():
    sweep = SWEEPS["pacgan-grid"].only(["PacGAN2", "GAN", "PacGAN2"])
    assert [cell.label for cell in sweep.cells] == ["PacGAN2", "GAN"]
    with pytest.raises(InputError, match="Did you mean 'PacGAN2'"):
        sweep.only(["PacGAN3"])
