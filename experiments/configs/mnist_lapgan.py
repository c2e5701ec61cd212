"""mnist-lapgan: LAPGAN on MNIST; 7x7 digits, and what each doubling to 14x14 and 28x28 adds, three games in one.

python experiments/train.py mnist-lapgan --data.dir PATH/TO/mnist

levels.png has the same digits at each resolution, made from coarse to fine.
"""

from dataclasses import replace

from choices import choose

from configs import mnist

CONFIG = replace(
    mnist.CONFIG,
    data=replace(mnist.CONFIG.data, condition="pyramid", levels=3),
    prior=choose("prior", "uniform", latent_dim=28 * 28 + 14 * 14 + 100),
    generator=choose("generator", "lapgan", channels=32, kernel=3, normalization="batch"),
    discriminator=choose("discriminator", "lapgan", channels=32, kernel=3),
    objective=choose("objective", "lapgan"),
    gen_optimizer=choose("gen_optimizer", "adam", learning_rate=2e-4),
    disc_optimizer=choose("disc_optimizer", "adam", learning_rate=2e-4),
    num_steps=2000,
)
