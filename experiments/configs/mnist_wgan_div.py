"""mnist-wgan-div: WGAN-div on MNIST; the mean slope to the sixth power, at real and generated digits.

python experiments/train.py mnist-wgan-div --data.dir PATH/TO/mnist
"""

from dataclasses import replace

from choices import choose

from configs import mnist

CONFIG = replace(
    mnist.CONFIG,
    discriminator=choose("discriminator", "dcgan", channels=32, normalization="none"),
    objective=choose("objective", "wgan-div"),
    gen_optimizer=choose("gen_optimizer", "adam", learning_rate=2e-4),
    disc_optimizer=choose("disc_optimizer", "adam", learning_rate=2e-4),
    num_steps=3000,
)
