"""All studies by name."""

from __future__ import annotations

from experiments.studies import study_a, study_b, study_c
from experiments.studies.study import Study
from ptssp_sklearn.exceptions import did_you_mean

CATALOGUE: dict[str, Study] = {
    study.name: study for study in (*study_a.STUDIES, *study_b.STUDIES, *study_c.STUDIES)
}


def find_study(name: str) -> Study:
    """Give the study of a name.

    Raises
    ------
    ValueError
        If there is none; names the nearest.
    """
    if name not in CATALOGUE:
        hint = did_you_mean(name, CATALOGUE, otherwise="See python -m experiments.studies list.")
        raise ValueError(f"Got the study {name!r}, expected one of {len(CATALOGUE)}.{hint}")
    return CATALOGUE[name]
