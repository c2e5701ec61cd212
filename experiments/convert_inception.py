"""The published weights of the FID's Inception network as a file that this project reads:
python experiments/convert_inception.py weights-inception-2015-12-05-6726825d.pth inception.npz

The .pth is the one that torch-fidelity and pytorch-fid load; their release pages have it (91 MiB). It is read without
executing anything that is in it. Only the file with the published SHA-256 gives numbers that are called FID, KID and
Inception score; other weights of the same network are taken and named by their own fingerprint.
"""

from __future__ import annotations

import hashlib
import pickle
import sys
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import tyro
from inception import network_name
from outputs import check_file
from scripts import report_errors

from ganjax.checks import InputError
from ganjax.io import write_weights
from ganjax.metrics.inception import PUBLISHED_SHA256, fold, is_published, weight_shapes

INSTALL = "pip install torch --index-url https://download.pytorch.org/whl/cpu"
COUNTER = ".num_batches_tracked"  # batch norm's own, which no forward pass in evaluation mode uses


@dataclass(frozen=True)
class Options:
    """Converts PyTorch's file of the FID's Inception weights."""

    source: Annotated[Path, tyro.conf.Positional]
    """the .pth file"""
    target: Annotated[Path, tyro.conf.Positional]
    """the .npz file to write"""


def load(source: Path) -> dict[str, np.ndarray]:
    """The arrays of a state dict by name; nothing in the file is executed.

    Raises:
      InputError: PyTorch is not installed, or the file is not a state dict.
    """
    try:
        import torch  # pyright: ignore[reportMissingImports]: an extra
    except ImportError as error:
        raise InputError(f"Expected PyTorch, which reads .pth files, got none installed: {INSTALL}") from error
    try:
        found: Any = torch.load(source, weights_only=True, map_location="cpu")
    except (OSError, RuntimeError, ValueError, EOFError, KeyError, pickle.UnpicklingError, zipfile.BadZipFile) as error:
        reason = str(error).strip().partition("\n")[0]
        raise InputError(f"Expected PyTorch weights in {source}, got a file that can't be read ({reason}).") from error
    if not isinstance(found, Mapping) or not all(isinstance(entry, torch.Tensor) for entry in found.values()):
        raise InputError(f"Expected a state dict, tensors by name, in {source}, got a {type(found).__name__}.")
    return {name: entry.numpy() for name, entry in found.items() if not name.endswith(COUNTER)}


def main(options: Options) -> str:
    """Converts, and says what the numbers of these weights will be called."""
    if not options.source.is_file():
        raise InputError(f"Expected PyTorch weights, got {options.source}, which is not there.")
    if options.target.suffix != ".npz":
        raise InputError(f"Expected a target that ends in .npz, got {options.target}.")
    check_file(options.target)
    with options.source.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    arrays = load(options.source)
    fold(arrays)  # refuses what the network can't use, before anything is written
    fingerprint = write_weights(options.target, arrays, weight_shapes(), sha256)
    name = network_name(fingerprint, sha256)
    if is_published(sha256):
        return f"{options.target}: the standard weights, {name}; their own fingerprint is {fingerprint}."
    return (
        f"{options.target}: NOT the standard weights (SHA-256 {sha256}, theirs is {PUBLISHED_SHA256}). Numbers made "
        f"with them are named [{name}], and none of them FID."
    )


def entry(arguments: Sequence[str]) -> int:
    def script() -> None:
        options = tyro.cli(Options, args=list(arguments), prog="convert_inception.py", description=__doc__)
        print(main(options))

    return report_errors(script)


if __name__ == "__main__":
    sys.exit(entry(sys.argv[1:]))
