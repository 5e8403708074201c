"""Learners are found however their names are written; others are refused with the nearest."""

from __future__ import annotations

import pytest

from ptssp_sklearn.bayes import Learner, find_learner, learner_names


@pytest.mark.parametrize(
    ("written", "name", "pretraining", "task"),
    [
        ("yolo11n", "YOLO11n", "coco", "box"),
        ("YOLOv11n.pt", "YOLO11n", "coco", "box"),
        ("yolov5nu", "YOLOv5n", "coco", "box"),
        ("yolo11x-seg.pt", "YOLO11x-seg", "coco", "mask"),
        ("rf-detr", "RF-DETR-M", "coco", "box"),
        ("RF-DETR small", "RF-DETR-S", "coco", "box"),
        ("glip-t (a)", "GLIP-T (A)", "objects365", "box"),
        ("GLIP-L", "GLIP-L", "grounding", "box"),
        ("retinanet r50", "RetinaNet R50", "imagenet", "box"),
        ("YOLOv12-n (from scratch)", "YOLOv12-n (from scratch)", "none", "box"),
        ("mask r-cnn", "Mask R-CNN R50-FPN", "coco", "mask"),
    ],
)
def test_a_learner_is_found_however_it_is_written(written, name, pretraining, task):
    found = find_learner(written)
    assert (found.name, found.pretraining, found.task) == (name, pretraining, task)


def test_a_learner_may_be_described_by_what_it_was_trained_on():
    assert find_learner("COCO").pretraining == "coco"
    mine = Learner("my detector", "objects365")
    assert find_learner(mine) is mine


def test_every_name_finds_itself():
    assert all(find_learner(name).name == name for name in learner_names())


@pytest.mark.parametrize(
    ("written", "near"), [("yolo11q", "YOLO11"), ("fasterrcn", "Faster R-CNN")]
)
def test_an_unknown_learner_is_refused_with_the_nearest(written, near):
    with pytest.raises(ValueError, match=f"Did you mean '{near}"):
        find_learner(written)


@pytest.mark.parametrize("written", ["", "  ", None, 5])
def test_what_is_no_name_is_refused(written):
    with pytest.raises(ValueError, match="expected a name such as"):
        find_learner(written)


def test_a_pretraining_that_is_not_known_is_refused_with_the_nearest():
    with pytest.raises(ValueError, match=r"pretraining 'coc'.*Did you mean 'coco'"):
        Learner("mine", "coc")
    with pytest.raises(ValueError, match="task 'masks'"):
        Learner("mine", "coco", "masks")
