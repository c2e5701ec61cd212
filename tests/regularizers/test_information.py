import jax
import jax.numpy as jnp
import numpy as np
import pytest
import references_regularizers as ref

from ganjax import regularizers
from ganjax.checks import InputError

LOG_2PI = float(np.log(2 * np.pi))


def normal(shape, seed=0):
    return np.random.default_rng(seed).normal(0.3, 1.5, shape)


def test_categorical_matches_numpy(x64):
    logits, labels = normal((6, 4)), np.array([0, 3, 1, 1, 2, 0])
    expected = ref.categorical_bound(logits, labels)
    one_hot = jnp.asarray(np.eye(4)[labels])
    np.testing.assert_allclose(regularizers.categorical_information(jnp.asarray(logits), one_hot), expected, rtol=1e-6)
    np.testing.assert_allclose(
        regularizers.categorical_information(jnp.asarray(logits), jnp.asarray(labels)), expected, rtol=1e-6
    )


def test_categorical_by_hand():
    # uniform Q: log ¼ + log 4 = 0. Q = (¾, ¼): log 2 + log ¾ = log 1.5, and log 2 + log ¼ = −log 2.
    np.testing.assert_allclose(regularizers.categorical_information(jnp.zeros((1, 4)), jnp.array([2])), [0], atol=1e-6)
    logits = jnp.log(jnp.array([[3.0, 1.0], [3.0, 1.0]]))
    values = regularizers.categorical_information(logits, jnp.array([0, 1]))
    np.testing.assert_allclose(values, [np.log(1.5), -np.log(2)], rtol=1e-6)
    given = regularizers.categorical_information(logits, jnp.array([0, 1]), entropy=0.25)
    np.testing.assert_allclose(given, [np.log(0.75) + 0.25, np.log(0.25) + 0.25], rtol=1e-5)


def test_categorical_bound_is_tight_at_the_posterior(x64):
    # c uniform on {0, 1, 2}, P(x|c) below. With Q = P(c|x) the mean over the joint is I(c; x); with any other, less.
    channel = np.array([[0.7, 0.2, 0.1], [0.1, 0.6, 0.3], [0.25, 0.25, 0.5]])
    joint = channel / 3
    marginal = joint.sum(axis=0)
    information = (joint * np.log(joint / (marginal[None, :] / 3))).sum()
    pairs = [(c, x) for c in range(3) for x in range(3)]
    labels = jnp.array([c for c, _ in pairs])
    weights = np.array([joint[c, x] for c, x in pairs])

    def bound(q):
        logits = jnp.asarray(np.log(np.array([q[:, x] for _, x in pairs])))
        return float((weights * np.asarray(regularizers.categorical_information(logits, labels))).sum())

    np.testing.assert_allclose(bound(joint / marginal[None, :]), information, rtol=1e-9)
    assert bound(np.full((3, 3), 1 / 3)) < information - 0.1
    assert bound(channel.T) < information - 1e-3


def test_categorical_gradient_is_not_cut():
    # ∂/∂logits = one-hot − softmax: Q learns, and through it so does the generator
    logits, labels = jnp.asarray(normal((5, 3)), jnp.float32), jnp.array([0, 2, 1, 1, 0])
    gradient = jax.grad(lambda x: jnp.sum(regularizers.categorical_information(x, labels)))(logits)
    np.testing.assert_allclose(gradient, np.eye(3)[np.asarray(labels)] - jax.nn.softmax(logits), rtol=1e-4, atol=1e-6)
    samples = jnp.asarray(normal((5, 2), seed=4), jnp.float32)
    weights = jnp.asarray(normal((2, 3), seed=5), jnp.float32)
    through = jax.grad(lambda x: jnp.sum(regularizers.categorical_information(x @ weights, labels)))(samples)
    assert float(jnp.abs(through).min(axis=1).max()) > 0


def test_categorical_is_finite_at_sure_logits():
    logits = jnp.array([[1e4, -1e4], [1e4, -1e4]])
    values, gradient = jax.value_and_grad(
        lambda x: jnp.sum(regularizers.categorical_information(x, jnp.array([0, 1])))
    )(logits)
    np.testing.assert_allclose(values, 2 * np.log(2) - 2e4, rtol=1e-6)
    np.testing.assert_allclose(gradient, [[0, 0], [-1, 1]], atol=1e-6)


def test_a_label_out_of_range_is_not_silent():
    values = regularizers.categorical_information(jnp.zeros((2, 3)), jnp.array([3, 0]))
    assert np.isnan(values[0])
    assert np.isfinite(values[1])


@pytest.mark.parametrize("shape", [(5,), (5, 3), (4, 2, 3)])
def test_gaussian_matches_numpy(x64, shape):
    mean, codes = normal(shape), normal(shape, seed=1)
    expected = ref.gaussian_log_likelihood(mean.reshape(shape[0], -1), codes.reshape(shape[0], -1))
    ours = regularizers.gaussian_information(jnp.asarray(mean), jnp.asarray(codes))
    np.testing.assert_allclose(ours, expected, rtol=1e-6)


def test_gaussian_by_hand():
    # gaps (1, 2): −½(1 + 4) − 2·½ log 2π = −2.5 − 1.8378771; with U(−1, 1)² codes, + 2 log 2
    mean, codes = jnp.array([[0.0, 1.0]]), jnp.array([[1.0, -1.0]])
    np.testing.assert_allclose(regularizers.gaussian_information(mean, codes), [-2.5 - LOG_2PI], rtol=1e-6)
    np.testing.assert_allclose(
        regularizers.gaussian_information(mean, codes, entropy=2 * np.log(2)),
        [-2.5 - LOG_2PI + 2 * np.log(2)],
        rtol=1e-6,
    )


def test_gaussian_gradient_is_not_cut():
    # ∂/∂mean = c − mean, ∂/∂c = mean − c
    mean, codes = jnp.asarray(normal((4, 2)), jnp.float32), jnp.asarray(normal((4, 2), seed=1), jnp.float32)
    gradients = jax.grad(lambda m, c: jnp.sum(regularizers.gaussian_information(m, c)), argnums=(0, 1))(mean, codes)
    np.testing.assert_allclose(gradients[0], codes - mean, rtol=1e-6)
    np.testing.assert_allclose(gradients[1], mean - codes, rtol=1e-6)


def test_codes_add_up(x64):
    # InfoGAN on MNIST: Cat(10) and 2×U(−1, 1); independent codes, so the bound is the sum
    logits, labels = normal((6, 10)), np.array([0, 9, 4, 4, 7, 2])
    mean, codes = normal((6, 2), seed=1), normal((6, 2), seed=2)
    information = regularizers.categorical_information(
        jnp.asarray(logits), jnp.asarray(labels)
    ) + regularizers.gaussian_information(jnp.asarray(mean), jnp.asarray(codes), entropy=2 * np.log(2.0))
    expected = ref.categorical_bound(logits, labels) + ref.gaussian_log_likelihood(mean, codes) + 2 * np.log(2)
    assert information.shape == (6,)
    np.testing.assert_allclose(information, expected, rtol=1e-6)


def test_encoder_information_knows_the_entropy_of_its_latents(x64):
    latents = normal((6, 5))
    mean = normal((6, 5), seed=1)
    entropy = 5 * 0.5 * np.log(2 * np.pi * np.e)  # of N(0, I₅)
    expected = ref.gaussian_log_likelihood(mean, latents) + entropy
    np.testing.assert_allclose(
        regularizers.encoder_information(jnp.asarray(mean), jnp.asarray(latents)), expected, rtol=1e-6
    )


def test_encoder_information_by_hand():
    # perfect: ½ for each of 3 dimensions. Answering 0: ½Σ(1 − z²) = ½((1 − 4) + (1 − 0) + (1 − 1)) = −1
    latents = jnp.array([[2.0, 0.0, 1.0]])
    np.testing.assert_allclose(regularizers.encoder_information(latents, latents), [1.5], rtol=1e-5)
    np.testing.assert_allclose(regularizers.encoder_information(jnp.zeros((1, 3)), latents), [-1.0], rtol=1e-5)


def test_encoder_information_is_a_lower_bound():
    # x = z + n, variances 1 and ¼: I(z; x) = ½ log 5 = .805. Best encoder E[z|x] = x/1.25, residual variance .2:
    # the unit-variance bound is ½(1 − .2) = .4
    rng = np.random.default_rng(0)
    latents = rng.normal(size=(200_000, 1))
    samples = latents + 0.5 * rng.normal(size=(200_000, 1))
    bound = regularizers.encoder_information(
        jnp.asarray(samples / 1.25, jnp.float32), jnp.asarray(latents, jnp.float32)
    )
    np.testing.assert_allclose(jnp.mean(bound), 0.4, atol=0.005)
    assert float(jnp.mean(bound)) < 0.5 * np.log(5)


def test_js_matches_numpy(x64):
    joint, product = normal(7), normal(7, seed=1)
    ours = regularizers.js_information(jnp.asarray(joint), jnp.asarray(product))
    np.testing.assert_allclose(ours, ref.jensen_shannon_bound(joint, product), rtol=1e-6)


def test_js_by_hand():
    # T = 0: −2 log 2. T_joint = log 3, T_product = −log 3: −2 log(4/3). Swapped: −2 log 4.
    values = regularizers.js_information(
        jnp.array([0.0, np.log(3), -np.log(3)]), jnp.array([0.0, -np.log(3), np.log(3)])
    )
    np.testing.assert_allclose(values, [-2 * np.log(2), -2 * np.log(4 / 3), -2 * np.log(4)], rtol=1e-6)


def test_js_bound_is_twice_the_divergence_at_its_best(x64):
    # a joint on 2×3 points against the product of its marginals; T* = log joint/product
    joint = np.array([[0.3, 0.05, 0.15], [0.05, 0.35, 0.1]])
    product = joint.sum(axis=1, keepdims=True) * joint.sum(axis=0, keepdims=True)
    middle = (joint + product) / 2
    divergence = 0.5 * (joint * np.log(joint / middle)).sum() + 0.5 * (product * np.log(product / middle)).sum()

    def estimate(scores):
        far = jnp.full(scores.size, -1e4)  # silences the other half: softplus(−1e4) = 0
        scores = jnp.asarray(scores.reshape(-1))
        on_joint = regularizers.js_information(scores, far)
        on_product = regularizers.js_information(-far, scores)
        return float((joint.reshape(-1) * on_joint + product.reshape(-1) * on_product).sum())

    best = np.log(joint / product)
    np.testing.assert_allclose(estimate(best), 2 * divergence - np.log(4), rtol=1e-9)
    assert estimate(best + 0.3) < estimate(best)
    assert estimate(1.4 * best) < estimate(best)


def test_js_gradient_pushes_the_two_apart():
    # ∂/∂T_joint = σ(−T_joint), ∂/∂T_product = −σ(T_product); finite where naive logs are not
    joint, product = jnp.array([0.5, 1e4, -1e4]), jnp.array([-0.3, 1e4, -1e4])
    gradients = jax.grad(lambda j, p: jnp.sum(regularizers.js_information(j, p)), argnums=(0, 1))(joint, product)
    np.testing.assert_allclose(gradients[0], jax.nn.sigmoid(-joint), rtol=1e-6)
    np.testing.assert_allclose(gradients[1], -jax.nn.sigmoid(product), rtol=1e-6)
    assert bool(jnp.all(jnp.isfinite(regularizers.js_information(joint, product))))


def test_inputs_are_checked_at_the_door():
    logits = jnp.ones((4, 3))
    for bad in (jnp.ones(4), jnp.ones((4, 2)), jnp.ones((4, 1), int), jnp.ones(3, int)):
        with pytest.raises(InputError, match=r"one-hot rows \[4, 3\] or as integer labels \[4\]"):
            regularizers.categorical_information(logits, bad)
    with pytest.raises(InputError, match="2 axes"):
        regularizers.categorical_information(jnp.ones(3), jnp.ones(3))
    for function in (regularizers.gaussian_information, regularizers.encoder_information):
        with pytest.raises(InputError, match="equal shapes"):
            function(jnp.ones((4, 2)), jnp.ones((4, 3)))
    with pytest.raises(InputError, match=r"joint_scores\[4\], product_scores\[4, 1\]"):
        regularizers.js_information(jnp.ones(4), jnp.ones((4, 1)))
