"""The table of what is compared with what."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from benchmarks.contestant import Contestant
from benchmarks.targets import Target, computes, faster, within
from ganjax import checks


class Curve(NamedTuple):
    """Costs over a size.

    Attributes:
      size: what it is called.
      points: contestant -> its size.
    """

    size: str
    points: Mapping[str, int]


class Comparison(NamedTuple):
    """Contestants that take turns.

    Attributes:
      title: the table's.
      unit: of the costs.
      contestants: the first one is what the table's speed-ups are against.
      targets: what it is to show.
      roofline: runs in the same rounds; the others' FLOPs a second are shown as a share of its own.
      curve: what the figure draws of it.
      verdict: (the contestants' medians) -> a sentence for below the table.
    """

    title: str
    unit: str
    contestants: tuple[Contestant, ...]
    targets: tuple[Target, ...] = ()
    roofline: Contestant | None = None
    curve: Curve | None = None
    verdict: Callable[[Mapping[str, float]], str] | None = None


STEP, GAME_STEP = "µs a step", "µs a game-step"
ROOFLINE = Contestant("matrix product, float32", "benchmarks.rooflines:product")


def torch(name: str, function: str, **arguments: Any) -> Contestant:
    return Contestant(name, f"benchmarks.torch_peers:{function}", arguments, needs=("torch",))


def ours(name: str, function: str, game: str, **arguments: Any) -> Contestant:
    return Contestant(name, f"benchmarks.ours:{function}", {"game": game, **arguments})


# ---------------------------------------------------------------- small networks

TORCH, TORCH_ALONE, TORCH_FUSED = "PyTorch", "PyTorch, 1 thread", "PyTorch, fused Adam"
CHUNK, A_STEP = "ours, chunk", "ours, a jit a step"

GAUSSIAN = Comparison(
    "Gaussian toy, batch 8",
    STEP,
    (
        torch(TORCH_ALONE, "gaussian", threads=1),
        torch(TORCH, "gaussian"),
        ours(A_STEP, "stepwise", "gaussian"),
        ours(CHUNK, "chunked", "gaussian", length=1000),
    ),
    (faster(CHUNK, TORCH_ALONE, 400),),
)

CROWDS = {f"{num} game{'s' * (num > 1)}": num for num in (1, 4, 16, 64, 256, 1024)}
CROWDS_OF_TOYS = Comparison(
    "Gaussian toys at once, batch 8",
    GAME_STEP,
    (
        torch(TORCH_ALONE, "gaussian", threads=1),
        *(
            ours(name, "population", "gaussian", num=num, length=500, devices=2 if num >= 16 else 1)
            for name, num in CROWDS.items()
        ),
    ),
    (faster("64 games", TORCH_ALONE, 1500), faster("1024 games", TORCH_ALONE, 1000)),
    curve=Curve("games", CROWDS),
)


MLPS = {f"{num} at once": num for num in (1, 4, 16)}
CROWDS_OF_MLPS = Comparison(  # games that fill the processor by themselves: company must not cost
    "Games of Keras' MLP at once, batch 32",
    GAME_STEP,
    tuple(
        ours(f"{num} {how}", function, "keras-mlp", num=num, length=20, batch_size=32, **devices)
        for num in MLPS.values()
        for how, function, devices in (
            ("one after another", "one_after_another", {}),
            ("at once", "population", {"devices": min(num, 2)}),
        )
    ),
    tuple(faster(f"{num} at once", f"{num} one after another", 1.0) for num in MLPS.values()),
    curve=Curve("games", MLPS),
)

KERAS = "Keras on TensorFlow"
KERAS_MNIST = Comparison(
    "The Keras programme for MNIST, batch 32",
    STEP,
    (
        Contestant(KERAS, "benchmarks.keras_peers:mnist", needs=("tensorflow", "keras")),
        torch(TORCH, "keras_mnist"),
        torch(TORCH_FUSED, "keras_mnist", fused_adam=True),
        ours(A_STEP, "stepwise", "keras-mnist"),
        ours(CHUNK, "chunked", "keras-mnist", length=100),
    ),
    (faster(CHUNK, KERAS, 13), faster(CHUNK, TORCH, 2.5), faster(CHUNK, TORCH_FUSED, 2)),
    ROOFLINE,
)


def mlp(batch_size: int) -> Comparison:
    """Networks of the size that toys in the plane are played with."""
    contestants = (
        torch(TORCH, "mlp", batch_size=batch_size),
        torch(TORCH_ALONE, "mlp", batch_size=batch_size, threads=1),
        torch(TORCH_FUSED, "mlp", batch_size=batch_size, fused_adam=True),
        ours(A_STEP, "stepwise", "mlp", batch_size=batch_size),
        ours(CHUNK, "chunked", "mlp", batch_size=batch_size, length=100),
    )
    return Comparison(
        f"MLP 128-128-128 on a ring, batch {batch_size}", STEP, contestants, (faster(CHUNK, TORCH, 3),), ROOFLINE
    )


# ---------------------------------------------------------------- convolutions

TORCH_LAST = "PyTorch, channels last"


def dcgan(resolution: int, length: int, targets: tuple[Target, ...]) -> Comparison:
    game, last = f"dcgan-{resolution}", {"resolution": resolution, "channels_last": True}
    contestants = (
        torch(TORCH, "dcgan", resolution=resolution),
        torch(TORCH_LAST, "dcgan", **last),
        torch("PyTorch, channels last, D frozen in G's turn", "dcgan", **last, frozen=True),
        torch("PyTorch, channels last, bfloat16", "dcgan", **last, autocast=True),
        ours(A_STEP, "stepwise", game),
        ours(CHUNK, "chunked", game, length=length),
        ours("ours, chunk, bfloat16", "chunked", game, length=length, dtype="bfloat16"),
    )
    return Comparison(f"DCGAN {resolution}, batch 64", STEP, contestants, targets, ROOFLINE)


# ---------------------------------------------------------------- one backward pass for both players

ALTERNATING, FUSED, TORCH_ALTERNATING = "ours, alternating", "ours, fused synchronous", "PyTorch, alternating"


def fused(title: str, game: str, peer: Contestant, bounds: tuple[float, float, float], **sizes: Any) -> Comparison:
    """The alternating update, with fresh latents for each player, beside the synchronous one."""
    over_alternating, share, over_peer = bounds
    contestants = (
        ours(ALTERNATING, "chunked", game, **sizes),
        ours(FUSED, "chunked", game, **sizes, fused=True),
        peer,
    )
    targets = (
        faster(FUSED, ALTERNATING, over_alternating),
        computes(FUSED, ALTERNATING, share),
        faster(FUSED, TORCH_ALTERNATING, over_peer),
    )
    return Comparison(title, STEP, contestants, targets, ROOFLINE)


FUSED_MLP = fused(
    "Fused, Keras' MLP, batch 128",
    "keras-mlp",
    torch(TORCH_ALTERNATING, "keras_mnist", batch_size=128, real_then_fake=False),
    (1.25, 0.78, 2.5),
    length=50,
)
FUSED_DCGAN = fused(
    "Fused, DCGAN 32 without batch norm in D, batch 64",
    "dcgan-32",
    torch(TORCH_ALTERNATING, "dcgan", resolution=32, normalized=False),
    (1.25, 0.75, 1.3),
    length=10,
    normalization="none",
)

# ---------------------------------------------------------------- costs by themselves

COLD, WARM = "a cold start", "a start from the cache"
START = Comparison(
    "From the imports to the end of the first step, preset digits",
    "s",
    (
        Contestant(COLD, "benchmarks.start:cold", {"preset": "digits"}),
        Contestant(WARM, "benchmarks.start:warm", {"preset": "digits"}),
    ),
    (within(COLD, 6.0), within(WARM, 2.0)),
)


def curve(title: str, game: str, size: str, values: tuple[int, ...], **arguments: Any) -> Comparison:
    """One game at several values of one of `ours.chunked`'s arguments."""
    points = {f"{size} {value}": value for value in values}
    contestants = (ours(name, "chunked", game, **{**arguments, size: value}) for name, value in points.items())
    return Comparison(title, STEP, tuple(contestants), curve=Curve(size.replace("_", " "), points))


CURVES = (
    curve("Gaussian toy, by batch size", "gaussian", "batch_size", (1, 8, 64, 512), length=500),
    curve("Keras' MLP, by batch size", "keras-mlp", "batch_size", (1, 8, 32, 128, 512), length=10),
    curve("Gaussian toy, by chunk length", "gaussian", "length", (1, 10, 100, 1000)),
    curve("Keras' MLP, by chunk length", "keras-mlp", "length", (1, 4, 16, 64), batch_size=32),
)

IN_MEMORY, STREAMED, TWO_WORKERS = "the step, in memory", "the step, streamed", "zip, 2 workers"


def reading(name: str, kind: str, workers: int, **arguments: Any) -> Contestant:
    return Contestant(name, "benchmarks.input:reading", {"kind": kind, "workers": workers, **arguments})


def input_verdict(medians: Mapping[str, float]) -> str:
    """Whether the input starves the step: what it needs against what the readers give, from µs an image."""
    a_second = {name: 1e6 / cost for name, cost in medians.items()}
    two, needed = a_second[TWO_WORKERS], a_second[IN_MEMORY]
    slower = medians[STREAMED] / medians[IN_MEMORY]
    word = "keeps up with" if two > needed else "starves"
    return (
        f"The step needs {needed:,.0f} images/s; two workers read {two:,.0f} from the zip: the input {word} it "
        f"({two / needed:.1f}x). Streamed, the step takes {slower:.2f}x its time in memory."
    )


INPUT = Comparison(
    "DCGAN 64, batch 64, on streamed JPEG",
    "µs an image",
    (
        Contestant(IN_MEMORY, "benchmarks.input:stepping", {"memory": "device"}),
        Contestant(STREAMED, "benchmarks.input:stepping", {"memory": "stream"}),
        reading("zip, 1 worker", "zip", 1),
        reading(TWO_WORKERS, "zip", 2),
        reading("zip, 4 workers", "zip", 4),
        reading("zip, 2 workers, without grain", "zip", 2, reader="threads"),
        reading("array_record, 2 workers", "array-record", 2),
        reading("zip of 178 x 218, resized, 2 workers", "zip-resized", 2),
    ),
    verdict=input_verdict,
)

PRODUCTS = Comparison(
    "Matrix products, 2048 x 2048",
    "µs a product",
    (
        ROOFLINE,
        Contestant("matrix product, bfloat16", "benchmarks.rooflines:product", {"dtype": "bfloat16"}),
        Contestant("PyTorch, float32", "benchmarks.rooflines:torch_product", needs=("torch",)),
        Contestant("PyTorch, bfloat16", "benchmarks.rooflines:torch_product", {"dtype": "bfloat16"}, needs=("torch",)),
    ),
)
COPIES = Comparison(
    "Copies of 256 MiB", "µs a copy", (Contestant("memory copy, 1 thread", "benchmarks.rooflines:copy"),)
)

BENCHMARKS: checks.Table[tuple[Comparison, ...]] = checks.Table(
    "benchmark",
    {
        "rooflines": (PRODUCTS, COPIES),
        "gaussian": (GAUSSIAN,),
        "populations": (CROWDS_OF_TOYS, CROWDS_OF_MLPS),
        "keras-mnist": (KERAS_MNIST,),
        "mlp": (mlp(256), mlp(64)),
        "dcgan-32": (dcgan(32, 10, (faster(CHUNK, TORCH, 1.3), faster(CHUNK, TORCH_LAST, 1.0))),),
        "dcgan-64": (dcgan(64, 4, (faster(CHUNK, TORCH, 1.2),)),),
        "fused": (FUSED_MLP, FUSED_DCGAN),
        "start": (START,),
        "curves": CURVES,
        "input": (INPUT,),
    },
)
