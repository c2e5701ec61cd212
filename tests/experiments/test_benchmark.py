"""The benchmark script: what it measures, what it writes, what it refuses. No clock is asserted on."""

import itertools
import json
import math
from dataclasses import replace

import benchmark
import inputs
import pytest
from benchmark import Case, Options, Variants
from configs import PRESETS


def test_populations_are_measured_and_written(tmp_path, monkeypatch, capsys):
    tiny = replace(PRESETS["gaussian"], batch_size=2)
    monkeypatch.setattr(benchmark, "CASES", {"tiny": Case(tiny, (1, 3), 2, 8)})
    output = tmp_path / "benchmark.json"
    assert benchmark.entry(["--only", "populations", "--rounds", "2", "--json", str(output)]) == 0
    written = json.loads(output.read_text())
    (result,) = written["benchmarks"]["populations"]
    assert (result["title"], result["unit"]) == ("tiny", "µs a game-step")
    assert [row["variant"] for row in result["rows"]] == ["alone", "1 game", "3 games"]
    for row in result["rows"]:
        assert len(row["rounds"]) == 2
        assert all(math.isfinite(cost) and cost > 0 for cost in row["rounds"])
        assert row["ratio"]["least"] <= row["ratio"]["median"] <= row["ratio"]["greatest"]
    assert result["rows"][0]["ratio"] == {"median": 1.0, "least": 1.0, "greatest": 1.0}
    assert {"device", "cores", "jax", "python", "load", "load_after"} <= set(written["machine"])
    printed = capsys.readouterr().out
    assert "3 games" in printed
    assert written["machine"]["jax"] in printed


def test_variants_take_turns_and_ratios_are_of_one_round():
    # a doubles from round to round (10, 20, 40 after one that is not counted), b is half of it, then a quarter of it
    costs, calls = {"a": iter([5.0, 10.0, 20.0, 40.0]), "b": iter([9.0, 5.0, 5.0, 20.0])}, []
    timed = {name: lambda name=name: (calls.append(name), next(costs[name]))[1] for name in costs}
    measured = benchmark.interleaved(timed, rounds=3)
    assert calls == ["a", "b"] * 4
    assert measured == {"a": [10.0, 20.0, 40.0], "b": [5.0, 5.0, 20.0]}
    second = benchmark.summary(Variants("t", "µs", timed), measured)["rows"][1]
    assert (second["variant"], second["median"]) == ("b", 5.0)
    assert second["ratio"] == {"median": 0.5, "least": 0.25, "greatest": 0.5}


def test_a_run_is_divided_by_all_its_game_steps(monkeypatch):
    # 24 game-steps at least, 3 games of 2 steps a call: 4 calls; the clock goes from 1 s to 2.2 s: 1.2 s / 24
    monkeypatch.setattr(benchmark.time, "perf_counter", itertools.count(1.0, 1.2).__next__)
    calls = []
    case = Case(PRESETS["gaussian"], (3,), length=2, game_steps=24)
    measure = benchmark.timed_run(lambda state: calls.append(state) or state + 1, 0, case, num_games=3)
    assert measure() == pytest.approx(1.2e6 / 24)
    assert calls == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [(["--only", "population"], "Did you mean 'populations'?"), (["--rounds", "0"], "rounds > 0")],
)
def test_bad_options_are_refused(capsys, arguments, message):
    assert benchmark.entry(arguments) == 2
    assert message in capsys.readouterr().err


def test_every_benchmark_is_run_by_default():
    assert Options().only == tuple(benchmark.BENCHMARKS)


def test_reading_is_measured_from_files_that_are_written(tmp_path, monkeypatch):
    monkeypatch.setattr(inputs, "READ_STEPS", 1)
    monkeypatch.setattr(inputs, "stepping", lambda settings, path, memory: lambda: 1.0)
    for name in ("NUM_PICTURES", "NUM_LARGE"):
        monkeypatch.setattr(inputs, name, 64)
    measured = benchmark.interleaved(inputs.variants(tmp_path, inputs.config()), rounds=1)
    assert next(iter(measured)) == inputs.STEP
    assert {"zip, 1 worker", "zip, 2 workers", "zip, 4 workers", "array_record, 2 workers"} < set(measured)
    assert all(math.isfinite(cost) and cost > 0 for (cost,) in measured.values())


@pytest.mark.parametrize(("cost", "word", "times"), [(2000.0, "keeps up with", "8.0x"), (125.0, "starves", "0.5x")])
def test_the_verdict_compares_what_is_read_with_what_is_needed(cost, word, times):
    # 250 µs an image are 4,000 images/s; the step's 2000 µs are 500, its 125 µs 8,000
    said = inputs.verdict({inputs.STEP: cost, "the step, streamed": 1.1 * cost, "zip, 2 workers": 250.0})
    assert f"needs {1e6 / cost:,.0f} images/s; two workers read 4,000" in said
    assert f"the input {word} it ({times}). Streamed, the step takes 1.10x" in said
    result = benchmark.summary(Variants("t", "µs", {}, lambda medians: f"{medians['a']:g}"), {"a": [1.0, 3.0]})
    assert result["verdict"] == "2"
