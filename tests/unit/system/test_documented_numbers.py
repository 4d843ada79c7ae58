"""Each sentence of docs/numbers.md with a number about the machine has a test that names it."""

from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace

import pytest

from ipyvitals.health import SystemEvaluator, Thresholds
from ipyvitals.render.formatting import roughly
from ipyvitals.schema import SystemSection
from ipyvitals.stats.trend import TrendEstimator
from ipyvitals.system import container, system_monitor
from ipyvitals.system.pressure import PressureReader
from ipyvitals.system.process import memory as process_memory
from ipyvitals.system.process import tree as process_tree
from ipyvitals.system.process.memory import ProportionalMemory
from tests.unit.system import cgroup_trees as trees
from tests.unit.system.cgroup_trees import GIB, V2

ROOT = Path(__file__).parents[3]
CHAPTER = "## `system`: what can run out"
NOT_NUMBERS = re.compile(
    r"version [12]\b|`[^`%]*`|\[[^\]]*\]\([^)]*\)|\(Sen, 1968\)|scope: |\|[ -]+\|"
)
ELSEWHERE = {
    # Sentences that a test of another file, by its name, is about.
    "Limits are read again every 30 s": "system/test_container.py::looked_up_every_half_minute",
    "(usually 100 ms)": "system/test_container.py::test_cpu_is_of_a_quota_that_may_be_a_fraction",
    "eight readings or more over 45 s": "stats/test_trend.py::test_few_readings_or_a_short_span",
    "Read every 10 s": "system/test_connections.py::every_ten_seconds",
    "as often as 0.03 % of a core allows": "system/test_connections.py::as_its_share_allows",
    "Up to about 80 children are read each time": "process/test_tree.py::test_eighty_are_read",
    "(1 s or less)": "gpu/test_gpus.py::only_what_this_process_may_use",
    "36.0 MJ to 36.9 MJ": "training/test_cost.py::the_counters_of_an_hour_add_up",
    "900,000 / 3,600": "training/test_cost.py::the_counters_of_an_hour_add_up",
    "whether that delay was 0.25 s or more": "system/test_system_monitor.py::no_turn_is_starved",
}
FACTS_OF_OTHERS = (
    # Not ours to hold: what Docker does.
    "Docker's default is 64 MiB",
    # Words of the panel, in js/src/view/system.test.tsx.
    '("container limit 8.0 GiB',
    '"Memory full in about 4 min',
    '"GIL held for 1.2 s"',
    '"Waiting for a CPU 38 %',
    '"All work waits for memory 15 %',
)


def names(sentence):
    """Let a test name the sentence that it is about."""

    def mark(test):
        test.sentences = [*getattr(test, "sentences", []), sentence]
        return test

    return mark


def sentences():
    """Return the sentences and table rows of the chapter that have a number in them."""
    text = (ROOT / "docs" / "numbers.md").read_text(encoding="utf-8")
    chapter = text[text.index(CHAPTER) :]
    chapter = chapter[: chapter.index("\n## ", 1)]
    found = []
    for block in chapter.split("\n\n"):
        if block.startswith("|"):
            found += block.split("\n")
        else:
            whole = " ".join(line.lstrip("> -") for line in block.split("\n"))
            found += re.split(r"(?<=[.;!?]) (?=[A-Z`*\"])", whole)
    return [one for one in found if re.search(r"\d", NOT_NUMBERS.sub("", one))]


def test_each_sentence_with_a_number_is_named_by_a_test():
    here = [
        sentence
        for test in globals().values()
        if callable(test)
        for sentence in getattr(test, "sentences", [])
    ]
    known = [*here, *ELSEWHERE, *FACTS_OF_OTHERS]
    written = sentences()
    assert len(written) > 25
    assert [one for one in written if not any(part in one for part in known)] == []
    # A sentence that is no longer written is no reason for a test.
    assert [part for part in known if not any(part in one for one in written)] == []


@pytest.mark.parametrize("where", ELSEWHERE.values())
def test_the_tests_of_other_files_are_there(where):
    file, _, name = where.partition("::")
    (path,) = (ROOT / "tests" / "unit").rglob(file)
    assert re.search(rf"def \w*{name}\w*\(", path.read_text(encoding="utf-8"))


@names("of a container with 7.6 of 8 GiB charged to it")
def test_active_files_are_no_memory_in_use(tmp_path):
    tree = trees.docker(tmp_path)
    tree.memory2(V2, 8 * GIB, used=round(7.6 * GIB), active=6 * GIB)
    reader, known = container.ContainerReader(str(tmp_path)), {"memory_limit_bytes": 64 * GIB}
    reader.limits(0.0, known)
    told = reader.memory(0.0, known)
    assert told["memory_used_bytes"] / GIB == pytest.approx(1.6)
    assert told["memory_percent"] == pytest.approx(20.0)
    judged = SystemEvaluator(Thresholds(look_hold=1)).update(
        SystemSection(memory_percent=told["memory_percent"])
    )
    assert judged.components["memory"] == "healthy"


@names("5.0 GiB of 8 GiB used, 50 MiB more every 5 s")
def test_memory_that_fills_up():
    trend = TrendEstimator()
    for second in range(0, 65, 5):
        trend.update(second, 5 * GIB - (60 - second) * 10 * 2**20)
    assert trend.seconds_until(8 * GIB) == pytest.approx(307, abs=0.5)
    assert roughly(307.0) == "5 min"


@pytest.fixture
def waits(tmp_path):
    """Return the fields of 10 s in which the kernel waited `delay` seconds."""

    def read(*, busy, own, delay=0.0, throttled=0.0, cores=2.0, psi=0.0, used=None):
        tree = trees.docker(tmp_path)
        tree.write(f"{V2}/cgroup.type", "domain\n")
        host = SimpleNamespace(usable_cores=cores, busy_cores=busy)
        reader = PressureReader(host, str(tmp_path))
        known = {
            "cpu_limit_cores": cores,
            "process_cpu_percent": 100.0 * own / cores,
            "cpu_percent": used if used is not None else 100.0 * busy / cores,
        }
        for now, part in ((0.0, 0.0), (10.0, 1.0)):
            tree.write("proc/self/schedstat", f"0 {round(part * delay * 1e9)} 0\n")
            for name in ("cpu", "memory", "io"):
                total = round(part * psi * 1e6)
                tree.write(f"{V2}/{name}.pressure", f"some total={total}\nfull total={total}\n")
            known["cpu_throttled_seconds"] = part * throttled if throttled else None
            for read_part in reader.parts().values():
                known.update(read_part(now, known))
        return known["cpu_wait_percent"]

    return read


@names("at least 0.05 cores, the CPU pressure of the container")
def test_pressure_counts_for_a_kernel_that_works(waits):
    assert waits(busy=2.0, own=0.04, psi=8.0) == 0.0
    assert waits(busy=2.0, own=0.05, psi=8.0) == pytest.approx(80.0)


@names("Four busy threads on a quota of two cores wait half of the time, 50 %")
@names("makes nobody wait (2 %)")
def test_throttling_is_the_share_that_the_quota_denied(waits):
    # Four threads for 10 s want 40 s, and get 20.
    assert waits(busy=2.0, own=2.0, throttled=20.0) == pytest.approx(50.0)
    # Two threads lose 2 ms at the end of each of 100 periods of 100 ms.
    assert waits(busy=2.0, own=2.0, throttled=2 * 100 * 0.002) == pytest.approx(2.0, abs=0.1)


@names("waits 60 % of the time has `cpu_wait_percent` 50")
@names("Without the other program it keeps both busy")
def test_waiting_counts_as_far_as_others_used_the_cpu(waits):
    assert waits(busy=2.0, own=1.0, delay=6.0) == pytest.approx(50.0)
    assert waits(busy=2.0, own=2.0, delay=6.0) == 0.0


@names("may be more than 10 % of the total, the total is the upper bound")
@pytest.mark.parametrize(("size", "exact"), [(30, True), (40, False)])
def test_a_tenth_of_the_memory_may_be_uncertain(size, exact):
    memory = ProportionalMemory({1: 300, 2: 20}.get, lambda: 0.0)
    root, child = (1, 0.0), (2, 0.0)
    memory.update(0.0, root, {root: 300})
    memory.update(5.0, root, {root: 300, child: 20})
    memory.update(10.0, root, {root: 300, child: 20 + size})
    assert memory.complete == exact


@names("A reading costs at most 0.5 % of a core on average")
def test_the_budgets_of_the_processes_are_small():
    shares = (
        process_tree.LIST_SHARE,
        process_tree.READ_SHARE,
        process_tree.FILES_SHARE,
        process_memory.SHARE,
    )
    assert sum(shares) <= 0.005


@names("| `cpu` | `cpu_wait_percent` | `Thresholds.cpu`, 25 %")
@names("| `memory` | `memory_percent` | `Thresholds.memory`, 90 % | `Thresholds.critical`, 97 %")
@names("| `disk` | `disk_percent` | `Thresholds.disk`, 90 % | `Thresholds.critical`, 97 %")
@names("| `gpu_memory` | `gpu_memory_percent` | `Thresholds.gpu_memory`, 95 %")
@names("| `Thresholds.shared_memory`, 90 % | `Thresholds.critical`, 97 %")
@names("| `Thresholds.open_files`, 90 % | `Thresholds.critical`, 97 %")
@names("| `Thresholds.memory_pressure`, 10 %")
@names("| `Thresholds.io_pressure`, 50 %")
@pytest.mark.parametrize(
    ("component", "figure", "degraded", "unhealthy"),
    [
        ("cpu", "cpu_wait_percent", 25, None),
        ("memory", "memory_percent", 90, 97),
        ("disk", "disk_percent", 90, 97),
        ("gpu_memory", "gpu_memory_percent", 95, None),
        ("shared_memory", "shared_memory_percent", 90, 97),
        ("open_files", "open_files_percent", 90, 97),
        ("memory_pressure", "memory_pressure_percent", 10, None),
        ("io_pressure", "io_pressure_percent", 50, None),
    ],
)
def test_the_levels_of_each_component(component, figure, degraded, unhealthy):
    def health(percent):
        rule = SystemEvaluator(Thresholds())
        for _ in range(3):
            judged = rule.update(SystemSection(**{figure: percent}))
        return judged.components[component]

    assert health(degraded - 0.1) == "healthy"
    assert health(float(degraded)) == "degraded"
    assert health((unhealthy or 100.1) - 0.1) == "degraded"
    assert health(100.0) == ("degraded" if unhealthy is None else "unhealthy")


@names("Readings of the memory: 91, 92, 91 %")
@names("A single reading of 99 % changes nothing")
def test_three_readings_decide():
    rule = SystemEvaluator(Thresholds())
    told = [rule.update(SystemSection(memory_percent=one)) for one in (91.0, 92.0, 91.0)]
    assert [one.system_health for one in told] == ["healthy", "healthy", "degraded"]
    assert told[-1].limiter == "memory"
    rule = SystemEvaluator(Thresholds())
    told = [rule.update(SystemSection(memory_percent=one)) for one in (50.0, 99.0, 50.0)]
    assert {one.system_health for one in told} == {"healthy"}


@names("`oom_kill_at` is less than an hour ago")
@names("`cpu_throttled_percent` is 25 or more")
def test_the_panel_knows_the_same_limits():
    source = (ROOT / "js" / "src" / "view" / "System.tsx").read_text(encoding="utf-8")
    assert "const OOM_ALERT_SECONDS = 3600;" in source
    assert "const MIN_THROTTLED_PERCENT = 25;" in source


def test_what_is_starved_is_so_from_a_quarter_of_a_second():
    assert system_monitor.STARVED_SECONDS == 0.25
    assert container.LOOK_UP_SECONDS == 30.0
