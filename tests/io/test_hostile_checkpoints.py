"""Checkpoints from strangers: whatever they claim, they are refused before it takes memory, time or trust."""

import hashlib
import json
import os
import shutil
import time

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import tensorstore as ts

from ganjax.checks import InputError
from ganjax.io import Checkpoints, restore_latest, restore_step

STATE = {"key": jax.random.key(7), "none": jnp.zeros((0, 2)), "weights": jnp.arange(1000.0) / 3}
WEIGHTS = "state['weights']"
HUGE = 10**13  # what TensorStore asks memory for without a question: the process ends then


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sound")
    with Checkpoints(folder) as checkpoints:
        checkpoints.save(3, STATE, {"cursor": 1}, score=0.5)
    return folder


@pytest.fixture
def folder(sound, tmp_path):
    shutil.copytree(sound, tmp_path / "checkpoints")
    return tmp_path / "checkpoints"


def refused(folder, message):
    """In no time, by one line, whether it is the only one or not."""
    began = time.perf_counter()
    with pytest.raises(InputError, match=message) as error:
        restore_step(folder, STATE, 3)
    assert len(str(error.value).splitlines()) == 1
    with pytest.raises(InputError, match=message):
        restore_latest(folder, STATE)
    assert time.perf_counter() - began < 10


# ---------------------------------------------------------------- what the storage claims


def storage(folder):
    return ts.KvStore.open({"driver": "ocdbt", "base": f"file://{folder}/3/state/"}).result()


@pytest.mark.parametrize(
    ("claims", "message"),
    [
        ({"shape": [HUGE], "chunks": [HUGE]}, r"stored as float32\[10000000000000\], not float32\[1000\]"),
        ({"shape": [HUGE]}, r"stored as float32\[10000000000000\], not float32\[1000\]"),
        ({"chunks": [HUGE]}, r"stored in chunks of \[10000000000000\], larger than \[1000\]"),
        ({"dtype": "<f8"}, r"stored as float64\[1000\], not float32\[1000\]"),
        ({"dtype": "<i4"}, r"stored as int32\[1000\], not float32\[1000\]"),
        ({"shape": [1000, HUGE], "chunks": [1000, 1]}, r"stored as float32\[1000, 10000000000000\]"),
    ],
)
def test_an_array_that_claims_to_be_another_is_not_read(folder, claims, message):
    key = f"{WEIGHTS}/.zarray"
    described = json.loads(storage(folder)[key])
    storage(folder)[key] = json.dumps({**described, **claims}).encode()
    refused(folder, message)


def test_an_array_too_many_is_not_read(folder):
    metadata = folder / "3" / "state" / "_METADATA"
    described = json.loads(metadata.read_text())
    (name,) = (name for name in described["tree_metadata"] if "weights" in name)
    for where in (described["tree_metadata"],):
        where[name.replace("weights", "more")] = json.loads(json.dumps(where[name]).replace("weights", "more"))
    metadata.write_text(json.dumps(described))
    claims = {**json.loads(storage(folder)[f"{WEIGHTS}/.zarray"]), "shape": [HUGE], "chunks": [HUGE]}
    storage(folder)["state['more']/.zarray"] = json.dumps(claims).encode()
    refused(folder, "more.* is stored too, which is no part of the state")


def test_a_chunk_that_unpacks_to_more_is_not_unpacked(folder, tmp_path):
    large = ts.open(
        {
            "driver": "zarr",
            "kvstore": f"file://{tmp_path}/large/",
            "metadata": {"shape": [2**24], "chunks": [2**24], "dtype": "<f4", "compressor": {"id": "zstd", "level": 1}},
            "create": True,
        }
    ).result()
    large.write(np.full(2**24, 0.5, np.float32)).result()
    packed = (tmp_path / "large" / "0").read_bytes()
    assert len(packed) < 20_000  # of 64 MiB
    storage(folder)[f"{WEIGHTS}/0"] = packed
    refused(folder, "at uncompressed byte 4000")


# ---------------------------------------------------------------- what the manifest claims


def manifest(folder):
    return folder / "3" / "manifest" / "metadata"


def resealed(folder, change):
    """A manifest of the stranger's own, with a checksum that is right."""
    contents = json.loads(json.loads(manifest(folder).read_text())["contents"])
    change(contents)
    text = json.dumps(contents)
    sealed = {"contents": text, "sha256": hashlib.sha256(text.encode()).hexdigest()}
    manifest(folder).write_text(json.dumps(sealed))


def row(contents, name):
    return next(row for row in contents["leaves"] if row[0] == f"state['{name}']")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda c: row(c, "weights").__setitem__(2, [HUGE]), r"does not fit: .*float32\[10000000000000\]"),
        (lambda c: row(c, "none").__setitem__(2, [0, HUGE]), r"does not fit: .*float32\[0, 10000000000000\]"),
        (lambda c: row(c, "weights").__setitem__(3, "threefry2x32"), "which 'threefry2x32' does not make"),
        (lambda c: row(c, "key").__setitem__(3, ""), "which '' does not make"),
        (lambda c: row(c, "key").__setitem__(3, "rbg"), "which 'rbg' does not make"),
        (lambda c: row(c, "key").__setitem__(3, "os.system"), "unrecognized PRNG implementation"),
        (lambda c: c["leaves"].pop(), "is only in the state to be restored"),
        (lambda c: c.update(leaves=[[]]), "ValueError: "),
        (lambda c: c.update(leaves=7), "TypeError: "),
        (lambda c: c.update(step=4), "saved at step 4 and lies in the place of step 3"),
        (lambda c: c.update(extra=[1]), "not one of a checkpoint"),
        (lambda c: c.update(score="high"), "not one of a checkpoint"),
        (lambda c: c.update(score=float("nan")), "not one of a checkpoint"),
        (lambda c: c.update(schema="1"), "names no schema"),
        (lambda c: c.update(schema=0), "got 0 at step 3, which an older version of ganjax wrote: restore it with the"),
        (lambda c: c.update(schema=9), "got 9 at step 3, which a newer version of ganjax wrote: update ganjax, or"),
    ],
)
def test_a_manifest_that_lies_is_refused(folder, change, message):
    resealed(folder, change)
    refused(folder, message)
    with Checkpoints(folder) as checkpoints:  # which looks for the best one
        assert checkpoints.best_step() in (3, None)


@pytest.mark.parametrize(
    "content",
    [b"[" * 100_000, b"7", b"null", b'{"contents": 7, "sha256": ""}', b'{"contents": "{}"}', b"\xff\xfe", b"{}{}"],
)
def test_a_manifest_of_anything_else_is_refused(folder, content):
    manifest(folder).write_bytes(content)
    refused(folder, "step 3.*(damaged|Error)")


def test_no_more_is_read_than_there_can_be(folder):
    os.truncate(manifest(folder), 2**24 + 1)  # more than any manifest, less than all that may be there
    refused(folder, "metadata is larger than 16,777,216 bytes")


@pytest.mark.parametrize("name", ["manifest/metadata", "state/_METADATA", "state/manifest.ocdbt", "core"])
def test_a_file_that_is_larger_than_all_can_be_is_not_opened(folder, name):
    file = folder / "3" / name
    file.touch()
    os.truncate(file, 2**40)
    refused(folder, "it takes 1,099,511,[0-9]{3},[0-9]{3} bytes, and a state like this at most 67,116,8")


@pytest.mark.parametrize("name", ["manifest/metadata", "state/_METADATA", "state/manifest.ocdbt", "core"])
@pytest.mark.parametrize("kind", ["pipe", "link"])
def test_what_is_no_file_is_not_opened(folder, tmp_path, name, kind):
    """A pipe would be waited for, and a link leads out of the folder."""
    file = folder / "3" / name
    elsewhere = tmp_path / "elsewhere"
    if file.exists():
        file.rename(elsewhere)
    if kind == "pipe":
        os.mkfifo(file)
    else:
        file.symlink_to(elsewhere)
    refused(folder, f"{file.name} in it is neither a file nor a folder")


def test_nothing_of_a_checkpoint_is_a_pickle(sound):
    for file in sound.rglob("*"):
        content = file.read_bytes() if file.is_file() else b""
        assert not content.startswith((b"\x80\x04", b"\x80\x05", b"\x80\x02"))
