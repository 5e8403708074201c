"""Learners by name: what each was trained on before it is fine-tuned, its task, its family."""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import get_close_matches

from ptssp_sklearn.exceptions import InputError, did_you_mean

PRETRAININGS = ("none", "imagenet", "coco", "objects365", "grounding")
"""What a learner was trained on before, from nothing to boxes with texts by the million."""

TASKS = ("box", "mask")

_SCRATCH = " (from scratch)"
_ULTRALYTICS = "nsmlx"
_RF_DETR = {"N": "nano", "S": "small", "B": "base", "M": "medium", "L": "large"}


@dataclass(frozen=True)
class Learner:
    """A network and what it knows before the first image of a task.

    Parameters
    ----------
    name : str
    pretraining : {"none", "imagenet", "coco", "objects365", "grounding"}
        ``"imagenet"`` is of the backbone alone; ``"grounding"`` is Objects365 and more,
        boxes with texts.
    task : {"box", "mask"}, default="box"
        What its scores are of.
    family : str, default=""

    Raises
    ------
    ValueError
        If pretraining or task is none of those.
    """

    name: str
    pretraining: str
    task: str = "box"
    family: str = ""

    def __post_init__(self) -> None:
        for what, choices in (("pretraining", PRETRAININGS), ("task", TASKS)):
            given = getattr(self, what)
            if given not in choices:
                hint = did_you_mean(given, choices)
                raise InputError(
                    f"Got the {what} {given!r} of the learner {self.name!r}, expected one of "
                    f"{', '.join(choices)}.{hint}",
                    "learner_kind",
                    name=str(given),
                )


def learner_names() -> list[str]:
    """Name the learners that are known by name."""
    return sorted({learner.name for learner in _REGISTRY.values()}, key=str.lower)


def find_learner(name: str | Learner) -> Learner:
    """Look a learner up.

    Parameters
    ----------
    name : str or Learner
        A name, however it is written (``"yolo11n"``, ``"YOLO 11n"``, ``"yolo11n.pt"``), or
        one of `PRETRAININGS` for any learner trained on that. A `Learner` is given back.

    Returns
    -------
    learner : Learner

    Raises
    ------
    ValueError
        If there is no such learner; names the nearest.

    Examples
    --------
    >>> from ptssp_sklearn.bayes import find_learner
    >>> find_learner("rf-detr-small").name, find_learner("yolo11n-seg.pt").task
    ('RF-DETR-S', 'mask')
    """
    if isinstance(name, Learner):
        return name
    if not isinstance(name, str) or not name.strip():
        raise InputError(
            f"Got the learner {name!r:.60}, expected a name such as 'yolo11n', or what it was "
            f"trained on: {', '.join(PRETRAININGS)}.",
            "learner",
            name=f"{name!r:.60}",
        )
    key = _key(name)
    if key in PRETRAININGS:
        return Learner(key, key)
    if key in _REGISTRY:
        return _REGISTRY[key]
    raise InputError(
        f"Got the learner {name!r:.60}, which is not known.{_hint(key)} Of another "
        f"learner say what it was trained on: {', '.join(PRETRAININGS)}.",
        "learner",
        name=f"{name!r:.60}",
    )


def _hint(key: str) -> str:
    """Propose the learner whose key is nearest, by its name."""
    near = get_close_matches(key, _REGISTRY, n=1)
    return f" Did you mean {_REGISTRY[near[0]].name!r}?" if near else ""


def _key(name: str) -> str:
    """Leave letters and digits, so that one name has one spelling."""
    bare = re.sub(r"\.(pt|pth|onnx|yaml)$", "", name.strip().lower())
    return re.sub(r"[^a-z0-9]", "", bare)


def _ultralytics() -> list[Learner]:
    """List the YOLOs people fine-tune from COCO: detectors, and segmenters where there are."""
    found = []
    sizes = {"YOLOv5": _ULTRALYTICS, "YOLOv6": _ULTRALYTICS, "YOLOv8": _ULTRALYTICS}
    sizes |= {"YOLOv9": "tsmce", "YOLOv10": "nsmblx", "YOLO11": _ULTRALYTICS}
    sizes |= {"YOLO12": _ULTRALYTICS, "YOLO26": _ULTRALYTICS}
    for family, letters in sizes.items():
        dash = "-" if family == "YOLOv9" else ""
        found += [Learner(f"{family}{dash}{one}", "coco", "box", family) for one in letters]
        if family not in ("YOLOv6", "YOLOv10"):
            names = [f"{family}{one}-seg" for one in letters]
            found += [Learner(name, "coco", "mask", family) for name in names]
    found += [Learner(name, "coco", "box", "YOLOv7") for name in ("YOLOv7", "YOLOv7-tiny")]
    scratch = [f"YOLOv12-{one}{_SCRATCH}" for one in _ULTRALYTICS]
    return found + [Learner(name, "none", "box", "YOLO12") for name in scratch]


def _others() -> list[Learner]:
    """List what is known of other families, written as their papers write them."""
    table = {
        ("coco", "YOLOX"): "YOLOX-Nano YOLOX-Tiny YOLOX-S YOLOX-M YOLOX-L YOLOX-X",
        ("coco", "YOLO-NAS"): "YOLO-NAS-S YOLO-NAS-M YOLO-NAS-L",
        ("coco", "RF-DETR"): "RF-DETR-N RF-DETR-S RF-DETR-B RF-DETR-M RF-DETR-L",
        ("coco", "RT-DETR"): "RT-DETR-L RT-DETR-X",
        ("coco", "DyHead"): "DyHead-T COCO",
        ("objects365", "DyHead"): "DyHead-T O365",
        ("objects365", "PP-YOLOE"): "PP-YOLOE+_s",
        ("imagenet", "DETR"): "DETR,DE-DETR,DELA-DETR,DINO R50,Cascade-DINO R50",
        ("imagenet", "R-CNN"): "Faster R-CNN R50,Cascade R-CNN R50",
        ("coco", "R-CNN"): "Faster R-CNN R50-FPN,Mask R-CNN R50-FPN",
        ("imagenet", "one stage"): "FCOS R50,RetinaNet R50,ATSS R50,TOOD R50",
        ("objects365", "GLIP"): "GLIP-T (A),GLIP-T (B)",
        ("grounding", "GLIP"): "GLIP-T (C),GLIP-T,GLIP-L",
        ("grounding", "Grounding DINO"): "Grounding DINO-T,Grounding DINO-B,MM-Grounding-DINO-T,"
        "MM-Grounding-DINO-B",
    }
    found = []
    for (pretraining, family), names in table.items():
        written = names.split(",") if "," in names or "DyHead" in names else names.split()
        for name in written:
            task = "mask" if name.startswith("Mask") else "box"
            found.append(Learner(name, pretraining, task, family))
    return found


def _registry() -> dict[str, Learner]:
    known = {_key(learner.name): learner for learner in [*_ultralytics(), *_others()]}
    for letter, word in _RF_DETR.items():
        known[f"rfdetr{word}"] = known[f"rfdetr{letter.lower()}"]
    known |= {"rfdetr": known["rfdetrm"], "rtdetr": known["rtdetrl"]}
    known |= {"fasterrcnn": known["fasterrcnnr50fpn"], "maskrcnn": known["maskrcnnr50fpn"]}
    for key in [key for key in known if key.startswith(("yolo11", "yolo12", "yolo26"))]:
        known[key.replace("yolo", "yolov", 1)] = known[key]
    for key in [key for key in known if re.match(r"yolov5[nsmlx]$", key)]:
        known[f"{key}u"] = known[key]
    return known


_REGISTRY = _registry()
