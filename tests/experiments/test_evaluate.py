"""Judging a run: while it trains, afterwards, over its checkpoints."""

import json
import shutil
import struct
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import assembly
import chunks
import evaluate
import examiner as examiner_module
import judges
import judging
import numpy as np
import pytest
import train
from classifiers import Classifier, LabeledImages
from configs import PRESETS
from examiner import due, examiner, in_words
from inception import InceptionNetwork, Outputs
from judges import primary, row_of, score, sides
from PIL import Image
from recorded import from_dict, to_dict
from rich.console import Console
from sample import open_run
from views import Judges
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
    unlock()


def unlock():
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


def test_every_metric_that_does_not_suit_is_named_before_sampling(judged, monkeypatch):
    monkeypatch.setattr(evaluate.Bench, "numbers", None)
    with pytest.raises(InputError, match=r"suit ring, got classes_found, ndb_share: those that do are .*modes_found"):
        evaluate.main(options(judged, metrics=("modes_found", "classes_found", "ndb-share")))


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
    assert captured.out == (judged / "evaluation.json").read_text()
    assert "reverse_kl" in captured.err
    assert "lower" in captured.err


def test_a_terminal_shows_the_table_last_and_where_the_json_is(judged, capsys, monkeypatch):
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    assert evaluate.entry([str(judged), "--num-samples", "600"]) == 0
    captured = capsys.readouterr()
    assert captured.out == f"Numbers and protocols: {judged / 'evaluation.json'}\n"
    assert captured.err.rindex("lower is better") < captured.err.index("sampling seed 0")


def test_the_json_is_printed_and_not_what_another_has_written_since(judged, capsys, monkeypatch):
    monkeypatch.setattr(evaluate, "write_json", lambda path, _: path.write_text("{}"))
    monkeypatch.setattr(evaluate, "deviation", lambda _: float("nan"))
    assert evaluate.entry([str(judged), "--num-samples", "600", "--sampling-seeds", "2"]) == 0
    assert json.loads(capsys.readouterr().out)["reverse_kl_std"] == "NaN"


def test_a_curve_of_metrics_of_which_none_is_the_primary_one(judged):
    results = evaluate.main(options(judged, step="all", metrics=("modes_found",)))
    assert "modes_found" in results[0]


@pytest.fixture
def damaged(judged, tmp_path):
    """The run with a newer checkpoint, 81, that nobody can read."""
    workdir = tmp_path / "run"
    shutil.copytree(judged, workdir)
    shutil.copytree(workdir / "checkpoints" / "80", workdir / "checkpoints" / "81")
    shutil.rmtree(workdir / "checkpoints" / "81" / "manifest")
    return workdir


def test_a_damaged_checkpoint_is_passed_over_aloud(damaged, capsys):
    assert evaluate.main(options(damaged))["step"] == 80
    assert "Passed over the checkpoint at step 81: " in capsys.readouterr().err
    results = evaluate.main(options(damaged, step="all"))
    assert [result["step"] for result in results] == [
        step for step in saved_steps(damaged / "checkpoints") if step < 81
    ]
    assert "Passed over the checkpoint at step 81: " in capsys.readouterr().err


def test_a_checkpoint_that_is_deleted_meanwhile_is_passed_over(judged, capsys, monkeypatch):
    monkeypatch.setattr(evaluate, "saved_steps", lambda _: [7, 80])
    assert [result["step"] for result in evaluate.main(options(judged, step="all"))] == [80]
    assert "Passed over the checkpoint at step 7: No checkpoint of step 7" in capsys.readouterr().err
    monkeypatch.setattr(evaluate, "saved_steps", lambda _: [7, 8])
    with pytest.raises(InputError, match="No checkpoint of step 8"):
        evaluate.main(options(judged, step="all"))


def test_a_run_that_was_not_judged_has_no_best(tmp_path):
    train.main(["ring", "--num-steps", "2", "--batch-size", "8", "--workdir", str(tmp_path / "run")])
    with pytest.raises(InputError, match="not judged"):
        evaluate.main(options(tmp_path / "run", step="best"))


def test_what_cannot_be_judged_is_refused_before_training(tmp_path):
    for flags, named in (
        (["--eval-every", "0"], "eval-every"),
        (["--eval-metrics", "fid"], r"fid: take frechet_distance while training, and .*evaluate.py --weights FILE"),
        (["--best-by", "kid[x]"], "kid: take frechet_distance"),
        (["--eval-metrics", "modes_fuond"], "modes_found"),
        (["--best-by", "reverse-lk"], "reverse_kl"),
        (["--best-by", "data-copying"], "got data_copying, of which zero is best"),
        (["--best-by", "neighbor_accuracy[coordinates]"], "got neighbor_accuracy, of which half is best"),
    ):
        with pytest.raises((InputError, UnknownNameError), match=named):
            train.main(["ring", *flags, "--workdir", str(tmp_path / "run")])
    assert not Path(tmp_path / "run" / "config.json").exists()


TINY = ["ring", "--num-steps", "40", "--batch-size", "8", "--steps-per-call", "20", "--eval-every", "20"]


@pytest.mark.parametrize(
    ("flags", "named"),
    [
        (["--eval-metrics", "frechet_distance", "--best-by", "modes_found"], "Known: frechet_distance"),
        (["--eval-metrics", "modes_found"], "Known: modes_found.*--best-by"),
        (["--best-by", "reverse_kl[mnist-classifier]"], r"reverse_kl\[mnist-classifier\].*Known: .*reverse_kl"),
        (["--eval-metrics", "reverse_kl", "classes_found"], "suit ring, got classes_found"),
        (["--eval-metrics", "kernel_distance", "--best-by", "kernel_distance", "--eval-samples", "1"], "at least 2"),
    ],
)
def test_what_a_judgment_can_stumble_over_is_found_before_training(flags, named, tmp_path, monkeypatch):
    monkeypatch.setattr(judging, "NUM_REFERENCE", 100)
    monkeypatch.setattr(train, "loop", None)
    with pytest.raises(InputError, match=named):
        train.main([*TINY, *flags, "--workdir", str(tmp_path / "run")])
    assert not (tmp_path / "run").exists()


def test_a_judgment_that_fails_later_loses_no_training(tmp_path, monkeypatch):
    calls = []

    def fails_later(*arguments):
        calls.append(arguments)
        if len(calls) == 3:  # after the rehearsal, and the first state's
            raise InputError("Expected anything else.")
        return {"reverse_kl": 1.0}

    monkeypatch.setattr(examiner_module, "judge", fails_later)
    workdir = tmp_path / "run"
    with pytest.raises(InputError, match="anything else"):
        train.main([*TINY, "--workdir", str(workdir)])
    assert saved_steps(workdir / "checkpoints") == [20]
    with pytest.raises(InputError, match="not judged"):
        best_step(workdir / "checkpoints")
    unlock()
    train.main([*TINY, "--workdir", str(workdir)])
    assert saved_steps(workdir / "checkpoints") == [20, 40]


def test_a_game_that_diverged_is_not_taken_for_one_that_nothing_suits(judged, monkeypatch):
    config, run, restored = open_run(judged, 80)
    monkeypatch.setattr(examiner_module, "judge", lambda *_: {"num_samples": 3.0})
    with pytest.raises(InputError, match="number to choose"):
        examiner(config, run, judged)(restored.state)
    monkeypatch.setattr(assembly, "block_sampler", lambda _: lambda *_: np.full((9, 2), np.nan))
    numbers, value = examiner(config, run, judged)(restored.state)
    assert (numbers, np.isnan(value)) == ({}, True)
    assert "not finite" in in_words(numbers, config)


def test_when_a_judgment_is_due():
    config = replace(PRESETS["ring"], eval_every=30, num_steps=100)
    assert [step for step in range(1, 101) if due(config, step)] == [30, 60, 90, 100]
    assert not due(replace(config, eval_every=None), 100)
    assert chunks.next_stop(replace(config, steps_per_call=50, log_every=1000), 20) == 30


def test_config_json_keeps_the_names_of_metrics():
    config = replace(PRESETS["ring"], eval_metrics=("reverse_kl", "modes_found"), best_by="modes_found")
    assert from_dict(json.loads(json.dumps(to_dict(config)))) == config


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"batch_size": "many"}, "Expected int as batch_size in there/config.json, got 'many'"),
        ({"batch_size": True}, "Expected int as batch_size"),
        ({"num_steps": 2.5}, "Expected int as num_steps"),
        ({"best_by": 4}, r"Expected str \| None as best_by"),
        ({"eval_metrics": ["a", 1]}, r"Expected tuple\[str, ...\] as eval_metrics"),
        ({"data": None}, "Expected settings as data in there/config.json, got None"),
        ({"data": {"name": "ring", "colour": 1}}, "than this version has, got data.colour"),
        ({"update": {"schedule": "never"}}, r"Expected Literal\['alternating',.* as update.schedule"),
        ({"prior": {"dim": 3}}, "Expected settings with a name as prior in there/config.json"),
        ({"generator": {"name": "mpl"}}, "Expected a generator.name of this version in there/config.json.*'mlp'"),
        ({"generator": {"name": "mlp", "features": 8}}, "as generator.features in"),
        ({"more": 1}, "than this version has, got more"),
    ],
)
def test_a_config_json_that_somebody_changed(changes, message):
    values = {**json.loads(json.dumps(to_dict(PRESETS["ring"]))), **changes}
    with pytest.raises(InputError, match=message):
        from_dict(values, "there/config.json")


def test_a_config_json_of_every_preset_and_of_an_older_version():
    for config in PRESETS.values():
        assert to_dict(from_dict(json.loads(json.dumps(to_dict(config))))) == to_dict(config)
    values = to_dict(PRESETS["ring"])
    del values["packing"], values["augment"]
    assert from_dict(values) == PRESETS["ring"]
    del values["data"]
    with pytest.raises(InputError, match=r"Expected data in config.json, got none"):
        from_dict(values)


# ---------------------------------------------------------------- which images judge


def mnist(folder, num=30):
    """Both splits, apart from each other: an image's first byte is its number, and a test image's second 1."""
    folder.mkdir()
    for prefix, second in (("train", 0), ("t10k", 1)):
        images = np.zeros((num, 4, 4), np.uint8)
        images[:, 0, 0], images[:, 0, 1] = np.arange(num), second
        head = struct.pack(">IIII", 0x803, num, 4, 4)
        (folder / f"{prefix}-images-idx3-ubyte").write_bytes(head + images.tobytes())
        labels = (np.arange(num) % 10).astype(np.uint8)
        (folder / f"{prefix}-labels-idx1-ubyte").write_bytes(struct.pack(">II", 0x801, num) + labels.tobytes())
    return folder


def of(name, folder=None, **settings):
    """A config and what there is of its run before the networks are built."""
    config = replace(PRESETS["digits"], data=replace(PRESETS["digits"].data, name=name, dir=folder, **settings))
    return config, SimpleNamespace(source=assembly.load(config.data, config.seed))


def test_a_test_split_is_new_to_the_generator_unless_it_learned_from_it(tmp_path):
    folder = str(mnist(tmp_path / "mnist"))
    train_images, test_images, unseen = sides(*of("mnist", folder))
    assert (len(train_images.images), len(test_images.images), unseen) == (30, 30, True)
    assert test_images.images[:, 0, 1].min() == 1
    train_images, test_images, unseen = sides(*of("mnist", folder, split="test"))
    assert (len(train_images.images), len(test_images.images), unseen) == (24, 6, False)
    assert not set(train_images.images[:, 0, 0, 0]) & set(test_images.images[:, 0, 0, 0])


def test_sets_without_a_test_split_hold_images_out(tmp_path):
    images, labels = np.arange(480, dtype=np.uint8).reshape(30, 4, 4, 1), np.arange(30) % 2
    np.savez(tmp_path / "set.npz", images=images, labels=labels)
    for i in range(20):
        (tmp_path / "set" / f"class{i % 2}").mkdir(parents=True, exist_ok=True)
        Image.fromarray(images[i, ..., 0]).save(tmp_path / "set" / f"class{i % 2}" / f"{i}.png")
    for name, folder in (("digits", None), ("npz", str(tmp_path / "set.npz")), ("folder", str(tmp_path / "set"))):
        config, run = of(name, folder)
        train_images, test_images, unseen = sides(config, run)
        assert len(train_images.images) + len(test_images.images) == run.source.spec.num_samples
        assert not unseen


def test_a_missing_or_damaged_test_split_is_no_set_without_one(tmp_path):
    folder = mnist(tmp_path / "mnist")
    config, run = of("mnist", str(folder))
    images = folder / "t10k-images-idx3-ubyte"
    images.write_bytes(images.read_bytes()[:-5])
    with pytest.raises(InputError, match="t10k-images"):
        sides(config, run)
    images.unlink()
    with pytest.raises(InputError, match="t10k-images"):
        sides(config, run)


def a_classifier(name="digits"):
    """Features are pixels, and the logits of ten classes too."""
    pixels = lambda images: images.reshape(len(images), -1).astype(np.float32)  # noqa: E731
    return Classifier(name, (), pixels, lambda images: pixels(images)[:, :10], 0.9)


@pytest.fixture
def digits(monkeypatch):
    """A run of digits and its judges, the classifier a stub."""
    monkeypatch.setattr(judges, "cached_classifier", lambda _, name, *__: a_classifier(name))
    config, _ = of("digits")
    return config, assembly.assemble(config)


def bench_of(config, run, monkeypatch, fake, **changes):
    """A bench whose every generator gives the same samples."""
    monkeypatch.setattr(evaluate, "chosen", lambda *_: None)
    monkeypatch.setattr(assembly, "block_sampler", lambda _: lambda *_: fake)
    asked = options(Path("nowhere"), **changes)
    return evaluate.Bench(config, run, asked), asked


COPIES = np.asarray(assembly.load(PRESETS["digits"].data, 0).arrays.samples[:200], np.float32) / 127.5 - 1


def test_copies_are_not_looked_for_among_images_that_the_generator_learned_from(digits, monkeypatch):
    for name in ("nearer_to_train", "data-copying"):
        with pytest.raises(InputError, match=r"did not learn from, for .*got only those of digits \(train\)"):
            bench_of(*digits, monkeypatch, COPIES, metrics=("frechet_distance", name))
    bench, asked = bench_of(*digits, monkeypatch, COPIES, metrics=("frechet_distance", "classifier_score"))
    result = evaluate.evaluation(bench, SimpleNamespace(state=None, step=3), asked)
    said = result["protocols"]
    assert said["frechet_distance[digits-classifier]"].endswith(
        "held out from the classifier only: the generator learned from them"
    )
    assert "held out" not in said["classifier_score[digits-classifier]"]


def test_copies_are_found_where_the_held_out_images_are_new(digits, monkeypatch):
    config, run = digits
    images = np.asarray(run.source.arrays.samples)
    halves = [LabeledImages(part, np.arange(len(part)) % 10) for part in (images[:800], images[800:])]
    monkeypatch.setattr(evaluate, "judges_of", lambda *_: Judges(halves[1], a_classifier(), halves[0]))
    bench, asked = bench_of(config, run, monkeypatch, COPIES, metrics=("nearer_to_train",))
    result = evaluate.evaluation(bench, SimpleNamespace(state=None, step=3), asked)
    assert result["nearer_to_train[digits-classifier]"] > 0.9
    assert result["protocols"]["nearer_to_train[digits-classifier]"].startswith("half is best; share")
    assert "classifier only" not in result["protocols"]["nearer_to_train[digits-classifier]"]


@pytest.mark.parametrize(("accuracy", "words"), [(0.79, "right about 79 % of the held-out images"), (0.8, "")])
def test_a_weak_classifier_is_told(accuracy, words, digits, monkeypatch, capsys):
    bench, _ = bench_of(*digits, monkeypatch, COPIES)
    assert bench.judges is not None
    bench.judges = bench.judges._replace(classifier=bench.judges.classifier._replace(accuracy=accuracy))
    evaluate.doubt(Console(), bench)
    said = " ".join(capsys.readouterr().out.split())
    assert (words in said) if words else said == ""
    bench.judges = None
    evaluate.doubt(Console(), bench)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("weights", [None, Path("w.npz")])
def test_images_that_are_not_finite_have_no_numbers(weights, digits, monkeypatch):
    outputs = lambda images: Outputs(np.ones((len(images), 3)), np.ones((len(images), 3)))  # noqa: E731
    monkeypatch.setattr(evaluate, "inception_network", lambda _: InceptionNetwork("inception-ab", "ab", False, outputs))
    fake = COPIES.copy()
    fake[3, 2, 1] = np.nan
    bench, asked = bench_of(*digits, monkeypatch, fake, weights=weights, metrics=("frechet_distance",))
    with pytest.raises(InputError, match="Expected finite samples, got NaN"):
        bench.numbers(None, asked, 0)


def test_the_network_suits_where_the_classifier_does_not(monkeypatch):
    """On stacked digits the classifier has two rows; FID is the network's."""
    config = replace(PRESETS["digits"], data=replace(PRESETS["digits"].data, name="stacked-mnist"))
    run = SimpleNamespace(source=SimpleNamespace(spec=SimpleNamespace(is_image=True, num_classes=1000)))
    monkeypatch.setattr(evaluate, "judges_of", lambda *_: Judges(None, a_classifier("mnist"), None))
    monkeypatch.setattr(evaluate, "inception_network", lambda _: InceptionNetwork("inception-ab", "ab", False, None))
    bench_of(config, run, monkeypatch, None, metrics=("modes_found", "fid"), weights=Path("w.npz"))
    with pytest.raises(InputError, match=r"suit stacked-mnist, got frechet_distance: .* are modes_found, reverse_kl\."):
        bench_of(config, run, monkeypatch, None, metrics=("modes_found", "frechet_distance"))
    with pytest.raises(InputError, match="got data_copying"):
        bench_of(config, run, monkeypatch, None, metrics=("data_copying",), weights=Path("w.npz"))


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
