"""tutorial-matlab-mnist: a GAN of a MATLAB toolbox's sigmoid networks, on MNIST, with the settings that it writes.

    python experiments/train.py tutorial-matlab-mnist --data.dir PATH/TO/mnist

Generator 100-784 (one layer), discriminator 784-100-1, stochastic gradient descent .01 with momentum .5, batches of
100, 1500 rounds of 20 discriminator and 10 generator steps; 2 minutes. The quirks that are kept:

- every layer is a sigmoid, and pixels lie in [0, 1] inside;
- squared errors of the sigmoid scores, ½(σ(D) − target)²;
- each latent is rescaled to [0, 1] by its own least and greatest number;
- weight decay 1e-4 is a part of the kernels' gradient, before momentum; half of the hidden layer is dropped out.

Expect one gray blob in the middle, the mean of all digits, and a discriminator that is sure (loss .003): a rate of .01
is too small for sigmoids in so many steps. `tutorial-matlab-mnist-as-run` is what made the published pictures. Not
kept: there a discriminator's batch of 100 holds about 50 real and 50 generated images, here 100 of each; and the
generator's steps move a copy of the discriminator, too, which is thrown away. A copy of it that circulates rescales
normal latents; uniform ones, as here, leave more kinds of digits (one run of each).
"""

from choices import choose
from config import Config, Data, Update

CONFIG = Config(
    data=Data(name="mnist"),
    prior=choose("prior", "rescaled", latent_dim=100),
    generator=choose("generator", "tutorial-matlab"),
    discriminator=choose("discriminator", "tutorial-matlab"),
    objective=choose("objective", "sigmoid-mse"),
    gen_optimizer=choose("gen_optimizer", "sgd", learning_rate=0.01, momentum=0.5, l2=1e-4),
    disc_optimizer=choose("disc_optimizer", "sgd", learning_rate=0.01, momentum=0.5, l2=1e-4),
    update=Update(disc_steps=20, gen_steps=10, ema_decay=None),
    batch_size=100,
    num_steps=1500,
    log_every=25,
    sample_every=250,
    checkpoint_every=500,
    steps_per_call=25,
    num_samples=100,
)
