"""Convolution and transposed convolution, equally fast outside and inside loops, on every platform.

The three maps of `_convolution_forms` as primitives. Each is bilinear, and together they are closed under
differentiation (the gradients of each are the other two) and under `vmap` (mapped images join the batch axis, mapped
kernels the channels). So gradients of any order, forward or reverse, stay within the three.

The CPU gets the forms written for it; every other platform XLA's convolution and the gradients that `lax` gives it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import jax.numpy as jnp
from jax import lax
from jax.extend.core import Primitive
from jax.interpreters import ad
from jaxtyping import Array, Float

from ganjax.architectures import _convolution_forms as forms
from ganjax.architectures._bilinear import bilinear, vary_alike
from ganjax.architectures._convolution_forms import Images, Outputs, Pair, Window
from ganjax.checks import InputError, check_rank

AnyKernel = Float[Array, "kh kw in out"]  # its channels are checked below, in words
Padding = Literal["SAME", "VALID"] | Sequence[Sequence[int]]


def convolve(x: Images, kernel: AnyKernel, strides: Pair = (1, 1), padding: Padding = "SAME") -> Outputs:
    """Convolution of images (a cross-correlation, as in every network library).

    Per sample. y[b, p, q, o] = Σ_ijc x[b, s·p + i − lo, s·q + j − lo, c] · kernel[i, j, c, o], with x zero outside.

    Args:
      x: [B, H, W, C].
      kernel: [kh, kw, C, O].
      strides: along rows and columns.
      padding: "SAME" for ⌈H / stride⌉ rows of output, with the odd zero at the end; "VALID" for none; or
        ((top, bottom), (left, right)).

    Returns:
      [B, h, w, O], in the common type of `x` and `kernel`.

    Raises:
      InputError: for axes or channels that don't fit, a stride below 1, a negative padding, or a kernel that is larger
        than the padded image.
    """
    check_rank(4, x=x, kernel=kernel)
    _check_channels("x's last", x.shape[3], "kernel's third", kernel.shape[2])
    image, taps = (x.shape[1], x.shape[2]), (kernel.shape[0], kernel.shape[1])
    return _bind(_convolution, x, kernel, Window(image, taps, strides, _pads(image, taps, strides, padding)))


def convolve_transposed(y: Outputs, kernel: AnyKernel, strides: Pair = (2, 2), padding: Padding = "SAME") -> Images:
    """The transpose of `convolve` as a linear map: the layer that enlarges images.

    Per sample. x[b, s·p + i − lo, s·q + j − lo, c] = Σ_o y[b, p, q, o] · kernel[i, j, c, o], summed over all
    (p, i) and (q, j) that meet at one pixel.

    Args:
      y: [B, h, w, O].
      kernel: [kh, kw, C, O], the kernel of the convolution that this is the transpose of: the result's channels C
        come BEFORE y's channels O.
      strides: along rows and columns.
      padding: that of the convolution. "SAME" gives stride·h rows; ((top, bottom), (left, right)) gives
        (h − 1)·stride + kh − top − bottom rows; "VALID" is padding 0.

    Returns:
      [B, H, W, C], in the common type of `y` and `kernel`.

    Raises:
      InputError: as `convolve`.
    """
    check_rank(4, y=y, kernel=kernel)
    _check_channels("y's last", y.shape[3], "kernel's last", kernel.shape[3])
    taps = (kernel.shape[0], kernel.shape[1])
    image = (y.shape[1] * strides[0], y.shape[2] * strides[1])
    pads = _pads(image, taps, strides, padding)
    if padding != "SAME":
        image = (
            (y.shape[1] - 1) * strides[0] + taps[0] - sum(pads[0]),
            (y.shape[2] - 1) * strides[1] + taps[1] - sum(pads[1]),
        )
    return _bind(_transposed, y, kernel, Window(image, taps, strides, pads))


def _check_channels(name: str, channels: int, other: str, others: int) -> None:
    if channels != others:
        raise InputError(f"Expected equal channels, got {channels} along {name} axis and {others} along {other}.")


def _pads(image: Pair, taps: Pair, strides: Pair, padding: Padding) -> tuple[Pair, Pair]:
    """The padding in numbers."""
    if min(strides) < 1:
        raise InputError(f"Expected strides >= 1, got {strides}.")
    if isinstance(padding, str):
        padding = lax.padtype_to_pads(image, taps, strides, padding)
    (top, bottom), (left, right) = padding
    return (int(top), int(bottom)), (int(left), int(right))


def _bind(primitive: Primitive, first: Array, second: Array, window: Window) -> Array:
    """A primitive on operands without groups, brought to one type."""
    if min(map(min, window.padding)) < 0:
        raise InputError(f"Expected padding >= 0, got {window.padding}.")
    if min(*window.image, *window.output) < 1:
        raise InputError(
            f"Expected a kernel that fits into the padded image, got kernel {window.kernel}, image {window.image}, "
            f"padding {window.padding}: take a smaller kernel or a larger image."
        )
    dtype = jnp.result_type(first, second)
    first, second = vary_alike(first.astype(dtype)[None], second.astype(dtype)[None])
    return primitive.bind(first, second, setting=window)[0]


_BATCH, _LAST, _KERNEL_IN = 1, 4, 3  # axes of [G, B, H, W, C], and of [G, kh, kw, C, O] that of C

_convolution = bilinear(
    "convolution",
    lambda x, w, window: (x[0], x[1], *window.output, w[4]),
    forms.cpu_convolve,
    forms.native_convolve,
    joins=((_BATCH, _BATCH), (_LAST, _LAST)),
)
_transposed = bilinear(
    "transposed_convolution",
    lambda y, w, window: (y[0], y[1], *window.image, w[3]),
    forms.cpu_image_gradient,
    forms.native_image_gradient,
    joins=((_BATCH, _BATCH), (_KERNEL_IN, _LAST)),
)
_kernel_gradient = bilinear(
    "convolution_kernel_gradient",
    lambda x, y, window: (x[0], *window.kernel, x[4], y[4]),
    forms.cpu_kernel_gradient,
    forms.native_kernel_gradient,
    joins=((_LAST, _KERNEL_IN), (_LAST, _LAST)),
)

# each rule gets (cotangent, first, second); the operand whose gradient it gives holds no value
ad.defbilinear(
    _convolution,
    lambda y, _, w, *, setting: _transposed.bind(y, w, setting=setting),
    lambda y, x, _, *, setting: _kernel_gradient.bind(x, y, setting=setting),
)
ad.defbilinear(
    _transposed,
    lambda x, _, w, *, setting: _convolution.bind(x, w, setting=setting),
    lambda x, y, _, *, setting: _kernel_gradient.bind(x, y, setting=setting),
)
ad.defbilinear(
    _kernel_gradient,
    lambda w, _, y, *, setting: _transposed.bind(y, w, setting=setting),
    lambda w, x, _, *, setting: _convolution.bind(x, w, setting=setting),
)
