"""Curve banks: measured learning curves, with the images they belong to where known."""

from __future__ import annotations

import io
import json
import zipfile
from importlib import resources
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image
from sklearn.utils import Bunch

from ptssp_sklearn.curves.table import pivot_points
from ptssp_sklearn.exceptions import did_you_mean
from ptssp_sklearn.images.table import image_table

METRICS = ("map50_95", "map50", "map75")
"""Scores a bank may hold, the main one first; COCO's, over masks."""


def bank_names() -> list[str]:
    """Name the banks that come with the package."""
    files = resources.files("ptssp_sklearn").joinpath("data", "banks").iterdir()
    return sorted(file.name.removesuffix(".zip") for file in files if file.name.endswith(".zip"))


def load_curve_bank(
    name: str, *, metric: str = "map50_95", learner: str | None = None, excluded: bool = False
) -> Bunch:
    """Load measured learning curves that come with the package.

    Parameters
    ----------
    name : {"detectors", "photographs", "procedural", "procedural-2", "cutpaste", "yolov8m-seg"}
        ``"detectors"``: published scores of detectors people use, fine-tuned on data sets of
        others, without images; a row a learner on a data set.
        ``"photographs"``: YOLOv5n, trained on COCO, fine-tuned on data sets of photographs, with
        features of their labelled images.
        ``"procedural"``: 150 procedural segmentation domains, 8 images with masks each.
        ``"procedural-2"``: 40 domains of the second renderer, 16 images with masks each.
        ``"cutpaste"``: 126 domains of real cut-outs on real backgrounds, 16 images with masks
        each; the source of the cut-outs is the group.
        ``"yolov8m-seg"``: 20 curves of YOLOv8m-seg on ten public datasets, without images.
    metric : {"map50_95", "map50", "map75"}, default="map50_95"
    learner : str, optional
        Whose curves to load, where a bank holds those of several learners: only the
        datasets that it was measured on are given. By default the main learner's; of
        ``"detectors"`` and ``"photographs"`` all.
    excluded : bool, default=False
        Of ``"detectors"``: whether to give what is no ordinary fine-tuning too, such as linear
        or prompt tuning; the column ``excluded`` of ``points`` says why.

    Returns
    -------
    bank : Bunch
        ``X`` : image table (a DataFrame of arrays) or None;
        ``y`` : curve table, scores as fractions, NaN where not measured;
        ``groups`` : ndarray, what must not be split between training and testing;
        ``records`` : DataFrame, what else is known of each dataset;
        ``name``, ``learner``, ``metric``, ``DESCR`` : str;
        ``learners`` : list of str, all whose curves the bank holds, the main one first;
        ``points`` : DataFrame, only of ``"detectors"`` and ``"photographs"``: one row a score,
        with learner, pretraining, task, metric, size (images; 0 is before any), classes, source;
        ``features``, ``draws`` : DataFrame, only of ``"photographs"``: vectors of draws of
        labelled images, named after their data sets, and what each draw is of.

    Raises
    ------
    ValueError
        If there is no such bank, or it does not hold the metric or the learner.

    Examples
    --------
    >>> from ptssp_sklearn import load_curve_bank
    >>> bank = load_curve_bank("yolov8m-seg")
    >>> bank.y.shape[0], bank.X is None, bank.learner
    (20, True, 'YOLOv8m-seg')
    """
    names = bank_names()
    if name not in names:
        hint = did_you_mean(name, names)
        raise ValueError(f"Got the bank {name!r}, expected one of {', '.join(names)}.{hint}")
    path = resources.files("ptssp_sklearn").joinpath("data", "banks", f"{name}.zip")
    file = io.BytesIO(path.read_bytes())
    return read_bank(file, metric=metric, learner=learner, excluded=excluded)


def read_bank(
    file: Any,
    *,
    metric: str = "map50_95",
    learner: str | None = None,
    excluded: bool = False,
) -> Bunch:
    """Read a bank archive (see `write_bank`); parameters and answer as `load_curve_bank`."""
    with zipfile.ZipFile(file) as archive:
        about = json.loads(archive.read("bank.json"))
        points = pd.read_csv(io.BytesIO(archive.read("points.csv")))
        if "metric" in points.columns:
            bank = _bank_of_points(points, about, metric, learner, excluded)
            if "draws.csv" in archive.namelist():
                bank.update(_features_of(archive))
            return bank
        _check_choice("metric", metric, [m for m in METRICS if m in points.columns], about)
        points, learners = _points_of(points, about, learner)
        records = pd.DataFrame(about["records"]).set_index("dataset")
        rows = np.flatnonzero(records.index.isin(points["dataset"]))
        records = records.iloc[rows]
        table = pivot_points(points, index="dataset", score=metric).loc[records.index]
        cells = None
        if "images/0.webp" in archive.namelist():
            cells = [_read_row(archive, int(row)) for row in rows]
    X = None if cells is None else image_table(cells, index=records.index)
    return Bunch(
        X=X,
        y=table,
        groups=records.pop("group").to_numpy(),
        records=records,
        name=about["name"],
        learner=learner or about["learner"],
        learners=learners,
        metric=metric,
        DESCR=about["description"],
    )


def write_bank(
    file: Any,
    *,
    name: str,
    learner: str,
    description: str,
    points: pd.DataFrame,
    records: pd.DataFrame,
    images: list[tuple[np.ndarray, np.ndarray]] | None = None,
    features: tuple[pd.DataFrame, pd.DataFrame] | None = None,
) -> None:
    """Write a bank archive: JSON, CSV, lossless WebP and PNG in one zip.

    Parameters
    ----------
    file : path or file object
    name, learner, description : str
        The main learner, if `points` are of several.
    points : DataFrame
        One row a measured point: ``dataset``, ``size`` and scores named as in `METRICS`;
        ``learner`` if they are of several.
    records : DataFrame
        One row a dataset, in the order of the bank: ``dataset``, ``group`` and more.
    images : list of (images, masks), optional
        Images of each dataset: uint8 (k, height, width, 3) and instance ids (k, height, width).
    features : (DataFrame, DataFrame), optional
        Vectors of draws of images, a row a draw, and what each is a draw of: ``dataset`` and more.
    """
    about = {"name": name, "learner": learner, "description": description}
    about["records"] = json.loads(records.to_json(orient="records"))
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bank.json", json.dumps(about, indent=1))
        archive.writestr("points.csv", points.to_csv(index=False, float_format="%.6g"))
        if features is not None:
            vectors, draws = features
            archive.writestr("draws.csv", draws.to_csv(index=False))
            archive.writestr("features.txt", "\n".join(vectors.columns))
            with archive.open("features.npy", "w") as member:
                np.save(member, vectors.to_numpy(np.float32), allow_pickle=False)
        for row, (pictures, masks) in enumerate(images or []):
            _write_picture(archive, f"images/{row}.webp", np.concatenate(pictures))
            _write_picture(archive, f"masks/{row}.png", np.concatenate(masks).astype(np.uint8))


def _bank_of_points(
    points: pd.DataFrame, about: dict[str, Any], metric: str, learner: str | None, excluded: bool
) -> Bunch:
    """Give a bank of single scores: a row a learner on a data set, and all points beside."""
    points["excluded"] = points["excluded"].astype(object).fillna("")
    if not excluded:
        points = points[points["excluded"] == ""].reset_index(drop=True)
    _check_choice("metric", metric, sorted(points["metric"].unique()), about)
    learners = sorted(points["learner"].unique(), key=str.lower)
    if learner is not None:
        _check_choice("learner", learner, learners, about)
        points = points[points["learner"] == learner].reset_index(drop=True)
    scored = points[(points["metric"] == metric) & (points["size"] > 0)]
    curve = scored["dataset"] + " | " + scored["learner"]
    table = pivot_points(scored.assign(curve=curve), index="curve", score="score")
    known = ["group", "dataset", "learner", "pretraining", "task", "n_classes", "source"]
    records = scored.assign(curve=curve).groupby("curve")[known].first().loc[table.index]
    facts = pd.DataFrame(about["records"]).set_index("dataset")
    records = records.join(facts[facts.columns.difference(known)], on="dataset")
    return Bunch(
        X=None,
        y=table,
        groups=records.pop("group").to_numpy(),
        records=records,
        points=points,
        name=about["name"],
        learner=learner or about["learner"],
        learners=learners,
        metric=metric,
        DESCR=about["description"],
    )


def _features_of(archive: zipfile.ZipFile) -> dict[str, pd.DataFrame]:
    """Read the vectors of draws of images, where a bank holds these in place of the images."""
    draws = pd.read_csv(io.BytesIO(archive.read("draws.csv")), keep_default_na=False)
    names = archive.read("features.txt").decode().split("\n")
    vectors = np.load(io.BytesIO(archive.read("features.npy")), allow_pickle=False)
    features = pd.DataFrame(vectors, index=draws["dataset"].to_numpy(), columns=names)
    return {"features": features, "draws": draws}


def _check_choice(what: str, given: str, known: list[str], about: dict[str, Any]) -> None:
    """Refuse a metric or a learner that a bank does not hold."""
    if given not in known:
        what_it_holds = "curves of " if what == "learner" else ""
        raise ValueError(
            f"Got {what}={given!r}, but the bank {about['name']!r} holds {what_it_holds}"
            f"{', '.join(known)}."
            f"{did_you_mean(given, known)}"
        )


def _points_of(
    points: pd.DataFrame, about: dict[str, Any], learner: str | None
) -> tuple[pd.DataFrame, list[str]]:
    """Take one learner's points, and list all learners with the main one first."""
    main = about["learner"]
    found = points["learner"].unique().tolist() if "learner" in points.columns else [main]
    learners = [main, *sorted(set(found) - {main})]
    if learner is not None:
        _check_choice("learner", learner, learners, about)
    if "learner" in points.columns:
        points = points[points["learner"] == (learner or main)]
    return points, learners


def _write_picture(archive: zipfile.ZipFile, name: str, pixels: np.ndarray) -> None:
    buffer = io.BytesIO()
    kind = {"webp": "WEBP", "png": "PNG"}[name.rsplit(".", 1)[1]]
    options = {"lossless": True, "quality": 100, "method": 6, "exact": True}
    Image.fromarray(pixels).save(
        buffer, kind, **(options if kind == "WEBP" else {"optimize": True})
    )
    archive.writestr(zipfile.ZipInfo(name), buffer.getvalue(), zipfile.ZIP_STORED)


def _read_row(archive: zipfile.ZipFile, row: int) -> tuple[np.ndarray, np.ndarray]:
    """Cut the strip of a dataset's square images and masks apart."""
    with Image.open(io.BytesIO(archive.read(f"images/{row}.webp"))) as strip:
        pictures = np.asarray(strip.convert("RGB"))
    with Image.open(io.BytesIO(archive.read(f"masks/{row}.png"))) as strip:
        masks = np.asarray(strip).astype(np.int32)
    side = pictures.shape[1]
    return pictures.reshape(-1, side, side, 3), masks.reshape(-1, side, side)
