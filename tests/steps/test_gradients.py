"""Four ways to one vector field."""

import games
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
import references_objectives

from ganjax import objectives, priors, steps
from ganjax.architectures import DcganDiscriminator, DcganGenerator, from_linen
from ganjax.steps import _fused as fused_file
from ganjax.steps._play import generate, judge, split
from ganjax.types import Batch, Game, Objective, Variables

CASES = {label: (row, settings) for label, (row, settings, _) in references_objectives.cases().items()}
FAST = {"hinge", "relativistic_average", "r3gan", "infogan", "meg"}
WAYS = {
    "separate": steps.separate,
    "single_loss": steps.single_loss(),
    "shared_forward": steps.shared_forward,
    "fused": steps.fused,
}
CONDITIONAL = {"acgan", "projection"}


def quick(labels):
    """Labels that between them take every way through the code; the rest is marked slow: it compiles for seconds."""
    return [label if label in FAST else pytest.param(label, marks=pytest.mark.slow) for label in labels]


def batch_for(row, num=6, seed=5):
    rng = np.random.default_rng(seed)
    labels = jnp.asarray(rng.integers(0, games.CLASSES, num)) if row in CONDITIONAL else ()
    return Batch(jnp.asarray(rng.normal(0.4, 0.9, (num, 2, 1, 2))), labels)


def board(label, dtype=jnp.float64):
    row, settings = CASES[label]
    game, batch = games.many_headed(objectives.OBJECTIVES[row](**settings)), batch_for(row)
    return game, games.at_random(game, batch, dtype=dtype)


def agree(found, expected, rtol):
    """Leaf by leaf, relative to the leaf's largest number, or to a share of its player's where that is nearly nothing.

    Relativistic losses, for one, leave a last bias without gradient but for rounding.
    """
    share = 1e-3 if rtol < 1e-8 else 0.1  # in float64, and in float32
    for player, mine, theirs in zip(expected._fields, found, expected, strict=True):
        size = max((np.max(np.abs(x)) for x in jax.tree.leaves(theirs)), default=0.0)
        for a, b in zip(jax.tree.leaves(mine), jax.tree.leaves(theirs), strict=True):
            scale = max(np.max(np.abs(b)), share * size)
            np.testing.assert_allclose(a, b, rtol=0, atol=rtol * scale, err_msg=player)


def all_agree(game, place, rtol, ways=WAYS):
    """Every way's field, compiled together, is the field of two losses and two gradients."""
    found = jax.jit(lambda *place: {name: way.field(game, *place) for name, way in ways.items()})(*place)
    expected = found.pop("separate")
    for player in (expected.grads.gen, expected.grads.disc):
        assert any(np.any(np.asarray(x) != 0) for x in jax.tree.leaves(player))
    for field in found.values():
        agree(field.grads, expected.grads, rtol)
        agree(field.stats, expected.stats, rtol)
        np.testing.assert_allclose(field.info, expected.info, rtol=rtol, atol=rtol)


@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize("label", quick(CASES))
def test_every_objectives_gradients_agree_in_float64(label):
    all_agree(*board(label), 1e-10)


@pytest.mark.parametrize(
    "label", ["hinge", *(pytest.param(label, marks=pytest.mark.slow) for label in CASES if label != "hinge")]
)
def test_gradients_agree_in_float32(label):
    all_agree(*board(label, jnp.float32), 1e-4)


def test_every_row_is_played():
    assert {row for row, _ in CASES.values()} == set(objectives.OBJECTIVES)


@pytest.mark.usefixtures("x64")
@pytest.mark.slow
@pytest.mark.parametrize("label", ["non_saturating", "hinge", "wgan_gp", "r3gan"])
def test_gradients_agree_on_convolutions(label):
    """DCGAN at 8 pixels, batch norm in the generator alone."""
    objective = objectives.OBJECTIVES[CASES[label][0]]()
    game = Game(
        from_linen(DcganGenerator(8, channels=4, image_channels=2)),
        from_linen(DcganDiscriminator(8, channels=4, image_channels=2, normalization=None)),
        objective,
        priors.normal(3),
    )
    batch = Batch(jnp.asarray(np.random.default_rng(1).normal(size=(5, 8, 8, 2))))
    all_agree(game, games.at_random(game, batch), 1e-10)


@pytest.mark.usefixtures("x64")
def test_with_batch_norm_in_the_discriminator_all_but_fused_agree():
    game, batch = games.batch_norm_game(), Batch(jnp.asarray(np.random.default_rng(2).normal(0.3, 1.2, (7, 2))))
    ways = {name: way for name, way in WAYS.items() if name != "fused"}
    all_agree(game, games.at_random(game, batch), 1e-10, ways)


@pytest.mark.usefixtures("x64")
def test_gradients_agree_with_dropout_and_spectral_norm_in_the_discriminator():
    """The same masks and the same power iterations: real pass first, then the fake one from what it left."""
    game = games.batch_norm_game()._replace(discriminator=from_linen(games.AloneDiscriminator()))
    batch = Batch(jnp.asarray(np.random.default_rng(2).normal(0.3, 1.2, (7, 2))))
    all_agree(game, games.at_random(game, batch), 1e-10)


# --- the single loss


def plays(label, dtype):
    """The play on G(z), the same play with G(z) stopped, and keys."""
    game, (params, stats, deal, batch) = board(label, dtype)
    fake, _ = generate(game, Variables(params.gen, stats.gen), deal, batch)
    disc, helper = Variables(params.disc, stats.disc), Variables(params.helper)
    live, _ = judge(game, disc, helper, deal, batch, fake=fake)
    fake, helper = jax.lax.stop_gradient((fake, helper))
    stopped, _ = judge(game, disc, helper, deal, batch, fake=fake)
    keys = split(deal.key)
    return game.objective, keys.disc_objective, keys.gen_objective, live, stopped


@pytest.mark.parametrize("jit", [False, True], ids=["eager", "jit"])
@pytest.mark.parametrize("label", ["infogan", "relativistic_average"])
def test_the_single_losss_bracket_is_exactly_zero(label, jit):
    """So the scalar is L_D to the last bit, whatever weighs the bracket: 2⁴⁰ would show its last digit."""

    def values():
        objective, disc_key, gen_key, live, stopped = plays(label, jnp.float32)
        scalar = objectives.single_loss(objective, ratio=2.0**40)(disc_key, gen_key, live, stopped)
        return scalar, jnp.mean(objective.discriminator(disc_key, stopped))

    scalar, disc_loss = jax.jit(values)() if jit else values()
    assert scalar == disc_loss


@pytest.mark.usefixtures("x64")
def test_the_public_scalars_gradient_is_both_players():
    """By stop_gradient, as a notebook would write it: ∂/∂φ = ∂L_D/∂φ, ∂/∂θ = λ ∂L_G/∂θ."""
    game, (params, stats, deal, batch) = board("hinge")

    def scalar(params):
        fake, _ = generate(game, Variables(params.gen, stats.gen), deal, batch)
        disc, keys = Variables(params.disc, stats.disc), split(deal.key)
        live, _ = judge(game, disc, Variables(()), deal, batch, fake=fake)
        stopped, _ = judge(game, disc, Variables(()), deal, batch, fake=jax.lax.stop_gradient(fake))
        return objectives.single_loss(game.objective, 3.0)(keys.disc_objective, keys.gen_objective, live, stopped)

    found = jax.jit(jax.grad(scalar))(params)
    expected = jax.jit(lambda *place: steps.separate.field(game, *place).grads)(params, stats, deal, batch)
    agree(found, expected._replace(gen=jax.tree.map(lambda g: 3.0 * np.asarray(g), expected.gen)), 1e-10)


@pytest.mark.usefixtures("x64")
def test_the_ratio_scales_the_generators_gradient_step_and_nothing_else():
    batch = jnp.full((4, 1), 0.3)
    starts, moves = [], {}
    for ratio in (1.0, 2.5):
        algorithm = steps.synchronous(games.dirac(), games.sgd(0.1), games.sgd(0.2), steps.single_loss(ratio))
        state = algorithm.init(jax.random.key(0), batch)
        after, _ = algorithm.step(state, batch)
        starts.append(state)
        moves[ratio] = (after.gen_params - state.gen_params, after.disc_params - state.disc_params)
    # ∂_θ L_G = −φ σ(−φθ) at (θ, φ) = (1.5, .8)
    np.testing.assert_allclose(moves[2.5][0], 2.5 * 0.1 * 0.8 / (1 + np.exp(1.2)), rtol=1e-12)
    np.testing.assert_allclose(moves[2.5][0], 2.5 * moves[1.0][0], rtol=1e-12)
    np.testing.assert_allclose(moves[2.5][1], moves[1.0][1], rtol=1e-12)


@pytest.mark.usefixtures("x64")
def test_adam_ignores_the_ratio():
    batch, ends = jnp.full((4, 1), 0.3), []
    for ratio in (1.0, 2.5):
        algorithm = steps.synchronous(games.dirac(), optax.adam(0.1), optax.adam(0.1), steps.single_loss(ratio))
        state = algorithm.init(jax.random.key(0), batch)
        for _ in range(3):
            state, _ = algorithm.step(state, batch)
        ends.append(float(state.gen_params))
    np.testing.assert_allclose(ends[0], ends[1], rtol=1e-6)


@pytest.mark.parametrize("ratio", [0.0, -1.0, float("nan")])
def test_the_ratio_must_be_positive(ratio):
    with pytest.raises(ValueError, match="ratio > 0"):
        steps.single_loss(ratio)
    with pytest.raises(ValueError, match="ratio > 0"):
        objectives.single_loss(objectives.hinge(), ratio)


# --- one backward pass


@pytest.mark.parametrize("label", [*objectives.OBJECTIVES, "ebgan alone"])
def test_which_objectives_take_one_backward_pass(label, monkeypatch):
    """All whose generator's loss is of scores alone; the others take the exact way. Nothing is computed."""
    taken = []
    exact = fused_file.shared_forward

    def field(*args):
        taken.append(None)
        return exact.field(*args)

    monkeypatch.setattr(fused_file, "shared_forward", exact._replace(field=field))
    game, place = board(label, jnp.float32)
    jax.eval_shape(lambda *place: steps.fused.field(game, *place), *place)
    beyond = {"infogan", "ogan", "meg", "acgan", "ebgan", "lapgan"}
    assert bool(taken) == (CASES[label][0] in beyond and label != "ebgan alone")


@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize(
    "seen", ["fake samples", "fake features by the discriminator", "real features", "real samples"]
)
def test_looking_beyond_scores_costs_no_exactness(seen):
    """One thing at a time, seen by one player."""
    plain = objectives.hinge()

    def more(play):
        return {
            "fake samples": lambda: jnp.sum(play.fake**2, axis=(1, 2, 3)),
            "fake features by the discriminator": lambda: play.fake_output.features["codes"][:, 0],
            "real features": lambda: play.real_output.features["codes"][:, 0] * play.fake_scores,
            "real samples": lambda: play.real[:, 0, 0, 0] * play.fake_scores,
        }[seen]()

    def discriminator(key, play):
        return plain.discriminator(key, play) + (more(play) if seen != "fake samples" else 0)

    def generator(key, play):
        return plain.generator(key, play) + (more(play) if "discriminator" not in seen else 0)

    game = games.many_headed(Objective(discriminator, generator))
    all_agree(game, games.at_random(game, batch_for("hinge")), 1e-10)


def test_reading_an_input_is_seen():
    assert fused_file.reads(lambda x, y: jnp.sum(x), jnp.ones(3), jnp.ones(2))
    assert fused_file.reads(lambda x: x, jnp.ones(3))
    assert not fused_file.reads(lambda x: jnp.sum(jnp.ones(3)), jnp.ones(3))
    assert not fused_file.reads(lambda x: jnp.ones(x.shape), jnp.ones(3))
    assert not fused_file.reads(lambda: jnp.ones(3))


def hinge_game(scores_at):
    """A generator at θ + z and D(x) = φ x; the batch is placed so that reals score above 1 and fakes as asked."""
    return games.dirac(objectives.hinge(), theta=scores_at / 2.0, phi=2.0, prior=games.SPREAD)


@pytest.mark.parametrize("dtype", [jnp.float32, jnp.float64])
def test_on_the_flat_of_the_hinge(dtype):
    """All fakes score below −1 and all reals above 1: D has nothing to learn, G has, and g/c would be −1/0."""
    with jax.enable_x64(dtype == jnp.float64):
        game, batch = hinge_game(-9.0), Batch(jnp.full((5, 1), 3.0))
        place = games.near_start(game, batch, dtype=dtype)
        separate, fused = (way.field(game, *place) for way in (steps.separate, steps.fused))
        assert separate.info.fake_score < -1
        assert separate.grads.disc == 0
        np.testing.assert_allclose(fused.grads.disc, 0, atol=1e-10 if dtype == jnp.float32 else 1e-16)
        np.testing.assert_allclose(separate.grads.gen, -float(place[0].disc), rtol=1e-6)
        np.testing.assert_allclose(fused.grads.gen, separate.grads.gen, rtol=1e-6 if dtype == jnp.float32 else 1e-14)


@pytest.mark.usefixtures("x64")
def test_across_the_corner_of_the_hinge():
    """Some fakes beyond −1 and some not: c is 0 for the former and 1/B for the latter."""
    game, batch = hinge_game(-1.0), Batch(jnp.full((6, 1), 0.1))
    place = games.near_start(game, batch)
    fake, _ = generate(game, Variables(place[0].gen), *place[2:])
    scores = place[0].disc * fake[:, 0]
    assert bool((scores < -1).any())
    assert bool((scores > -1).any())
    all_agree(game, place, 1e-12)


def test_the_floor_by_hand():
    c, g = jnp.array([0.5, 0.0, -1e-20, -0.25]), jnp.array([-2.0, 1.0, 0.0, -4.0])
    floor = 4.0 * 2.0**-40
    np.testing.assert_allclose(fused_file.floored(c, g), [0.5, floor, -floor, -0.25], rtol=1e-6)
    nothing = fused_file.floored(jnp.zeros(2), jnp.zeros(2))
    assert bool((nothing > 0).all())
    assert bool(jnp.isfinite(0 / nothing).all())


@pytest.mark.parametrize("name", WAYS)
def test_nothing_overflows_where_the_discriminator_is_sure(name):
    """Scores of ±74 on both sides, float32: the sigmoids are 0 or 1 to the last bit."""
    # the single loss cancels ∂L_G/∂φ, here up to 37, to its rounding
    atol = 1e-5 if name == "single_loss" else 1e-9
    for objective in (objectives.non_saturating(), objectives.minimax(), objectives.relativistic(), objectives.hinge()):
        for scores_at in (-74.0, 74.0):
            game = games.dirac(objective, theta=scores_at / 2.0, phi=2.0, prior=games.SPREAD)
            batch = Batch(jnp.full((5, 1), -scores_at / 2.0))
            place = games.near_start(game, batch, dtype=jnp.float32)
            found, expected = (way.field(game, *place) for way in (WAYS[name], steps.separate))
            np.testing.assert_allclose(found.grads.gen, expected.grads.gen, rtol=1e-4, atol=1e-10)
            np.testing.assert_allclose(found.grads.disc, expected.grads.disc, rtol=1e-4, atol=atol)


# --- in a schedule


@pytest.mark.parametrize("name", WAYS)
@pytest.mark.parametrize("schedule", [steps.alternating, steps.synchronous])
def test_every_way_moves_the_players_alike(schedule, name):
    """Three steps, compiled once, with the state donated."""
    game, batch = games.dirac(prior=games.NORMAL), jnp.linspace(-1, 2, 8)[:, None]

    def play(gradients):
        algorithm = schedule(game, optax.adam(0.05), games.sgd(0.1), gradients=gradients)
        traces = []

        def step(state, batch):
            traces.append(None)
            return algorithm.step(state, batch)

        step, state = jax.jit(step, donate_argnums=0), jax.jit(algorithm.init)(jax.random.key(0), batch)
        for _ in range(10):
            before = state
            state, _ = step(state, batch)
            assert before.gen_params.is_deleted()
        assert len(traces) == 1
        return state

    found, expected = play(WAYS[name]), play(steps.separate)
    np.testing.assert_allclose(found.gen_params, expected.gen_params, rtol=1e-5)
    np.testing.assert_allclose(found.disc_params, expected.disc_params, rtol=1e-5)
