"""The Keras programme for MNIST, as its users run it, on TensorFlow."""

from __future__ import annotations

import os
from typing import Any

import keras  # pyright: ignore[reportMissingImports]: optional
import numpy as np
import tensorflow as tf  # pyright: ignore[reportMissingImports]
from keras import layers  # pyright: ignore[reportMissingImports]

from benchmarks.task import Task, repeated

NUM_DIGITS, LATENTS = 10_000, 100


def mnist(batch_size: int = 32) -> Task:
    """`predict` makes the fakes; three `train_on_batch` move D by the real and the fake batch, then G. A step is all.

    Raises:
      RuntimeError: if the players don't move as they should: Keras asks which weights are trainable when a model's
        training is traced, so the discriminator's has to be before it is frozen inside the combined model.
    """
    generator, discriminator = make_generator(), make_discriminator()
    discriminator.compile(loss="binary_crossentropy", optimizer=adam(), metrics=["accuracy"])
    draws, digits = np.random.default_rng(0), digits_of_noise()
    valid, fake = np.ones((batch_size, 1), np.float32), np.zeros((batch_size, 1), np.float32)
    discriminator.train_on_batch(digits[:batch_size], valid)
    discriminator.trainable = False
    combined = keras.Sequential([keras.Input((LATENTS,)), generator, discriminator])
    combined.compile(loss="binary_crossentropy", optimizer=adam())

    def discriminate() -> None:
        real = digits[draws.integers(0, NUM_DIGITS, batch_size)]
        made = generator.predict(noise(), verbose=0)
        discriminator.train_on_batch(real, valid)
        discriminator.train_on_batch(made, fake)

    def generate() -> None:
        combined.train_on_batch(noise(), valid)

    def noise() -> np.ndarray:
        return draws.normal(0, 1, (batch_size, LATENTS)).astype(np.float32)

    def step() -> None:
        discriminate()
        generate()

    check_moves(generate, moving=generator, resting=discriminator)
    check_moves(discriminate, moving=discriminator, resting=generator)
    facts: dict[str, Any] = {
        "parameters": sum(
            int(np.prod(weight.shape)) for model in (generator, discriminator) for weight in parameters(model)
        ),
        "versions": {"keras": keras.__version__, "tensorflow": tf.__version__},
        "threads": tf.config.threading.get_intra_op_parallelism_threads() or os.cpu_count(),  # 0: its own choice
    }
    return Task(repeated(step, lambda: None), facts)


def make_generator() -> Any:
    """100-256-512-1024-784: LeakyReLU, then batch norm."""
    hidden = [
        layer
        for width in (256, 512, 1024)
        for layer in (layers.Dense(width), layers.LeakyReLU(0.2), layers.BatchNormalization(momentum=0.8))
    ]
    output = [layers.Dense(784, activation="tanh"), layers.Reshape((28, 28, 1))]
    return keras.Sequential([keras.Input((LATENTS,)), *hidden, *output])


def make_discriminator() -> Any:
    """784-512-256-1, with the sigmoid."""
    hidden = [layer for width in (512, 256) for layer in (layers.Dense(width), layers.LeakyReLU(0.2))]
    return keras.Sequential(
        [keras.Input((28, 28, 1)), layers.Flatten(), *hidden, layers.Dense(1, activation="sigmoid")]
    )


def adam() -> Any:
    return keras.optimizers.Adam(2e-4, 0.5)


def digits_of_noise() -> np.ndarray:
    images = np.random.default_rng(0).integers(0, 256, (NUM_DIGITS, 28, 28, 1), np.uint8)
    return images.astype(np.float32) / 127.5 - 1.0


def parameters(model: Any) -> list[Any]:
    """What is learned, frozen by now or not; batch norm's averages are not."""
    return [weight for weight in model.weights if "moving" not in weight.path]


def values(model: Any) -> list[np.ndarray]:
    return [np.array(keras.ops.convert_to_numpy(weight)) for weight in parameters(model)]  # copies: training overwrites


def check_moves(turn: Any, *, moving: Any, resting: Any) -> None:
    """Raises RuntimeError unless the turn changes what one player learned and leaves the other's alone."""
    before = [values(model) for model in (moving, resting)]
    turn()
    after = [values(model) for model in (moving, resting)]
    moved, rested = (
        any((a != b).any() for a, b in zip(old, new, strict=True)) for old, new in zip(before, after, strict=True)
    )
    if not moved or rested:
        raise RuntimeError(f"Expected one player to move, got {moved} and {rested}: Keras has changed its ways.")
