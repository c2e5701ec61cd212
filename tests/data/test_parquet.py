"""Parquet files as Hugging Face's hub serves them: the same images, splits by name, and no path followed."""

import io
import json
import resource

import numpy as np
import pytest
from PIL import Image

from ganjax import data
from ganjax.checks import InputError
from ganjax.data import Reading, Transform
from ganjax.data._parquet import parquet_pictures

pa = pytest.importorskip("pyarrow")
parquet = pytest.importorskip("pyarrow.parquet")

RNG = np.random.default_rng(4)
IMAGES = RNG.integers(0, 256, (7, 5, 4, 3), dtype=np.uint8)
LABELS = [2, 0, 1, 1, 0, 2, 0]


def png(image):
    file = io.BytesIO()
    Image.fromarray(image).save(file, "png")
    return file.getvalue()


def structs(images):
    return [{"bytes": png(image), "path": f"{i}.png"} for i, image in enumerate(images)]


def write(path, names=None, **columns):
    table = pa.table(columns)
    if names is not None:
        label = {"names": names, "_type": "ClassLabel"}
        table = table.replace_schema_metadata({"huggingface": json.dumps({"info": {"features": {"label": label}}})})
    path.parent.mkdir(exist_ok=True, parents=True)
    parquet.write_table(table, path, row_group_size=2)
    return str(path)


def test_one_file(tmp_path):
    path = write(tmp_path / "some.parquet", image=structs(IMAGES), label=LABELS)
    source = data.load("parquet", path)
    assert source.spec == data.Spec("some.parquet (train)", (5, 4, 3), 7, 3, (-1.0, 1.0))
    np.testing.assert_array_equal(source.arrays.samples, IMAGES)
    np.testing.assert_array_equal(source.arrays.labels, LABELS)
    with pytest.raises(InputError, match=r"split train of the one file .*, got 'test': name the file of test"):
        data.load("parquet", path, "test")


def test_a_folder_with_splits_in_several_files(tmp_path):
    for i, rows in enumerate((slice(0, 3), slice(3, 5))):
        write(
            tmp_path / f"data/train-0000{i}-of-00002.parquet",
            list("abcd"),
            image=structs(IMAGES[rows]),
            label=LABELS[rows],
        )
    write(tmp_path / "data/test-00000-of-00001.parquet", list("abcd"), image=structs(IMAGES[5:]), label=LABELS[5:])
    train, test = (data.parquet_source(tmp_path, split) for split in ("train", "test"))
    np.testing.assert_array_equal(train.arrays.samples, IMAGES[:5])
    np.testing.assert_array_equal(train.arrays.labels, LABELS[:5])
    np.testing.assert_array_equal(test.arrays.samples, IMAGES[5:])
    assert train.spec.num_classes == test.spec.num_classes == 4  # as described, though the greatest label is 2
    with pytest.raises(InputError, match=r"Unknown split of .*validation.* Known: train, test"):
        data.parquet_source(tmp_path, "validation")


def test_plain_bytes_without_labels_are_read_as_pictures_are(tmp_path):
    path = write(tmp_path / "some.parquet", img=[png(image) for image in IMAGES], name=["x"] * 7)
    source = data.parquet_source(path, reading=Reading(Transform(crop=4, channels=1)))
    assert source.spec[1:4] == ((4, 4, 1), 7, None)
    expected = [Transform(crop=4, channels=1)(image) for image in IMAGES]
    np.testing.assert_array_equal(source.arrays.samples, expected)


def test_a_row_that_is_no_picture(tmp_path):
    rows = structs(IMAGES)
    rows[3]["bytes"] = rows[3]["bytes"][:40]
    rows[5] = {"bytes": None, "path": "/etc/passwd"}
    path = write(tmp_path / "some.parquet", image=rows, label=LABELS)
    with pytest.raises(InputError, match=r"picture in row 3 of some.parquet"):
        data.parquet_source(path)
    source = data.parquet_source(path, reading=Reading(on_error="skip"))
    kept = [0, 1, 2, 4, 6]
    np.testing.assert_array_equal(source.arrays.samples, IMAGES[kept])
    np.testing.assert_array_equal(source.arrays.labels, np.array(LABELS)[kept])
    assert source.spec.notes == ("2 rows left out: can't be read (row 3 of some.parquet, row 5 of some.parquet)",)


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"label": LABELS}, "one column of pictures .*, got none among label"),
        ({"one": structs(IMAGES), "two": structs(IMAGES)}, "one column of pictures .*, got one, two among one, two"),
        ({"image": structs(IMAGES), "label": [str(label) for label in LABELS]}, "integer label in every row"),
        ({"image": structs(IMAGES), "label": [None, *LABELS[1:]]}, "integer label in every row"),
        ({"image": structs(IMAGES), "label": [-1] * 7}, "labels from 0 to 65535 in .*, got -1 to -1: .*kept secret"),
        ({"image": structs(IMAGES), "label": [2**30] * 7}, "labels from 0 to 65535"),
        ({"image": structs([*IMAGES[:6], IMAGES[6, 1:]])}, "one size .* of row 0 of .* of row 6 of some.parquet"),
        ({"image": pa.array([], pa.binary())}, "one or more rows"),
    ],
)
def test_refuses_what_does_not_fit(tmp_path, columns, message):
    with pytest.raises(InputError, match=message):
        data.parquet_source(write(tmp_path / "some.parquet", **columns))


def test_files_name_the_column_of_pictures_alike(tmp_path):
    for name, column in (("a", "image"), ("b", "picture")):
        write(tmp_path / f"{name}.parquet", **{column: structs(IMAGES[:2])})
    with pytest.raises(
        InputError, match=r"by one name in all files of .*, got image in a.parquet and picture in b.par"
    ):
        data.parquet_source(tmp_path)
    write(tmp_path / "b.parquet", label=[1, 2])
    with pytest.raises(InputError, match=r"one column of pictures .* in .*b.parquet, got none among label"):
        data.parquet_source(tmp_path)


def test_refuses_labels_beyond_the_described_ones_and_too_many_bytes(tmp_path):
    path = write(tmp_path / "some.parquet", ["a", "b"], image=structs(IMAGES), label=LABELS)
    with pytest.raises(InputError, match=r"labels from 0 to 1 in .*, got 0 to 2"):
        data.parquet_source(path)
    with pytest.raises(InputError, match=r"at most .* GiB in"):
        data.parquet_source(path, max_bytes=10)


def test_refuses_damaged_files_and_empty_places(tmp_path):
    path = tmp_path / "some.parquet"
    write(path, image=structs(IMAGES))
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(InputError, match=r"whole parquet file at .*some.parquet, got: .*: fetch it again"):
        data.parquet_source(path)
    path.unlink()
    with pytest.raises(InputError, match=r"got no .parquet file in it"):
        data.parquet_source(tmp_path)
    with pytest.raises(InputError, match="got nothing there"):
        data.parquet_source(path)


def test_rows_that_repeat_a_picture_are_unpacked_until_they_are_too_many(tmp_path):
    """A small file may stand for as many bytes as its author likes: here a megabyte, 200 times."""
    picture = png(RNG.integers(0, 256, (600, 600, 3), dtype=np.uint8))
    table = pa.table({"image": pa.array([{"bytes": picture, "path": "a.png"}] * 200)})
    path = tmp_path / "some.parquet"
    parquet.write_table(table, path, compression="none", dictionary_pagesize_limit=2**22)
    assert path.stat().st_size < 3 * len(picture)
    assert len(table) * len(picture) > 2 * 10**8
    del table
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(InputError, match=r"at most 0\.0488 GiB in .*some\.parquet, unpacked, got more"):
        parquet_pictures(path, "train", 50 * 2**20)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 150_000  # KiB


def test_columns_that_unpack_to_too_much_are_not_unpacked(tmp_path):
    table = pa.table({"image": [bytes(2**20) + bytes([i]) for i in range(20)]})
    parquet.write_table(table, tmp_path / "some.parquet", compression="zstd", use_dictionary=False)
    assert (tmp_path / "some.parquet").stat().st_size < 2**18
    with pytest.raises(InputError, match=r"at most 0\.00977 GiB in .*, unpacked, got more"):
        parquet_pictures(tmp_path / "some.parquet", "train", 10 * 2**20)
