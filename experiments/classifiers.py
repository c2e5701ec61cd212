"""Small classifiers of the real data, whose features and labels generated images are judged by.

A Fréchet or kernel distance means something only together with the network whose features it compares: these are
distances "on the features of a small digits classifier", never FID or KID, and comparable only between runs that were
judged by the same weights. So training is a function of (data, settings); classifier_cache.py keeps the weights:

    train, test = hold_out(LabeledImages(images, labels))
    classifier = train_classifier("digits", train, test)
    classifier.features(images)

On one CPU core, with the default settings: 1438 of the 8×8 digits, 5 s, and 98 to 99 % right on the other 359; MNIST's
first 10 000 training digits, 15 s, and 98 % right on its 10 000 test digits.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import linen as nn
from jaxtyping import Array, Float, Float32, Int, Integer, UInt8

from ganjax.checks import InputError, check_positive

BLOCK = 500  # images in one forward pass


class LabeledImages(NamedTuple):
    """Images with their classes.

    Attributes:
      images: uint8 [N, H, W, C].
      labels: [N] integers from 0.
    """

    images: UInt8[np.ndarray, "N H W C"]
    labels: Integer[np.ndarray, "N"]


@dataclasses.dataclass(frozen=True)
class Settings:
    """How a classifier is trained."""

    num_features: int = 64
    channels: int = 16
    epochs: int = 12
    batch_size: int = 64
    learning_rate: float = 2e-3
    seed: int = 0


class Classifier(NamedTuple):
    """A trained classifier.

    Attributes:
      name: what it was trained on; stands in the names of the metrics that it is behind.
      params: its weights.
      features: uint8 images [N, H, W, C] -> penultimate features [N, F], float32 on the host.
      logits: uint8 images [N, H, W, C] -> logits [N, K], float32 on the host.
      accuracy: share of the held-out images it labels right.
    """

    name: str
    params: Any
    features: Callable[[np.ndarray], Float32[np.ndarray, "N F"]]
    logits: Callable[[np.ndarray], Float32[np.ndarray, "N K"]]
    accuracy: float


class SmallConvNet(nn.Module):
    """Two 3×3 convolutions, a dense layer of features, a dense layer of logits; GELU, which leaves no feature dead."""

    num_features: int
    num_classes: int
    channels: int

    @nn.compact
    def __call__(self, images: UInt8[Array, "B H W C"]) -> tuple[Float[Array, "B F"], Float[Array, "B K"]]:
        first_stride = 2 if min(images.shape[1:3]) >= 16 else 1
        exact = jax.lax.Precision.HIGHEST  # the same features on an accelerator as on the CPU
        x = images.astype(jnp.float32) / 127.5 - 1
        x = nn.gelu(nn.Conv(self.channels, (3, 3), strides=first_stride, precision=exact)(x))
        x = nn.gelu(nn.Conv(2 * self.channels, (3, 3), strides=2, precision=exact)(x))
        features = nn.gelu(nn.Dense(self.num_features, precision=exact)(x.reshape(len(x), -1)))
        return features, nn.Dense(self.num_classes, precision=exact)(features)


def hold_out(data: LabeledImages, share: float = 0.2, seed: int = 0) -> tuple[LabeledImages, LabeledImages]:
    """A random split into (training, held-out) images, for data without a test set of its own.

    Raises:
      InputError: data or a share that leaves one side empty.
    """
    _check_labeled("data", data)
    num_held = round(share * len(data.images))
    if not 0 < num_held < len(data.images):
        raise InputError(f"Expected a share that leaves both sides images, got {share} of {len(data.images)}.")
    order = np.random.default_rng(seed).permutation(len(data.images))
    held, kept = order[:num_held], order[num_held:]
    return LabeledImages(data.images[kept], data.labels[kept]), LabeledImages(data.images[held], data.labels[held])


def train_classifier(
    name: str, train: LabeledImages, test: LabeledImages, settings: Settings | None = None
) -> Classifier:
    """A classifier of `train`, measured on `test`; the same data and settings give the same weights.

    Args:
      name: what the data are called.
      train: what to learn from.
      test: held-out images of the same shape.
      settings: by default `Settings()`.

    Raises:
      InputError: images that are not uint8 [N, H, W, C] of one shape, labels that don't fit, or too few images.
    """
    settings = settings or Settings()
    check_data(train, test, settings)
    network = network_for(train, settings)
    shape = train.images.shape[1:]
    classifier = bind(name, network, shape, _fit(network, train, settings), accuracy=float("nan"))
    right = classifier.logits(test.images).argmax(axis=1) == test.labels
    return classifier._replace(accuracy=float(right.mean()))


def network_for(train: LabeledImages, settings: Settings) -> SmallConvNet:
    """The untrained network: as many classes as the largest label asks for."""
    return SmallConvNet(settings.num_features, int(train.labels.max()) + 1, settings.channels)


def _fit(network: SmallConvNet, train: LabeledImages, settings: Settings) -> Any:
    """Adam with a cosine schedule. One jitted call a step: inside a scan the CPU's convolution gradients crawl."""
    steps_per_epoch = len(train.images) // settings.batch_size
    optimizer = optax.adam(optax.cosine_decay_schedule(settings.learning_rate, settings.epochs * steps_per_epoch))

    @jax.jit
    def step(params: Any, opt_state: Any, images: UInt8[Array, "B H W C"], labels: Int[Array, "B"]) -> tuple[Any, Any]:
        def loss(params: Any) -> Float[Array, ""]:
            logits: Any = network.apply(params, images)[1]
            return optax.softmax_cross_entropy_with_integer_labels(logits, labels).mean()

        updates, opt_state = optimizer.update(jax.grad(loss)(params), opt_state)
        return optax.apply_updates(params, updates), opt_state

    params = jax.jit(network.init)(jax.random.key(settings.seed), train.images[:1])
    opt_state = optimizer.init(params)
    for images, labels in _batches(train, settings):
        params, opt_state = step(params, opt_state, images, labels)
    return params


def _batches(train: LabeledImages, settings: Settings) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Shuffled epochs, each batch moved by up to a 14th of the image's side: two pixels on MNIST, none on 8×8."""
    draws = np.random.default_rng(settings.seed)
    _, height, width, _ = train.images.shape
    reach = min(height, width) // 14
    for _ in range(settings.epochs):
        order = draws.permutation(len(train.images))
        for start in range(0, len(order) - settings.batch_size + 1, settings.batch_size):
            chosen = order[start : start + settings.batch_size]
            down, right = draws.integers(0, 2 * reach + 1, 2)
            padded = np.pad(train.images[chosen], ((0, 0), (reach, reach), (reach, reach), (0, 0)))
            yield padded[:, down : down + height, right : right + width], train.labels[chosen].astype(np.int32)


def bind(name: str, network: SmallConvNet, shape: tuple[int, ...], params: Any, accuracy: float) -> Classifier:
    """A `Classifier` from a network, the shape of the images it takes, and its weights."""
    forward = jax.jit(network.apply)

    def in_blocks(images: np.ndarray, output: int) -> np.ndarray:
        images = np.asarray(images)
        _check_images("images", images)
        if images.shape[1:] != shape:
            raise InputError(f"Expected images of {list(shape)} for {name}, got {list(images.shape[1:])}.")
        # the last block is filled up: one shape, one compiled programme, and no result that depends on the split
        filled = np.concatenate([images, np.zeros((-len(images) % BLOCK, *images.shape[1:]), np.uint8)])
        blocks = [np.asarray(forward(params, filled[i : i + BLOCK])[output]) for i in range(0, len(filled), BLOCK)]
        return np.concatenate(blocks)[: len(images)]

    return Classifier(name, params, lambda images: in_blocks(images, 0), lambda images: in_blocks(images, 1), accuracy)


def _check_images(name: str, images: np.ndarray) -> None:
    if np.ndim(images) != 4 or images.dtype != np.uint8 or not images.size:
        raise InputError(
            f"Expected {name} as uint8 [N, H, W, C], at least one, got {list(np.shape(images))} of {images.dtype}: "
            "round generated images to bytes as the real ones are, (x + 1)·127.5."
        )


def _check_labeled(name: str, data: LabeledImages) -> None:
    _check_images(name, data.images)
    labels = data.labels
    if labels.shape != data.images.shape[:1] or not np.issubdtype(labels.dtype, np.integer) or labels.min() < 0:
        raise InputError(
            f"Expected one label >= 0 for each of {len(data.images)} images of {name}, got {list(labels.shape)} of "
            f"{labels.dtype}."
        )


def check_data(train: LabeledImages, test: LabeledImages, settings: Settings) -> None:
    """Raises `InputError` unless a classifier can be trained on `train` and measured on `test`."""
    check_positive(**{name: float(value) for name, value in dataclasses.asdict(settings).items() if name != "seed"})
    _check_labeled("train", train)
    _check_labeled("test", test)
    if train.images.shape[1:] != test.images.shape[1:]:
        raise InputError(
            f"Expected train and test images of one shape, got {list(train.images.shape[1:])} and "
            f"{list(test.images.shape[1:])}."
        )
    if len(train.images) < settings.batch_size:
        raise InputError(
            f"Expected at least batch_size = {settings.batch_size} training images, got {len(train.images)}."
        )
