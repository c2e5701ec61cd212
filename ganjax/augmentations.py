"""Differentiable augmentation: what a discriminator is shown of every image, real or generated, drawn anew each time.

A discriminator that sees few images learns them by heart. Augmenting the real ones alone would teach the generator the
augmentations; here both are augmented by one random function whose gradient flows on to the generator.

Every function takes (key, images [B, H, W, C] in [−1, 1]) and gives images of the same shape. Per sample: each image
has random numbers of its own and is changed by nothing but them and itself.

Reference: Zhao et al. (2020), Differentiable augmentation for data-efficient GAN training, arXiv:2006.10738, section 3.
"""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from ganjax.checks import InputError, Table, check_rank
from ganjax.types import Key, Network, PyTree, Variables

Images = Float[Array, "B H W C"]
Augmentation = Callable[[Key, Images], Images]

TRANSLATION, CUTOUT = 0.125, 0.5  # of the side, as in the paper
POLICY = "color,translation,cutout"


def brightness(key: Key, images: Images) -> Images:
    """x + b, b ~ U[−½, ½]. Per sample."""
    return images + _uniform(key, images) - 0.5


def saturation(key: Key, images: Images) -> Images:
    """m + s·(x − m), s ~ U[0, 2], m the mean of the pixel's channels. Per sample; gray images stay as they are."""
    mean = jnp.mean(images, axis=3, keepdims=True)
    return mean + 2.0 * _uniform(key, images) * (images - mean)


def contrast(key: Key, images: Images) -> Images:
    """m + c·(x − m), c ~ U[½, 3/2], m the mean of the whole image. Per sample."""
    mean = jnp.mean(images, axis=(1, 2, 3), keepdims=True)
    return mean + (_uniform(key, images) + 0.5) * (images - mean)


def color(key: Key, images: Images) -> Images:
    """Brightness, then saturation, then contrast. Per sample. Values may leave [−1, 1]."""
    brightness_key, saturation_key, contrast_key = jax.random.split(key, 3)
    images = saturation(saturation_key, brightness(brightness_key, images))
    return contrast(contrast_key, images)


def translation(key: Key, images: Images) -> Images:
    """Moved by whole pixels down and right, each uniform on [−s, s], s = ⌊side/8 + ½⌋; 0 (gray) moves in.

    Per sample.
    """
    num, height, width, channels = images.shape
    down, right = (int(side * TRANSLATION + 0.5) for side in (height, width))
    top_key, left_key = jax.random.split(key)
    tops = jax.random.randint(top_key, (num,), 0, 2 * down + 1)
    lefts = jax.random.randint(left_key, (num,), 0, 2 * right + 1)
    wide = jnp.pad(images, ((0, 0), (down, down), (right, right), (0, 0)))

    def window(image: Float[Array, "_H _W C"], top: Int[Array, ""], left: Int[Array, ""]) -> Float[Array, "_h _w C"]:
        return jax.lax.dynamic_slice(image, (top, left, 0), (height, width, channels))

    return jax.vmap(window)(wide, tops, lefts)


def cutout(key: Key, images: Images) -> Images:
    """A rectangle of half the height and half the width becomes 0 (gray). Per sample.

    Its middle is uniform over the image, so that a part of it may lie outside.
    """
    num, height, width, _ = images.shape
    row_key, column_key = jax.random.split(key)
    rows, columns = _stretch(row_key, num, height), _stretch(column_key, num, width)
    hidden = rows[:, :, None, None] & columns[:, None, :, None]
    return jnp.where(hidden, jnp.zeros((), images.dtype), images)


def _stretch(key: Key, num: int, side: int) -> Array:
    """[num, side], true on ⌊side/2 + ½⌋ neighbors around a random middle, where they lie within the side."""
    size = int(side * CUTOUT + 0.5)
    # where the size is even, one more middle makes the choice symmetric
    middle = jax.random.randint(key, (num, 1), 0, side + 1 - size % 2)
    place = jnp.arange(side)[None, :] - (middle - size // 2)
    return (place >= 0) & (place < size)


def _uniform(key: Key, images: Images) -> Float[Array, "B 1 1 1"]:
    return jax.random.uniform(key, (images.shape[0], 1, 1, 1), jnp.float32).astype(images.dtype)


STEPS: Table[Augmentation] = Table("step of the policy", {"color": color, "translation": translation, "cutout": cutout})


def none() -> None:
    """Images as they are."""


def diffaugment(policy: str = POLICY) -> Augmentation:
    """The named augmentations one after another (Zhao et al. 2020, arXiv:2006.10738). Per sample.

    Args:
      policy: some of color, translation, cutout, with commas between; all three suit few images, color and cutout or
        translation and cutout many.

    Raises:
      UnknownNameError: for another name.
    """
    steps = [STEPS[name.strip()] for name in policy.split(",")]

    def augment(key: Key, images: Images) -> Images:
        check_rank(4, images=images)
        for step, step_key in zip(steps, jax.random.split(key, len(steps)), strict=True):
            images = step(step_key, images)
        return images

    return augment


def augmented(discriminator: Network, augmentation: Augmentation) -> Network:
    """The discriminator that sees every image augmented while it trains: D(T(x)), T drawn anew for each batch.

    T is drawn from the key of the training pass, which differs between real and generated images and from step to step;
    a step's two players see the same T of the same images. The gradient flows through T to the generator. In evaluation
    mode nothing is augmented, so penalties on ∂D/∂x, which score in evaluation mode, restrain the plain D at plain
    images; losses that weigh a difference of scores by the samples' distance (GAN-QP) take that of the plain images.
    What the images come with (labels) stays what it is.

    Args:
      discriminator: of images; a packed one is shown packs of augmented images.
      augmentation: (key, images) -> images.

    Raises:
      InputError: from its functions, when the samples are no images, or in training without a key.
    """

    def apply(
        variables: Variables, *inputs: Array, train: bool = False, key: Key | None = None
    ) -> tuple[PyTree, PyTree]:
        samples, *condition = inputs
        if samples.ndim != 4:
            raise InputError(f"Expected images [B, H, W, C] to augment, got samples of shape {list(samples.shape)}.")
        if not train:
            return discriminator.apply(variables, samples, *condition, train=False, key=key)
        if key is None:
            raise InputError("Expected a key to augment by in training mode, got none: pass key to apply.")
        augment_key, dropout_key = jax.random.split(key)
        return discriminator.apply(
            variables, augmentation(augment_key, samples), *condition, train=True, key=dropout_key
        )

    return discriminator._replace(apply=apply)


AUGMENTATIONS: Table[Callable[..., Augmentation | None]] = Table(
    "augmentation", {"none": none, "diffaugment": diffaugment}
)
