"""Monitors in a terminal: ``python -m ipyvitals``."""
