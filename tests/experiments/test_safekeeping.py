"""A run's folder is moved at the worst moment; tests/integration/test_faults_disk.py tries the scripts."""

import jax.numpy as jnp
import pytest
import safekeeping
import workdir as workdir_module

from ganjax.io import Checkpoints, restore_latest, saved_steps


@pytest.fixture(autouse=True)
def unlocked():
    """Lets go of the workdirs, which a run locks till its process ends."""
    yield
    while workdir_module.LOCKS:
        workdir_module.LOCKS.pop().close()


def opened(folder, name):
    return workdir_module.open_folder(str(folder), {"name": name})


class Moved(Checkpoints):
    """The folder is moved, and another run's put there, after all is seen to be well and before step 2 is saved."""

    def save(self, step, state, extra=None, score=None):
        if step == 2:
            folder = self._directory.parent
            folder.rename(folder.parent / "elsewhere")
            opened(folder, "theirs")
            workdir_module.LOCKS.pop().close()  # it is another process that holds theirs
            with Checkpoints(self._directory) as theirs:
                theirs.save(1, {"x": jnp.float32(-1.0)})
        super().save(step, state, extra, score)


def test_a_save_under_way_leaves_nothing_in_another_run_s_folder(tmp_path):
    folder, said = tmp_path / "run", []
    opened(folder, "ours")
    with safekeeping.Safekeeping(
        Moved(folder / "checkpoints"), folder, lambda: opened(folder, "ours"), said.append
    ) as keeping:
        for step in (1, 2):
            keeping.save(step, {"x": jnp.float32(step)})
        keeping._checkpoints.wait()
        assert saved_steps(folder / "checkpoints") == [1, 2]  # the second is ours: nothing could stop it
        keeping.save(3, {"x": jnp.float32(3.0)})
        assert saved_steps(folder / "checkpoints") == [1]
        assert restore_latest(folder / "checkpoints", {"x": jnp.float32(0.0)}).state == {"x": -1.0}
        assert "holds a run with another config" in said[-1]
        assert "name: theirs there, ours here" in said[-1]
    assert saved_steps(folder / "checkpoints") == [1]
    assert saved_steps(tmp_path / "elsewhere" / "checkpoints") == [1]
