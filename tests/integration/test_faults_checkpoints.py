"""Checkpoints of real games on a disk that rots: what comes back is what was saved, to the bit, or is refused.

pytest tests/integration/test_faults_checkpoints.py -m "slow or not slow" -s    # prints what became of each damage
"""

import collections
import dataclasses
import random
import re
import resource
import shutil
import time

import assembly
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from configs import PRESETS
from damages import FILE_DAMAGES, STEP_DAMAGES, steps_of
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from ganjax import architectures, objectives, populations, priors, steps
from ganjax.checks import InputError
from ganjax.io import Checkpoints, best_step, restore_latest
from ganjax.types import Game

DAMAGES = FILE_DAMAGES | STEP_DAMAGES
SAVED = (100, 200)  # two checkpoints, so that there is one to fall back to
EXTRA = {"sums": {"disc_loss": "0.1234567890123", "gen_loss": "NaN"}, "steps": 7, "seconds": 0.1, "cursor": [3, None]}
MOST_SECONDS, MOST_MEMORY = 20, 2**29  # of one restoring, and of all


def dcgan():
    """Batch norm in both networks, Adam twice, the average, and the run's key."""
    preset = PRESETS["digits"]
    config = dataclasses.replace(
        preset,
        generator=dataclasses.replace(preset.generator, channels=8),
        discriminator=dataclasses.replace(preset.discriminator, channels=8),
    )
    return zeros(assembly.template(assembly.assemble(config), config))


def zeros(shapes):
    """Arrays of these shapes: `noisy` puts numbers in, and nothing need be compiled."""
    return jax.tree.map(
        lambda leaf: (
            jnp.broadcast_to(jax.random.key(0), leaf.shape) if is_key(leaf) else jnp.zeros(leaf.shape, leaf.dtype)
        ),
        shapes,
    )


def is_key(leaf):
    return jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key)


def keys():
    """Keys of two kinds beside arrays of odd types, a scalar and one without entries."""
    return {
        "key": jax.random.key(3),
        "keys": jax.random.split(jax.random.key(4, impl="rbg"), (2, 3)),
        "half": jnp.arange(7, dtype=jnp.bfloat16),
        "truth": jnp.array([True, False]),
        "scalar": jnp.float32(-0.0),
        "none": jnp.zeros((0, 3)),
    }


def population():
    """Five small games with their own learning rates."""
    mlp = architectures.ARCHITECTURES["mlp"]

    def make(learning_rate):
        networks = mlp.generator((2,), features=(8,)), mlp.discriminator((2,), features=(8,))
        game = Game(*networks, objectives.non_saturating(), priors.normal(2))
        return steps.alternating(game, optax.adam(learning_rate), optax.adam(learning_rate))

    rates = jnp.linspace(1e-4, 1e-3, 5)
    shapes = jax.eval_shape(
        lambda: populations.init(make, jax.random.split(jax.random.key(0), 5), rates, (jnp.zeros((4, 2)), ()))
    )
    return zeros(shapes)


def sharded():
    """Rows over eight devices, and what all of them hold."""
    mesh = Mesh(np.array(jax.devices()), ("data",))
    split, everywhere = NamedSharding(mesh, PartitionSpec("data")), NamedSharding(mesh, PartitionSpec())
    return {
        "rows": jax.device_put(jax.random.normal(jax.random.key(0), (16, 33)), split),
        "keys": jax.device_put(jax.random.split(jax.random.key(1), 8), split),
        "all": jax.device_put(jnp.arange(3.0), everywhere),
    }


STATES = {"dcgan": dcgan, "keys": keys, "population": population, "sharded": sharded}


def noisy(state, seed):
    """The same kinds of arrays with other numbers in them, none of them twice."""
    rng = np.random.default_rng(seed)

    def other(leaf):
        if is_key(leaf):
            impl = jax.random.key_impl(leaf)
            words = rng.integers(0, 2**32, jax.random.key_data(leaf).shape, np.uint32)
            return jax.device_put(jax.random.wrap_key_data(words, impl=impl), leaf.sharding)
        if leaf.dtype == bool:
            return jax.device_put(jnp.asarray(rng.random(leaf.shape) < 0.5), leaf.sharding)
        return jax.device_put(jnp.asarray(rng.normal(size=leaf.shape) * 100).astype(leaf.dtype), leaf.sharding)

    return jax.tree.map(other, state)


def content(leaf):
    words = jax.random.key_data(leaf) if is_key(leaf) else leaf
    return str(leaf.dtype), leaf.shape, leaf.sharding, np.asarray(words).tobytes()


def contents(state):
    return jax.tree.structure(state), [content(leaf) for leaf in jax.tree.leaves(state)]


@pytest.fixture(scope="module", params=list(STATES))
def original(request, tmp_path_factory):
    """A folder with two checkpoints, what each must give back, and a state to restore into."""
    folder = tmp_path_factory.mktemp(request.param)
    template = STATES[request.param]()
    saved = {step: noisy(template, step) for step in SAVED}
    with Checkpoints(folder) as checkpoints:
        for step, state in saved.items():
            checkpoints.save(step, state, EXTRA | {"at": step}, score=float(-step))
    return folder, {step: contents(state) for step, state in saved.items()}, template


def outcome(folder, expected, template):
    """What restoring gives: the step that came back, or None where all is refused. Anything wrong fails the test."""
    there = [int(path.name) for path in steps_of(folder) if path.is_dir()]
    try:
        restored = restore_latest(folder, template)
    except InputError as error:
        restored = str(error)
    if isinstance(restored, str):
        assert len(restored.splitlines()) == 1
        return None
    assert contents(restored.state) == expected[restored.step]
    assert restored.extra == EXTRA | {"at": restored.step}
    assert [skipped.step for skipped in restored.skipped] == sorted(
        (x for x in there if x > restored.step), reverse=True
    )
    assert all(skipped.reason and "\n" not in skipped.reason for skipped in restored.skipped)
    return restored.step


def check_best(folder):
    """The one of the higher score, if it is there; or nobody can say."""
    first = (folder / str(SAVED[0])).is_dir()
    try:
        best = best_step(folder)
    except InputError as error:
        best = str(error)
    assert best == SAVED[0 if first else 1] or re.search("may have been the best|was saved with a score", str(best))


def goes_on(folder, expected, template, step):
    """The run that writes there restores the same, and its next checkpoint is sound."""
    with Checkpoints(folder) as checkpoints:
        assert checkpoints.restore(template).step == step
        state = noisy(template, 300)
        checkpoints.save(300, state, EXTRA)
        assert checkpoints.best_step() in (*SAVED, None)
    restored = restore_latest(folder, template)
    assert (restored.step, restored.skipped, contents(restored.state)) == (300, (), contents(state))


def survive(original, tmp_path, places, seed):
    """Damages a copy at each of so many places; what became of it, by kind of damage."""
    source, expected, template = original
    rng, became = random.Random(f"{seed} {source.name}"), collections.defaultdict(collections.Counter)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for place in range(places):
        folder = tmp_path / str(place)
        shutil.copytree(source, folder)
        # file damages are what disks do; of the folders one place in four
        kinds = FILE_DAMAGES if rng.random() < 0.75 else STEP_DAMAGES
        kind = rng.choice(sorted(kinds))
        inside = rng.choice([folder, folder / str(SAVED[-1])]) if kind in FILE_DAMAGES else folder
        what, began = kinds[kind](rng, inside), time.perf_counter()
        try:
            step = outcome(folder, expected, template)
            check_best(folder)
            if step is not None:
                goes_on(folder, expected, template, step)
        except BaseException as error:
            error.add_note(f"place {place}: {what}")
            raise
        assert time.perf_counter() - began < MOST_SECONDS, what
        became[kind][{None: "refused", SAVED[-1]: "harmless"}.get(step, "fell back")] += 1
        shutil.rmtree(folder)
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) << 10
    assert grown < MOST_MEMORY, f"{grown >> 20} MiB"
    return became, grown


def test_no_damage_goes_unnoticed(original, tmp_path, capfd):
    became, _ = survive(original, tmp_path, places=6, seed=0)
    assert sum(sum(each.values()) for each in became.values()) == 6
    assert capfd.readouterr() == ("", "")  # Orbax's own complaints stay off the terminal


@pytest.mark.slow
def test_no_damage_at_two_hundred_places_goes_unnoticed(original, tmp_path):
    became, grown = survive(original, tmp_path, places=200, seed=1)
    print(f"\n{original[0].name}: memory grew by {grown >> 20} MiB")
    for kind, counts in sorted(became.items()):
        print(f"  {kind:16}{dict(counts)}")
    total = sum(became.values(), collections.Counter())
    print(f"  {'all':16}{dict(total)}")
    assert total["harmless"] > 10 < total["fell back"]  # both kinds of places were hit
