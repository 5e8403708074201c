"""Trainings: planned, leased, run by workers, kept in one SQLite file."""
