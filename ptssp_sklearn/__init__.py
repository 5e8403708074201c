"""Predict learning curves of vision tasks, and the training images a target mAP needs.

Names are loaded when first used, so that ``import ptssp_sklearn`` is quick.
"""

from __future__ import annotations

import lazy_loader

from ptssp_sklearn._version import __version__ as __version__

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
