"""Nothing here asks the network for anything unless a download is asked for."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

# what every interpreter runs first: whoever reaches for another machine is written down, and refused
GUARD = """
import os, sys, traceback
LOCAL = ("127.0.0.1", "::1", "localhost", "", None)
def guard(event, arguments):
    if event in ("socket.connect", "socket.sendto", "socket.sendmsg"):
        address = arguments[1]
        host = address[0] if isinstance(address, tuple) else None  # a path is of this machine
    elif event in ("socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr", "socket.getnameinfo"):
        host = arguments[0][0] if isinstance(arguments[0], tuple) else arguments[0]
    elif event == "urllib.Request":
        host = arguments[0]
    else:
        return
    if host not in LOCAL:
        with open(os.environ["NETWORK_LOG"], "a") as file:
            print(event, host, *traceback.format_stack(limit=8), file=file)
        raise ConnectionRefusedError(f"reached for {host}")
sys.addaudithook(guard)
"""


@pytest.fixture
def guarded(tmp_path):
    """Runs Python code in a process that is watched; its result, and what it reached for."""
    (tmp_path / "guard").mkdir()
    (tmp_path / "guard/sitecustomize.py").write_text(GUARD)
    log = tmp_path / "network.txt"

    def run(code, *arguments):
        paths = [tmp_path / "guard", ROOT, ROOT / "experiments", ROOT / "tests"]
        environment = {
            **{name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")},
            "PYTHONPATH": os.pathsep.join(map(str, paths)),
            "NETWORK_LOG": str(log),
            "HOME": str(tmp_path / "home"),
        }
        command = [sys.executable, "-c", code, *map(str, arguments)]
        result = subprocess.run(command, env=environment, capture_output=True, text=True, cwd=tmp_path, check=False)
        return result, log.read_text() if log.exists() else ""

    return run


REACHES = {
    "a connection": "import socket; socket.create_connection(('192.0.2.1', 80), timeout=1)",
    "a name": "import socket; socket.getaddrinfo('example.org', 443)",
    "a page": "import urllib.request; urllib.request.urlopen('http://example.org', timeout=1)",
}


@pytest.mark.parametrize("reach", REACHES)
def test_the_guard_sees(guarded, reach):
    result, reached = guarded(REACHES[reach])
    assert result.returncode != 0
    assert reached


RUN = """
import sys
import evaluate, sample, train
from scripts import report_errors
from fuzzing import small_sets
from pathlib import Path
small_sets.write_prepared(Path("sets"))
SMALL = ["--generator.channels=2", "--discriminator.channels=2", "--num-steps=2", "--batch-size=8", "--num-samples=4"]
SET = ["cifar10-dcgan", *SMALL, "--data.name=tfds:tiny", "--data.dir=sets", "--workdir=set"]
codes = [
    report_errors(lambda: train.main(["digits", *SMALL, "--workdir=run"])),
    sample.entry(["run"]),
    evaluate.entry(["run", "--num-samples=64"]),
    report_errors(lambda: train.main(SET)),
    report_errors(lambda: train.main(["cifar10-dcgan", *SMALL, "--workdir=none"])),
    report_errors(lambda: train.main(["mnist", *SMALL, "--workdir=none"])),
]
sys.exit(0 if codes == [0, 0, 0, 0, 2, 2] else repr(codes))
"""


@pytest.mark.slow
def test_training_sampling_and_judging_reach_for_nothing(guarded):
    """Digits from scikit-learn, and a set prepared for tensorflow-datasets; sets that are not there are refused."""
    result, reached = guarded(RUN)
    assert result.returncode == 0, result.stderr
    assert not reached
