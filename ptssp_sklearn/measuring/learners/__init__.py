"""Learners whose curves are measured."""
