"""How well the 4PL fits each curve of a bank, and what kind of curve it fits badly."""

from __future__ import annotations

import numpy as np
import pandas as pd
from sklearn.utils import Bunch

from ptssp_sklearn._typing import Array
from ptssp_sklearn.curves.sigmoid import sigmoid_curve

FALL = 0.05
STEP = 0.5


def misfits(bank: Bunch, params: Array) -> pd.DataFrame:
    """Measure the residuals of the 4PL.

    Parameters
    ----------
    bank : Bunch
    params : ndarray of shape (n_curves, 4), A, B, C, D of each curve

    Returns
    -------
    table : DataFrame, in the order of the bank
        ``group``; ``rmse``; ``size`` and ``error``, where the fit is furthest off and by
        how much; ``kind``, "falls", "steps" or "uneven"; ``looks``, the kind in words.
    """
    sizes = bank.y.columns.to_numpy(float)
    errors = sigmoid_curve(sizes, params) - bank.y.to_numpy()
    furthest = np.nanargmax(np.abs(errors), axis=1)
    seen = [_looks(row.dropna()) for _, row in bank.y.iterrows()]
    return pd.DataFrame(
        {
            "group": bank.groups,
            "rmse": np.sqrt(np.nanmean(errors**2, axis=1)),
            "size": sizes[furthest],
            "error": errors[np.arange(len(errors)), furthest],
            "kind": [kind for kind, _ in seen],
            "looks": [words for _, words in seen],
        },
        index=bank.y.index,
    )


def _looks(curve: pd.Series) -> tuple[str, str]:
    """Tell a curve that falls from one that rises in a step, and both from the rest."""
    scores, sizes = curve.to_numpy(), curve.index.to_numpy(float)
    falls = np.maximum.accumulate(scores) - scores
    if falls.max() > FALL:
        return "falls", f"falls by {falls.max():.2f} up to {sizes[falls.argmax()]:g} images"
    rises = np.diff(scores)
    if len(rises) > 1 and rises.max() > max(FALL, STEP * np.ptp(scores)):
        at = int(rises.argmax())
        return "steps", f"rises by {rises[at]:.2f} from {sizes[at]:g} to {sizes[at + 1]:g} images"
    return "uneven", "rises unevenly"
