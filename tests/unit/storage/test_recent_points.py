"""The points behind the charts."""

from __future__ import annotations

import sys
import threading

from ipyvitals.schema import Point
from ipyvitals.storage.recent_points import LIMIT, RecentPoints


def test_a_new_history_has_all_columns_and_no_points():
    assert RecentPoints().columns() == {
        "at": [],
        "current_accuracy": [],
        "predictions_per_minute": [],
        "latency_p95_seconds": [],
        "cpu_percent": [],
        "memory_percent": [],
        "gpu_percent": [],
        "gpu_memory_percent": [],
        "disk_read_bytes_per_second": [],
        "disk_written_bytes_per_second": [],
        "network_received_bytes_per_second": [],
        "network_sent_bytes_per_second": [],
    }


def test_columns_are_equally_long_and_unknown_is_none():
    history = RecentPoints()
    history.add(Point(at=1.0, cpu_percent=12.5))
    history.add(Point(at=2.0, current_accuracy=0.9, predictions_per_minute=0))
    columns = history.columns()
    assert columns["at"] == [1.0, 2.0]
    assert columns["cpu_percent"] == [12.5, None]
    assert columns["current_accuracy"] == [None, 0.9]
    assert columns["predictions_per_minute"] == [None, 0]
    assert columns["memory_percent"] == [None, None]


def test_the_last_six_hundred_points_are_kept_oldest_first():
    history = RecentPoints()
    for second in range(LIMIT + 250):
        history.add(Point(at=float(second)))
    assert LIMIT == 600
    assert history.columns()["at"] == [float(second) for second in range(250, 850)]


def test_columns_do_not_change_with_later_points():
    history = RecentPoints()
    history.add(Point(at=1.0))
    columns = history.columns()
    history.add(Point(at=2.0))
    assert columns["at"] == [1.0]


def test_points_may_come_while_columns_are_read():
    history = RecentPoints(limit=50)
    done = threading.Event()

    def add():
        for second in range(5_000):
            history.add(Point(at=float(second)))
        done.set()

    thread = threading.Thread(target=add)
    thread.start()
    while not done.is_set():
        at = history.columns()["at"]
        assert at == sorted(at)
        assert len(at) <= 50
    thread.join()
    assert history.columns()["at"][-1] == 4_999.0


def test_points_may_be_inserted_while_others_are_added():
    points = RecentPoints()
    older = [Point(at=float(at)) for at in range(300)]
    gate = threading.Barrier(2)

    def add():
        gate.wait()
        for at in range(2_000):
            points.add(Point(at=1_000.0 + at))

    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    thread = threading.Thread(target=add)
    try:
        thread.start()
        gate.wait()
        for _ in range(50):
            points.prepend(older)
            columns = points.columns()
    finally:
        thread.join()
        sys.setswitchinterval(before)
    assert columns["at"] == sorted(columns["at"])
    assert points.columns()["at"] == [3_000.0 - LIMIT + at for at in range(LIMIT)]
