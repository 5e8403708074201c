"""Trained networks as backbones: weights, preprocessing, precision, engine."""
