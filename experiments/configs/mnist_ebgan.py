"""mnist-ebgan: EBGAN with its repelling term on MNIST; the energy is an auto-encoder's reconstruction error.

python experiments/train.py mnist-ebgan --data.dir PATH/TO/mnist

Without the repelling term: --objective.repelling-weight 0
"""

from dataclasses import replace

from choices import choose

from configs import mnist

CONFIG = replace(
    mnist.CONFIG,
    discriminator=choose("discriminator", "dcgan-autoencoder", channels=32, code_dim=64),
    objective=choose("objective", "ebgan", margin=10.0, repelling_weight=0.1),
    gen_optimizer=choose("gen_optimizer", "adam", learning_rate=1e-3),
    disc_optimizer=choose("disc_optimizer", "adam", learning_rate=1e-3),
    num_steps=3000,
)
