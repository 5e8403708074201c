"""What a served model is asked and answers: columns, parameters, limits, the answer table.

Nothing here opens a path or an address: an image is the bytes of a file, as base64 or as they
are.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image

from ptssp_sklearn.bayes.learners import find_learner
from ptssp_sklearn.bayes.quantile_levels import interval_levels
from ptssp_sklearn.curves.sigmoid import PARAM_NAMES
from ptssp_sklearn.images.table import check_image_table, image_table
from ptssp_sklearn.pipeline.training_size import TrainingSizePipeline
from ptssp_sklearn.pipeline.validation import (
    check_target,
    check_unreachable,
    looks_at_images,
    needs_images,
)
from ptssp_sklearn.serving.answer import SHOWN_SIZES, Answer, answer_for
from ptssp_sklearn.serving.limits import DEFAULT_LIMITS, Limits, RequestError
from ptssp_sklearn.serving.request import Row, read_rows

PARAM_DEFAULTS: dict[str, Any] = {
    "target_map": None,
    "interval": 0.9,
    "unreachable": "nan",
    "learner": "",
    "metric": "",
}
"""Parameters of a request; one without a default must be given."""

OUTPUT_COLUMNS = (
    "size",
    "size_80",
    "size_90",
    "low",
    "high",
    "reach_1000",
    "reach_10000",
    "reach_probability",
    "best_50",
    "best_80",
    *PARAM_NAMES,
    *(f"curve_{size}" for size in SHOWN_SIZES),
    "out_of_domain",
    "objects",
    "notes",
)
"""Columns of the answer table; the last ones are text."""
TEXT_COLUMNS = ("objects", "notes")


def input_columns(pipeline: TrainingSizePipeline, limits: Limits = DEFAULT_LIMITS) -> list[str]:
    """List the columns a request may have; ``image_1`` must be there where images are needed."""
    if not looks_at_images(pipeline):
        return ["pilot"]
    numbers = range(1, limits.images + 1)
    return [f"{kind}_{i}" for kind in ("image", "mask") for i in numbers] + ["labels", "pilot"]


@dataclass(frozen=True)
class Question:
    """The parameters of a request, checked.

    Attributes
    ----------
    target_map : float
        In (0, 1).
    interval : float
        Coverage of the interval, in (0, 1).
    unreachable : {"nan", "inf", "raise"}
        What stands for a size that is out of reach: nothing (``null`` in JSON), infinity
        (which only some JSON readers understand), or an error that names the row.
    learner : str or None
        Whose curve is asked for, of a model that knows several.
    metric : {"map50_95", "map50"} or None
        What target and pilot are scores of; None: what the model was trained on.
    """

    target_map: float
    interval: float
    unreachable: str
    learner: str | None
    metric: str | None

    @classmethod
    def read(cls, params: Mapping[str, Any] | None) -> Question:
        """Check parameters as they come; None and missing ones take their defaults.

        Raises
        ------
        RequestError
            If one is unknown, missing, no number, or outside its range.
        """
        given = dict(params or {})
        check_param_names(given)
        asked = PARAM_DEFAULTS | {k: v for k, v in given.items() if v is not None}
        if asked["target_map"] is None:
            raise RequestError("Got no target_map, expected it in params, a fraction in (0, 1).")
        target, interval = (_number(name, asked[name]) for name in ("target_map", "interval"))
        try:
            check_target(target)
            interval_levels(interval)
            check_unreachable(asked["unreachable"])
            learner = asked["learner"] or None
            if learner is not None:
                find_learner(learner)
        except ValueError as error:
            raise RequestError(str(error)) from None
        return cls(target, interval, asked["unreachable"], learner, asked["metric"] or None)


def check_param_names(names: Any) -> None:
    """Refuse parameters that do not exist, which would have no effect."""
    unknown = sorted(map(str, set(names) - set(PARAM_DEFAULTS)))
    if unknown:
        raise RequestError(
            f"Got the unknown params {', '.join(unknown):.200}, expected "
            f"{', '.join(PARAM_DEFAULTS)}."
        )


def check_column_names(names: Any, known: Sequence[str]) -> None:
    """Refuse columns that do not exist, which would have no effect."""
    unknown = sorted(map(str, set(names) - set(known)))
    if unknown:
        shown = known if len(known) < 4 else [known[0], "…", *known[-2:]]
        raise RequestError(
            f"Got the unknown columns {', '.join(unknown):.200}, expected {', '.join(shown)}."
        )


class Answerer:
    """A fitted pipeline that answers requests; threads may ask at the same time.

    Parameters
    ----------
    pipeline : TrainingSizePipeline
    limits : Limits

    Examples
    --------
    >>> from ptssp_sklearn import load_pretrained
    >>> from ptssp_sklearn.serving import Answerer
    >>> import pandas as pd
    >>> asked = pd.DataFrame({"pilot": ["[[51, 0.23], [101, 0.31]]"]})
    >>> answer = Answerer(load_pretrained("detectors")).answer(asked, {"target_map": 0.4})
    >>> 0.0 < answer["reach_probability"][0] <= 1.0
    True
    """

    def __init__(self, pipeline: TrainingSizePipeline, limits: Limits = DEFAULT_LIMITS) -> None:
        self.pipeline = pipeline
        self.limits = limits
        self.columns = input_columns(pipeline, limits)

    def answer(self, table: pd.DataFrame, params: Mapping[str, Any] | None) -> pd.DataFrame:
        """Answer a request.

        Parameters
        ----------
        table : DataFrame
            One row a dataset: ``image_1 …`` and ``mask_1 …`` hold base64 or bytes of image
            files, ``pilot`` the JSON of a list of [size, score]; a standard error and a learner
            may follow each score.
        params : dict
            See `Question`.

        Returns
        -------
        answers : DataFrame with the columns `OUTPUT_COLUMNS`

        Raises
        ------
        RequestError
            If anything of the request cannot be used; names the row and the column.
        """
        question = Question.read(params)
        if not isinstance(table, pd.DataFrame):
            raise RequestError(f"Got {type(table).__name__}, expected a table, one row a dataset.")
        check_column_names(table.columns, self.columns)
        rows = read_rows(
            table,
            self.limits,
            images=looks_at_images(self.pipeline),
            needed=needs_images(self.pipeline),
        )
        answers = [self._one(n, row, question) for n, row in enumerate(rows)]
        columns = {name: [answer[name] for answer in answers] for name in OUTPUT_COLUMNS}
        return pd.DataFrame({name: pd.Series(v, dtype=object) for name, v in columns.items()})

    def _one(self, number: int, row: Row, question: Question) -> dict[str, Any]:
        try:
            answer = answer_for(
                self.pipeline,
                row.table,
                question.target_map,
                pilot=row.pilot,
                learner=question.learner,
                metric=question.metric,
                coverage=question.interval,
            )
        except ValueError as error:
            raise RequestError(f"Row {number}: {error}") from None
        if question.unreachable == "raise" and not answer.reachable:
            raise RequestError(
                f"Got target_map={question.target_map:g}, but row {number} reaches it with a "
                f"probability of {answer.reach[np.inf]:.0%}. Lower the target or pass "
                "unreachable='nan'."
            )
        lost = None if question.unreachable == "nan" else np.inf
        return _columns(answer, lost) | _texts(answer, row)


def _columns(answer: Answer, lost: float | None) -> dict[str, Any]:
    """Give an answer by `OUTPUT_COLUMNS`; `lost` stands for a size that is out of reach."""
    sizes = [*answer.sizes.values(), *answer.interval]
    found = [size if np.isfinite(size) else lost for size in sizes]
    chances = answer.reach.values()
    best = answer.forecast.best_reachable.values()
    values = [*found, *chances, *best, *answer.params.values(), *answer.curve.values()]
    values.append(answer.forecast.out_of_domain)
    return dict(zip(OUTPUT_COLUMNS[: -len(TEXT_COLUMNS)], values, strict=True))


def _texts(answer: Answer, row: Row) -> dict[str, str | None]:
    """Give the objects read in the masks of a row, and what should be said beside the answer."""
    known = any(count is not None for count in row.objects)
    counts = ", ".join("–" if count is None else str(count) for count in row.objects)
    notes = " ".join([*answer.notes(), *row.remarks])
    return {"objects": counts if known else None, "notes": notes or None}


def encode_images(X: Any) -> pd.DataFrame:
    """Write an image table as a served model is asked: every cell the base64 of a PNG.

    Parameters
    ----------
    X : image table of n_rows rows

    Returns
    -------
    table : DataFrame of str
        None where there is no image or mask; ``labels`` says what masks were drawn from.
    """
    rows, labels = [], []
    for row in check_image_table(X):
        pairs = list(row.decode())
        images = [_png(image) for image, _ in pairs]
        masks = [None if mask is None else _png(mask.astype(np.uint16)) for _, mask in pairs]
        rows.append((images, masks))
        labels.append((row.labels or "masks") if any(masks) else None)
    table = image_table(rows)
    return table.assign(labels=pd.Series(labels, dtype=object)) if any(labels) else table


def _png(pixels: np.ndarray) -> str:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return base64.b64encode(buffer.getvalue()).decode()


def _number(name: str, value: Any) -> float:
    if isinstance(value, bool | np.bool_) or not isinstance(value, int | float | np.number):
        raise RequestError(f"Got {name}={value!r:.60}, expected a number, a fraction in (0, 1).")
    return float(value)
