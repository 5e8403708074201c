"""A learner of its own kind: what a user writes to measure another one."""

from __future__ import annotations

import json
import os
import pickle
import signal
import time
from pathlib import Path

import numpy as np
from scipy.ndimage import label
from sklearn.linear_model import SGDClassifier

from ptssp_sklearn.measuring.learner import Learner, Model, Prediction


class PixelModel(Model):
    def __init__(self, classifier):
        self.classifier = classifier

    def predict(self, images):
        return [self._find(image) for image in images]

    def _find(self, image):
        logits = self.classifier.decision_function(image.reshape(-1, 3) / 128 - 1)
        regions, n = label(logits.reshape(image.shape[:2]) > 0)
        masks = regions == np.arange(1, n + 1)[:, None, None]
        masks = masks[masks.sum(axis=(1, 2)) > 8]
        sure = masks.mean(axis=(1, 2))
        return Prediction(masks, np.zeros(len(masks), np.int64), sure)

    def weights(self):
        return pickle.dumps(self.classifier)


class PixelLearner(Learner):
    """Tells object from background pixel by pixel, by colour."""

    name = "pixel"

    def fit(self, samples, *, n_classes, budget, seed, start=None):
        classifier = pickle.loads(start) if start else SGDClassifier(random_state=seed)
        colours = np.concatenate([s.image.reshape(-1, 3) for s in samples]) / 128 - 1
        inside = np.concatenate([s.mask.ravel() for s in samples]) > 0
        for _ in range(budget.steps):
            classifier.partial_fit(colours, inside, classes=[False, True])
        return PixelModel(classifier)


class SlowLearner(PixelLearner):
    """Takes its time, so that it can be killed in the middle; may note every training."""

    name = "slow"

    def __init__(self, seconds=0.15, note=None):
        self.seconds = seconds
        self.note = note

    def fit(self, samples, **options):
        time.sleep(self.seconds)
        if self.note:
            with open(self.note, "a") as file:
                file.write(f"{os.getpid()}\n")
        return super().fit(samples, **options)


class FaultyLearner(PixelLearner):
    """Fails on four images."""

    name = "faulty"

    def fit(self, samples, **options):
        if len(samples) == 4:
            raise RuntimeError("four images\nare too many")
        return super().fit(samples, **options)


class DeadlyLearner(PixelLearner):
    """Kills its own process on four images, once (if given a file to note it in) or always."""

    name = "deadly"

    def __init__(self, once=None):
        self.once = once

    def fit(self, samples, **options):
        if len(samples) == 4 and not (self.once and Path(self.once).exists()):
            if self.once:
                Path(self.once).touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return super().fit(samples, **options)


class DiaryLearner(PixelLearner):
    """Remembers over warm starts how many images each training saw, and ends after three."""

    name = "diary"

    def fit(self, samples, *, start=None, **options):
        model = super().fit(samples, **options)
        diary = [*(json.loads(start) if start else []), len(samples)]
        model.weights = lambda: json.dumps(diary).encode()
        if len(diary) == 3:
            raise RuntimeError(f"saw {diary}")
        return model
