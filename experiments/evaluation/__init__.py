"""Every table and figure of ``docs/results.md``, made by ``python -m experiments.evaluate``."""
