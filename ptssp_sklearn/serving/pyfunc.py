"""The pyfunc model: a stored pipeline behind MLflow's `PythonModel`."""

from __future__ import annotations

import logging
import re
from typing import Any

import pandas as pd
from mlflow.exceptions import MlflowException
from mlflow.pyfunc import PythonModel

from ptssp_sklearn.pipeline.persistence import load_model
from ptssp_sklearn.serving.handler import PARAM_DEFAULTS, Answerer

PIPELINE = "pipeline"
"""Name of the artifact that holds the pipeline."""

_OUR_COLUMNS = re.compile(r"'(image|mask|labels|pilot)", re.IGNORECASE)


class ServedPipeline(PythonModel):
    """Answers tables of base64 images; the pipeline comes from the artifact ``pipeline``."""

    def load_context(self, context: Any) -> None:
        """Read the pipeline: tensors and JSON, no code."""
        self.answerer_ = Answerer(load_model(context.artifacts[PIPELINE]))
        refuse_unknown_names()

    def predict(
        self, context: Any, model_input: pd.DataFrame, params: dict[str, Any] | None = None
    ) -> pd.DataFrame:
        """Answer a request; see `ptssp_sklearn.serving.Answerer.answer`.

        Raises
        ------
        MlflowException
            INVALID_PARAMETER_VALUE (HTTP 400) where the request cannot be used.
        """
        return answer_or_refuse(self.answerer_, model_input, params)


def answer_or_refuse(
    answerer: Answerer, table: pd.DataFrame, params: dict[str, Any] | None
) -> pd.DataFrame:
    """Answer, or raise what MLflow's server turns into HTTP 400."""
    try:
        return answerer.answer(table, params)
    except ValueError as error:
        raise MlflowException.invalid_parameter_value(str(error)) from None


class _RefuseIgnored(logging.Filter):
    """Turns MLflow's warning that something of a request is ignored into an error.

    MLflow drops params and columns that the signature does not know before a model sees
    them, and only warns. A warning about params names those the model has, which tells
    ours from those of other models in the process; columns are told by their names.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        text = record.getMessage()
        names = text.partition("[")[2].partition("]")[0]
        if text.startswith("Unrecognized params") and all(repr(p) in text for p in PARAM_DEFAULTS):
            raise MlflowException.invalid_parameter_value(
                f"Got the unknown params {names:.200}, expected {', '.join(PARAM_DEFAULTS)}."
            )
        if text.startswith("Found extra inputs") and _OUR_COLUMNS.search(names):
            raise MlflowException.invalid_parameter_value(
                f"Got the unknown columns {names:.200}, expected those of the model's signature."
            )
        return True


def refuse_unknown_names() -> None:
    """Let this process refuse params that models of this package do not know."""
    logger = logging.getLogger("mlflow.models.utils")
    if not any(isinstance(one, _RefuseIgnored) for one in logger.filters):
        logger.addFilter(_RefuseIgnored())
    if not logger.isEnabledFor(logging.WARNING):
        logger.setLevel(logging.WARNING)
