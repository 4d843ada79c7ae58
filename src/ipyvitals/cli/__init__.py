"""List monitors in a terminal: ``python -m ipyvitals``.

In come a file of history and the REST interface of a Jupyter server (`sources`, `stored`,
`served`); out goes a list on standard output (`tables`, `output`). It runs in a process of its own
without a monitor, and takes no lock.
"""
