"""tutorial-keras-mnist: the first GAN of many Keras users, fully connected, on MNIST.

    python experiments/train.py tutorial-keras-mnist --data.dir PATH/TO/mnist

Generator 100-256-512-1024-784 (1 493 520 numbers with batch norm's averages), discriminator 784-512-256-1 (533 505),
Adam 2e-4 with b1 .5, batches of 32, 30 000 iterations, 5 x 5 samples every 200. The quirks that are kept:

- the discriminator takes two Adam steps an iteration, by the real batch and then by the fake one;
- the fakes it is shown come from the generator in evaluation mode, batch norm by its averages (of momentum .8);
- batch norm stands after the LeakyReLU, and its epsilon is Keras' .001; no average of the generator is kept.

Its Adam adds epsilon = 1e-7 before the second moment's bias is corrected, ours after: nothing that can be seen.
"""

from choices import choose
from config import Config, Data, Update

CONFIG = Config(
    data=Data(name="mnist"),
    prior=choose("prior", "normal", latent_dim=100),
    generator=choose("generator", "tutorial-keras"),
    discriminator=choose("discriminator", "tutorial-keras"),
    objective=choose("objective", "non-saturating"),
    gen_optimizer=choose("gen_optimizer", "adam", learning_rate=2e-4, b1=0.5, eps=1e-7),
    disc_optimizer=choose("disc_optimizer", "adam", learning_rate=2e-4, b1=0.5, eps=1e-7),
    update=Update(schedule="real-then-fake", ema_decay=None),
    batch_size=32,
    num_steps=30_000,
    log_every=200,
    sample_every=200,
    checkpoint_every=5000,
    steps_per_call=200,
    num_samples=25,
)
