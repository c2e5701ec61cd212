"""mnist-ogan: O-GAN on MNIST; the discriminator is an encoder whose average is the score.

python experiments/train.py mnist-ogan --data.dir PATH/TO/mnist

reconstructions.png has originals over G(N(E(x))); evaluate.py sets the error beside that of principal components.
"""

from dataclasses import replace

from choices import choose

from configs import mnist

CONFIG = replace(
    mnist.CONFIG,
    prior=choose("prior", "normal", latent_dim=128),
    discriminator=choose("discriminator", "dcgan-encoder", channels=32, code_dim=128),
    objective=choose("objective", "ogan", correlation_weight=0.5, slope_weight=0.25),
    gen_optimizer=choose("gen_optimizer", "rmsprop", learning_rate=1e-4, decay=0.99),
    disc_optimizer=choose("disc_optimizer", "rmsprop", learning_rate=1e-4, decay=0.99),
)
