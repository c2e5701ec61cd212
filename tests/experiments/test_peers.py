"""The peers play the same games as ours: networks of the same size, the same turns."""

import assembly
import jax
import pytest
from benchmarks import ours
from benchmarks.games import GAMES, assembled, config_of
from benchmarks.ours import chunked, flops, host_batches, one_after_another, population, stepwise


def parameters(game):
    """Ours, from shapes alone."""
    run, config = assembled(game)
    state = assembly.template(run, config)
    return sum(leaf.size for leaf in jax.tree.leaves((state.gen_params, state.disc_params)))


PEERS = {
    "gaussian": ("gaussian", {}),
    "mlp": ("mlp", {"batch_size": 4}),
    "keras-mnist": ("keras_mnist", {"batch_size": 4}),
    "keras-mlp": ("keras_mnist", {"batch_size": 4, "real_then_fake": False}),
    "dcgan-32": ("dcgan", {"resolution": 32, "batch_size": 2}),
    "dcgan-64": ("dcgan", {"resolution": 64, "batch_size": 2}),
}


@pytest.mark.parametrize("game", GAMES)
def test_torch_networks_are_as_large_as_ours(game):
    pytest.importorskip("torch")
    from benchmarks import torch_peers

    function, arguments = PEERS[game]
    task = getattr(torch_peers, function)(**arguments)
    assert task.facts["parameters"] == parameters(game)
    assert task.run(1) > 0


def test_torch_players_move_in_their_turns_alone():
    torch = pytest.importorskip("torch")
    from benchmarks.torch_peers import Peer, adams, dense, leaky, normal, shuffled

    for frozen in (False, True):
        generator, discriminator = dense((2, 8, 2), leaky), dense((2, 8, 1), leaky)
        optimizers, batches = adams(generator, discriminator, 0.1), shuffled(torch.randn(16, 2), 4)
        peer = Peer(generator, discriminator, optimizers, batches, normal(4, 2), frozen=frozen)
        before = [[p.detach().clone() for p in network.parameters()] for network in (generator, discriminator)]
        peer.generate()
        after = [[p.detach().clone() for p in network.parameters()] for network in (generator, discriminator)]
        moved = [any((a != b).any() for a, b in zip(*pair, strict=True)) for pair in zip(before, after, strict=True)]
        assert moved == [True, False]
        peer.alternating()
        assert any((a != b).any() for a, b in zip(after[1], discriminator.parameters(), strict=True))


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # between TensorFlow and NumPy
def test_keras_networks_are_as_large_as_ours():
    pytest.importorskip("keras")
    from benchmarks import keras_peers

    task = keras_peers.mnist(batch_size=2)
    assert task.facts["parameters"] == parameters("keras-mnist")


@pytest.mark.parametrize("build", [chunked, population, one_after_another, stepwise])
def test_ours_can_be_run_again_and_again(monkeypatch, build):
    monkeypatch.setattr(ours, "flops", lambda *step: 3e9)  # compiled for one test alone, below
    sizes = {"chunked": {"length": 2}, "stepwise": {}}.get(build.__name__, {"num": 3, "length": 2})
    task = build("gaussian", batch_size=4, **sizes)
    assert task.facts["parameters"] == 6 + 15 + 18 + 4  # 2-2, and 2-5-3-1
    assert task.facts["gflop"] == 3.0
    assert all(task.run(calls) > 0 for calls in (1, 2))


def test_the_work_is_that_of_one_step_however_many_are_scanned():
    run, config = assembled("gaussian")
    assert chunked("gaussian", length=7).facts["gflop"] == flops(run, config, assembly.init(run, config)) / 1e9


def test_a_step_from_the_host_sees_every_sample_of_an_epoch():
    run, config = assembled("gaussian", batch_size=250)
    batches = host_batches(run, config)
    seen = {tuple(point) for _ in range(4) for point in next(batches).tolist()}
    assert len(seen) == 1000
    assert (next(batches).shape, next(batches).dtype) == ((250, 2), "float32")


def test_images_from_the_host_are_those_of_the_device():
    run, config = assembled("keras-mnist")
    batch = next(host_batches(run, config))
    assert batch.shape == (32, 28, 28, 1)
    assert -1.0 <= batch.min() < -0.9 < 0.9 < batch.max() <= 1.0


def test_a_contestant_changes_what_it_says_and_nothing_else():
    plain, changed = config_of("dcgan-32"), config_of("dcgan-32", batch_size=2, dtype="bfloat16", normalization="none")
    assert (changed.batch_size, changed.generator.dtype, changed.discriminator.dtype) == (2, "bfloat16", "bfloat16")
    assert (changed.generator.normalization, changed.discriminator.normalization) == ("batch", "none")
    assert changed.update == plain.update
    fused = config_of("keras-mlp", fused=True)
    assert (fused.update.schedule, fused.update.gradients) == ("synchronous", "fused")
    assert fused.generator == config_of("keras-mlp").generator
