"""The three maps of a convolution against the formula, against lax, and against one another."""

import itertools
import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax
from jax.sharding import Mesh, PartitionSpec
from jax.test_util import check_grads

from ganjax.architectures import _convolution_forms as forms
from ganjax.architectures import convolve, convolve_transposed
from ganjax.architectures._convolution_forms import Window
from ganjax.checks import InputError

LAYOUT = ("NHWC", "HWIO", "NHWC")


def lax_convolve(x, w, strides, padding):
    return lax.conv_general_dilated(x, w, strides, padding, dimension_numbers=LAYOUT)


def numpy_convolve(x, w, strides, padding):
    """y[b, p, q, o] = Σ x[b, s·p + i − lo, s·q + j − lo, c] w[i, j, c, o], term by term in float64."""
    (top, bottom), (left, right) = padding
    x = np.pad(np.asarray(x, np.float64), ((0, 0), (top, bottom), (left, right), (0, 0)))
    w = np.asarray(w, np.float64)
    height = (x.shape[1] - w.shape[0]) // strides[0] + 1
    width = (x.shape[2] - w.shape[1]) // strides[1] + 1
    y = np.zeros((x.shape[0], height, width, w.shape[3]))
    for p, q, i, j in itertools.product(range(height), range(width), range(w.shape[0]), range(w.shape[1])):
        y[:, p, q] += x[:, strides[0] * p + i, strides[1] * q + j] @ w[i, j]
    return y


def numpy_transposed(y, w, strides, padding):
    """x[b, s·p + i − lo, s·q + j − lo, c] += y[b, p, q, o] w[i, j, c, o], term by term in float64."""
    y, w = np.asarray(y, np.float64), np.asarray(w, np.float64)
    (top, bottom), (left, right) = padding
    height = (y.shape[1] - 1) * strides[0] + w.shape[0]
    width = (y.shape[2] - 1) * strides[1] + w.shape[1]
    x = np.zeros((y.shape[0], height, width, w.shape[2]))
    for p, q, i, j in itertools.product(range(y.shape[1]), range(y.shape[2]), range(w.shape[0]), range(w.shape[1])):
        x[:, strides[0] * p + i, strides[1] * q + j] += y[:, p, q] @ w[i, j].T
    return x[:, top : height - bottom, left : width - right]


def numpy_kernel_gradient(x, y, kernel, strides, padding):
    """w[i, j, c, o] = Σ x[b, s·p + i − lo, s·q + j − lo, c] y[b, p, q, o], term by term in float64."""
    x, y = np.pad(np.asarray(x, np.float64), ((0, 0), *padding, (0, 0))), np.asarray(y, np.float64)
    w = np.zeros((*kernel, x.shape[3], y.shape[3]))
    for p, q, i, j in itertools.product(*map(range, (*y.shape[1:3], *kernel))):
        w[i, j] += x[:, strides[0] * p + i, strides[1] * q + j].T @ y[:, p, q]
    return w


def draw(shape, seed=0, dtype=None):
    # from NumPy: a compiled generator for every shape would be half of this file's time
    return jnp.asarray(np.random.default_rng(seed).normal(size=shape), dtype)


def close(got, expected, tolerance):
    for a, b in zip(jax.tree.leaves(got), jax.tree.leaves(expected), strict=True):
        assert a.shape == b.shape
        difference = np.asarray(a, np.float64) - np.asarray(b, np.float64)
        assert np.abs(difference).max() <= tolerance * np.abs(np.asarray(b, np.float64)).max()


# --- by hand ---

IMAGE = jnp.arange(1.0, 10.0).reshape(1, 3, 3, 1)  # 1 2 3 / 4 5 6 / 7 8 9
TAPS = jnp.array([1.0, 10.0, 100.0, 1000.0]).reshape(2, 2, 1, 1)  # 1 10 / 100 1000


def test_convolution_by_hand():
    # top left: 1·1 + 10·2 + 100·4 + 1000·5 = 5421; then one more each, 1111 higher
    valid = convolve(IMAGE, TAPS, padding="VALID")[0, :, :, 0]
    np.testing.assert_array_equal(valid, [[5421, 6532], [8754, 9865]])
    # stride 2, SAME: ⌈3/2⌉ = 2 rows need 1 zero, at the end: 3 + 100·6 = 603, 7 + 10·8 = 87, 9
    same = convolve(IMAGE, TAPS, (2, 2))[0, :, :, 0]
    np.testing.assert_array_equal(same, [[5421, 603], [87, 9]])
    # zeros before instead: 1000·1; 100·2 + 1000·3; 10·4 + 1000·7; 5 + 10·6 + 100·8 + 1000·9
    before = convolve(IMAGE, TAPS, (2, 2), ((1, 0), (1, 0)))[0, :, :, 0]
    np.testing.assert_array_equal(before, [[1000, 3200], [7040, 9865]])


def test_transposed_convolution_by_hand():
    small = jnp.array([1.0, 2.0, 3.0, 4.0]).reshape(1, 2, 2, 1)
    # stride 2, kernel 2: blocks don't meet, so each pixel is its own copy of the kernel
    blocks = [[1, 10, 2, 20], [100, 1000, 200, 2000], [3, 30, 4, 40], [300, 3000, 400, 4000]]
    np.testing.assert_array_equal(convolve_transposed(small, TAPS)[0, :, :, 0], blocks)
    # stride 1: 3 × 3, blocks meet: the middle is 1000·1 + 100·2 + 10·3 + 1·4 = 1234
    met = convolve_transposed(small, TAPS, (1, 1), "VALID")[0, :, :, 0]
    np.testing.assert_array_equal(met, [[1, 12, 20], [103, 1234, 2040], [300, 3400, 4000]])


# --- against the formula and lax ---

SHAPES = [  # image, kernel, strides, padding
    ((7, 8), (3, 3), (1, 1), "SAME"),
    ((7, 8), (5, 4), (2, 2), "SAME"),
    ((8, 8), (4, 4), (2, 2), ((1, 1), (1, 1))),
    ((9, 6), (5, 5), (2, 1), "SAME"),
    ((8, 7), (3, 3), (2, 2), "VALID"),  # the last row is never reached
    ((6, 5), (2, 3), (3, 2), ((0, 2), (2, 1))),
    ((5, 6), (1, 1), (2, 2), "SAME"),  # a kernel shorter than its stride
    ((4, 4), (5, 5), (1, 1), "SAME"),  # a kernel larger than its image
    ((4, 3), (5, 5), (2, 2), "SAME"),
    ((3, 3), (2, 2), (1, 1), ((3, 2), (2, 3))),  # padding longer than the kernel; an output larger than the image
]


def pads(image, kernel, strides, padding):
    return tuple(lax.padtype_to_pads(image, kernel, strides, padding)) if isinstance(padding, str) else padding


@pytest.mark.parametrize(("image", "kernel", "strides", "padding"), SHAPES)
def test_convolution_and_its_gradients_against_the_formula(x64, image, kernel, strides, padding):
    del x64
    explicit = pads(image, kernel, strides, padding)
    x, w = draw((2, *image, 3)), draw((*kernel, 3, 5), 1)
    y, pull = jax.vjp(lambda x, w: convolve(x, w, strides, padding), x, w)
    cotangent = draw(y.shape, 2)
    dx, dw = pull(cotangent)
    close(y, numpy_convolve(x, w, strides, explicit), 1e-12)
    close(dw, numpy_kernel_gradient(x, cotangent, kernel, strides, explicit), 1e-12)
    # the reference cuts the padding off, or up to the rows and columns that a kernel reaches
    reached = numpy_transposed(cotangent, w, strides, ((explicit[0][0], 0), (explicit[1][0], 0)))[
        :, : image[0], : image[1]
    ]
    expected = np.zeros(x.shape)
    expected[:, : reached.shape[1], : reached.shape[2]] = reached  # what is never reached has gradient 0
    close(dx, expected, 1e-12)


@pytest.mark.parametrize(("image", "kernel", "strides", "padding"), SHAPES[3:7])
def test_every_form_is_the_same_map(image, kernel, strides, padding):
    window = Window(image, kernel, strides, pads(image, kernel, strides, padding))
    x, w, y = draw((2, *image, 3)), draw((*kernel, 3, 4), 1), draw((2, *window.output, 4), 2)

    @jax.jit
    def maps(x, w, y):
        return [
            [getattr(forms, f"{kind}_{name}")(*operands, window) for kind in ("native", "cpu", "columns")]
            for name, operands in (("convolve", (x, w)), ("image_gradient", (y, w)), ("kernel_gradient", (x, y)))
        ]

    for native, cpu, columns in maps(x, w, y):
        close(cpu, native, 1e-5)
        close(columns, native, 1e-5)


DIVIDED = [  # image, kernel, strides, padding: the stride divides the kernel
    ((8, 8), (4, 4), (2, 2), ((1, 1), (1, 1))),
    ((9, 6), (4, 3), (2, 1), ((0, 3), (2, 0))),
    ((7, 10), (6, 2), (3, 2), ((2, 1), (0, 0))),
    ((5, 8), (2, 4), (2, 4), ((0, 0), (0, 0))),  # a last row that is never reached
]


@pytest.mark.parametrize(("image", "kernel", "strides", "padding"), DIVIDED)
def test_forms_by_phases_against_the_formula(x64, image, kernel, strides, padding):
    del x64
    window = Window(image, kernel, strides, padding)
    assert window.divides
    x, w, y = draw((2, *image, 3)), draw((*kernel, 3, 4), 1), draw((2, *window.output, 4), 2)
    close(forms.phased_kernel_gradient(x, y, window), numpy_kernel_gradient(x, y, kernel, strides, padding), 1e-12)
    reached = numpy_transposed(y, w, strides, ((padding[0][0], 0), (padding[1][0], 0)))[:, : image[0], : image[1]]
    expected = np.zeros(x.shape)
    expected[:, : reached.shape[1], : reached.shape[2]] = reached
    close(forms.phased_image_gradient(y, w, window), expected, 1e-12)


def test_the_cpu_takes_each_form_where_it_is_fast(monkeypatch):
    """By shape and type: kernels of 4 and 5, images of 8 and 32, float32 and bfloat16."""
    taken, names = [], ["native_convolve", "columns_image_gradient", "phased_image_gradient", "phased_kernel_gradient"]

    def noted(name, form):
        return lambda *operands: (taken.append(name), form(*operands))[1]

    for name in names:
        monkeypatch.setattr(forms, name, noted(name, getattr(forms, name)))

    def asked(size, taps, dtype):
        window = Window((size, size), (taps, taps), (2, 2), ((1, taps - 3), (1, taps - 3)))
        x, w = jnp.zeros((1, size, size, 1), dtype), jnp.zeros((taps, taps, 1, 1), dtype)
        y = jnp.zeros((1, *window.output, 1), dtype)
        taken.clear()
        forms.cpu_convolve(x, w, window)
        forms.cpu_image_gradient(y, w, window)
        if window.divides:
            forms.cpu_kernel_gradient(x, y, window)
        return list(taken)

    assert asked(8, 4, jnp.float32) == ["native_convolve", "columns_image_gradient", "phased_kernel_gradient"]
    assert asked(32, 4, jnp.float32) == ["native_convolve", "phased_image_gradient", "phased_kernel_gradient"]
    assert asked(32, 5, jnp.float32) == ["native_convolve", "columns_image_gradient"]
    assert asked(32, 4, jnp.bfloat16) == ["native_convolve", "columns_image_gradient", "phased_kernel_gradient"]


@pytest.mark.parametrize("kernel", [3, 4, 5])
@pytest.mark.parametrize("strides", [(1, 1), (2, 2)])
def test_transposed_convolution_undoes_the_sizes_of_same(x64, kernel, strides):
    del x64
    y, w = draw((2, 4, 7, 3)), draw((kernel, kernel, 2, 3), 1)
    large = (4 * strides[0], 7 * strides[1])
    x, pull = jax.vjp(lambda y, w: convolve_transposed(y, w, strides), y, w)
    assert x.shape == (2, *large, 2)
    # the reference runs over the edge by kernel − stride, split as SAME splits it
    close(x, numpy_transposed(y, w, strides, pads(large, (kernel, kernel), strides, "SAME")), 1e-12)
    cotangent = draw(x.shape, 3)
    expected = jax.vjp(
        lambda y, w: jax.linear_transpose(lambda x: lax_convolve(x, w, strides, "SAME"), cotangent)(y)[0], y, w
    )[1](cotangent)
    close(pull(cotangent), expected, 1e-12)


def test_dilated_parts_of_a_transposed_convolution_with_given_padding():
    y, w = draw((2, 3, 4, 3)), draw((4, 5, 2, 3), 1)
    got = convolve_transposed(y, w, (2, 3), ((1, 0), (2, 1)))
    close(got, numpy_transposed(y, w, (2, 3), ((1, 0), (2, 1))), 1e-5)


# --- derivatives of every order, vmap ---


def energy(convolution):
    """A scalar that is curved in both operands."""
    return lambda x, w: jnp.sum(jnp.sin(convolution(x, w)) ** 2)


def ours(x, w):
    return convolve(x, w, (2, 1), "SAME")


def theirs(x, w):
    return lax_convolve(x, w, (2, 1), "SAME")


def penalty(convolution):
    """The mean squared norm of per-sample gradients, as R1 takes it."""

    def of(x, w):
        gradients = jax.vmap(jax.grad(lambda sample: energy(convolution)(sample[None], w)))(x)
        return jnp.mean(jnp.sum(gradients**2, (1, 2, 3)))

    return of


TRANSFORMS = {
    "gradient": lambda c: jax.grad(energy(c), (0, 1)),
    "gradient of a gradient": lambda c: jax.grad(
        lambda x, w: sum(jnp.sum(g**3) for g in jax.grad(energy(c), (0, 1))(x, w)), (0, 1)
    ),
    "gradient of per-sample gradients": lambda c: jax.grad(penalty(c), (0, 1)),
    "forward over reverse": lambda c: lambda x, w: jax.jvp(jax.grad(energy(c), (0, 1)), (x, w), (x * 0.3, w + 1.0)),
    "per-sample kernel gradients": lambda c: (
        lambda x, w: jax.vmap(jax.grad(lambda w, sample: energy(c)(sample[None], w)), (None, 0))(w, x)
    ),
    "many kernels": lambda c: (
        lambda x, w: jax.vmap(jax.grad(energy(c), (0, 1)), (None, 3))(x, jnp.stack([w, 2 * w], axis=3))
    ),
    "many images": lambda c: (
        lambda x, w: jax.vmap(jax.grad(energy(c), (0, 1)), (2, None))(jnp.stack([x, 2 * x], axis=2), w)
    ),
    "many games": lambda c: (
        lambda x, w: jax.vmap(jax.grad(penalty(c), (0, 1)), (1, 4))(
            jnp.stack([x, 2 * x, 3 * x], axis=1), jnp.stack([w, -w, 0.5 * w], axis=4)
        )
    ),
    "games of games": lambda c: (
        lambda x, w: jax.vmap(jax.vmap(c, (0, None)), (0, 0))(
            jnp.stack([jnp.stack([x, 2 * x]), jnp.stack([3 * x, 4 * x])]), jnp.stack([w, -w])
        )
    ),
}


@pytest.mark.parametrize("name", TRANSFORMS)
def test_transforms_against_lax(x64, name):
    del x64
    x, w = draw((3, 5, 4, 2)), draw((3, 3, 2, 4), 1) * 0.4
    close(jax.jit(TRANSFORMS[name](ours))(x, w), jax.jit(TRANSFORMS[name](theirs))(x, w), 1e-10)


@pytest.mark.parametrize("name", ["gradient of per-sample gradients", "many games"])
def test_transforms_of_the_transposed_convolution(x64, name):
    del x64
    y, w = draw((3, 3, 4, 2)), draw((4, 4, 3, 2), 1) * 0.4

    def native(y, w):
        x = jax.ShapeDtypeStruct((y.shape[0], 6, 8, 3), y.dtype)
        return jax.linear_transpose(lambda x: lax_convolve(x, w, (2, 2), "SAME"), x)(y)[0]

    got, expected = (TRANSFORMS[name](c) for c in (convolve_transposed, native))
    close(jax.jit(got)(y, w), jax.jit(expected)(y, w), 1e-10)


def kernel_gradient(x, y):
    """The third map by itself: the kernel gradient of ⟨convolution, y⟩."""
    w = jnp.zeros((3, 3, x.shape[3], y.shape[3]), x.dtype)
    return jax.grad(lambda w: jnp.vdot(convolve(x, w, (2, 2)), y))(w)


@pytest.mark.parametrize("mapped", [0, 1])
@pytest.mark.parametrize("bilinear", [convolve, convolve_transposed, kernel_gradient])
def test_vmap_over_one_operand_is_a_loop(x64, bilinear, mapped):
    del x64
    shapes = {
        convolve: [(2, 5, 4, 3), (3, 3, 3, 4)],
        convolve_transposed: [(2, 3, 4, 5), (4, 4, 2, 5)],
        kernel_gradient: [(2, 6, 5, 3), (2, 3, 3, 4)],
    }[bilinear]
    operands = [draw(shape, seed) for seed, shape in enumerate(shapes)]
    operands[mapped] = draw((3, *shapes[mapped]), 2)
    loop = [bilinear(*(x[i] if n == mapped else x for n, x in enumerate(operands))) for i in range(3)]
    close(jax.vmap(bilinear, (0, None) if mapped == 0 else (None, 0))(*operands), jnp.stack(loop), 1e-12)


def test_finite_differences(x64):
    del x64
    x, w = draw((2, 4, 3, 2)), draw((3, 3, 2, 2), 1)
    for convolution in (ours, convolve_transposed):
        # the checker calls with NumPy arrays
        curved = jax.jit(lambda x, w, convolution=convolution: jnp.sin(convolution(x, w)))
        check_grads(curved, (x, w), order=1, modes=("fwd", "rev"))


def test_float32_agrees_with_lax():
    x, w = draw((8, 14, 14, 32)), draw((5, 5, 32, 48), 1)
    got, expected = (jax.jit(jax.value_and_grad(energy(c), (0, 1)))(x, w * 0.01) for c in (ours, theirs))
    close(got, expected, 1e-4)


def test_eager_calls_equal_compiled_ones():
    x, w = draw((2, 5, 4, 2)), draw((3, 3, 2, 4), 1)
    close(ours(x, w), jax.jit(ours)(x, w), 1e-6)


# --- types ---


def test_operands_meet_in_their_common_type(x64):
    del x64
    x, w = draw((2, 4, 4, 2), dtype=jnp.float32), draw((3, 3, 2, 4), 1, jnp.float64)
    assert convolve(x, w).dtype == jnp.float64
    assert convolve(x.astype(jnp.bfloat16), w.astype(jnp.float32)).dtype == jnp.float32


@pytest.mark.parametrize("kind", ["cpu", "columns"])
def test_bfloat16_sums_in_float32(kind):
    # sums of 4·4·64 = 1024 ones; bfloat16 alone would stop at 256, where 256 + 1 rounds to 256
    window = Window((8, 8), (4, 4), (2, 2), ((1, 1), (1, 1)))
    half = jnp.bfloat16
    x, w, y = jnp.ones((16, 8, 8, 64), half), jnp.ones((4, 4, 64, 256), half), jnp.ones((16, 4, 4, 256), half)
    inner = getattr(forms, f"{kind}_convolve")(x, w, window)[:, 1:-1, 1:-1]
    assert inner.dtype == half
    np.testing.assert_array_equal(np.asarray(inner, np.float32), 1024)
    # each inner pixel is reached by 2·2 taps from 256 channels
    back = getattr(forms, f"{kind}_image_gradient")(y, w, window)[:, 1:-1, 1:-1]
    assert back.dtype == half
    np.testing.assert_array_equal(np.asarray(back, np.float32), 1024)
    # an inner tap meets 16 images × 4·4 places
    taps = getattr(forms, f"{kind}_kernel_gradient")(x, y, window)[1:3, 1:3]
    assert taps.dtype == half
    np.testing.assert_array_equal(np.asarray(taps, np.float32), 256)


def test_bfloat16_shares_meet_in_float32():
    # 257 channels of ones in 3·3 taps: 9·257 = 2313, which bfloat16 (steps of 16 there) rounds to 2320;
    # shares rounded before they are added would be 9·256 = 2304
    window = Window((8, 8), (6, 6), (2, 2), ((2, 2), (2, 2)))
    y, w = jnp.ones((1, 4, 4, 257), jnp.bfloat16), jnp.ones((6, 6, 1, 257), jnp.bfloat16)
    inner = forms.cpu_image_gradient(y, w, window)[:, 2:6, 2:6]
    np.testing.assert_array_equal(np.asarray(inner, np.float32), 2320)


def test_bfloat16_gradients_stay_close():
    x, w = draw((4, 8, 8, 8)), draw((5, 5, 8, 16), 1) * 0.05
    half = [a.astype(jnp.bfloat16) for a in (x, w)]
    full = [a.astype(jnp.float32) for a in half]
    got, expected = jax.grad(energy(ours), (0, 1))(*half), jax.grad(energy(theirs), (0, 1))(*full)
    assert all(g.dtype == jnp.bfloat16 for g in got)
    close(got, expected, 0.03)  # a bfloat16 carries 8 bits: 1/256 a rounding, a few roundings deep


# --- what programs are made of ---


def training_chunk(convolution, transposed):
    """Two scanned steps of a small game, a lazy gradient penalty under `cond`: where gradients were slow."""

    def score(params, x):
        h = jnp.tanh(convolution(x, params[0], (2, 2)))
        return jnp.sum(jnp.tanh(convolution(h, params[1], (2, 2))), (1, 2, 3))

    def generate(params, z):
        return transposed(jnp.tanh(transposed(z, params[2], (2, 2))), params[3], (2, 2))

    def step(params, index):
        x = jnp.full((2, 8, 8, 1), 0.1)
        z = jnp.full((2, 2, 2, 5), 0.1)

        def loss(params):
            slopes = jax.vmap(jax.grad(lambda sample: score(params, sample[None])[0]))
            lazy = lax.cond(index % 2 == 0, lambda: jnp.mean(slopes(x) ** 2), lambda: 0.0)
            return jnp.mean(score(params, generate(params, z))) + lazy

        return [p - 0.1 * g for p, g in zip(params, jax.grad(loss)(params), strict=True)], ()

    def chunk(params):
        return lax.scan(step, params, jnp.arange(2))[0]

    shapes = [(5, 5, 1, 3), (5, 5, 3, 4), (4, 4, 6, 5), (5, 5, 1, 6)]
    return chunk, [draw(shape, i) * 0.1 for i, shape in enumerate(shapes)]


def lax_transposed(y, w, strides):
    x = jax.ShapeDtypeStruct((y.shape[0], y.shape[1] * strides[0], y.shape[2] * strides[1], w.shape[2]), y.dtype)
    return jax.linear_transpose(lambda x: lax_convolve(x, w, strides, "SAME"), x)(y)[0]


def slow_convolutions(program):
    """Every convolution of an optimized program that XLA's CPU backend runs without its fast kernel."""
    lines = [line.strip() for line in program.splitlines() if " convolution(" in line]
    fast = re.compile(r"dim_labels=b01f_01io->b01f")
    undone = re.compile(r"lhs_dilate|rhs_reversal|group_count")
    return [line for line in lines if not fast.search(line) or undone.search(line)]


def test_no_slow_convolution_in_a_scanned_step():
    chunk, params = training_chunk(convolve, convolve_transposed)
    compiled = jax.jit(chunk).lower(params).compile()
    assert " convolution(" in compiled.as_text()
    assert slow_convolutions(compiled.as_text()) == []
    # the check can fail: the gradients that lax gives are all it looks for
    native, _ = training_chunk(lambda x, w, s: lax_convolve(x, w, s, "SAME"), lax_transposed)
    compiled_natively = jax.jit(native).lower(params).compile()
    assert len(slow_convolutions(compiled_natively.as_text())) >= 4
    close(compiled(params), compiled_natively(params), 1e-4)


def equations(jaxpr):
    for equation in jaxpr.eqns:
        yield equation
        for inner in jax.tree.leaves(equation.params, is_leaf=lambda p: hasattr(p, "eqns") or hasattr(p, "jaxpr")):
            if hasattr(inner, "eqns") or hasattr(inner, "jaxpr"):
                yield from equations(getattr(inner, "jaxpr", inner))


def test_a_penalty_makes_no_kernel_gradient_for_each_sample():
    x, w = draw((6, 8, 8, 2)), draw((3, 3, 2, 4), 1)
    jaxpr = jax.make_jaxpr(jax.grad(penalty(ours), 1))(x, w).jaxpr
    gradients = [e.outvars[0].aval.shape for e in equations(jaxpr) if "kernel_gradient" in e.primitive.name]
    assert gradients
    assert set(gradients) == {(1, 3, 3, 2, 4)}  # one group, not six


def test_other_platforms_get_their_own_convolutions():
    x, w = draw((2, 8, 8, 3)), draw((5, 5, 3, 4), 1)
    traced = jax.jit(jax.grad(energy(ours), (0, 1))).trace(x, w)
    # lax's image gradient dilates the output; the CPU's form has no such thing
    assert re.search(r"lhs_dilate = \[2, 1\]", traced.lower(lowering_platforms=("cuda",)).as_text())
    assert re.search(r"lhs_dilate = \[2, 1\]", traced.lower(lowering_platforms=("tpu",)).as_text())
    assert not re.search(r"lhs_dilate = \[2, 1\]", traced.lower(lowering_platforms=("cpu",)).as_text())


@pytest.mark.parametrize("check_vma", [True, False])
def test_shard_map_accepts_shared_kernels(check_vma):
    mesh = Mesh(np.array(jax.devices()[:1]), ("data",))
    x, w = draw((2, 4, 4, 3)), draw((3, 3, 3, 5), 1)
    split, shared = PartitionSpec("data"), PartitionSpec()

    def gradient(w, x):
        g = jax.grad(energy(ours), 1)(x, w)
        return g if check_vma else lax.psum(g, "data")  # checked types sum the gradient of a shared array themselves

    mapped = jax.shard_map(gradient, mesh=mesh, in_specs=(shared, split), out_specs=shared, check_vma=check_vma)
    close(jax.jit(mapped)(w, x), jax.grad(energy(theirs), 1)(x, w), 1e-5)


# --- errors ---


def test_errors_say_what_to_mend():
    x, w = draw((2, 4, 4, 3)), draw((3, 3, 3, 5))
    with pytest.raises(InputError, match="got 3 along x's last axis and 5 along kernel's third"):
        convolve(x, jnp.swapaxes(w, 2, 3))
    with pytest.raises(InputError, match="got 3 along y's last axis and 5 along kernel's last"):
        convolve_transposed(x, w)
    with pytest.raises(InputError, match="strides >= 1"):
        convolve(x, w, (0, 1))
    with pytest.raises(InputError, match="padding >= 0"):
        convolve(x, w, (1, 1), ((-1, 0), (0, 0)))
    with pytest.raises(InputError, match="take a smaller kernel"):
        convolve(x, draw((5, 5, 3, 5)), (1, 1), "VALID")
