"""Sets on disk are shown as the same sets in memory are, from any step on, by any number of workers and processes."""

import contextlib
import functools
import hashlib
import io
import threading
import time
import zipfile

import content
import games
import jax
import jax.numpy as jnp
import numpy as np
import optax
import prepared
import pytest
from PIL import Image

from ganjax import data, parallel, steps
from ganjax.checks import InputError
from ganjax.data import Records, Streaming, Transform

KEY = jax.random.key(3)
NUM, BATCH = 37, 10  # no batch ends with an epoch before the tenth epoch does
TWO_EPOCHS = 8  # batches: 80 samples of 2 · 37
RNG = np.random.default_rng(5)
IMAGES = RNG.integers(0, 256, (NUM, 6, 5, 3), dtype=np.uint8)  # not square, three channels that differ
LABELS = np.sort(RNG.integers(0, 4, NUM))


def encoded(image, kind="png"):
    file = io.BytesIO()
    Image.fromarray(image).save(file, format=kind, **({"quality": 95} if kind == "jpeg" else {}))
    return file.getvalue()


def paths(ending):
    return [f"train/{label}/{i:03}.{ending}" for i, label in enumerate(LABELS)]


def write_folder(root, kind="png"):
    for path, image in zip(paths(kind), IMAGES, strict=True):
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(encoded(image, kind))
    return root


def write_zip(path, kind="png", method=zipfile.ZIP_STORED):
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, image in zip(paths(kind), IMAGES, strict=True):
            archive.writestr(name, encoded(image, kind))
    return path


def write_array_records(root):
    features = content.image_features((6, 5, 3), "png", 4)
    examples = [{"image": encoded(image), "label": int(label)} for image, label in zip(IMAGES, LABELS, strict=True)]
    split = content.Split(NUM, lambda: iter(examples))
    made = content.Content(features, ("image", "label"), {"train": split})
    prepared.write(prepared.Identity("tiny", "1.0.0", "Noise."), made, root, lambda name, done: None)
    return root


@pytest.fixture(scope="module")
def sets(tmp_path_factory):
    """name -> (records, the same set in memory)"""
    root, transform = tmp_path_factory.mktemp("sets"), Transform(resolution=4)
    folder, archive = write_folder(root / "folder"), write_zip(root / "a.zip", "jpeg", zipfile.ZIP_DEFLATED)
    resized = functools.partial(data.load, reading=data.Reading(transform))
    return {
        "folder": (data.open_records("folder", folder), data.load("folder", str(folder))),
        "zip": (data.open_records("folder", archive, transform=transform), resized("folder", str(archive))),
        "array_record": (
            data.open_records("tfds:tiny", write_array_records(root), transform=transform),
            resized("tfds:tiny", str(root)),
        ),
    }


def records(read=None):
    spec = data.image_source("noise", IMAGES, LABELS, 4).spec
    return Records(spec, read or (lambda i: (IMAGES[i], int(LABELS[i]))))


def in_memory():
    return data.image_source("noise", IMAGES, LABELS, 4)


def open_feed(source, end=TWO_EPOCHS, **rows):
    return contextlib.closing(source.feed(KEY, BATCH, end, **rows))


def digest(arrays):
    """One hash a step, of its images and labels."""
    return [hashlib.sha256(x.tobytes() + y.tobytes()).hexdigest() for x, y in zip(*arrays[1:], strict=True)]


def fed(source, *chunks, end=TWO_EPOCHS):
    """The hashes of the steps of chunks (first, steps), fed one after the other."""
    with open_feed(source, end) as feed:
        return [each for first, num in chunks for each in digest(feed(first, num))]


def expected(source, num=TWO_EPOCHS):
    indices = np.stack([source.draw(KEY, step, BATCH) for step in range(num)])
    return [digest_of(source, each) for each in indices]


def digest_of(source, indices):
    images, labels = source.take(indices)
    return hashlib.sha256(images.tobytes() + labels.astype(np.int32).tobytes()).hexdigest()


# ---------------------------------------------------------------- the same batches


@pytest.mark.parametrize("name", ["folder", "zip", "array_record"])
@pytest.mark.parametrize("reader", list(data.READERS))
def test_two_epochs_are_those_of_the_set_in_memory(sets, name, reader):
    if reader == "grain":
        pytest.importorskip("grain")
    recorded, memory = sets[name]
    source = data.stream_source(recorded, Streaming(2, 3, reader))
    assert source.spec == memory.spec
    assert fed(source, (0, TWO_EPOCHS)) == expected(memory)


def test_gathered_batches_and_labels_are_those_in_memory():
    source, memory = data.stream_source(records(), Streaming(2)), in_memory()
    with open_feed(source) as feed:
        arrays = feed(2, 3)
        for step in (2, 3, 4):
            draw, other = source.draw(KEY, step, BATCH), memory.draw(KEY, step, BATCH)
            batch = data.labelled(source).gather(arrays, draw)
            same = data.labelled(memory).gather(memory.arrays, other)
            np.testing.assert_array_equal(batch.samples, same.samples)
            np.testing.assert_array_equal(batch.condition, same.condition)
    np.testing.assert_array_equal(data.batch_at(source, KEY, 5, BATCH).samples, memory_batch(memory, 5))
    for one in (source, memory, data.labelled(source)):
        shapes = data.batch_shapes(one, BATCH)
        assert (shapes.samples.shape, shapes.samples.dtype) == ((BATCH, 6, 5, 3), jnp.float32)


def memory_batch(memory, step):
    return data.batch_at(memory, KEY, step, BATCH).samples


def test_a_step_that_was_not_fed_is_not_a_number():
    """The nearest one that was fed would be a wrong batch, silently."""
    source = data.stream_source(records())
    with open_feed(source) as feed:
        arrays = feed(2, 3)
    found = [float(jnp.mean(source.gather(arrays, source.draw(KEY, step, BATCH)).samples)) for step in (1, 2, 4, 5)]
    assert [np.isfinite(x) for x in found] == [False, True, True, False]


def test_from_whatever_step_the_batches_are_the_same():
    """Killed after any step, with chunks of any length: what follows is what would have followed."""
    source = data.stream_source(records(), Streaming(2, 4, "threads"))
    whole = fed(source, (0, TWO_EPOCHS))
    assert len(set(whole)) == TWO_EPOCHS
    for start in range(TWO_EPOCHS):
        assert fed(source, (start, TWO_EPOCHS - start)) == whole[start:]
    assert fed(source, (0, 1), (1, 4), (5, 3)) == whole
    assert fed(source, (5, 2), (0, 2), (2, 1)) == [*whole[5:7], *whole[:3]]  # back, and on from there


def test_another_key_or_batch_size_is_another_order():
    source = data.stream_source(records(), Streaming(reader="threads"))
    with contextlib.closing(source.feed(jax.random.key(4), BATCH, 1)) as feed:
        assert digest(feed(0, 1)) != fed(source, (0, 1))


def test_taken_samples_are_those_in_memory(sets):
    indices = np.array([36, 0, 7, 7])
    for recorded, memory in sets.values():
        for one, other in zip(data.stream_source(recorded).take(indices), memory.take(indices), strict=True):
            np.testing.assert_array_equal(one, other)
        np.testing.assert_array_equal(memory.take(indices)[0], np.asarray(memory.arrays.samples)[indices])
    many = np.arange(NUM).repeat(5)
    np.testing.assert_array_equal(data.stream_source(records()).take(many)[0], IMAGES[many])


def test_a_set_of_records_may_be_held_in_memory(sets):
    for recorded, memory in sets.values():
        held = data.held_source(recorded, Streaming(2))
        assert held.spec == memory.spec
        np.testing.assert_array_equal(held.arrays.samples, memory.arrays.samples)
        np.testing.assert_array_equal(held.arrays.labels, memory.arrays.labels)


def test_only_pictures_on_disk_are_records(tmp_path):
    assert data.open_records("digits", None) is None
    assert data.open_records("tfds:", tmp_path) is None  # `load` says what is missing
    assert data.open_records("folder", None) is None


# ---------------------------------------------------------------- reading ahead


@pytest.fixture(params=list(data.READERS))
def reader(request):
    if request.param == "grain":
        pytest.importorskip("grain")
    return data.READERS[request.param]


def slow_first(i):
    time.sleep(0.05 if i == 3 else 0)
    return i


def test_elements_come_in_order_and_no_more_than_the_buffer_are_ahead(reader):
    begun = []

    def read(i):
        begun.append(i)
        return slow_first(i)

    elements = reader(read, 3, 50, 4, 6)
    for i in range(3, 20):
        assert next(elements) == i
        # those that were given, one in the hands of this loop, and the buffer
        assert max(begun) <= i + 7
    elements.close()
    assert max(begun) < 30
    assert list(reader(slow_first, 3, 9, 4, 2)) == [3, 4, 5, 6, 7, 8]


def test_closing_ends_the_workers(reader):
    before = set(threading.enumerate())
    elements = reader(slow_first, 0, 1000, 3, 20)
    assert next(elements) == 0
    assert len(set(threading.enumerate()) - before) >= 1
    elements.close()
    deadline = time.monotonic() + 5
    while workers(before):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def workers(before):
    return [x for x in set(threading.enumerate()) - before if "ganjax-reader" in x.name or "prefetch" in x.name]


def test_a_record_that_cannot_be_read_is_one_error_where_it_would_have_come(reader, tmp_path):
    name = next(name for name, row in data.READERS.items() if row is reader)
    root = write_folder(tmp_path / "set")
    source = data.stream_source(data.open_records("folder", root), Streaming(2, 4, name))
    indices = np.stack([data.indices_at(KEY, step, BATCH, NUM) for step in range(3)])
    victim = root / sorted(paths("png"))[indices[2, 0]]
    first_seen = int(np.argmax((indices == indices[2, 0]).any(axis=1)))
    victim.write_bytes(victim.read_bytes()[:60])
    before = set(threading.enumerate())
    with open_feed(source) as feed:
        if first_seen:
            feed(0, first_seen)
        with pytest.raises(InputError, match=f"Expected a picture in train/.*{victim.name} of .*set, but it can't"):
            feed(first_seen, 1)
        with pytest.raises(InputError, match="can't be read"):  # and again, not a batch of something else
            feed(first_seen, 1)
    assert not workers(before) or name == "grain"  # grain's end on their own, soon


def test_a_picture_of_another_size_is_named(tmp_path):
    root = write_folder(tmp_path / "set")
    (root / paths("png")[7]).write_bytes(encoded(np.zeros((6, 6, 3), np.uint8)))
    recorded = data.open_records("folder", root)
    with pytest.raises(InputError, match=r"one shape in set \(train\), got \[6, 5, 3\] .* \[6, 6, 3\] of train/.*007"):
        [recorded.read(i) for i in range(NUM)]


def test_a_label_that_is_no_class_is_named(tmp_path):
    path = write_array_records(tmp_path) / "tiny/1.0.0/features.json"
    assert path.read_text().count('"4"') == 1  # classes
    path.write_text(path.read_text().replace('"4"', '"3"'))
    recorded = data.open_records("tfds:tiny", tmp_path)
    with pytest.raises(InputError, match=r"labels of tiny \(train\) from 0 to 2, got 3 of record \d+ of .*tiny"):
        [recorded.read(i) for i in range(NUM)]


@pytest.mark.parametrize(
    ("first", "num", "message"), [(6, 3, "before 8, got 3 from 6"), (-1, 2, "from -1"), (0, 0, "got 0")]
)
def test_steps_that_the_run_does_not_have_are_refused(first, num, message):
    with open_feed(data.stream_source(records())) as feed, pytest.raises(InputError, match=message):
        feed(first, num)


@pytest.mark.parametrize("wrong", [Streaming(workers=0), Streaming(prefetch=-1)])
def test_no_workers_and_no_room_are_refused(wrong):
    with pytest.raises(InputError, match=">= 1"):
        data.stream_source(records(), wrong)


def test_what_is_read_ahead_is_bounded_by_bytes():
    assert Streaming(4).num_ahead(2**20) == 256
    assert Streaming(4).num_ahead(2**24) == 16
    assert Streaming(4).num_ahead(2**30) == 8  # two a worker, however large
    assert Streaming(4, 3).num_ahead(2**30) == 3


# ---------------------------------------------------------------- several processes


@pytest.mark.parametrize(("count", "num_batches"), [(2, 1), (2, 3), (4, 2)])
def test_processes_read_disjoint_shares_that_cover_every_epoch_once(count, num_batches):
    """Eight devices of `count` processes; batches of 16, steps of several batches."""
    size, owner = 16, np.arange(8) // (8 // count)
    rows = [parallel.rows_of((owner == process).tolist(), size, num_batches) for process in range(count)]
    assert sorted(np.concatenate(rows)) == list(range(size * num_batches))
    assert {len(each) for each in rows} == {size * num_batches // count}
    for process, each in enumerate(rows):  # of every batch the part that this process's devices play
        assert set(each % size // (size // count)) == {process}
    # an epoch of three steps is shown by all processes together exactly once
    num = 3 * size * num_batches
    shown = [np.asarray(data.indices_at(KEY, step, size * num_batches, num)) for step in range(3)]
    seen = [np.concatenate([step[each] for step in shown]) for each in rows]
    assert all(len(set(each)) == num // count for each in seen)
    assert sorted(np.concatenate(seen)) == list(range(num))


def test_the_processes_rows_together_are_the_batch():
    source = data.stream_source(records(), Streaming(reader="threads"))
    with open_feed(source) as feed:
        whole = feed(1, 2)
    for rows in (np.arange(0, 5), np.array([7, 2])):
        with open_feed(source, rows=rows) as feed:
            own = feed(1, 2)
        np.testing.assert_array_equal(own.samples, whole.samples[:, rows])
        np.testing.assert_array_equal(own.labels, whole.labels[:, rows])


def on_mesh(mesh, feed, num_batches, *chunk):
    """A chunk as several processes would place it, here all by one."""
    return jax.tree.map(
        lambda x: parallel.from_own_rows(mesh, x, num_batches) if x.ndim else parallel.replicate(mesh, x), feed(*chunk)
    )


def test_rows_lie_on_the_devices_that_play_them():
    """Two batches of eight a step: each device holds a row of each."""
    mesh, source, memory = parallel.mesh(8), data.stream_source(records(), Streaming(reader="threads")), in_memory()
    with contextlib.closing(source.feed(KEY, 16, 3, rows=parallel.own_rows(mesh, 8, 2))) as feed:
        arrays = on_mesh(mesh, feed, 2, 0, 3)
    assert arrays.samples.shape == (3, 2, 8, 6, 5, 3)
    assert {shard.data.shape for shard in arrays.samples.addressable_shards} == {(3, 2, 1, 6, 5, 3)}
    batch = data.labelled(source).gather(arrays, source.draw(KEY, 2, 16))
    np.testing.assert_array_equal(batch.samples, data.batch_at(memory, KEY, 2, 16).samples)
    np.testing.assert_array_equal(batch.condition, data.batch_at(data.labelled(memory), KEY, 2, 16).condition)


@pytest.mark.slow
def test_steps_on_eight_devices_are_those_in_memory_on_one():
    """Two batches a step, each split over the devices."""
    small = np.random.default_rng(8).integers(0, 256, (50, 2, 1, 1), dtype=np.uint8)
    memory = flat(data.image_source("noise", small))
    streamed = flat(data.stream_source(Records(memory.spec, lambda i: (small[i], None)), Streaming(2, 4, "threads")))
    algorithm = steps.alternating(games.batch_norm_game(), optax.sgd(0.05), optax.sgd(0.05), disc_steps=2)
    state = games.first_state(algorithm, data.batch_shapes(memory, 16))
    alone = jax.jit(steps.chunk(algorithm, memory.draw, memory.gather, 8, 3))(state, KEY, memory.arrays)
    mesh = parallel.mesh(8)
    run = parallel.by_compiler(mesh, algorithm, streamed.draw, streamed.gather, batch_size=8, length=3)
    with contextlib.closing(streamed.feed(KEY, 16, 3, rows=parallel.own_rows(mesh, 8, 2))) as feed:
        arrays = on_mesh(mesh, feed, 2, 0, 3)
    many = parallel.on_host(run(parallel.replicate(mesh, state), KEY, arrays))
    for one, other in zip(jax.tree.leaves(alone), jax.tree.leaves(many), strict=True):
        if jnp.issubdtype(one.dtype, jnp.floating):
            np.testing.assert_allclose(one, other, rtol=0, atol=2e-6)


def flat(source):
    """Images as the points that the small game is played on."""

    def gather(arrays, draw):
        batch = source.gather(arrays, draw)
        return batch._replace(samples=batch.samples.reshape(-1, 2))

    return source._replace(gather=gather)


# ---------------------------------------------------------------- members of an archive


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_members_are_what_zipfile_reads(tmp_path, method):
    from ganjax.data._archive import read_member

    with zipfile.ZipFile(write_zip(tmp_path / "a.zip", method=method)) as archive:
        members = archive.infolist()
        assert len(members) == NUM
        for info in members:
            assert read_member(tmp_path / "a.zip", info) == archive.read(info)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda content, info: content[: info.header_offset + 10], "no member at byte"),
        (lambda content, info: content[: info.header_offset + 60], "of .* bytes"),
        (lambda content, info: b"XX" + content[2:], "no member at byte 0"),
        (lambda content, info: content[:70] + bytes([content[70] ^ 1]) + content[71:], "checksum"),
    ],
)
def test_damaged_members_are_refused(tmp_path, damage, message):
    from ganjax.data._archive import read_member

    path = write_zip(tmp_path / "a.zip")
    with zipfile.ZipFile(path) as archive:
        info = archive.infolist()[0]
    path.write_bytes(damage(path.read_bytes(), info))
    with pytest.raises(zipfile.BadZipFile, match=message):
        read_member(path, info)


def test_other_compressions_and_longer_contents_are_refused(tmp_path):
    from ganjax.data._archive import read_member

    with pytest.raises(InputError, match=r"got train/0/000\.png packed otherwise"):
        data.open_records("folder", write_zip(tmp_path / "b.zip", method=zipfile.ZIP_BZIP2))
    with zipfile.ZipFile(write_zip(tmp_path / "d.zip", method=zipfile.ZIP_DEFLATED)) as archive:
        info = archive.infolist()[0]
    info.file_size -= 5  # it says less than it holds
    with pytest.raises(zipfile.BadZipFile, match="checksum"):
        read_member(tmp_path / "d.zip", info)
