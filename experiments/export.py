"""Write a bank out of a store: python -m experiments.export --help."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image

from experiments.collection.options import positive
from experiments.datasets import make_dataset
from experiments.learners.instances import with_ids
from ptssp_sklearn.banks import METRICS, write_bank
from ptssp_sklearn.curves.table import pivot_points
from ptssp_sklearn.measuring.trainings.database import StoreError
from ptssp_sklearn.measuring.trainings.store import Store, portable

Pictures = tuple[list[NDArray[np.uint8]], list[NDArray[np.int32]]]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; give its exit code."""
    options = _read_options(arguments)
    try:
        export(options)
    except (StoreError, ValueError, OSError, ImportError) as error:
        print(f"error: {' '.join(str(error).split())}", file=sys.stderr)
        return 2
    return 0


def export(options: argparse.Namespace) -> None:
    """Write tables, images and, if asked, the archive of a bank."""
    points, records = _read(options.store, options.bank)
    points = points[points.repeat < options.repeats]
    learner = options.learner or _main_learner(points)
    curves = curve_table(points, learner, options.metric)
    if options.complete:
        curves = curves.dropna()
        points = points[points.dataset.isin(curves.index)]
    records = [record for record in records if record["name"] in set(points.dataset)]
    options.out.mkdir(parents=True, exist_ok=True)
    _write_table(options.out / "curves", curves.rename(columns=str).reset_index())
    _write_table(options.out / "points", points)
    if not (options.images or options.archive):
        return
    pictures = [_pictures(record, options.images) for record in records]
    names = [record["name"] for record in records]
    _write_table(options.out / "images", write_images(options.out / "images", names, pictures))
    if options.archive:
        _write_archive(options, points, records, pictures, learner)


def curve_table(points: pd.DataFrame, learner: str, metric: str) -> pd.DataFrame:
    """Build the curve table of a learner: the mean over repeats of what is done."""
    done = points[(points.status == "done") & (points.learner == learner)]
    if done.empty:
        raise ValueError(
            f"Got no finished point of the learner {learner!r}, expected one of "
            f"{', '.join(sorted(points.learner.unique()))}."
        )
    table = pivot_points(done, index="dataset", score=metric)
    return table.set_axis(table.columns.astype(int), axis=1)


def write_images(folder: Path, names: list[str], pictures: list[Pictures]) -> pd.DataFrame:
    """Write images and masks as lossless PNG files.

    Returns
    -------
    table : DataFrame
        The image table: ``dataset``, ``image_1 …``, ``mask_1 …``; its paths start at the
        folder above.
    """
    rows = []
    for name, (images, masks) in zip(names, pictures, strict=True):
        safe = "".join(c if c.isalnum() or c in "-_." else "_" for c in name)
        row: dict[str, Any] = {"dataset": name}
        (folder / safe).mkdir(parents=True, exist_ok=True)
        kinds: dict[str, Sequence[NDArray]] = {"image": images, "mask": masks}
        for kind, cells in kinds.items():
            for number, pixels in enumerate(cells, 1):
                file = folder / safe / f"{kind}_{number}.png"
                wide = np.uint8 if pixels.max(initial=0) < 256 else np.uint16
                Image.fromarray(pixels.astype(wide)).save(file, optimize=True)
                row[f"{kind}_{number}"] = file.relative_to(folder.parent).as_posix()
        rows.append(row)
    table = pd.DataFrame(rows)
    return table[sorted(table.columns, key=lambda column: _column_order(str(column)))]


def _column_order(column: str) -> tuple[str, int]:
    kind, _, number = column.partition("_")
    return kind, int(number or 0)


def _read(path: Path, bank: str) -> tuple[pd.DataFrame, list[dict[str, Any]]]:
    if not path.exists():
        raise ValueError(f"Got the store {path}, which does not exist.")
    store = Store(path)
    try:
        points, records, banks = store.points(bank), store.records(bank), store.banks()
    finally:
        store.close()
    if points.empty:
        raise ValueError(
            f"Got the bank {bank!r}, but {path} holds {', '.join(banks) or 'no point yet'}."
        )
    return points, records


def _main_learner(points: pd.DataFrame) -> str:
    """Choose the learner that most points are of."""
    counts = points.groupby("learner").size()
    return str(counts.idxmax())


def _pictures(record: dict[str, Any], count: int) -> Pictures:
    dataset = make_dataset(record)
    samples = [with_ids(sample) for sample in dataset.train(min(count, dataset.n_train))]
    return [s.image for s in samples], [s.mask for s in samples]


def _write_table(stem: Path, table: pd.DataFrame) -> None:
    table.to_csv(stem.with_suffix(".csv"), index=False)
    if find_spec("pyarrow") is None:
        print(f"{stem}: written as CSV only. For Parquet: pip install pyarrow", file=sys.stderr)
    else:
        table.to_parquet(stem.with_suffix(".parquet"), index=False)


def _write_archive(
    options: argparse.Namespace,
    points: pd.DataFrame,
    records: list[dict[str, Any]],
    pictures: list[Pictures],
    learner: str,
) -> None:
    done = points[points.status == "done"]
    main_names = set(done[done.learner == learner].dataset)
    rows = [i for i, record in enumerate(records) if record["name"] in main_names]
    table = pd.DataFrame(
        [
            {"dataset": records[i]["name"],
             "group": options.merge.get(records[i]["group"], records[i]["group"]),
             "record": portable(records[i])}
            for i in rows
        ]
    )  # fmt: skip
    images = [_stacked(pictures[i], records[i]["name"]) for i in rows]
    write_bank(
        options.archive,
        name=options.bank,
        learner=learner,
        description=options.description or _description(options, done, learner),
        points=done[["learner", "dataset", "size", "repeat", "seed", *METRICS]],
        records=table,
        images=images if options.images else None,
    )


def _stacked(pictures: Pictures, name: str) -> tuple[NDArray[Any], NDArray[Any]]:
    """Stack square images; an archive holds them as one strip."""
    images, masks = pictures
    shapes = {image.shape[:2] for image in images}
    height, width = next(iter(shapes))
    if len(shapes) > 1 or height != width:
        raise ValueError(
            f"Got images of the sizes {sorted(shapes)} in {name!r}, expected squares of one size. "
            "Leave out --archive, or measure with --side."
        )
    if max(mask.max(initial=0) for mask in masks) > 255:
        raise ValueError(f"Got more than 255 instances in a mask of {name!r}.")
    return np.stack(images), np.stack(masks)


def _description(options: argparse.Namespace, done: pd.DataFrame, learner: str) -> str:
    sizes = sorted(done["size"].unique().tolist())
    return (
        f"Learning curves of {learner} on {done.dataset.nunique()} datasets, mask mAP at the "
        f"training-set sizes {', '.join(map(str, sizes))}, every point an independent training."
    )


def _read_options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m experiments.export",
        description="Write the curve table, the points, the images and the archive of a bank.",
    )
    parser.add_argument("--store", type=Path, required=True, metavar="FILE",
                        help="measurements.sqlite of experiments.collect")  # fmt: skip
    parser.add_argument("--bank", required=True, metavar="NAME")
    parser.add_argument("--learner", help="the main one (default: that of most points)")
    parser.add_argument("--metric", choices=METRICS, default="map50_95")
    parser.add_argument("--images", type=int, default=16, help="images of each dataset")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR")
    parser.add_argument("--archive", type=Path, metavar="FILE.zip",
                        help="also write all learners as one archive")  # fmt: skip
    parser.add_argument("--description", help="text of the archive")
    parser.add_argument("--repeats", type=positive, default=sys.maxsize, metavar="N",
                        help="use the first N trainings of a size (default: all)")  # fmt: skip
    parser.add_argument("--complete", action="store_true",
                        help="leave out datasets that the learner lacks a size of")  # fmt: skip
    parser.add_argument("--merge", type=_merged_groups, default={}, metavar="NAME=GROUP,GROUP",
                        help="groups that show the same things, as one group")  # fmt: skip
    return parser.parse_args(arguments)


def _merged_groups(text: str) -> dict[str, str]:
    name, equals, groups = text.partition("=")
    if not (name and equals and groups):
        raise argparse.ArgumentTypeError(f"got {text!r}, expected NAME=GROUP,GROUP")
    return dict.fromkeys(groups.split(","), name)


if __name__ == "__main__":
    sys.exit(main())
