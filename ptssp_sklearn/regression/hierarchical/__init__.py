"""Curves of many learners: the hierarchy fitted, and what features of images tell of a level."""
