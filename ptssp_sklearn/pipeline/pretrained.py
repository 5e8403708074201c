"""The models that come with the package."""

from __future__ import annotations

from importlib import resources

from ptssp_sklearn.pipeline.persistence import load_model
from ptssp_sklearn.pipeline.training_size import TrainingSizePipeline


def pretrained_names() -> list[str]:
    """Name the models that come with the package."""
    files = resources.files("ptssp_sklearn").joinpath("data", "models").iterdir()
    return sorted(f.name.removesuffix(".safetensors") for f in files)


def load_pretrained(name: str = "general") -> TrainingSizePipeline:
    """Load a fitted pipeline that comes with the package.

    Parameters
    ----------
    name : str, default="general"
        ``"general"`` was trained on the banks procedural, procedural-2 and cutpaste and asks
        for images; its curves are of a small U-Net, see its model card in the documentation.
        ``"yolov8m-seg"`` knows the curves of that bank and no images: ask it with ``X=None``
        and, better, a pilot.

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
    ['procedural', 'procedural-2', 'cutpaste']
    >>> model = load_pretrained("yolov8m-seg")
    >>> list(model.required_size(None, 0.4, pilot=[(51, 0.23)], interval=0.9).columns)
    ['size', 'low', 'high']
    """
    names = pretrained_names()
    if name not in names:
        raise ValueError(f"Got the model {name!r}, expected one of {', '.join(names)}.")
    path = resources.files("ptssp_sklearn").joinpath("data", "models", f"{name}.safetensors")
    with resources.as_file(path) as file:
        return load_model(file)
