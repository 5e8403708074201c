"""A pilot measured: a learner trained on growing subsets of a labelled data set and scored."""

from __future__ import annotations

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
