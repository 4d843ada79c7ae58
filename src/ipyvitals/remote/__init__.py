"""Reports of other processes: each counts by itself, and the notebook's monitor adds them up.

Comes in: in a worker, the state of its models and runs; at home, the reports of all workers. Goes
out: in a worker, one small message a second; at home, what is new in the reports, added to the
models as if it had been recorded there, and the rows of ``snapshot().workers``. A report has
running totals, so that a lost, late, repeated or reordered one costs delay and nothing else. The
room takes no lock; `ReportReader` is called under the engine's lock where it says so.
"""
