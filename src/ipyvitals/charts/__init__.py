"""Figures of what was recorded, made from the tables of the history."""
