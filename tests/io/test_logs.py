"""Logs: valid JSON whatever the numbers, one curve after a resume, event files that TensorBoard reads."""

import contextlib
import io
import json
import math
import os
import resource
import shutil
import struct
import time
from pathlib import Path

import jax.numpy as jnp
import numpy as np
import pytest
from PIL import Image
from tensorboardX.crc32c import crc32c
from tensorboardX.proto import event_pb2

from ganjax.checks import InputError
from ganjax.io import _files
from ganjax.io.logs import MetricsLog, read_metrics, write_json


def events(path: Path) -> list:
    """The events of one file: records of length, checksum of the length, content, checksum of the content."""
    data, found = path.read_bytes(), []
    while data:
        length, length_crc = struct.unpack("<QI", data[:12])
        content, (content_crc,) = data[12 : 12 + length], struct.unpack("<I", data[12 + length : 16 + length])
        for what, crc in ((data[:8], length_crc), (content, content_crc)):
            value = crc32c(what)
            assert crc == ((value >> 15 | value << 17) + 0xA282EAD8) & 0xFFFFFFFF
        found.append(event_pb2.Event.FromString(content))
        data = data[16 + length :]
    assert found[0].file_version == "brain.Event:2"
    return found


def tensorboard_curve(workdir: Path, tag: str) -> list[tuple[int, float]]:
    """What TensorBoard shows: all files in the order of their names; a session's start purges from its step on."""
    curve = []
    for path in sorted(workdir.glob("events.out.tfevents.*")):
        for event in events(path):
            if event.HasField("session_log") and event.session_log.status == event_pb2.SessionLog.START:
                curve = [(step, value) for step, value in curve if step < event.step]
            curve += [(event.step, value.simple_value) for value in event.summary.value if value.tag == tag]
    return curve


def test_lines_and_events_say_the_same(tmp_path):
    with MetricsLog(tmp_path / "run") as log:
        log.write(10, {"disc_loss": 1.5, "gen_loss": jnp.float32(0.1), "score/real": np.float64(2)})
        log.write(20, {"disc_loss": jnp.bfloat16(-0.75), "count": np.int64(3)})
    lines = (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()
    assert lines[0] == '{"step": 10, "disc_loss": 1.5, "gen_loss": 0.10000000149011612, "score/real": 2.0}'
    assert json.loads(lines[1]) == {"step": 20, "disc_loss": -0.75, "count": 3}
    assert read_metrics(tmp_path / "run") == read_metrics(tmp_path / "run" / "metrics.jsonl")
    assert read_metrics(tmp_path / "run")[1] == {"step": 20, "disc_loss": -0.75, "count": 3}
    assert tensorboard_curve(tmp_path / "run", "disc_loss") == [(10, 1.5), (20, -0.75)]
    assert tensorboard_curve(tmp_path / "run", "score/real") == [(10, 2.0)]
    (path,) = (tmp_path / "run").glob("events.out.tfevents.*")
    assert abs(events(path)[1].wall_time - time.time()) < 100


def test_a_line_is_there_when_write_returns_and_an_event_when_flush_does(tmp_path):
    log = MetricsLog(tmp_path)
    log.write(1, {"gen_loss": 0.5})
    assert read_metrics(tmp_path) == [{"step": 1, "gen_loss": 0.5}]
    log.flush()
    assert tensorboard_curve(tmp_path, "gen_loss") == [(1, 0.5)]
    log.close()
    log.close()


def test_events_are_flushed_by_and_by(tmp_path, monkeypatch):
    log = MetricsLog(tmp_path)
    now = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now + 11)
    log.write(1, {"gen_loss": 0.5})
    assert tensorboard_curve(tmp_path, "gen_loss") == [(1, 0.5)]
    log.close()


def test_numbers_that_json_has_not(tmp_path):
    with MetricsLog(tmp_path) as log:
        log.write(1, {"a": math.nan, "b": jnp.float32(jnp.inf), "c": np.float16(-np.inf), "d": 1e300})
    (line,) = (tmp_path / "metrics.jsonl").read_text().splitlines()

    def refuse(name):
        raise AssertionError(name)

    row = json.loads(line, parse_constant=refuse)
    assert row == {"step": 1, "a": "NaN", "b": "Infinity", "c": "-Infinity", "d": 1e300}
    (row,) = read_metrics(tmp_path)
    assert math.isnan(row["a"])
    assert (row["b"], row["c"], row["d"]) == (math.inf, -math.inf, 1e300)
    ((_, nan),) = tensorboard_curve(tmp_path, "a")
    assert math.isnan(nan)
    assert tensorboard_curve(tmp_path, "c") == [(1, -math.inf)]


@pytest.mark.parametrize(
    ("cut", "resume_step", "expected"),
    [
        (0, 20, [10, 20]),  # line 30 belongs to a step that is taken again
        (0, 25, [10, 20]),
        (0, 30, [10, 20, 30]),
        (0, 0, []),
        (0, None, []),
        (9, 30, [10, 20]),  # line 30 was cut short by a kill
        (1, 30, [10, 20]),  # so it was when only its end is missing
    ],
)
def test_resuming_drops_what_came_after_the_checkpoint(tmp_path, cut, resume_step, expected):
    path = tmp_path / "metrics.jsonl"
    with MetricsLog(tmp_path) as log:
        for step in (10, 20, 30):
            log.write(step, {"gen_loss": step / 8})
    path.write_bytes(path.read_bytes()[: -cut or None])
    with MetricsLog(tmp_path, resume_step) as log:
        log.write(40, {"gen_loss": -1.0})
    assert [row["step"] for row in read_metrics(path)] == [*expected, 40]
    assert [row["gen_loss"] for row in read_metrics(path)] == [step / 8 for step in expected] + [-1.0]
    if not cut:
        assert tensorboard_curve(tmp_path, "gen_loss") == [*((s, s / 8) for s in expected), (40, -1.0)]
    assert [name for name in os.listdir(tmp_path) if name.endswith(".tmp")] == []


def test_three_resumes_within_a_second_show_one_curve(tmp_path, monkeypatch):
    monkeypatch.setattr(time, "time", lambda: 1_700_000_000.0)
    for resume_step in (None, 2, 3, 1):
        with MetricsLog(tmp_path, resume_step) as log:
            for step in range((resume_step or 0) + 1, 6):
                log.write(step, {"loss": step + 100 * (resume_step or 0)})
    assert len(list(tmp_path.glob("events.out.tfevents.1700000000.*"))) == 4
    expected = [(1, 1.0), (2, 102.0), (3, 103.0), (4, 104.0), (5, 105.0)]
    assert tensorboard_curve(tmp_path, "loss") == expected
    assert [(row["step"], row["loss"]) for row in read_metrics(tmp_path)] == expected


def test_a_first_run_purges_nothing(tmp_path):
    MetricsLog(tmp_path).close()
    (path,) = tmp_path.glob("events.out.tfevents.*")
    assert [event.HasField("session_log") for event in events(path)] == [False]


def test_a_cut_line_is_left_out_and_a_broken_one_is_not_passed_over(tmp_path):
    path = tmp_path / "metrics.jsonl"
    path.write_bytes(b'{"step": 1, "a": 2}\n{"step": 2, "a"')
    assert read_metrics(path) == [{"step": 1, "a": 2}]
    path.write_bytes(b'{"step": 1, "a": 2}\n\0\0\0\0\n')  # after a loss of power
    assert read_metrics(path) == [{"step": 1, "a": 2}]
    for broken in (b"{nonsense", b"[1]", b"{}", b'{"step": null}', b"\xff"):
        content = b'{"step": 1, "a": 2}\n' + broken + b'\n{"step": 3}\n'
        path.write_bytes(content)
        with pytest.raises(InputError, match=r"Line 2 of .*metrics.jsonl is not a line of metrics: b"):
            read_metrics(path)
        with pytest.raises(InputError, match="Line 2"):
            MetricsLog(tmp_path, 1)
        assert path.read_bytes() == content
    path.write_bytes(b"")
    assert read_metrics(path) == []
    with pytest.raises(InputError, match="which is not there"):
        read_metrics(tmp_path / "nowhere.jsonl")


@pytest.mark.parametrize(
    ("scalars", "message"),
    [
        ({"step": 1.0}, "another name for a metric than `step`"),
        ({"a": jnp.zeros(2)}, "Expected a number for a, got"),
    ],
)
def test_what_is_not_a_metric_is_refused_and_nothing_is_written(tmp_path, scalars, message):
    with MetricsLog(tmp_path) as log:
        with pytest.raises(InputError, match=message):
            log.write(1, {"fine": 1.0, **scalars})
        log.write(2, {"fine": 2.0})
    assert read_metrics(tmp_path) == [{"step": 2, "fine": 2.0}]


def test_an_image_arrives_as_png(tmp_path):
    pixels = np.arange(2 * 3 * 3, dtype=np.uint8).reshape(2, 3, 3)
    with MetricsLog(tmp_path) as log:
        log.write_image(5, "samples", pixels)
        log.write_image(6, "gray", jnp.array([[-1.0, 1.0]]))
    (path,) = tmp_path.glob("events.out.tfevents.*")
    _, color, gray = events(path)
    (value,) = color.summary.value
    assert (color.step, value.tag) == (5, "samples")
    assert (value.image.height, value.image.width, value.image.colorspace) == (2, 3, 3)
    np.testing.assert_array_equal(np.array(Image.open(io.BytesIO(value.image.encoded_image_string))), pixels)
    (value,) = gray.summary.value
    assert (value.image.height, value.image.width, value.image.colorspace) == (1, 2, 1)
    np.testing.assert_array_equal(np.array(Image.open(io.BytesIO(value.image.encoded_image_string))), [[0, 255]])


# ---------------------------------------------------------------------------------------------------- write_json


def test_write_json(tmp_path):
    path = tmp_path / "new" / "result.json"
    value = {"a": jnp.float32(0.5), "b": [np.arange(3), (1, None, True)], "c": math.inf, "d": Path("x/y"), "é": "ü"}
    write_json(path, value)
    assert json.loads(path.read_text()) == {
        "a": 0.5,
        "b": [[0, 1, 2], [1, None, True]],
        "c": "Infinity",
        "d": "x/y",
        "é": "ü",
    }
    assert path.read_text().endswith("}\n")
    assert os.listdir(path.parent) == ["result.json"]
    write_json(path, jnp.array([1.5, jnp.nan], jnp.bfloat16))
    assert json.loads(path.read_text()) == [1.5, "NaN"]


@pytest.mark.parametrize("value", [object(), {1: 2}, {"a": {3}}, jnp.array([1j])])
def test_write_json_refuses_what_json_has_not_and_keeps_the_old_file(tmp_path, value):
    path = tmp_path / "result.json"
    write_json(path, [1])
    with pytest.raises(InputError):
        write_json(path, value)
    assert json.loads(path.read_text()) == [1]


def test_a_file_appears_whole_or_not_at_all(tmp_path, monkeypatch):
    path = tmp_path / "file"
    _files.replace_file(path, b"old")

    def fail(*arguments):
        raise OSError("disk full")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="disk full"):
        _files.replace_file(path, b"new")
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["file"]
    monkeypatch.undo()
    _files.replace_file(path, b"new")
    assert path.read_bytes() == b"new"
    mask = os.umask(0)
    os.umask(mask)
    assert path.stat().st_mode & 0o777 == 0o666 & ~mask


# ---------------------------------------------------------------- disks that fail


@contextlib.contextmanager
def no_room(size):
    """No file may grow beyond that."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_lines_that_had_no_room_come_when_there_is_some(tmp_path):
    with MetricsLog(tmp_path) as log:
        log.write(1, {"loss": 0.1})
        size = (tmp_path / "metrics.jsonl").stat().st_size
        with no_room(size + 7):  # in the middle of a line
            for step in (2, 3):
                with pytest.raises(OSError, match="File too large"):
                    log.write(step, {"loss": 0.2})
        assert [row["step"] for row in read_metrics(tmp_path)] == [1]  # and a line that is cut short
        log.write(4, {"loss": 0.4})
    assert [row["step"] for row in read_metrics(tmp_path)] == [1, 2, 3, 4]


def test_of_many_lines_without_room_those_that_come_are_whole(tmp_path):
    with MetricsLog(tmp_path) as log:
        with no_room(100):
            for step in range(1, 400):  # of 40 bytes: more than Python holds back
                with contextlib.suppress(OSError):
                    log.write(step, {"loss": 0.12345678901234567})
        log.write(400, {"loss": 0.4})
        log.flush()
        found = [row["step"] for row in read_metrics(tmp_path)]
        with MetricsLog(tmp_path, 400) as again:
            assert again.sha256(400) == log.sha256(400)  # it knows of those alone
    assert found == [*range(1, len(found)), 400]
    assert 50 < len(found) < 400


def test_events_go_on_in_another_file_after_one_that_may_be_cut(tmp_path):
    with MetricsLog(tmp_path) as log:
        log.write(1, {"loss": 0.1})
        log.flush()
        log.write_image(2, "noise", np.random.default_rng(0).integers(0, 256, (20, 20), np.uint8))
        with no_room(200), pytest.raises(OSError, match="File too large"):
            log.flush()
        log.write(30, {"loss": 0.3})
    files = sorted(tmp_path.glob("events.*"))
    assert len(files) == 2
    assert [row["step"] for row in read_metrics(tmp_path)] == [1, 30]
    assert [event.step for event in events(files[1]) if event.HasField("summary")] == [30]


def test_metrics_come_back_to_a_folder_that_was_deleted(tmp_path):
    workdir = tmp_path / "run"
    with MetricsLog(workdir) as log:
        log.write(1, {"loss": 0.1})
        shutil.rmtree(workdir)
        log.write(2, {"loss": 0.2})  # into a file that has no name any more
        assert not workdir.exists()
        log.write_anew()
        log.write(3, {"loss": 0.3})
        assert [row["step"] for row in read_metrics(workdir)] == [1, 2, 3]
    with MetricsLog(workdir, 3) as again:
        assert again.sha256(3) == log.sha256(3)
    assert len(list(workdir.glob("events.*"))) == 2


def test_a_log_knows_whether_it_is_the_one_that_was_written(tmp_path):
    with MetricsLog(tmp_path) as log:
        for step in (10, 20, 30):
            log.write(step, {"loss": step / 7})
        marks = {step: log.sha256(step) for step in (0, 10, 15, 20, 30)}
    assert marks[10] == marks[15]
    assert len(set(marks.values())) == 4
    with MetricsLog(tmp_path, 20) as resumed:
        assert resumed.sha256(20) == marks[20]
    content = (tmp_path / "metrics.jsonl").read_text()
    (tmp_path / "metrics.jsonl").write_text(content.replace("1.4", "1.5"))
    with MetricsLog(tmp_path, 20) as changed:
        assert changed.sha256(20) != marks[20]
    (tmp_path / "metrics.jsonl").unlink()
    with MetricsLog(tmp_path, 20) as lost:
        assert lost.sha256(20) != marks[20]
