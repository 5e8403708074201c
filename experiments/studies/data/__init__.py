"""Readers of the studies' data sets, and the real data that stands in for them off line."""
