"""train.py --list: every preset, what its file says that it shows, and the minutes that were measured."""

import listing
import pytest
import train
from configs import MODULES, PRESETS

TABLES = """
| preset | steps | minutes | number |
|---|---|---|---|
| `mnist` | 10 | 5.4 | 1 |
| `ring --num-steps 4` | 4 | 0.5 | 2 |
| `mnist --objective.name hinge` | 10 | 6 | 3 |
| `grid` | 10 | | 4 |

| `ring` | 7 | 8 | a row without a header |

| command | minutes |
|---|---|
| `python experiments/train.py` | 1.7 |
| `python experiments/train.py mnist-ogan --data.dir DIR` | 3, 4 |

| method | minutes |
|---|---|
| `gaussian` | 2 |
"""


def test_minutes_come_from_tables_that_have_them():
    assert listing.measured(TABLES) == {
        "mnist": "5.4",
        "ring": "0.5 with --num-steps 4",
        "digits": "1.7",
        "mnist-ogan": "3, 4",
    }


def test_the_readme_measured_presets():
    found = listing.measured(listing.README.read_text())
    assert set(found) <= set(PRESETS)
    assert {"digits", "mnist", "mnist-wgan-gp", "mnist-2014", "ring-meg", "tutorial-gaussian"} <= set(found)


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_says_what_it_shows(name):
    assert MODULES[name].__doc__.startswith(f"{name}: ")
    assert len(listing.shown(name)) > 20
    assert "\n" not in listing.shown(name)


def test_the_list(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    train.main(["--list"])
    told = capsys.readouterr().out
    cells = [[cell.strip() for cell in line.split("│")[1:4]] for line in told.splitlines() if line.startswith("│")]
    minutes = listing.measured(listing.README.read_text())
    expected = [[name, config.data.name, minutes.get(name, "not measured")] for name, config in PRESETS.items()]
    assert [each for each in cells if each[0]] == expected
