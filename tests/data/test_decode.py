"""Every kind of picture file, with pixels known beforehand."""

import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from ganjax.checks import InputError
from ganjax.data import Transform
from ganjax.data import _decode as decode_file
from ganjax.data._decode import UnreadableError, decode, read_picture

GRAY = np.array([[0, 10, 20], [200, 210, 255]], np.uint8)
NOISE = np.random.default_rng(1).integers(0, 256, (40, 40, 3), dtype=np.uint8)
COLOR = np.stack([GRAY, GRAY[:, ::-1], 255 - GRAY], axis=-1)


def saved(picture, kind="png", **options):
    file = io.BytesIO()
    (picture if isinstance(picture, Image.Image) else Image.fromarray(picture)).save(file, format=kind, **options)
    return file.getvalue()


@pytest.mark.parametrize("kind", ["png", "bmp", "tiff", "ppm", "webp"])
def test_gray_and_color_come_back(kind):
    lossless = {"lossless": True} if kind == "webp" else {}
    np.testing.assert_array_equal(decode(saved(COLOR, kind, **lossless)), COLOR)
    if kind != "webp":  # which knows colors alone
        np.testing.assert_array_equal(decode(saved(GRAY, kind)), GRAY[..., None])


def test_one_bit():
    bits = Image.fromarray(np.array([[0, 255]], np.uint8)).convert("1")
    assert decode(saved(bits)).tolist() == [[[0], [255]]]


def test_sixteen_bits_are_scaled_and_not_cut_off():
    # 257 v is v exactly; 40000 · 255/65535 = 155.64, 300 -> 1.17, 128 -> .498, 129 -> .502
    deep = np.array([[0, 257, 257 * 128, 65535], [40000, 300, 128, 129]], np.uint16)
    expected = [[0, 1, 128, 255], [156, 1, 0, 1]]
    for kind in ("png", "tiff", "ppm"):
        found = decode(saved(deep, kind))
        assert found.dtype == np.uint8
        assert found[..., 0].tolist() == expected, kind
    big_endian = Image.frombytes("I;16B", (4, 2), deep.astype(">u2").tobytes())
    assert decode(saved(big_endian, "tiff"))[..., 0].tolist() == expected


def chunk(kind, content):
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def deep_color_png(values):
    """[H, W, 3] uint16 as a PNG file, which Pillow reads but doesn't write."""
    height, width, _ = values.shape
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)
    header = struct.pack(">IIBBBBB", width, height, 16, 2, 0, 0, 0)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def test_sixteen_bit_colors_are_at_most_one_level_away():
    values = np.random.default_rng(0).integers(0, 65536, (9, 7, 3), dtype=np.uint16)
    np.testing.assert_array_equal(decode(deep_color_png(values)), values >> 8)
    assert np.max(np.abs((values >> 8) - values / 257)) < 1
    np.testing.assert_array_equal(decode(deep_color_png(COLOR.astype(np.uint16) * 257)), COLOR)


def test_palettes_are_colors():
    picture = Image.fromarray(np.array([[0, 1, 2]], np.uint8)).convert("P")
    picture.putpalette([1, 2, 3, 40, 50, 60, 255, 0, 128])
    assert decode(saved(picture)).tolist() == [[[1, 2, 3], [40, 50, 60], [255, 0, 128]]]
    # the second entry clear, the third at 51/255: a fifth of it, and 204 of white
    assert decode(saved(picture, transparency=bytes([255, 0, 51]))).tolist() == [
        [[1, 2, 3], [255, 255, 255], [255, 204, 230]]
    ]


def test_transparency_is_laid_on_white():
    pixels = np.array([[[200, 100, 0, 51], [9, 8, 7, 255], [9, 8, 7, 0]]], np.uint8)
    assert decode(saved(pixels)).tolist() == [[[244, 224, 204], [9, 8, 7], [255, 255, 255]]]
    gray = Image.fromarray(pixels[..., 0]).convert("LA")
    gray.putalpha(Image.fromarray(pixels[..., 3]))
    assert decode(saved(gray)).tolist() == [[[244], [9], [255]]]


def test_cmyk():
    ink = np.zeros((8, 8, 4), np.uint8)
    ink[..., 1], ink[..., 3] = 255, 51  # no green; black takes a fifth of the rest
    found = decode(saved(Image.fromarray(ink, "CMYK"), "jpeg", quality=95)).astype(int)
    assert found.shape == (8, 8, 3)
    assert np.max(np.abs(found - [204, 0, 204])) <= 3  # JPEG's own loss


@pytest.mark.parametrize(
    ("orientation", "turned"),
    [(1, lambda x: x), (3, lambda x: x[::-1, ::-1]), (6, lambda x: np.rot90(x, -1)), (8, np.rot90)],
)
@pytest.mark.parametrize("pixels", [COLOR, (GRAY.astype(np.uint16) * 257)])
def test_pictures_stand_as_their_camera_says(orientation, turned, pixels):
    exif = Image.Exif()
    exif[0x0112] = orientation
    expected = turned(COLOR if pixels is COLOR else GRAY[..., None])
    np.testing.assert_array_equal(decode(saved(pixels, exif=exif)), expected)


def reading(content, **arguments):
    return read_picture(Path("set"), "x.png", lambda: content, **arguments)


def test_gray_among_colors_is_repeated_and_color_among_grays_refused():
    np.testing.assert_array_equal(reading(saved(GRAY), channels=3), np.repeat(GRAY[..., None], 3, axis=2))
    with pytest.raises(InputError, match=r"x\.png of set: .*gray picture, as the first one is, .* --data\.channels 3"):
        reading(saved(COLOR), channels=1)
    # declared: nothing to guess from the others
    np.testing.assert_array_equal(
        reading(saved(COLOR), channels=1, transform=Transform(channels=1)), Transform(channels=1)(COLOR)
    )


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"some text",
        saved(NOISE)[:-3000],
        saved(NOISE, "jpeg")[:-300],
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 2 2\n",
    ],
    ids=["empty", "text", "cut PNG", "cut JPEG", "a programme"],
)
def test_what_is_no_picture_is_unreadable(content):
    with pytest.raises(
        UnreadableError, match=r"x\.png of set, but it can't be read \(.+\): replace or delete it\.$"
    ) as it:
        reading(content)
    assert "0x" not in str(it.value)  # no address of Pillow's, and no advice that only some callers can take
    assert ("none of PNG" in str(it.value)) == (len(content) < 100)


def test_too_small_for_the_crop_is_no_damage():
    with pytest.raises(InputError, match=r"x\.png of set: Expected pictures of 9 x 9") as caught:
        reading(saved(COLOR), transform=Transform(crop=9))
    assert not isinstance(caught.value, UnreadableError)


def test_a_picture_that_claims_to_be_huge_is_not_unpacked(monkeypatch):
    monkeypatch.setattr(decode_file, "LARGEST_PICTURE", 5)
    loaded = []
    content = saved(COLOR)
    monkeypatch.setattr(PngImagePlugin.PngImageFile, "load", loaded.append)
    with pytest.raises(UnreadableError, match=r"x\.png of set: .* at most 5 pixels, got 2 x 3"):
        reading(content)
    assert not loaded


def test_floats_have_no_white():
    with pytest.raises(UnreadableError, match="8 or 16 bits, got mode F"):
        reading(saved(Image.fromarray(np.ones((2, 2), np.float32)), "tiff"))
