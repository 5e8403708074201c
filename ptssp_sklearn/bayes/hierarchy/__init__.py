"""Curves of many learners on many data sets, in levels: points, sampler, model."""
