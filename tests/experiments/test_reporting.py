"""What report.py makes of a run: numbers with their meaning, curves, pictures in bounds, interpolation, settings."""

import base64
import functools
import io
import math
import shlex

import assembly
import games
import jax
import jax.numpy as jnp
import numpy as np
import pytest
import sampling
import train
from configs import PRESETS
from pages import decoded, page_of, run_in
from PIL import Image
from recorded import to_dict
from reporting import embedded, gallery, interpolations, records, scores, series, settings
from reporting.scores import leaders

from ganjax import steps
from ganjax.checks import InputError
from ganjax.io import Checkpoints, save_png, write_json
from ganjax.metrics import METRICS

SIZES = ["--generator.features", "8", "--discriminator.features", "8", "--batch-size", "8", "--num-samples", "12"]
IMAGES = ["digits", "--generator.name", "mlp", "--discriminator.name", "mlp", *SIZES]


@pytest.mark.parametrize(
    ("name", "values", "best"),
    [
        ("frechet_distance", [3.0, 2.0, 4.0], {1}),
        ("precision", [0.3, 0.2, 0.4], {2}),
        ("neighbor_accuracy", [0.9, 0.44, 0.52], {2}),  # .02 from a half, against .06
        ("data_copying", [-3.0, 2.0, 4.0], {1}),
        ("precision", [0.4, None, 0.4, 0.1], {0, 2}),
        ("precision", [math.inf, math.nan, 0.1, 0.2], {3}),
        ("precision", [0.4, 0.4], set()),
        ("precision", [0.4, None, math.nan], set()),
        (None, [1.0, 2.0], set()),
    ],
)
def test_the_best_is_marked_by_the_metrics_own_direction(name, values, best):
    assert leaders(values, METRICS[name] if name else None) == best


def test_numbers_have_their_direction_unit_protocol_and_spread(tmp_path):
    said = f"lower is better; squared feature units; {METRICS['frechet_distance'].protocol}; on Tuesdays"
    numbers = {
        "step": 200,
        "sampling_seeds": [0, 1],
        "num_fake": 5000.0,
        "frechet_distance[net]": 12345.678,
        "frechet_distance[net]_std": 0.5,
        "kernel_distance[net]": 0.25,
        "kernel_distance_standard_error[net]": 0.125,
        "code_accuracy[best permutation]": 0.75,
        "recall[net]": "NaN",
        "protocols": {"frechet_distance[net]": said, "whole": "said of all"},
    }
    write_json(run_in(tmp_path) / "evaluation.json", numbers)
    write_json(
        tmp_path / "parzen.json",
        {"num_fake": 10.0, "parzen_log_likelihood": 117.5, "parzen_log_likelihood[training images]": 241.0},
    )
    evaluated, parzen = scores.tables([records.read(tmp_path, "run")], [{}])
    lines = {line.name: line for line in evaluated.lines}
    assert list(lines) == ["frechet_distance", "kernel_distance", "code_accuracy", "recall"]
    frechet = lines["frechet_distance"]
    assert (frechet.of, frechet.direction, frechet.unit) == ("net", "↓ lower is better", "squared feature units")
    assert frechet.protocol == f"{METRICS['frechet_distance'].protocol}; on Tuesdays"
    assert (frechet.cells[0].text, frechet.cells[0].spread) == ("1.235e+04", "± 0.5")
    assert lines["kernel_distance"].cells[0].spread == "± 0.125"
    assert lines["kernel_distance"].protocol == METRICS["kernel_distance"].protocol
    assert lines["code_accuracy"].direction == ""
    assert lines["recall"].cells[0].text == "NaN"
    assert evaluated.facts == {"step": ["200"], "sampling_seeds": ["0, 1"], "num_fake": ["5\u202f000"]}
    assert [remark[:9] for remark in evaluated.remarks] == ["± is the ", "whole: sa"]
    assert parzen.remarks == []
    assert [(line.of, line.direction) for line in parzen.lines] == [("", "↑ higher is better"), ("training images", "")]
    shown = page_of(tmp_path).section("numbers")
    assert "frechet_distance net ↓ lower is better squared feature units" in shown
    assert "on Tuesdays 1.235e+04 ± 0.5" in shown


def test_judged_while_training_the_last_number_and_the_best(tmp_path):
    rows = {
        step: {"eval/reverse_kl": kl, "eval/modes_found": 8.0}
        for step, kl in ((100, 0.5), (200, 0.125), (300, math.nan), (400, 0.25))
    }
    shown = page_of(run_in(tmp_path, rows=rows)).section("numbers")
    assert "0.25 best 0.125 at step 200" in shown
    assert "8 best 8 at step 100" in shown


# ---------------------------------------------------------------- curves


def test_curves_hold_what_was_logged(tmp_path):
    rows = {
        10: {"disc_loss": 1.23456789, "gen_loss": 2.0, "real_score": 3.0, "fake_score": 4.0, "steps_per_second": 5.0},
        20: {
            "eval/mmd[net]": 6.0,
            "eval/mmd_standard_error[net]": 0.5,
            "eval/frechet_distance[net]": 7.0,
            "eval/recall[net]": 0.5,
        },
    }
    run_in(tmp_path, rows=rows)
    later, earlier = ({"step": step, "frechet_distance[net]": step / 8, "num_fake": 9.0} for step in (20, 4))
    write_json(tmp_path / "evaluations.json", [later, earlier])
    panels = page_of(tmp_path).data["panels"]
    assert [panel["title"] for panel in panels] == [
        "frechet_distance", "loss", "mean score", "mmd", "recall", "frechet_distance", "steps_per_second",
    ]  # fmt: skip
    assert [panel["shown"] for panel in panels] == [True] * 6 + [False]
    curves = [[(curve["label"], curve["steps"], curve["values"]) for curve in panel["curves"]] for panel in panels]
    assert curves[1] == [("discriminator", [10], [1.23457]), ("generator", [10], [2.0])]
    assert curves[2] == [("real", [10], [3.0]), ("generated", [10], [4.0])]
    assert curves[3] == [("", [20], [6.0])]
    assert curves[5] == [("", [4, 20], [0.5, 2.5])]
    assert panels[3]["curves"][0]["errors"] == [0.5]
    assert [panels[3][name] for name in ("of", "direction", "unit")] == ["net", "↓ lower is better", "dimensionless"]
    assert panels[5]["of"] == "net, checkpoints, by evaluate.py"


def test_long_curves_are_thinned_and_keep_their_extremes():
    values = np.sin(np.arange(100_000) / 7.0)
    values[54_321], values[12_345], values[77_777], values[88_888] = 9.0, -9.0, np.nan, np.inf
    kept = series.thinned(values)
    assert len(kept) <= series.MOST_POINTS
    assert {0, 99_999, 54_321, 12_345, 77_777, 88_888} <= set(kept.tolist())
    assert (np.diff(kept) > 0).all()
    few = np.arange(series.MOST_POINTS, dtype=float)
    assert series.thinned(few).tolist() == list(range(series.MOST_POINTS))


# ---------------------------------------------------------------- pictures


def test_pictures_are_limited_in_number_and_size_and_the_page_says_so(tmp_path):
    noise = np.random.default_rng(0).integers(0, 256, (900, 1200, 3), np.uint8)
    run_in(tmp_path, frames=())
    for step in range(30):
        save_png(tmp_path / "samples" / f"step_{step:08d}.png", noise[:40, :40] if step else noise)
    page = page_of(tmp_path)
    images = page.all("img")
    assert len(images) == gallery.MOST_FRAMES == 24
    assert (images[0]["data-step"], images[-1]["data-step"]) == ("0", "29")
    assert "24 of 30 pictures shown" in page.section("samples")
    contents = [base64.b64decode(image["src"].partition(",")[2]) for image in images]
    assert max(map(len, contents)) <= embedded.MOST_BYTES
    first = Image.open(io.BytesIO(contents[0]))
    assert (str(first.width), str(first.height)) == (images[0]["width"], images[0]["height"])
    assert first.width / first.height == pytest.approx(4 / 3, rel=0.01)
    assert max(first.size) <= embedded.SIDE


def test_small_pictures_are_shown_to_the_bit():
    pixels = np.random.default_rng(0).integers(0, 256, (30, 40, 3), np.uint8)
    shown = embedded.embed_array(pixels)
    assert np.array_equal(decoded(shown), pixels)
    assert (shown.width, shown.height) == (40, 30)


def test_snapshots_of_several_runs_share_the_room(tmp_path):
    folders = [run_in(tmp_path / str(run), frames=range(18)) for run in range(6)]
    assert [len(film.frames) for film in gallery.films(records.read_all(folders))] == [16] * 6


def test_the_methods_pictures_stand_beside_each_other(tmp_path, monkeypatch):
    folders = [run_in(tmp_path / name, frames=()) for name in "ab"]
    for folder, names in zip(
        folders, (("zebra", "codes", "continuous_1", "curves", "sample"), ("codes",)), strict=True
    ):
        for name in names:
            save_png(folder / f"{name}.png", np.zeros((9, 9, 1), np.uint8))
    made = gallery.gallery(records.read_all(folders))
    assert [(exhibit.name, list(exhibit.pictures)) for exhibit in made.exhibits] == [
        ("codes", [0, 1]),
        ("continuous_1", [0]),
        ("sample", [0]),
        ("zebra", [0]),
    ]
    monkeypatch.setattr(gallery, "MOST_PICTURES_OF_ALL", 3)
    shown = page_of(*folders).section("pictures")
    assert "3 of 5 pictures shown." in shown
    assert "codes a row for each value of the categorical code" in shown


# ---------------------------------------------------------------- between latents


@functools.cache
def game_of(*arguments):
    """A run, its config, and its first state, drawn by NumPy."""
    config = train.parse(arguments)
    run = assembly.assemble(config)
    return run, config, games.first_state(run.algorithm, assembly.example_batch(run, config))


def with_checkpoint(folder, *arguments, factor=1.0):
    """A run's folder with its first state, times a factor, as the checkpoint of step 7; read."""
    _, _, state = game_of(*arguments)
    state = jax.tree.map(lambda x: x * factor if jnp.issubdtype(x.dtype, jnp.floating) else x, state)
    with Checkpoints(run_in(folder, *arguments) / "checkpoints") as checkpoints:
        checkpoints.save(7, state._replace(step=jnp.int32(7)))
    return records.read(folder, "run")


def test_the_way_between_latents_is_sample_pys(tmp_path):
    made = interpolations.interpolation(with_checkpoint(tmp_path, *IMAGES), 2)
    run, config, state = game_of(*IMAGES)
    game = sampling.trained(config, run, state, steps.generator_variables(state), None)
    drawn = sampling.interpolation(game, jax.random.key(0), 2, np.zeros(0))
    assert np.array_equal(decoded(made.picture), np.broadcast_to(drawn, (*drawn.shape[:2], 3)))
    assert made.words == "step 7: in each row the great circle between two latents"


def test_where_there_is_no_way_between_latents_the_page_says_why(tmp_path):
    line = with_checkpoint(tmp_path / "line", "tutorial-uniform-to-normal", *SIZES)
    assert interpolations.interpolation(line, 2).words.startswith("Samples are numbers on a line")
    lost = with_checkpoint(tmp_path / "lost", *IMAGES, factor=jnp.nan)
    assert interpolations.interpolation(lost, 2).words == "No interpolation: the generator of step 7 is not finite."
    bare = records.read(run_in(tmp_path / "bare"), "")
    assert interpolations.interpolation(bare, 2).words.startswith("No interpolation: ")
    assert interpolations.interpolation(bare, 0).words == "No interpolation: none was asked for"
    save_png(bare.folder / "interpolation.png", np.zeros((9, 9, 1), np.uint8))
    left = interpolations.interpolation(bare, 2)
    assert left.picture is not None
    assert left.words.startswith("interpolation.png, as sample.py has left it (")


def test_what_is_between_latents_in_words():
    assert interpolations.words("labels", True, 1000).endswith("; a row keeps its class")
    assert interpolations.words("none", False, 1000) == "step 1\u202f000: paths: great circles between two latents"


# ---------------------------------------------------------------- settings


CHANGES = [
    ["ring"],
    ["digits", "--objective.name", "wgan-gp", "--objective.weight", "3", "--discriminator.normalization", "none"],
    ["mnist-infogan", "--data.dir", "a b", "--generator.features", "8", "16", "--seed", "3"],
    ["digits", "--gen-optimizer.name", "rmsprop", "--data.flip", "--update.ema-decay", "None"],
    ["digits", "--objective.name", "hinge", "--objective.name", "wgan", "--update.disc-steps", "1"],
    ["mnist-cgan", "--eval-every", "5", "--eval-metrics", "precision", "recall", "--update.clip", "0.5"],
]


@pytest.mark.parametrize("arguments", CHANGES, ids=lambda arguments: arguments[0])
def test_the_command_makes_the_run(arguments):
    config = train.parse(arguments)
    _, _, *words = shlex.split(settings.command(arguments[0], config))
    assert to_dict(train.parse(words)) == to_dict(config)
    assert words[0] == arguments[0]


def test_flags_that_turn_off_and_values_that_look_like_flags():
    words = [*settings.flag("data.flip", False), *settings.flag("data.dir", "-x"), *settings.flag("seed", 4)]
    config = train.parse(["digits", "--data.flip", *words])
    assert (config.data.flip, config.data.dir, config.seed) == (False, "-x", 4)


@pytest.mark.parametrize("preset", PRESETS)
def test_presets_are_their_own_nearest_and_need_no_flags(tmp_path, preset):
    write_json(tmp_path / preset / "config.json", to_dict(PRESETS[preset]))
    found = settings.nearest(records.read(tmp_path / preset, preset))
    assert (found.name, found.command) == (preset, f"python experiments/train.py {preset}")


def test_what_differs_from_the_preset_is_marked_with_the_presets_value(tmp_path):
    page = page_of(run_in(tmp_path, "ring", "--num-steps", "200", "--gen-optimizer.learning-rate", "0.5"))
    marked = [" ".join(row["text"].split()) for row in page.all("tr", **{"class": "differs"})]
    assert marked == ["learning_rate differs 0.5 preset: 0.001", "num_steps differs 200 preset: 10000"]
    shown = page.section("settings")
    assert "ema_decay 0.999" in shown
    assert "python experiments/train.py ring --gen-optimizer.learning-rate 0.5 --num-steps 200" in page.section(
        "overview"
    )


def test_names_are_as_long_as_it_takes_to_tell_runs_apart(tmp_path):
    places = [tmp_path / "a" / "x", tmp_path / "b" / "x", tmp_path / "b" / "y"]
    assert records.names(places) == ["a/x", "b/x", "b/y"]
    assert records.names(places[1:]) == ["x", "y"]


def test_figures():
    pairs = {
        0.0: "0",
        -1234567.0: "−1\u202f234\u202f567",
        1e-5: "1e−05",
        0.123456: "0.1235",
        1e300: "1e+300",
        math.inf: "∞",
    }
    assert {value: records.figures(value) for value in pairs} == pairs
    assert [records.duration(seconds) for seconds in (59.4, 90, 5400, math.inf)] == ["59 s", "1.5 min", "1.5 h", "∞"]


def test_a_picture_too_large_to_open_is_refused(tmp_path, monkeypatch):
    save_png(tmp_path / "large.png", np.zeros((50, 50, 1), np.uint8))
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 2000)
    with pytest.raises(InputError, match=r"large\.png"):
        embedded.embed_file(tmp_path / "large.png")
