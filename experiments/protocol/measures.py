"""Errors and coverages of a forecast against the measured curves."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.stats import spearmanr

from experiments.protocol.forecast import CERTAINTIES, LEVELS, Forecast
from experiments.protocol.questions import Truth
from ptssp_sklearn._typing import Array
from ptssp_sklearn.curves.metrics import UNREACHED, curve_mae, curve_r2, size_errors

FLAT = 0.05
"""Predicted mean scores that differ by less rank nothing."""


def table_scores(
    measured: Array, predicted: Array, mean: Array, *, ranks: bool = True
) -> dict[str, float]:
    """Score a whole table of curves: R2 against mean curves, MAE, rank correlation.

    Without `ranks` there is no rank correlation: a constant ranks nothing, though it
    differs a little from fold to fold.
    """
    level = np.nanmean(np.where(np.isfinite(measured), predicted, np.nan), axis=1)
    rank = np.nan
    if ranks and len(level) > 2 and np.ptp(level) >= FLAT:
        rank = float(spearmanr(np.nanmean(measured, axis=1), level).statistic)
    return {
        "r2": curve_r2(measured, predicted, mean),
        "mae": curve_mae(measured, predicted),
        "spearman": rank,
        "n_test": len(measured),
    }


def scores_beyond(truth: Truth, forecast: Forecast, limit: float = 0.0) -> dict[str, float]:
    """Score what lies beyond `limit` images; curves that end before are left out.

    Returns
    -------
    scores : dict
        ``mae``; ``log10_size`` and ``within_2x`` of the required sizes; ``suffices_50``,
        ``suffices_80`` and ``suffices_90``; ``curve_cover``, ``curve_width``,
        ``size_cover`` and ``size_width`` (log10) of the 90 % intervals,
        NaN where there are none; ``failed``, the share of rows without an answer.
    """
    measured = np.where(truth.sizes > limit, truth.curves, np.nan)
    rows = np.isfinite(measured).any(axis=1)
    gaps = gaps_of_sizes(truth, forecast, limit)
    failed = np.nan if forecast.failed is None else float(forecast.failed[rows].mean())
    return {
        "mae": curve_mae(measured[rows], forecast.curves[rows]),
        "log10_size": float(np.mean(gaps)) if len(gaps) else np.nan,
        "within_2x": float(np.mean(gaps <= np.log10(2))) if len(gaps) else np.nan,
        **sufficiency(truth, forecast, limit),
        **coverage(truth, forecast, 0.9, limit),
        "failed": failed,
        "n_curves": int(rows.sum()),
        "n_sizes": len(gaps),
    }


def asked(truth: Truth, limit: float) -> NDArray[np.bool_]:
    """Mark the targets that count: reached by the curve, and not inside the pilot."""
    return np.isfinite(truth.needed) & (np.nan_to_num(truth.needed) > limit)


def gaps_of_sizes(truth: Truth, forecast: Forecast, limit: float) -> Array:
    """Give |log10| of predicted to true size for every target that counts."""
    known = asked(truth, limit)
    return size_errors(truth.needed[known], forecast.needed[known])


def sufficiency(truth: Truth, forecast: Forecast, limit: float = 0.0) -> dict[str, float]:
    """Give how often the numbers suffice; a single number is judged as each of them."""
    known = asked(truth, limit)
    true, answers = truth.needed[known], forecast.needed[known][:, None]
    if forecast.certain is not None:
        answers = forecast.certain[known]
    shares = (true[:, None] <= answers).mean(axis=0) if len(true) else np.array([np.nan])
    shares = np.broadcast_to(shares, len(CERTAINTIES))
    names = [f"suffices_{100 * certainty:.0f}" for certainty in CERTAINTIES]
    return dict(zip(names, shares.tolist(), strict=True))


def coverage(
    truth: Truth, forecast: Forecast, nominal: float, limit: float = 0.0
) -> dict[str, float]:
    """Give how often the central interval of a nominal level holds the truth, and its width."""
    if forecast.bands is None or forecast.spans is None:
        names = ("curve_cover", "curve_width", "size_cover", "size_width")
        return dict.fromkeys(names, np.nan)
    ends = [int(np.argmin(np.abs(LEVELS - 0.5 - side * nominal / 2))) for side in (-1, 1)]
    low, high = (forecast.bands[..., end] for end in ends)
    measured = np.where(truth.sizes > limit, truth.curves, np.nan)
    rows = np.isfinite(measured).any(axis=1)
    inside = np.where(np.isfinite(measured), (measured >= low) & (measured <= high), np.nan)
    width = np.where(np.isfinite(measured), high - low, np.nan)
    known = asked(truth, limit)
    first, last = (np.clip(forecast.spans[known][:, end], 1.0, UNREACHED) for end in ends)
    true = truth.needed[known]
    return {
        "curve_cover": float(np.nanmean(inside[rows], axis=1).mean()),
        "curve_width": float(np.nanmean(width[rows], axis=1).mean()),
        "size_cover": float(np.mean((true >= first) & (true <= last))) if len(true) else np.nan,
        "size_width": float(np.mean(np.log10(last / first))) if len(true) else np.nan,
    }
