"""train.py on data that stay on disk: what it chooses and says, and that a run is the same however its data come."""

import contextlib
import hashlib
import json
import signal
import socket
import subprocess
import sys
import time
import zipfile
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import assembly
import feeding
import jax
import judges
import machines
import memory
import numpy as np
import pytest
from choices import choose
from config import Data
from configs import PRESETS
from PIL import Image
from recorded import from_dict, to_dict

from ganjax import parallel
from ganjax.checks import InputError

ROOT = Path(__file__).resolve().parents[2]
NUM = 90


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    """Pictures of three classes, 8 x 8, as JPEG in a zip."""
    path, rng = tmp_path_factory.mktemp("pictures") / "pictures.zip", np.random.default_rng(3)
    with zipfile.ZipFile(path, "w") as file:
        for i in range(NUM):
            content = BytesIO()
            Image.fromarray(rng.integers(0, 256, (8, 8, 3), dtype=np.uint8)).save(content, format="jpeg")
            file.writestr(f"{i % 3}/{i:03}.jpg", content.getvalue())
    return path


def settings(archive, **changes):
    return Data(name="folder", dir=str(archive), **changes)


def config(archive, **changes):
    digits = PRESETS["digits"]
    networks = {name: replace(getattr(digits, name), channels=8) for name in ("generator", "discriminator")}
    return replace(digits, data=settings(archive, **changes), batch_size=16, num_steps=12, **networks)


# ---------------------------------------------------------------- the choice


def test_the_choice_is_by_size_and_can_be_forced(archive, monkeypatch):
    taken = NUM * 8 * 8 * 3
    for threshold, asked, streams in (
        (taken, "auto", False),
        (taken - 1, "auto", True),
        (taken - 1, "device", False),
        (taken, "stream", True),
    ):
        monkeypatch.setattr(memory, "MOST_IN_MEMORY", threshold)
        source = memory.load(settings(archive, memory=asked), 0)
        assert (source.feed is not None) == streams
        assert source.num_bytes >= taken
        words = memory.words(settings(archive, memory=asked), source)
        assert ("streamed, 17.3 kB" in words) == streams
        assert ("in memory" in words) == (not streams)
        assert ("as asked" in words) == (asked != "auto")
        assert ("more than 17.3 kB" in words) == (streams and asked == "auto")
    assert memory.words(Data(name="ring"), memory.load(Data(name="ring"), 0)) == ""


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (Data(memory="stream"), "Expected a folder or a zip of pictures, or tfds:NAME, .* got digits"),
        (Data(name="folder", dir="/x", memory="stream", on_error="skip"), "--data.on-error error with --data.memory"),
        (Data(name="folder", dir="/no/such", memory="stream"), "there is no /no/such"),
        (Data(workers=0), "Expected --data.workers >= 1 .* got 0"),
        (Data(prefetch=-2), "Expected --data.prefetch >= 1 .* got -2"),
    ],
)
def test_what_cannot_be_streamed_is_refused(data, message):
    with pytest.raises(InputError, match=message):
        memory.load(data, 0)


def test_how_data_are_read_is_no_part_of_the_run(archive):
    plain, other = config(archive), config(archive, memory="stream", workers=3, prefetch=2)
    assert to_dict(plain) == to_dict(other)
    assert from_dict(json.loads(json.dumps(to_dict(other)))) == plain


def test_scripts_that_need_all_in_memory_say_so(archive):
    source = memory.load(settings(archive, memory="stream"), 0)
    with pytest.raises(InputError, match="Expected data in memory here"):
        memory.stored(source)
    held = memory.load(settings(archive), 0)
    assert memory.stored(held) is held.arrays
    np.testing.assert_array_equal(memory.samples(source), np.asarray(held.arrays.samples))


def test_samples_of_a_large_stream_are_evenly_spaced(archive, monkeypatch):
    """Of 90, the first 30 of each class: 0, 18, 36, 54 and 72, of classes 0, 0, 1, 1 and 2."""
    source = memory.load(settings(archive, memory="stream"), 0)
    every, labels = memory.taken(source)
    assert len(every) == NUM
    monkeypatch.setattr(memory, "MOST_IN_MEMORY", 5 * 8 * 8 * 3 + 1)
    images, classes = memory.taken(source)
    np.testing.assert_array_equal(images, every[::18])
    assert classes.tolist() == labels[::18].tolist() == [0, 0, 1, 1, 2]


def test_a_stream_is_judged_by_what_the_set_in_memory_is_judged_by(archive):
    streamed, held = (judges.labeled(memory.load(settings(archive, memory=x), 0)) for x in ("stream", "device"))
    np.testing.assert_array_equal(streamed.images, held.images)
    np.testing.assert_array_equal(streamed.labels, held.labels)


@pytest.mark.parametrize("choice", ["auto", "device", "stream"])
def test_leaving_pictures_out_is_advised_where_it_can_be_done(tmp_path, choice):
    (tmp_path / "a.png").write_text("no picture")
    with pytest.raises(InputError, match=r"a\.png of .* can't be read") as caught:
        memory.load(settings(tmp_path, memory=choice), 0)
    assert ("--data.on-error skip" in str(caught.value)) == (choice != "stream")


class Left(Exception):
    pass


@pytest.mark.parametrize(
    ("error", "traceback"), [(InputError("Expected a picture in [x].png: mend it."), False), (KeyError("x"), True)]
)
def test_of_several_processes_each_says_bad_input_in_one_line(monkeypatch, capsys, error, traceback):
    def leave(code):
        raise Left(code)

    monkeypatch.setattr(jax, "process_count", lambda: 2)
    monkeypatch.setattr(machines.os, "_exit", leave)
    monkeypatch.setattr(machines, "SECONDS_TO_SPEAK", 0)
    with pytest.raises(Left, match=str(machines.PEER_LOST)), machines.PeerWatch():
        raise error
    output = capsys.readouterr().err
    assert ("Traceback" in output) == traceback
    assert traceback or output == "error: Expected a picture in [x].png: mend it.\n"


# ---------------------------------------------------------------- the same batches, however they come


def hashes(run, fed, chunks):
    """One hash a batch, of what the compiled steps would gather."""
    found = []
    with contextlib.ExitStack() as at_end:
        at_end.callback(fed.close)
        for first, num in chunks:
            arrays = fed.arrays(first, num)
            for step in range(first, first + num):
                batch = run.source.gather(arrays, run.source.draw(run.data_key, step, 16))
                found.append(hashlib.sha256(b"".join(np.asarray(x).tobytes() for x in jax.tree.leaves(batch))).digest())
    return found


@pytest.mark.parametrize("more", [{"flip": True}, {"condition": "labels", "resolution": 16}])
def test_two_epochs_are_those_in_memory_and_go_on_anywhere(archive, more):
    settings = config(archive, **more)
    if "condition" in more:
        row = "dcgan-conditional"
        networks = {name: choose(name, row, channels=8) for name in ("generator", "discriminator")}
        settings = replace(settings, **{name: replace(each, num_classes=3) for name, each in networks.items()})
    held = assembly.assemble(settings)
    streamed = assembly.assemble(replace(settings, data=replace(settings.data, memory="stream", workers=2, prefetch=3)))
    whole = hashes(held, feeding.alone(held, settings), [(0, 12)])
    assert len(set(whole)) == 12
    assert hashes(streamed, feeding.alone(streamed, settings), [(0, 5), (5, 5), (10, 2)]) == whole
    assert hashes(streamed, feeding.alone(streamed, settings), [(7, 5)]) == whole[7:]
    mesh = parallel.mesh(8)
    assert hashes(streamed, feeding.shared(streamed, settings, mesh, "jit"), [(3, 4)]) == whole[3:7]


def test_modes_that_pick_rows_themselves_are_refused(archive):
    streamed = config(archive, memory="stream")
    streamed = replace(streamed, parallel=replace(streamed.parallel, mode="shard-map"))
    with pytest.raises(InputError, match=r"--parallel\.mode jit with streamed data, got shard-map"):
        machines.layout(assembly.assemble(streamed), streamed)


# ---------------------------------------------------------------- real runs


FLAGS = {
    "--data.name": "folder", "--generator.channels": 8, "--discriminator.channels": 8, "--batch-size": 16,
    "--log-every": 20, "--checkpoint-every": 20, "--sample-every": 100, "--steps-per-call": 10,
}  # fmt: skip


def command(archive, workdir, *flags):
    common = [str(x) for pair in FLAGS.items() for x in pair]
    script = [sys.executable, str(ROOT / "experiments" / "train.py"), "digits", *common]
    return [*script, "--data.dir", str(archive), "--workdir", str(workdir), *map(str, flags)]


def start(*arguments):
    return subprocess.Popen(command(*arguments), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=ROOT)


def finish(process, code=0, timeout=240):
    output, _ = process.communicate(timeout=timeout)
    assert process.returncode == code, output
    return output


def final(workdir):
    return json.loads((workdir / "final.json").read_text())["state_sha256"]


def wait_for(condition, process):
    deadline = time.monotonic() + 200
    while not condition():
        assert time.monotonic() < deadline
        assert process.poll() is None, process.communicate()[0]
        time.sleep(0.02)


@pytest.mark.slow
def test_killed_interrupted_and_moved_between_memory_and_disk_a_run_ends_the_same(archive, tmp_path):
    """kill -9, then Ctrl-C, each while streaming, then to the end from memory: the state of a run in memory."""
    steps = ("--num-steps", 1500)
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    assert "; in memory," in finish(start(archive, whole, *steps))
    streaming = (*steps, "--data.memory", "stream", "--data.workers", 2, "--data.prefetch", 8)
    for number, code, step in ((signal.SIGKILL, -signal.SIGKILL, 60), (signal.SIGINT, 0, 200)):
        process = start(archive, cut, *streaming)
        wait_for(lambda step=step: any((cut / "checkpoints" / str(step + 20 * i)).exists() for i in range(99)), process)
        process.send_signal(number)
        output = finish(process, code)
        assert number == signal.SIGKILL or "goes on from there" in output
    assert "; streamed, 17.3 kB, as asked, by 2 threads" in output
    finish(start(archive, cut, *steps))
    assert final(cut) == final(whole)
    streamed = tmp_path / "streamed"
    finish(start(archive, streamed, *streaming))
    assert final(streamed) == final(whole)


@pytest.mark.slow
def test_a_damaged_picture_ends_the_run_with_one_line(archive, tmp_path):
    damaged = tmp_path / "damaged"
    with zipfile.ZipFile(archive) as file:
        file.extractall(damaged)
    victim = damaged / "1" / "046.jpg"
    victim.write_bytes(victim.read_bytes()[:100])
    output = finish(start(damaged, tmp_path / "run", "--num-steps", 40, "--data.memory", "stream"), 2)
    assert "Traceback" not in output
    assert "error: Expected a picture in 1/046.jpg of" in output


@pytest.mark.slow
def test_two_processes_stream_the_run_of_one(archive, tmp_path):
    """Plain gradient descent, for the reason that test_parallel.py gives."""
    sgd = [
        x
        for name in ("gen", "disc")
        for x in (f"--{name}-optimizer.name", "sgd", f"--{name}-optimizer.learning-rate", "5e-4")
    ]
    flags = ("--num-steps", 20, "--log-every", 5, "--update.disc-steps", 2, *sgd)
    finish(start(archive, tmp_path / "one", *flags, "--data.memory", "device"))
    with socket.socket() as listener:
        listener.bind(("localhost", 0))
        port = listener.getsockname()[1]
    place = ("--parallel.coordinator", f"localhost:{port}", "--parallel.num-processes", 2, "--parallel.process-id")
    started = [start(archive, tmp_path / "two", *flags, "--data.memory", "stream", *place, i) for i in range(2)]
    try:
        outputs = [finish(process) for process in started]
    finally:
        for process in started:
            process.kill()
    assert "2 x cpu" in outputs[0]
    assert "streamed" in outputs[0]
    found = [
        [[row[name] for name in ("step", "disc_loss", "gen_loss", "real_score")] for row in map(json.loads, lines)]
        for lines in ((tmp_path / name / "metrics.jsonl").read_text().splitlines() for name in ("one", "two"))
    ]
    np.testing.assert_allclose(found[1], found[0], rtol=1e-5)
