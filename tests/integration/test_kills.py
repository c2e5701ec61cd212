"""kill -9, again and again, at any moment: the same command ends the run as if nothing had happened."""

import hashlib
import json
import random
import shutil
import sys
import time
import zipfile
from collections import Counter
from io import BytesIO

import cell_games
import jax
import numpy as np
import pytest
import sweep as sweep_module
from killing import ROOT, Watched, campaign, end_all, free_port, in_words
from PIL import Image
from sklearn.datasets import load_digits

from ganjax import data
from ganjax.checks import InputError
from ganjax.io import kept_arrays, read_weights, restore_latest, state_sha256
from ganjax.io.array_cache import PARTIAL

RING = ["ring", "--generator.features", 16, "--discriminator.features", 16, "--batch-size", 32]
DIGITS = ["digits", "--generator.channels", 8, "--discriminator.channels", 8, "--batch-size", 16]
# a checkpoint falls between two rows of metrics
OFTEN = {"log_every": 50, "checkpoint_every": 20, "steps_per_call": 20, "sample_every": 500, "eval_every": 100}


@pytest.fixture(autouse=True)
def no_process_outlives_its_test():
    yield
    end_all()


def flags(values):
    return [text for name, value in values.items() for text in (f"--{name.replace('_', '-')}", value)]


class Runs:
    """One command, started again and again."""

    def __init__(self, folder, script, *arguments, environment=()):
        self.folder, self.environment = folder, dict(environment)
        self.command = [sys.executable, str(ROOT / "experiments" / script), *map(str, arguments)]

    def start(self, *more):
        return Watched([*self.command, *map(str, more)], self.folder, self.environment)

    def finish(self, code=0):
        process = self.start()
        assert process.wait() == code, process.output
        return process.seconds


def training(folder, *arguments, **more):
    """A run of train.py in folder/run."""
    return Runs(folder, "train.py", *arguments, "--workdir", folder / "run", **more)


def own_cache(folder):
    """Programs are kept as a user's are, and not as those of these tests."""
    return {"environment": {"GANJAX_CACHE": str(folder), "JAX_COMPILATION_CACHE_DIR": None}}


def outcome(folder):
    """All that a run leaves, but for times: the state's hash, the last numbers, every row, every picture."""
    final = json.loads((folder / "run" / "final.json").read_text())
    rows = [json.loads(line) for line in (folder / "run" / "metrics.jsonl").read_text().splitlines()]
    pictures = [path for path in sorted((folder / "run").rglob("*")) if path.suffix in (".png", ".gif")]
    return (
        {name: value for name, value in final.items() if "second" not in name},
        [{name: value for name, value in row.items() if name != "steps_per_second"} for row in rows],
        {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in pictures},
    )


def left_over(folder, whole):
    """Files that a run without kills has not; Orbax names its own as it likes."""
    names = [{path.relative_to(each) for path in (each / "run").rglob("*")} for each in (folder, whole)]
    return [str(x) for x in sorted(names[0] - names[1]) if "checkpoints" not in x.parts and "tfevents" not in x.name]


def report(kills, began, folder):
    """What the campaign was; no kill may leave a checkpoint or metrics that fail their checks."""
    print(f"{len(kills)} kills in {(time.monotonic() - began) / 60:.1f} min: {in_words(kills)}")
    print(*kills, sep="\n")
    said = "".join(path.read_text() for path in folder.glob("output-*"))
    assert "Passed over" not in said
    assert "do not trust" not in said


def hit(kills):
    """How often each phase was, a save under way among them."""
    return Counter(kill.phase for kill in kills) + Counter({"saving": sum(kill.saving for kill in kills)})


# ---------------------------------------------------------------- campaigns


@pytest.mark.slow
def test_a_run_in_memory(tmp_path):
    """50 kills of a game of images that saves and is judged often; a fifth of the starts compile anew."""
    began, rng = time.monotonic(), random.Random(50)
    long = [*DIGITS, *flags(OFTEN | {"num_steps": 6000, "eval_samples": 2000})]
    whole, cut = (training(tmp_path / name, *long, **own_cache(tmp_path / name)) for name in ("whole", "cut"))
    whole.finish()
    again = whole.finish()

    def start():
        if rng.random() < 0.2:
            shutil.rmtree(cut.folder / "compiled", ignore_errors=True)
        return [cut.start()]

    kills = campaign(start, lambda: cut.folder / "run" / "checkpoints", 50, 1.8 * again, rng)
    report(kills, began, cut.folder)
    cut.finish()
    print("left over:", left_over(cut.folder, whole.folder))
    assert outcome(cut.folder) == outcome(whole.folder)
    assert all(hit(kills)[phase] >= 3 for phase in ("saving", "judging", "training")), hit(kills)


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """scikit-learn's digits as PNGs in a zip, a folder a class."""
    path, digits = tmp_path_factory.mktemp("pictures") / "pictures.zip", load_digits()
    with zipfile.ZipFile(path, "w") as file:
        for i, (image, label) in enumerate(zip(digits.images, digits.target, strict=True)):
            content = BytesIO()
            Image.fromarray((image * 15).astype(np.uint8)).save(content, format="png")
            file.writestr(f"{label}/{i:04}.png", content.getvalue())
    return path


@pytest.mark.slow
def test_a_run_that_reads_its_pictures_from_a_zip(tmp_path, pictures):
    """20 kills while streaming; the state is that of a run in memory."""
    began, rng = time.monotonic(), random.Random(20)
    long = [*DIGITS, "--data.name", "folder", "--data.dir", pictures]
    long += flags(OFTEN | {"num_steps": 2500, "eval_samples": 2000})
    streamed = ["--data.memory", "stream", "--data.workers", 2, "--data.prefetch", 8]
    whole = training(tmp_path / "whole", *long, **own_cache(tmp_path / "whole"))
    cut = training(tmp_path / "cut", *long, *streamed, **own_cache(tmp_path / "cut"))
    whole.finish()
    again = whole.finish()
    kills = campaign(lambda: [cut.start()], lambda: cut.folder / "run" / "checkpoints", 20, 2.5 * again, rng)
    report(kills, began, cut.folder)
    cut.finish()
    print("left over:", left_over(cut.folder, whole.folder))
    assert outcome(cut.folder) == outcome(whole.folder)
    assert all(hit(kills)[phase] >= 1 for phase in ("saving", "judging", "training")), hit(kills)


@pytest.mark.slow
def test_a_population(tmp_path):
    """20 kills of a sweep of two cells."""
    began, rng = time.monotonic(), random.Random(21)
    asked = {"objectives": ("non-saturating", "hinge"), "seeds": 3, "num_steps": 150_000, "num_samples": 2000}
    given = [text for name, value in asked.items() for text in (f"--{name.replace('_', '-')}", *np.ravel(value))]
    whole, cut = (
        Runs(tmp_path / x, "sweep.py", "gaussian", *given, "--workdir", tmp_path / x / "run", **own_cache(tmp_path / x))
        for x in ("whole", "cut")
    )
    whole.finish()
    again = whole.finish()

    def current():
        """The folder of the cell that is played."""
        folders = [cut.folder / "run" / "checkpoints" / name for name in ("non-saturating", "hinge")]
        return next((folder for folder in reversed(folders) if folder.exists()), folders[0])

    kills = campaign(lambda: [cut.start()], current, 20, 2.5 * again, rng)
    report(kills, began, cut.folder)
    cut.finish()
    print("left over:", left_over(cut.folder, whole.folder))
    sweep = sweep_module.sweep_of(sweep_module.Options(preset="gaussian", **asked))
    assert games(sweep, cut.folder / "run") == games(sweep, whole.folder / "run")
    assert all(hit(kills)[phase] >= 1 for phase in ("saving", "training")), hit(kills)


def games(sweep, workdir):
    """Every game's numbers, and every cell's states."""
    found = {}
    for cell in sweep.cells:
        template = jax.eval_shape(lambda cell=cell: cell_games.init(cell, cell_games.populate(cell, sweep.seeds)))
        restored = restore_latest(workdir / "checkpoints" / cell.slug, template)
        rows = json.loads((workdir / "sweep.json").read_text())["cells"][cell.label]["rows"]
        found[cell.label] = restored.step, state_sha256(restored.state), rows
    return found


@pytest.mark.slow
def test_a_run_of_two_processes(tmp_path):
    """20 times one of them is killed, or both; both are started again."""
    began, rng = time.monotonic(), random.Random(22)
    oftener = {"num_steps": 1200, "checkpoint_every": 5, "steps_per_call": 5, "eval_every": 25, "eval_samples": 2000}
    long = [*RING, *flags(OFTEN | oftener), "--parallel.heartbeat-timeout", 10]
    whole, cut = training(tmp_path / "whole", *long), training(tmp_path / "cut", *long)

    def start(run):
        place = ("--parallel.coordinator", f"localhost:{free_port()}", "--parallel.num-processes", 2)
        return [run.start(*place, "--parallel.process-id", number) for number in range(2)]

    def finish(run):
        started = start(run)
        assert [process.wait() for process in started] == [0, 0], [process.output for process in started]
        return started[0].seconds

    finish(whole)
    again = finish(whole)
    kills = campaign(lambda: start(cut), lambda: cut.folder / "run" / "checkpoints", 20, 1.8 * again, rng)
    report(kills, began, cut.folder)
    finish(cut)
    print("left over:", left_over(cut.folder, whole.folder))
    assert outcome(cut.folder) == outcome(whole.folder)
    assert all(hit(kills)[phase] >= 1 for phase in ("saving", "judging", "training")), hit(kills)
    # for one that has not joined them yet the others wait for minutes
    joined = [kill for kill in kills if kill.phase not in ("starting", "importing", "setting up")]
    assert all(code is not None for kill in joined for code, _ in kill.aftermath)


# ---------------------------------------------------------------- the other scripts


def killed(runs, num, span, rng, check, begun=lambda: True):
    """Kills a script at random moments after it has begun; after each, what it left is checked. How many were alive."""
    alive = 0
    for _ in range(num):
        process = runs.start()
        process.wait_until(begun)
        moment = process.seconds + rng.uniform(0, span)
        while process.runs and process.seconds < moment:
            time.sleep(0.002)
        alive += process.runs
        process.kill()
        check()
    return alive


@pytest.mark.slow
def test_the_scripts_that_read_a_run(tmp_path):
    """evaluate.py, its classifier to be trained first, and sample.py: what is there is whole."""
    rng, short = random.Random(6), {"num_steps": 40, "sample_every": 40, "checkpoint_every": 40}
    training(tmp_path, *DIGITS, *flags(short)).finish()
    workdir = tmp_path / "run"
    found = []
    for script, name, read in (
        ("evaluate.py", "evaluation.json", lambda path: json.loads(path.read_text())),
        ("sample.py", "samples.npz", lambda path: np.load(path)["samples"].tolist()),
    ):
        runs = Runs(tmp_path / script, script, workdir, "--num" + "-samples" * (script == "evaluate.py"), 5000)
        span = runs.finish()
        whole = read(workdir / name)

        def clear(name=name):
            for path in [workdir / name, *workdir.glob("classifier*")]:
                path.unlink(missing_ok=True)

        def check(name=name, read=read, whole=whole, clear=clear):
            if (workdir / name).exists():
                assert read(workdir / name) == whole
                clear()

        clear()
        found.append(killed(runs, 8, span, rng, check))
        runs.finish()
        assert read(workdir / name) == whole
        print(script, found[-1], "of 8 while it ran; left over:", sorted(path.name for path in workdir.glob(".*.tmp")))
    assert min(found) >= 4


@pytest.mark.slow
def test_a_set_that_is_prepared(tmp_path, pictures):
    """Whole or not there, whatever a kill leaves."""
    rng, prepare = random.Random(7), ["folder:drawn", "--from", pictures]
    runs, sets = Runs(tmp_path, "prepare_data.py", *prepare, "--data-dir", tmp_path / "sets"), tmp_path / "sets"

    def check():
        try:
            assert data.load("tfds:drawn", str(sets)).spec.num_samples == 1797
        except InputError:
            return
        shutil.rmtree(sets)

    alive = killed(runs, 10, 0.3, rng, check, lambda: any(sets.rglob("*.array_record*")))
    print(alive, "of 10 while it wrote; left over:", len(list(sets.rglob("incomplete*"))))
    assert alive >= 5
    runs.finish()
    assert data.load("tfds:drawn", str(sets)).spec.num_samples == 1797


# what is written again and again; the file or folder is an argument
KEPT = """
import sys, numpy as np
from ganjax.io import kept_arrays
for number in range(10**6):
    kept_arrays(sys.argv[1], f"{number:032x}", lambda: {"x": np.full(500_000, number)}, worth_seconds=0.0)
"""
WEIGHTS = """
import sys, numpy as np
from ganjax.io import write_weights
for number in range(10**6):
    write_weights(sys.argv[1], {"x": np.full(2_000_000, number, np.float32)}, {"x": (2_000_000,)}, "0" * 64)
"""


@pytest.mark.slow
def test_caches(tmp_path):
    """Decoded arrays and converted weights: whole, of one writing, or not there."""
    rng, folder, file = random.Random(8), tmp_path / "kept", tmp_path / "weights.npz"

    def kept():
        entries = [path for path in folder.glob("*") if not path.name.endswith(PARTIAL)]
        for number in range(len(entries)):
            arrays, _ = kept_arrays(folder, f"{number:032x}", lambda: pytest.fail("an entry is damaged"))
            assert set(arrays["x"]) == {number}
        shutil.rmtree(folder, ignore_errors=True)

    def weights():
        assert len(set(read_weights(file, {"x": (2_000_000,)}).arrays["x"])) == 1

    for code, place, check in ((KEPT, folder, kept), (WEIGHTS, file, weights)):
        for _ in range(10):
            process = Watched([sys.executable, "-c", code, str(place)], tmp_path, {})
            process.wait_until(place.exists)
            time.sleep(rng.uniform(0, 0.3))
            process.kill()
            check()
    print("left over:", len(list(tmp_path.glob(".weights*.tmp"))), "half-written weights of 10")
