"""Measure learning curves, train and compare models: run as ``python -m experiments.NAME``."""
