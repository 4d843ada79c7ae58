"""How fast ipyvitals is, beside its peers: ``python -m benchmarks``."""
