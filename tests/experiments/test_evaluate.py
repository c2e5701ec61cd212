"""Judging a run: while it trains, afterwards, over its checkpoints."""

import json
from dataclasses import replace
from pathlib import Path

import evaluate
import numpy as np
import pytest
import train
from config import from_dict, to_dict
from configs import PRESETS
from examiner import due, examiner
from judges import primary, row_of, score
from sample import open_run
from workdir import LOCKS

from ganjax.checks import InputError, UnknownNameError
from ganjax.io import best_step, read_metrics, saved_steps
from ganjax.metrics import METRICS


@pytest.fixture(scope="module")
def judged(tmp_path_factory):
    """A small game on the ring, judged every 20 of 80 steps, whose newest checkpoint alone would stay."""
    workdir = tmp_path_factory.mktemp("judged") / "run"
    flags = ["--num-steps", "80", "--steps-per-call", "20", "--batch-size", "16", "--log-every", "40"]
    flags += ["--eval-every", "20", "--eval-samples", "600", "--keep-checkpoints", "1", "--checkpoint-every", "80"]
    networks = ["--generator.features", "8", "--discriminator.features", "8"]
    train.main(["ring", *flags, *networks, "--workdir", str(workdir)])
    return workdir


@pytest.fixture(scope="module", autouse=True)
def unlocked():
    """Lets go of the workdirs, which a run locks till its process ends."""
    yield
    while LOCKS:
        LOCKS.pop().close()


def options(workdir, **changes):
    return replace(evaluate.Options(workdir, num_samples=600), **changes)


def test_a_run_is_judged_as_often_as_asked_and_its_best_checkpoint_stays(judged):
    rows = [row for row in read_metrics(judged) if "eval/reverse_kl" in row]
    assert [row["step"] for row in rows] == [20, 40, 60, 80]
    best = min(rows, key=lambda row: row["eval/reverse_kl"])["step"]
    assert best_step(judged / "checkpoints") == best
    assert saved_steps(judged / "checkpoints") == sorted({best, 80})
    assert (judged / "evaluations.png").exists()
    final = json.loads((judged / "final.json").read_text())
    assert final["eval/reverse_kl"] == rows[-1]["eval/reverse_kl"]
    assert "disc_loss" in final


def test_the_same_latents_every_time_and_the_numbers_are_those_of_evaluation(judged):
    config, run, restored = open_run(judged, 80)
    examine = examiner(config, run, judged)
    numbers, value = examine(restored.state)
    logged = read_metrics(judged)[-1]
    assert numbers == {name.removeprefix("eval/"): x for name, x in logged.items() if name.startswith("eval/")}
    assert value == -numbers["reverse_kl"]


def test_evaluation_of_one_checkpoint(judged):
    result = evaluate.main(options(judged))
    assert result["step"] == 80
    assert result["sampling_seeds"] == [0]
    assert {"modes_found", "high_quality_share", "reverse_kl", "num_samples"} <= set(result)
    assert json.loads((judged / "evaluation.json").read_text()) == result
    assert "lower is better; nats" in result["protocols"]["reverse_kl"]
    assert "modes_found_std" not in result


def test_the_best_checkpoint_by_name(judged):
    assert evaluate.main(options(judged, step="best"))["step"] == best_step(judged / "checkpoints")


def test_several_sampling_seeds_give_means_and_deviations(judged):
    each = [evaluate.main(options(judged, seed=seed))["reverse_kl"] for seed in (4, 5, 6)]
    result = evaluate.main(options(judged, seed=4, sampling_seeds=3))
    assert result["sampling_seeds"] == [4, 5, 6]
    assert result["reverse_kl"] == pytest.approx(np.mean(each), rel=1e-12)
    assert result["reverse_kl_std"] == pytest.approx(np.std(each, ddof=1), rel=1e-9)
    assert len(set(each)) == 3


def test_all_checkpoints_as_a_curve(judged):
    results = evaluate.main(options(judged, step="all", sampling_seeds=2))
    assert [result["step"] for result in results] == saved_steps(judged / "checkpoints")
    assert json.loads((judged / "evaluations.json").read_text()) == results
    assert (judged / "evaluations.png").stat().st_size > 1000


def test_raw_and_averaged_weights_differ(judged):
    raw, averaged = (evaluate.main(options(judged, generator=kind))["reverse_kl"] for kind in ("raw", "ema"))
    assert raw != averaged


def test_only_the_metrics_that_are_named(judged):
    result = evaluate.main(options(judged, metrics=("modes-found", "reverse_kl")))
    assert set(result["protocols"]) == {"modes_found", "reverse_kl"}
    with pytest.raises(UnknownNameError, match="reverse_kl"):
        evaluate.main(options(judged, metrics=("reverse_lk",)))
    with pytest.raises(InputError, match=r"classes_found.*suits"):
        evaluate.main(options(judged, metrics=("classes_found",)))


def test_numbers_of_the_inception_network_need_its_weights(judged):
    with pytest.raises(InputError, match=r"--weights FILE with fid"):
        evaluate.main(options(judged, metrics=("fid",)))
    with pytest.raises(InputError, match="weights"):
        evaluate.main(options(judged, metrics=("fid",), weights=judged / "none.npz"))


def test_json_on_standard_output_and_a_table_beside_it(judged, capsys):
    assert evaluate.deviation(np.array([1.0, np.inf])) != evaluate.deviation(np.array([1.0, np.inf]))
    assert evaluate.deviation(np.array([1.0, 3.0])) == pytest.approx(2**0.5)
    assert evaluate.entry([str(judged), "--num-samples", "600"]) in (0, None)
    captured = capsys.readouterr()
    assert json.loads(captured.out) == json.loads((judged / "evaluation.json").read_text())
    assert "reverse_kl" in captured.err
    assert "lower" in captured.err


def test_a_run_that_was_not_judged_has_no_best(tmp_path):
    train.main(["ring", "--num-steps", "2", "--batch-size", "8", "--workdir", str(tmp_path / "run")])
    with pytest.raises(InputError, match="not judged"):
        evaluate.main(options(tmp_path / "run", step="best"))


def test_what_cannot_be_judged_is_refused_before_training(tmp_path):
    for flags, named in (
        (["--eval-every", "0"], "eval-every"),
        (["--eval-metrics", "fid"], "frechet_distance"),
        (["--best-by", "reverse-lk"], "reverse_kl"),
    ):
        with pytest.raises((InputError, UnknownNameError), match=named):
            train.main(["ring", *flags, "--workdir", str(tmp_path / "run")])
    assert not Path(tmp_path / "run" / "config.json").exists()


def test_when_a_judgment_is_due():
    config = replace(PRESETS["ring"], eval_every=30, num_steps=100)
    assert [step for step in range(1, 101) if due(config, step)] == [30, 60, 90, 100]
    assert not due(replace(config, eval_every=None), 100)
    assert train.next_stop(replace(config, steps_per_call=50, log_every=1000), 20) == 30


def test_config_json_keeps_the_names_of_metrics():
    config = replace(PRESETS["ring"], eval_metrics=("reverse_kl", "modes_found"), best_by="modes_found")
    assert from_dict(json.loads(json.dumps(to_dict(config)))) == config


# ---------------------------------------------------------------- which number counts, and which way


def test_the_primary_number():
    numbers = {"num_fake": 9.0, "kernel_distance[a-b]": 0.1, "frechet_distance[a-b]": 3.0, "recall[a-b]": 0.5}
    assert primary(numbers, None) == "frechet_distance[a-b]"
    assert primary(numbers, "recall") == primary(numbers, "recall[a-b]") == "recall[a-b]"
    assert primary(numbers, "kernel-distance") == "kernel_distance[a-b]"
    with pytest.raises(InputError, match=r"num_fake.*Known: .*recall"):
        primary(numbers, "num_fake")
    assert primary({"modes_found": 3.0, "reverse_kl": 1.0}, None) == "reverse_kl"


def test_higher_scores_are_better_whichever_way_the_number_goes():
    assert score({"frechet_distance[x]": 3.0}, "frechet_distance[x]") == -3.0
    assert score({"modes_found": 3.0}, "modes_found") == 3.0
    assert row_of("recall[x]") is METRICS["recall"]
    assert row_of("num_samples") is None
