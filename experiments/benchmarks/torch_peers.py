"""The PyTorch peers, from public recipes: the networks, updates and batches of ours, in eager mode.

The data are a tensor in memory and shuffled anew each epoch; gradients are set to None; nothing is read back but where
the recipe does. As in DCGAN's tutorial the generator's backward pass leaves gradients in the discriminator that are
thrown away; `frozen` spares them.
"""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Callable, Iterator
from typing import Any

import torch  # pyright: ignore[reportMissingImports]: an extra
from torch import Tensor, nn  # pyright: ignore[reportMissingImports]

from benchmarks.task import Task, repeated

NUM_DIGITS, NUM_PICTURES, NUM_POINTS = 10_000, 2048, 10_000
START = 4  # pixels a side of the smallest image
DEVICE = "cuda" if torch.cuda.is_available() else "cpu"
if DEVICE != "cpu":  # the setting itself slows every call of PyTorch down
    torch.set_default_device(DEVICE)

Batches = Iterator[Tensor]
Draw = Callable[[], Tensor]  # -> latents


class Peer:
    """Two networks, their optimizers, and what they are fed."""

    def __init__(
        self,
        generator: nn.Module,
        discriminator: nn.Module,
        optimizers: tuple[torch.optim.Optimizer, torch.optim.Optimizer],
        batches: Batches,
        latents: Draw,
        *,
        frozen: bool = False,
        autocast: bool = False,
    ):
        self.generator, self.discriminator = generator, discriminator
        self.gen_optimizer, self.disc_optimizer = optimizers
        self.batches, self.latents, self.frozen = batches, latents, frozen
        self.precision = torch.autocast(DEVICE, dtype=torch.bfloat16) if autocast else contextlib.nullcontext()
        self.loss = nn.BCEWithLogitsLoss()
        with torch.no_grad():
            scores = discriminator(next(batches))
        self.ones, self.zeros = torch.ones(scores.shape), torch.zeros(scores.shape)

    def alternating(self) -> None:
        """The discriminator learns a real and a fake batch at once; then the generator, with fresh latents."""
        self.disc_optimizer.zero_grad(set_to_none=True)
        with self.precision:
            with torch.no_grad():
                fake = self.generator(self.latents())
            loss = self.judged(next(self.batches), self.ones) + self.judged(fake, self.zeros)
        loss.backward()
        self.disc_optimizer.step()
        self.generate()

    def real_then_fake(self) -> None:
        """The discriminator moves by the real batch, then by one that the generator made in evaluation mode."""
        self.generator.eval()
        with torch.no_grad():
            fake = self.generator(self.latents())
        self.generator.train()
        for batch, labels in ((next(self.batches), self.ones), (fake, self.zeros)):
            self.disc_optimizer.zero_grad(set_to_none=True)
            self.judged(batch, labels).backward()
            self.disc_optimizer.step()
        self.generate()

    def generate(self) -> None:
        """The generator's turn."""
        self.gen_optimizer.zero_grad(set_to_none=True)
        self.discriminator.requires_grad_(not self.frozen)
        with self.precision:
            loss = self.judged(self.generator(self.latents()), self.ones)
        loss.backward()
        self.gen_optimizer.step()
        self.discriminator.requires_grad_(True)

    def judged(self, samples: Tensor, labels: Tensor) -> Tensor:
        return self.loss(self.discriminator(samples).float(), labels)

    def task(self, step: Callable[[], None]) -> Task:
        """The unit is a step."""
        networks = (self.generator, self.discriminator)
        facts = {
            "parameters": sum(p.numel() for network in networks for p in network.parameters()),
            "versions": {"torch": torch.__version__},
            "threads": torch.get_num_threads(),
        }
        return Task(repeated(step, finish), facts)


def finish() -> None:
    """Waits for the device."""
    if DEVICE == "cuda":
        torch.cuda.synchronize()


# ---------------------------------------------------------------- contestants


def gaussian(threads: int | None = None) -> Task:
    """The Gaussian toy: batches of 8, a linear generator."""
    limit(threads)
    generator = nn.Linear(2, 2)
    discriminator = nn.Sequential(nn.Linear(2, 5), nn.Tanh(), nn.Linear(5, 3), nn.Tanh(), nn.Linear(3, 1))
    for network in (generator, discriminator):
        started(network)
    points = torch.randn(1000, 2) @ torch.tensor([[1.0, 2.0], [-0.1, 0.5]]) + torch.tensor([1.0, 2.0])
    optimizers = torch.optim.Adam(generator.parameters(), 0.005), torch.optim.Adam(discriminator.parameters(), 0.05)
    peer = Peer(generator, discriminator, optimizers, shuffled(points, 8), lambda: torch.randn(8, 2))
    return peer.task(peer.alternating)


def mlp(batch_size: int = 256, threads: int | None = None, fused_adam: bool = False) -> Task:
    """Three hidden layers of 128 in both networks, points of a ring."""
    limit(threads)
    generator, discriminator = dense((2, 128, 128, 128, 2), nn.ReLU), dense((2, 128, 128, 128, 1), leaky)
    angles = 2 * torch.pi * torch.randint(8, (NUM_POINTS,)) / 8
    points = torch.stack([angles.cos(), angles.sin()], 1) + 0.01 * torch.randn(NUM_POINTS, 2)
    optimizers = adams(generator, discriminator, 1e-3, fused=fused_adam)
    peer = Peer(generator, discriminator, optimizers, shuffled(points, batch_size), normal(batch_size, 2))
    return peer.task(peer.alternating)


def keras_mnist(batch_size: int = 32, fused_adam: bool = False, real_then_fake: bool = True) -> Task:
    """The Keras programme, or its networks under the usual alternating update."""
    generator, discriminator = keras_generator(), keras_discriminator()
    optimizers = adams(generator, discriminator, 2e-4, eps=1e-7, fused=fused_adam)
    digits = torch.randint(256, (NUM_DIGITS, 784), dtype=torch.uint8)
    batches = (to_float(batch) for batch in shuffled(digits, batch_size))
    peer = Peer(generator, discriminator, optimizers, batches, normal(batch_size, 100))
    return peer.task(peer.real_then_fake if real_then_fake else peer.alternating)


def dcgan(
    resolution: int,
    batch_size: int = 64,
    *,
    channels_last: bool = False,
    autocast: bool = False,
    frozen: bool = False,
    normalized: bool = True,
) -> Task:
    """DCGAN, 64 channels wide, kernels of 4; `normalized` is about the discriminator's batch norm."""
    layout = torch.channels_last if channels_last else torch.contiguous_format
    generator = dcgan_generator(resolution).to(memory_format=layout)  # type: ignore[reportCallIssue]
    discriminator = dcgan_discriminator(resolution, normalized=normalized).to(memory_format=layout)  # type: ignore[reportCallIssue]
    for network in (generator, discriminator):
        started(network)
    optimizers = adams(generator, discriminator, 2e-4)
    images = torch.randint(256, (NUM_PICTURES, 3, resolution, resolution), dtype=torch.uint8)
    images = images.to(memory_format=layout)
    batches = (to_float(batch) for batch in shuffled(images, batch_size))
    how: dict[str, Any] = {"frozen": frozen, "autocast": autocast}
    peer = Peer(generator, discriminator, optimizers, batches, lambda: 2 * torch.rand(batch_size, 100) - 1, **how)
    return peer.task(peer.alternating)


# ---------------------------------------------------------------- networks


def leaky() -> nn.Module:
    return nn.LeakyReLU(0.2)


def dense(widths: tuple[int, ...], activation: Callable[[], nn.Module]) -> nn.Sequential:
    *hidden, last = (nn.Linear(a, b) for a, b in itertools.pairwise(widths))
    return nn.Sequential(*(layer for linear in hidden for layer in (linear, activation())), last)


def keras_generator() -> nn.Sequential:
    """Batch norm stands after the LeakyReLU; PyTorch's momentum is one minus Keras'."""
    layers: list[nn.Module] = []
    for before, width in ((100, 256), (256, 512), (512, 1024)):
        layers += [nn.Linear(before, width), leaky(), nn.BatchNorm1d(width, eps=1e-3, momentum=0.2)]
    return nn.Sequential(*layers, nn.Linear(1024, 784), nn.Tanh())


def keras_discriminator() -> nn.Sequential:
    return dense((784, 512, 256, 1), leaky)


def doublings(resolution: int) -> int:
    return (resolution // START).bit_length() - 1


def dcgan_generator(resolution: int, channels: int = 64) -> nn.Sequential:
    widths = [channels * 2**i for i in reversed(range(doublings(resolution)))]
    first = widths[0]
    layers: list[nn.Module] = [
        nn.Linear(100, START * START * first, bias=False),
        nn.Unflatten(1, (first, START, START)),
    ]
    for before, width in zip(widths, [*widths[1:], 3], strict=True):
        layers += [nn.BatchNorm2d(before), nn.ReLU()]
        layers.append(nn.ConvTranspose2d(before, width, 4, 2, padding=1, bias=width == 3))
    return nn.Sequential(*layers, nn.Tanh())


def dcgan_discriminator(resolution: int, channels: int = 64, *, normalized: bool = True) -> nn.Sequential:
    widths = [channels * 2**i for i in range(doublings(resolution))]
    layers: list[nn.Module] = []
    for before, width in zip([3, *widths], widths, strict=False):
        plain = before == 3 or not normalized
        layers.append(nn.Conv2d(before, width, 4, 2, padding=1, bias=plain))
        layers += [leaky()] if plain else [nn.BatchNorm2d(width), leaky()]
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(START * START * widths[-1], 1))


# ---------------------------------------------------------------- what they are fed


def shuffled(samples: Tensor, batch_size: int) -> Batches:
    """Batches for ever, each epoch in a new order."""
    while True:
        order = torch.randperm(len(samples))
        for start in range(0, len(samples) - batch_size + 1, batch_size):
            yield samples[order[start : start + batch_size]]


def to_float(images: Tensor) -> Tensor:
    return images.float().div_(127.5).sub_(1.0)


def normal(batch_size: int, dim: int) -> Draw:
    return lambda: torch.randn(batch_size, dim)


def adams(
    generator: nn.Module, discriminator: nn.Module, learning_rate: float, *, eps: float = 1e-8, fused: bool = False
) -> tuple[torch.optim.Optimizer, torch.optim.Optimizer]:
    how: dict[str, Any] = {"lr": learning_rate, "betas": (0.5, 0.999), "eps": eps} | ({"fused": True} if fused else {})
    return torch.optim.Adam(generator.parameters(), **how), torch.optim.Adam(discriminator.parameters(), **how)


def started(network: nn.Module) -> None:
    """Kernels from N(0, .02), as DCGAN and the toy have them."""
    for name, parameter in network.named_parameters():
        if parameter.ndim > 1 and name:
            nn.init.normal_(parameter, 0.0, 0.02)


def limit(threads: int | None) -> None:
    """None for as many as PyTorch takes by itself."""
    if threads is not None:
        torch.set_num_threads(threads)
