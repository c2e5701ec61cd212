"""The three maps of a 2-D convolution, each in a form that stays fast inside loops on XLA's CPU backend.

One trilinear form joins an image x, a kernel w and an output y,

    T(x, w, y) = Σ x[b, s·p + i − lo, s·q + j − lo, c] · w[i, j, c, o] · y[b, p, q, o],

and its three partial gradients are the maps: `convolve` (∂T/∂y), `image_gradient` (∂T/∂x, which is also the
transposed convolution) and `kernel_gradient` (∂T/∂w). All arrays are NHWC, kernels HWIO.

Why not leave it to automatic differentiation: XLA brings a convolution into the one layout for which its CPU backend
has a fast kernel only in a program's outermost computation. The gradients of a convolution have other layouts, so in
the body of a scan, a while loop or a conditional they run on plain nested loops, 3 to 200 times slower. Here every
convolution is written in that layout to begin with: no dilated image, no permuted dimension numbers.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float

Pair = tuple[int, int]
Images = Float[Array, "B H W C"]
Kernel = Float[Array, "kh kw C O"]
Outputs = Float[Array, "B h w O"]

_CANONICAL = ("NHWC", "HWIO", "NHWC")


class Window(NamedTuple):
    """How a kernel moves over an image: all that the three maps need beside their two arrays.

    Attributes:
      image: (H, W).
      kernel: (kh, kw).
      strides: rows, columns.
      padding: ((top, bottom), (left, right)), zeros, none negative.
    """

    image: Pair
    kernel: Pair
    strides: Pair
    padding: tuple[Pair, Pair]

    @property
    def output(self) -> Pair:
        """(h, w): ⌊(H + padding − kh) / stride⌋ + 1."""
        rows, columns = (
            (size + sum(pad) - taps) // stride + 1
            for size, taps, stride, pad in zip(self.image, self.kernel, self.strides, self.padding, strict=True)
        )
        return rows, columns

    @property
    def steps(self) -> Pair:
        """How many strides the kernel is long, rounded up."""
        return -(-self.kernel[0] // self.strides[0]), -(-self.kernel[1] // self.strides[1])

    @property
    def divides(self) -> bool:
        """Whether there is a stride, and the kernel is a multiple of it."""
        even = all(k % s == 0 for k, s in zip(self.kernel, self.strides, strict=True))
        return even and self.strides != (1, 1)


# --- the maps as the platform's own convolutions ---


def native_convolve(x: Images, w: Kernel, window: Window) -> Outputs:
    """∂T/∂y as one `lax` convolution."""
    return lax.conv_general_dilated(x, w, window.strides, window.padding, dimension_numbers=_CANONICAL)


def native_image_gradient(y: Outputs, w: Kernel, window: Window) -> Images:
    """∂T/∂x as `lax` transposes its convolution."""
    x = jax.ShapeDtypeStruct((y.shape[0], *window.image, w.shape[2]), y.dtype)
    return jax.linear_transpose(lambda x: native_convolve(x, w, window), x)(y)[0]


def native_kernel_gradient(x: Images, y: Outputs, window: Window) -> Kernel:
    """∂T/∂w as `lax` transposes its convolution."""
    w = jax.ShapeDtypeStruct((*window.kernel, x.shape[3], y.shape[3]), x.dtype)
    return jax.linear_transpose(lambda w: native_convolve(x, w, window), w)(y)[0]


# --- the maps as matrix products: as fast inside a loop as outside, whatever the shapes ---


def _columns(x: Images, window: Window) -> Float[Array, "B h w K"]:
    """Every kernel-sized patch of `x` as one row, K = kh·kw·C, made of strideless views of the image's phases."""
    (rows, columns), (down, right) = window.output, window.strides
    phases = _phases(x, window)
    views = [
        phases[:, i // down : i // down + rows, i % down, j // right : j // right + columns, j % right]
        for i in range(window.kernel[0])
        for j in range(window.kernel[1])
    ]
    return jnp.concatenate(views, axis=-1)


def _phases(x: Images, window: Window) -> Float[Array, "B M s N t C"]:
    """The padded image with its rows and columns as (which stride, where in it), long enough for every tap."""
    lengths = [(n + k - 1) * s for n, k, s in zip(window.output, window.steps, window.strides, strict=True)]
    x = _fit(x, [pad[0] for pad in window.padding], lengths)
    (down, right), (height, width) = window.strides, lengths
    return x.reshape(x.shape[0], height // down, down, width // right, right, x.shape[3])


def _fit(x: Float[Array, "B H W C"], offsets: list[int], lengths: list[int]) -> Float[Array, "B H2 W2 C"]:
    """Moves `x` by `offsets` and pads or crops it to `lengths`, along its two image axes."""
    edges = [(low, n - size - low, 0) for low, n, size in zip(offsets, lengths, x.shape[1:3], strict=True)]
    return lax.pad(x, jnp.zeros((), x.dtype), ((0, 0, 0), *edges, (0, 0, 0)))


def _product(a: Array, b: Array, contract: tuple[tuple[int, ...], tuple[int, ...]]) -> Array:
    """Sum over the axes in `contract`, accumulated in float32 or better."""
    return lax.dot_general(a, b, (contract, ((), ())), preferred_element_type=jnp.promote_types(a.dtype, jnp.float32))


def columns_convolve(x: Images, w: Kernel, window: Window) -> Outputs:
    """∂T/∂y: patches times kernel."""
    return _product(_columns(x, window), w.reshape(-1, w.shape[3]), ((3,), (0,))).astype(x.dtype)


def columns_image_gradient(y: Outputs, w: Kernel, window: Window) -> Images:
    """∂T/∂x: output times kernel, then each tap's share added where the tap looked.

    The image's phases (rows and columns modulo the stride) are summed apart, so that no array is dilated with zeros.
    """
    down, right = window.strides
    shares = _product(y, w, ((3,), (3,)))  # [B, h, w, kh, kw, C]
    lengths = [n + k - 1 for n, k in zip(window.output, window.steps, strict=True)]

    def phase(row: int, column: int) -> Array:
        moved = [
            _fit(shares[:, :, :, i, j], [i // down, j // right], lengths)
            for i in range(row, window.kernel[0], down)
            for j in range(column, window.kernel[1], right)
        ]
        # a stride longer than the kernel leaves phases that no tap reaches
        return (
            sum(moved[1:], start=moved[0])
            if moved
            else jnp.zeros_like(shares, shape=(y.shape[0], *lengths, w.shape[2]))
        )

    rows = [jnp.stack([phase(a, b) for b in range(right)], axis=3) for a in range(down)]
    x = jnp.stack(rows, axis=2)  # [B, h + steps − 1, stride, w + steps − 1, stride, C]
    x = x.reshape(x.shape[0], lengths[0] * down, lengths[1] * right, w.shape[2])
    return _fit(x, [-pad[0] for pad in window.padding], list(window.image)).astype(y.dtype)


def phased_image_gradient(y: Outputs, w: Kernel, window: Window) -> Images:
    """∂T/∂x: all phases of the image at once, as channels of a convolution without strides, then put in their places.

    The image's edge costs a row and a column of products more; nothing is added up afterwards. The stride divides the
    kernel.
    """
    (down, right), (high, wide), (channels, outputs) = window.strides, window.steps, w.shape[2:]
    taps = w.reshape(high, down, wide, right, channels, outputs)[::-1, :, ::-1].transpose(0, 2, 5, 1, 3, 4)
    edges = [(k - 1, k - 1) for k in window.steps]
    lengths = [n + k - 1 for n, k in zip(window.output, window.steps, strict=True)]
    phases = lax.conv_general_dilated(
        y, taps.reshape(high, wide, outputs, -1), (1, 1), edges, dimension_numbers=_CANONICAL
    )
    x = phases.reshape(y.shape[0], *lengths, down, right, channels).transpose(0, 1, 3, 2, 4, 5)
    x = x.reshape(y.shape[0], lengths[0] * down, lengths[1] * right, channels)
    return _fit(x, [-pad[0] for pad in window.padding], list(window.image))


def columns_kernel_gradient(x: Images, y: Outputs, window: Window) -> Kernel:
    """∂T/∂w: patches transposed times output."""
    w = _product(_columns(x, window), y, ((0, 1, 2), (0, 1, 2)))
    return w.reshape(*window.kernel, x.shape[3], y.shape[3]).astype(x.dtype)


def phased_kernel_gradient(x: Images, y: Outputs, window: Window) -> Kernel:
    """∂T/∂w: for each stride of the kernel, all phases of the image there, transposed, times output.

    Where the stride divides the kernel this is `columns_kernel_gradient` without its large array of patches.
    """
    (rows, columns), (down, right), (high, wide) = window.output, window.strides, window.steps
    phases = _phases(x, window).transpose(0, 1, 3, 2, 4, 5)  # [B, M, N, s, t, C]
    # the output first: it is then the one operand that is transposed, once for all products
    taps = [
        [_product(y, phases[:, i : i + rows, j : j + columns], ((0, 1, 2), (0, 1, 2))) for j in range(wide)]
        for i in range(high)
    ]
    w = jnp.stack([jnp.stack(row, axis=2) for row in taps], axis=1)  # [O, high, s, wide, t, C]
    w = w.reshape(y.shape[3], high * down, wide * right, x.shape[3]).transpose(1, 2, 3, 0)
    return w[: window.kernel[0], : window.kernel[1]].astype(x.dtype)


# --- the choice on the CPU ---


def _swaps(kernel: Pair, image: Pair) -> bool:
    """Whether the kernel is larger than its image: XLA would swap the two, and with that lose its fast kernel."""
    return math.prod(kernel) > math.prod(image)


def cpu_convolve(x: Images, w: Kernel, window: Window) -> Outputs:
    """∂T/∂y: the backend's own forward convolution, wherever it is fast."""
    form = columns_convolve if _swaps(window.kernel, window.image) else native_convolve
    return form(x, w, window)


def cpu_image_gradient(y: Outputs, w: Kernel, window: Window) -> Images:
    """∂T/∂x: at stride 1 a forward convolution with the kernel turned around; else a matrix product and a scatter, or,
    for large float32 images, a forward convolution to all phases at once."""
    if y.dtype.itemsize >= 4 and window.divides and min(window.output) >= 16:
        return phased_image_gradient(y, w, window)
    before = [k - 1 - pad[0] for k, pad in zip(window.kernel, window.padding, strict=True)]
    after = [n + pad[0] - m for n, pad, m in zip(window.image, window.padding, window.output, strict=True)]
    if window.strides != (1, 1) or min(*before, *after) < 0:
        return columns_image_gradient(y, w, window)
    turned = Window(window.output, window.kernel, (1, 1), ((before[0], after[0]), (before[1], after[1])))
    return cpu_convolve(y, jnp.swapaxes(jnp.flip(w, (0, 1)), 2, 3), turned)


def cpu_kernel_gradient(x: Images, y: Outputs, window: Window) -> Kernel:
    """∂T/∂w: products where the stride cuts the kernel evenly.

    Else a forward convolution in which channels stand as the batch, the batch as channels and y as the kernel.
    """
    if window.divides:
        return phased_kernel_gradient(x, y, window)
    if _swaps(window.output, window.image):
        return columns_kernel_gradient(x, y, window)
    used = [(n - 1) * s + k for n, s, k in zip(window.output, window.strides, window.kernel, strict=True)]
    after = [n - size - pad[0] for n, size, pad in zip(used, window.image, window.padding, strict=True)]
    # rows and columns that no tap reaches are cut off, for a negative padding has no fast kernel
    x = x[:, : x.shape[1] + min(after[0], 0), : x.shape[2] + min(after[1], 0)]
    w = lax.conv_general_dilated(
        x.transpose(3, 1, 2, 0),
        y.transpose(1, 2, 0, 3),
        (1, 1),
        [(pad[0], max(end, 0)) for pad, end in zip(window.padding, after, strict=True)],
        rhs_dilation=window.strides,
        dimension_numbers=_CANONICAL,
    )
    return w.transpose(1, 2, 0, 3)
