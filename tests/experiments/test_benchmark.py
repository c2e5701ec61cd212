"""The benchmark script: who takes turns, what is made of the costs, what is written and refused. No clock is asserted
on."""

import io
import json
import math
from pathlib import Path

import benchmark
import pytest
from benchmark import Options
from benchmarks import comparisons, contestant, figure, input, tables
from benchmarks.comparisons import BENCHMARKS, Comparison, Curve
from benchmarks.contestant import Contestant
from benchmarks.start import started
from benchmarks.summary import summary
from benchmarks.targets import Measured, computes, faster, judged, within
from PIL import Image
from rich.console import Console

from ganjax.checks import InputError

SHORT = ["--rounds", "2", "--seconds", "0.01"]
ALL = [each for group in BENCHMARKS.values() for each in group]


def stand_in(name, *, needs=()):
    return Contestant(name, "nowhere:nothing", needs=needs)


def printed(result):
    console = Console(width=120, file=io.StringIO(), record=True)
    benchmark.show(console, result)
    return console.export_text()


def size(path):
    with Image.open(path) as picture:
        return picture.size


# ---------------------------------------------------------------- from the command line


def test_the_smallest_case_from_end_to_end(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "120")
    ours, peer = BENCHMARKS["gaussian"][0].contestants[-1], stand_in("a peer", needs=("no_such_package",))
    small = ours._replace(arguments={**ours.arguments, "length": 2, "batch_size": 2})
    curve = Curve("batch size", {small.name: 2})
    case = Comparison("tiny", "µs a step", (peer, small), (faster(small.name, "a peer", 2.0),), curve=curve)
    monkeypatch.setattr(benchmark, "BENCHMARKS", {"tiny": (case,)})
    output, picture = tmp_path / "benchmark.json", tmp_path / "benchmark.png"
    assert benchmark.entry(["--only", "tiny", *SHORT, "--json", str(output), "--figure", str(picture)]) == 0
    written = json.loads(output.read_text())
    ((result,),) = written["benchmarks"].values()
    assert (result["title"], result["unit"]) == ("tiny", "µs a step")
    (row,) = result["rows"]
    assert row["contestant"] == small.name
    assert len(row["rounds"]) == 2
    assert all(math.isfinite(cost) and cost > 0 for cost in row["rounds"])
    assert row["facts"]["parameters"] == 43
    assert row["gflops"]["median"] > 0
    assert result["missing"] == {"a peer": "pip install no_such_package"}
    assert result["targets"][0]["met"] is None
    assert {"cores", "processor", "versions", "python", "load", "load_after"} <= set(written["machine"])
    shown = capsys.readouterr().out
    for words in (small.name, "a peer", "not installed", "pip install no_such_package"):
        assert words in shown
    assert written["machine"]["versions"]["jax"] in shown
    assert size(picture)[0] == figure.WIDTH


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--only", "population"], "Did you mean 'populations'?"),
        (["--rounds", "0"], "rounds >= 1"),
        (["--seconds", "-1"], "seconds > 0"),
    ],
)
def test_bad_options_are_refused(capsys, arguments, message):
    assert benchmark.entry(arguments) == 2
    assert message in capsys.readouterr().err


def test_a_contestant_that_fails_is_named(monkeypatch, capsys):
    monkeypatch.setattr(benchmark, "BENCHMARKS", {"tiny": (Comparison("tiny", "µs", (stand_in("a broken one"),)),)})
    assert benchmark.entry(["--only", "tiny", *SHORT]) == 2
    said = capsys.readouterr().err
    assert "a broken one" in said
    assert "No module named 'nowhere'" in said


def test_every_benchmark_is_run_by_default():
    assert Options().only == tuple(BENCHMARKS)


# ---------------------------------------------------------------- turns, ratios, verdicts


class Started(contestant.Running):
    """Stands for a process: its costs are known beforehand, and the calls are kept."""

    calls: list[str] = []  # noqa: RUF012
    costs = {"a": [10.0, 20.0, 40.0], "b": [5.0, 5.0, 20.0], "product": [2.0, 2.0, 4.0]}  # noqa: RUF012
    facts = {"a": {"gflop": 4.0}, "b": {"gflop": 2.0}, "product": {"gflop": 8.0}}  # noqa: RUF012

    def __init__(self, contestant, seconds):
        self.name, self.left = contestant.name, iter(self.costs[contestant.name])

    def ready(self):
        self.calls.append(f"{self.name} is ready")
        return self.facts[self.name]

    def measure(self):
        self.calls.append(self.name)
        return next(self.left)

    def __exit__(self, *error):
        self.calls.append(f"{self.name} ends")


@pytest.fixture
def compared(monkeypatch):
    monkeypatch.setattr(benchmark, "Running", Started)
    monkeypatch.setattr(Started, "calls", [])
    targets = faster("b", "a", 2.5), faster("b", "c", 1.0), within("b", 5.0), computes("b", "a", 0.4)
    names = stand_in("a"), stand_in("b"), stand_in("c", needs=("no_such_package",))
    comparison = Comparison("two", "µs a step", names, targets, roofline=stand_in("product"))
    return benchmark.compare(comparison, Options(rounds=3))


def test_all_are_warm_before_the_first_round_and_then_take_turns(compared):
    assert Started.calls == [
        *(f"{name} is ready" for name in ("a", "b", "product")),
        *["a", "b", "product"] * 3,
        *(f"{name} ends" for name in ("product", "b", "a")),
    ]


def test_ratios_are_of_one_round(compared):
    # 10 / 5, 20 / 5, 40 / 20; unpaired, the medians' ratio would be 20 / 5
    first, second = compared["rows"]
    assert first["speedup"] == {"median": 1.0, "least": 1.0, "greatest": 1.0}
    assert second["speedup"] == {"median": 2.0, "least": 2.0, "greatest": 4.0}
    assert (second["median"], second["least"], second["greatest"]) == (5.0, 5.0, 20.0)
    assert second["rounds"] == [5.0, 5.0, 20.0]


def test_work_a_second_stands_beside_the_roofline(compared):
    # b: 2 GFLOP in 5, 5, 20 µs; the product: 8 in 2, 2, 4: shares (2/5)/(8/2), the same, (2/20)/(8/4)
    second = compared["rows"][1]
    assert second["gflops"]["median"] == pytest.approx(2 / 5e-6)
    expected = {"median": 0.1, "least": 0.05, "greatest": 0.1}
    assert second["share_of_roofline"] == pytest.approx(expected)
    assert compared["roofline"]["gflops"]["median"] == pytest.approx(8 / 2e-6)


def test_targets_are_met_or_missed_or_not_measured(compared):
    over_a, over_c, cost, work = compared["targets"]
    assert (over_a["median"], over_a["met"]) == (2.0, False)
    assert (over_c["met"], "median" in over_c) == (None, False)
    assert (cost["median"], cost["sign"], cost["met"]) == (5.0, "<=", True)
    assert (work["median"], work["met"]) == (0.5, False)


@pytest.mark.parametrize(("bound", "met"), [(1.9, True), (2.0, True), (2.1, False)])
def test_a_bound_is_met_when_it_is_reached(bound, met):
    results = {"a": Measured([4.0, 6.0], {"gflop": 2.0}), "b": Measured([2.0, 3.0], {"gflop": 1.0})}
    assert judged(faster("b", "a", bound), results)["met"] is met
    assert judged(within("b", 4.5 - bound), results)["met"] is (4.5 - bound >= 2.5)
    assert judged(computes("b", "a", bound / 4), results)["met"] is (bound >= 2.0)


def test_the_tables_show_who_is_missing_and_what_was_missed(compared):
    shown = printed(compared)
    assert "pip install no_such_package" in shown
    lines = {line.split("│")[1].strip(): line for line in shown.splitlines() if line.startswith("│")}
    assert "2x (2 to 4)" in lines["b"]
    assert "(10%)" in lines["b"]
    assert lines["b, against a"].split("│")[-2].strip() == "missed"
    assert lines["cost of b"].split("│")[-2].strip() == "met"
    assert "not measured" in lines["b, against c"]


def test_the_figure_draws_targets_and_curves(tmp_path, compared):
    curve = Comparison("by size", "µs", (stand_in("1"), stand_in("8")), curve=Curve("batch size", {"1": 1, "8": 8}))
    drawn = summary(curve, {"1": Measured([1.0, 2.0], {}), "8": Measured([3.0, 5.0], {})})
    path = tmp_path / "figure.png"
    figure.save(path, [compared, drawn])
    whole = size(path)
    assert path.stat().st_size < 300_000
    figure.save(path, [compared])
    assert size(path)[1] < whole[1]
    with pytest.raises(InputError, match="Expected targets or curves"):
        figure.save(path, [summary(curve._replace(curve=None), {})])


# ---------------------------------------------------------------- the table of comparisons


@pytest.mark.parametrize("comparison", ALL, ids=lambda comparison: comparison.title)
def test_comparisons_speak_of_their_own_contestants(comparison):
    names = [each.name for each in comparison.contestants]
    assert len(set(names)) == len(names)
    facts = {"gflop": 1.0}
    results = {name: Measured([2.0], facts) for name in names}
    for target in comparison.targets:
        assert judged(target, results)["met"] is not None
    if comparison.curve is not None:
        assert set(comparison.curve.points) <= set(names)
    for each in comparison.contestants:
        module, _, function = each.build.partition(":")
        text = (Path(comparisons.__file__).parent / f"{module.removeprefix('benchmarks.')}.py").read_text()
        assert f"def {function}(" in text
        assert json.loads(json.dumps(each.arguments)) == each.arguments
        foreign = module in ("benchmarks.torch_peers", "benchmarks.keras_peers")
        assert bool(each.needs) is (foreign or function == "torch_product")


def test_the_issue_s_targets_stand():
    bounds = {name: [(t.words, t.bound) for each in group for t in each.targets] for name, group in BENCHMARKS.items()}
    assert bounds["gaussian"] == [("ours, chunk, against PyTorch, 1 thread", 400)]
    assert [bound for _, bound in bounds["populations"]] == [1500, 1000, 1.0, 1.0, 1.0]
    assert [bound for _, bound in bounds["keras-mnist"]] == [13, 2.5, 2]
    assert [bound for _, bound in bounds["mlp"]] == [3, 3]
    assert [bound for _, bound in bounds["dcgan-32"] + bounds["dcgan-64"]] == [1.3, 1.0, 1.2]
    assert [bound for _, bound in bounds["fused"]] == [1.25, 0.78, 2.5, 1.25, 0.75, 1.3]
    assert [bound for _, bound in bounds["start"]] == [6.0, 2.0]


# ---------------------------------------------------------------- reading and starting


@pytest.mark.parametrize("kind", input.SETS)
def test_reading_is_measured_from_files_that_are_written(monkeypatch, kind):
    monkeypatch.setattr(input, "READ_STEPS", 1)
    for name in ("NUM_PICTURES", "NUM_LARGE"):
        monkeypatch.setattr(input, name, 64)
    task = input.reading(kind, workers=2)
    cost = task.run(1)
    assert math.isfinite(cost)
    assert cost > 0


@pytest.mark.parametrize(("cost", "word", "times"), [(2000.0, "keeps up with", "8.0x"), (125.0, "starves", "0.5x")])
def test_the_verdict_compares_what_is_read_with_what_is_needed(cost, word, times):
    # 250 µs an image are 4,000 images/s; the step's 2000 µs are 500, its 125 µs 8,000
    costs = {comparisons.IN_MEMORY: cost, comparisons.STREAMED: 1.1 * cost, comparisons.TWO_WORKERS: 250.0}
    result = summary(BENCHMARKS["input"][0], {name: Measured([value], {}) for name, value in costs.items()})
    said, *_ = tables.notes(result)
    assert f"needs {1e6 / cost:,.0f} images/s; two workers read 4,000" in said
    assert f"the input {word} it ({times}). Streamed, the step takes 1.10x" in said


@pytest.mark.slow
def test_a_start_fills_the_cache_that_the_next_one_reads(tmp_path, monkeypatch):
    paths = [str(contestant.EXPERIMENTS), str(contestant.EXPERIMENTS.parent)]
    monkeypatch.setenv("PYTHONPATH", ":".join(paths))
    said = started("gaussian", str(tmp_path))
    assert said["seconds"] > 0
    assert any(path.is_file() for path in tmp_path.rglob("*-cache"))
