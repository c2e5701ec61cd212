"""TFRecord files: both checksums, an index without reading the data, and every byte's damage noticed."""

import concurrent.futures
import pickle

import numpy as np
import pytest
from tensorboardX.record_writer import RecordWriter

from ganjax.checks import InputError
from ganjax.data._tfrecord import Shard, TFRecords, crc32c, index_records, masked_crc32c, read_record

RNG = np.random.default_rng(3)
RECORDS = [b"first", b"", RNG.bytes(1), RNG.bytes(3000), b"\0" * 40]
# a record takes 16 bytes more than its data
OFFSETS = [0, 21, 37, 54, 3070]
SIZE = 3126


def bit_by_bit(data):
    """CRC-32C from its definition: division by the polynomial, one bit after the other."""
    register = 0xFFFFFFFF
    for byte in data:
        register ^= byte
        for _ in range(8):
            register = (register >> 1) ^ (0x82F63B78 if register & 1 else 0)
    return register ^ 0xFFFFFFFF


@pytest.fixture
def file(tmp_path):
    """Framed by another library's writer, with its own checksums."""
    path = tmp_path / "some.tfrecord"
    writer = RecordWriter(str(path))
    for record in RECORDS:
        writer.write(record)
    writer.close()
    assert path.stat().st_size == SIZE
    return path


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        # RFC 3720, appendix B.4
        (b"\0" * 32, 0x8A9136AA),
        (b"\xff" * 32, 0x62A8AB43),
        (bytes(range(32)), 0x46DD794E),
        (bytes(range(31, -1, -1)), 0x113FDB5C),
        # the usual check value of the Rocksoft model
        (b"123456789", 0xE3069283),
        (b"", 0),
    ],
)
def test_published_checksums(data, expected):
    assert crc32c(data) == expected


@pytest.mark.parametrize("length", [1, 2, 3, 4, 5, 1023, 1024, 1025, 1027, 1028, 2051])
def test_checksums_of_every_kind_of_length(length):
    data = RNG.bytes(length)
    assert crc32c(data) == bit_by_bit(data)


def test_the_mask():
    # crc 0: 0 + a282ead8; e3069283 rotated right by 15 is (e3069283 >> 15) | (e3069283 << 17) mod 2^32
    #   = 0001c60d | 25060000 = 2507c60d; plus a282ead8 = c78ab0e5
    assert masked_crc32c(b"") == 0xA282EAD8
    assert masked_crc32c(b"123456789") == 0xC78AB0E5


def test_reads_in_any_order(file):
    assert index_records(file).tolist() == OFFSETS
    records = TFRecords([Shard(file, 5)])
    assert len(records) == 5
    assert [records[i] for i in (4, 0, 3, 2, 1)] == [RECORDS[i] for i in (4, 0, 3, 2, 1)]
    assert records[-1] == RECORDS[-1]
    with pytest.raises(IndexError):
        records[5]
    assert list(records) == RECORDS


def test_stretches_of_several_files(file):
    shards = [Shard(file, 5, skip=3, take=1), Shard(file, 5, skip=0, take=0), Shard(file, 5, skip=1)]
    assert list(TFRecords(shards)) == [RECORDS[3], *RECORDS[1:]]
    assert list(TFRecords([])) == []


def test_many_readers_and_other_processes(file):
    records = TFRecords([Shard(file, 5)])
    assert list(pickle.loads(pickle.dumps(records))) == RECORDS
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        order = [i % 5 for i in range(200)]
        assert list(pool.map(records.__getitem__, order)) == [RECORDS[i] for i in order]


def test_no_damaged_byte_goes_unnoticed(file):
    content = file.read_bytes()
    places = [*range(60), *range(60, SIZE - 60, 97), *range(SIZE - 60, SIZE)]
    for place in places:
        damaged = bytearray(content)
        damaged[place] ^= 1 << place % 8
        file.write_bytes(damaged)
        with pytest.raises(InputError, match=str(file)):
            list(TFRecords([Shard(file, 5)]))


@pytest.mark.parametrize("length", [2**62, 2**64 - 1, SIZE])
def test_a_length_beyond_the_file_asks_for_no_memory(file, length):
    """With a checksum that is right: a stranger's file, not a damaged one."""
    header = length.to_bytes(8, "little")
    content = file.read_bytes()
    file.write_bytes(header + masked_crc32c(header).to_bytes(4, "little") + content[12:])
    with pytest.raises(InputError, match=f"whole records in {file}, .* at byte 0:"):
        TFRecords([Shard(file, 5)])


def test_no_cut_goes_unnoticed(file):
    content = file.read_bytes()
    for length in [*range(60), *range(60, SIZE, 97), SIZE - 1]:
        file.write_bytes(content[:length])
        whole = [sum(1 for after in [*OFFSETS[1:], SIZE] if after <= length), 5][length == SIZE]
        message = (
            f"Expected 5 records in {file}, .*, got {whole}"
            if length in (0, *OFFSETS)
            else f"whole records in {file}, got a file that ends inside the record at byte {OFFSETS[whole]}:"
        )
        with pytest.raises(InputError, match=message):
            TFRecords([Shard(file, 5)])


def test_a_file_that_changes_while_it_is_read(file):
    records = TFRecords([Shard(file, 5)])
    file.write_bytes(file.read_bytes()[:3000])
    with pytest.raises(InputError, match=f"whole records in {file}, .* at byte 54:"):
        records[3]
    with pytest.raises(InputError, match=f"whole records in {file}, .* at byte 3070:"):
        records[4]
    file.unlink()
    with pytest.raises(InputError, match=f"TFRecord file at {file}, got: .*No such file"):
        records[0]


def test_what_is_no_tfrecord_file(tmp_path):
    with pytest.raises(InputError, match=r"TFRecord file at .*: prepare the set again"):
        index_records(tmp_path / "nothing")
    with pytest.raises(InputError, match=r"TFRecord file at .*: prepare the set again"):
        index_records(tmp_path)
    text = tmp_path / "text.tfrecord"
    text.write_text("nothing of that kind at all, but longer than a header")
    with pytest.raises(InputError, match="length that differs from its checksum at record 0"):
        index_records(text)
    with pytest.raises(InputError, match="length that differs from its checksum at record 0"):
        read_record(text, 3)
