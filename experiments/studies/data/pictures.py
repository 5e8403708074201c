"""MNIST, CIFAR-10 and image folders, read by torchvision."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from sklearn.model_selection import train_test_split
from torch.utils.data import Subset

from experiments.studies.packages import MissingDataError, need, need_files
from experiments.studies.study import Examples

CIFAR10_SOURCE = "https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz"
MNIST_SOURCE = "https://ossci-datasets.s3.amazonaws.com/mnist"
GARBAGE_SOURCE = "https://www.kaggle.com/datasets/asdasdasasdas/garbage-classification"
TEST_SHARE = 0.2
_SPLIT_SEED = 0


def mnist(root: Path) -> Examples:
    """Read MNIST's IDX files from ``root/MNIST/raw``."""
    datasets, transforms = need("torchvision.datasets"), need("torchvision.transforms")
    raw = Path(root) / "MNIST" / "raw"
    files = [raw / f"{part}-{kind}-ubyte" for part in ("train", "t10k")
             for kind in ("images-idx3", "labels-idx1")]  # fmt: skip
    need_files("MNIST", MNIST_SOURCE, *files)
    change = transforms.Compose([transforms.ToTensor(), transforms.Normalize(0.5, 0.5)])
    train, test = (datasets.MNIST(root, train=part, transform=change) for part in (True, False))
    classes = tuple(str(digit) for digit in range(10))
    return Examples("MNIST", train, test, train.targets.numpy().astype(np.int64), classes)


def cifar10(root: Path, *, checksums: dict[str, str] | None = None) -> Examples:
    """Read CIFAR-10's Python batches from ``root/cifar-10-batches-py``.

    The batches are pickles, so a file is opened only if its MD5 is the known one.

    Parameters
    ----------
    root : path
    checksums : dict of str, optional
        MD5 of each file, for another set in this format; by default those of CIFAR-10.

    Raises
    ------
    MissingDataError
        If a file is missing or is not the known one.
    """
    datasets, transforms = need("torchvision.datasets"), need("torchvision.transforms")
    need_files("CIFAR-10", CIFAR10_SOURCE, Path(root) / datasets.CIFAR10.base_folder)
    reader = datasets.CIFAR10 if checksums is None else _with_checksums(checksums)
    plain = [transforms.ToTensor(), transforms.Normalize((0.5,) * 3, (0.5,) * 3)]
    varied = [transforms.RandomCrop(32, padding=4), transforms.RandomHorizontalFlip(), *plain]
    try:
        train = reader(root, train=True, transform=transforms.Compose(varied))
        test = reader(root, train=False, transform=transforms.Compose(plain))
    except RuntimeError as error:
        raise MissingDataError(
            f"Got files in {root} that are missing or not those of CIFAR-10 (by their MD5). "
            f"Get {CIFAR10_SOURCE} and unpack it there."
        ) from error
    return Examples("CIFAR-10", train, test, np.array(train.targets), tuple(train.classes))


def _with_checksums(checksums: dict[str, str]) -> type:
    """Give torchvision's reader for files of other contents."""
    base = need("torchvision.datasets").CIFAR10

    lists: dict[str, Any] = {
        part: [[name, checksums[name]] for name, _ in getattr(base, part)]
        for part in ("train_list", "test_list")
    }
    meta = {**base.meta, "md5": checksums[base.meta["filename"]]}
    return type("Listed", (base,), {**lists, "meta": meta})


def garbage(root: Path, *, side: int = 224) -> Examples:
    """Read a folder of images a class; a fixed, stratified fifth is the test set.

    Parameters
    ----------
    root : path
        Garbage Classification, or any folder of one folder a class.
    side : int, pixels
        Side of the squares that images are made to.
    """
    need_files("Garbage Classification", GARBAGE_SOURCE, Path(root))
    if not any(path.is_dir() for path in Path(root).iterdir()):
        need_files("Garbage Classification", GARBAGE_SOURCE, Path(root) / "cardboard")
    datasets, transforms = need("torchvision.datasets"), need("torchvision.transforms")
    plain = [transforms.Resize((side, side)), transforms.ToTensor(),
             transforms.Normalize((0.5,) * 3, (0.5,) * 3)]  # fmt: skip
    varied = transforms.Compose([transforms.RandomHorizontalFlip(), *plain])
    images = datasets.ImageFolder(root, transform=transforms.Compose(plain))
    labels = np.array(images.targets)
    train, test = train_test_split(
        np.arange(len(labels)), test_size=TEST_SHARE, stratify=labels, random_state=_SPLIT_SEED
    )
    moved = datasets.ImageFolder(root, transform=varied)
    parts = Subset(moved, train.tolist()), Subset(images, test.tolist())
    return Examples("Garbage Classification", *parts, labels[train], tuple(images.classes))
