"""mnist-2014: the first GAN on MNIST, with its authors' published settings.

    python experiments/train.py mnist-2014 --data.dir PATH/TO/mnist
    python experiments/parzen.py runs/mnist-2014

Uniform noise of variance 1 (100 numbers), rectifiers 1200-1200 into sigmoids against two maxout layers of 240 units of
5 pieces with dropout (.2 of the pixels, .5 of each layer). Both move at once, by gradient descent: rate .1, divided by
1.000004 a step; momentum .5 to .7 over 125 000 steps; batches of 100. From the authors' mnist.yaml, read in a stored
copy of their repository; theirs halves the discriminator's loss, for which its rate here is .05.

30 000 steps, 40 minutes of two crowded CPU cores (about 45 ms of processor time a step). Expect digits with specks, and
a Parzen log-likelihood of 118 ± 1.8 on MNIST's first 10 000 training digits (σ .215), still rising: 64 at 10 000 steps,
109 at 27 500. Published: 225 ± 2. What differs: a fifth of the training digits; fewer steps (the published momentum
alone takes 125 000); the last biases start at 0 and not at the logits of the mean image; momentum grows each step and
not between epochs; 9000 test images judge, after 1000 others chose the windows' width.
"""

from choices import choose
from config import Config, Data, Update

CONFIG = Config(
    data=Data(name="mnist"),
    prior=choose("prior", "uniform", latent_dim=100, low=-(3**0.5), high=3**0.5),
    generator=choose("generator", "goodfellow2014"),
    discriminator=choose("discriminator", "goodfellow2014"),
    objective=choose("objective", "non-saturating"),
    gen_optimizer=choose("gen_optimizer", "momentum", learning_rate=0.1),
    disc_optimizer=choose("disc_optimizer", "momentum", learning_rate=0.05),
    update=Update(schedule="synchronous", gradients="fused", ema_decay=None),
    batch_size=100,
    num_steps=30_000,
    log_every=500,
    sample_every=2500,
    checkpoint_every=2500,
    steps_per_call=100,
    num_samples=100,
)
