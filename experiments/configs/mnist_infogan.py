"""mnist-infogan: InfoGAN on MNIST; 62 numbers of noise, a code of 10 categories, two continuous ones.

python experiments/train.py mnist-infogan --data.dir PATH/TO/mnist

codes.png has a row for each category; evaluate.py measures how often the code alone names a held-out digit. The paper's
losses, latents and learning rates; its convolutional networks need as many steps for the code to find the digits, and
each takes several times as long on a CPU: --generator.name dcgan --discriminator.name dcgan-posterior.
"""

from dataclasses import replace

from choices import choose

from configs import mnist

CONFIG = replace(
    mnist.CONFIG,
    prior=choose("prior", "coded", noise_dim=62, categories=10, continuous=2),
    generator=choose("generator", "mlp", features=(512, 1024), activation="leaky_relu", normalization="batch"),
    discriminator=choose("discriminator", "mlp-posterior", features=(1024, 512), num_codes=12),
    objective=choose("objective", "infogan", weight=1.0, categories=10, continuous=2),
    gen_optimizer=choose("gen_optimizer", "adam", learning_rate=1e-3),
    disc_optimizer=choose("disc_optimizer", "adam", learning_rate=2e-4),
    batch_size=128,
    num_steps=5000,
    log_every=200,
    sample_every=1000,
    checkpoint_every=2000,
    steps_per_call=50,
)
