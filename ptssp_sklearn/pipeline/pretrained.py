"""The models that come with the package."""

from __future__ import annotations

from importlib import resources

from ptssp_sklearn.exceptions import did_you_mean
from ptssp_sklearn.pipeline.persistence import load_model
from ptssp_sklearn.pipeline.training_size import TrainingSizePipeline

DEFAULT_NAME = "detectors"


def pretrained_names() -> list[str]:
    """Name the models that come with the package, the default one first."""
    files = resources.files("ptssp_sklearn").joinpath("data", "models").iterdir()
    names = sorted(file.name.removesuffix(".safetensors") for file in files)
    return sorted(names, key=lambda name: name != DEFAULT_NAME)


def load_pretrained(name: str = DEFAULT_NAME) -> TrainingSizePipeline:
    """Load a fitted pipeline that comes with the package.

    Parameters
    ----------
    name : str, default="detectors"
        ``"detectors"`` knows published curves of detectors people use, and photographs that
        YOLOv5n was fine-tuned on, with their images: ask it with labelled images or with
        ``X=None``, with the learner and, better, with a pilot, of that learner or another.

    Returns
    -------
    pipeline : TrainingSizePipeline
        Fitted; `about_` says what it was trained on and how well it does.

    Raises
    ------
    ValueError
        If there is no such model.

    Examples
    --------
    >>> from ptssp_sklearn import load_pretrained
    >>> list(load_pretrained().about_["banks"])
    ['detectors', 'photographs']
    >>> asked = {"learner": "rf-detr-s", "pilot": [(51, 0.23, "yolov5n")]}
    >>> list(load_pretrained().required_size(None, 0.4, interval=0.9, **asked).columns)
    ['size', 'low', 'high']
    """
    names = pretrained_names()
    if name not in names:
        hint = did_you_mean(name, names)
        raise ValueError(f"Got the model {name!r}, expected one of {', '.join(names)}.{hint}")
    path = resources.files("ptssp_sklearn").joinpath("data", "models", f"{name}.safetensors")
    with resources.as_file(path) as file:
        return load_model(file)
