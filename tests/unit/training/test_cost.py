"""What a run took, from readings that the test hands in."""

from __future__ import annotations

import pytest

from ipyvitals.schema import Gpu, SystemSection

GIB = 2**30


def reading(memory, *gpus):
    return SystemSection(
        process_memory_bytes=memory,
        gpus=[
            Gpu(
                index=index,
                name="GPU",
                utilization_percent=utilization,
                memory_used_bytes=used,
                power_watts=power,
            )
            for index, (utilization, used, power) in enumerate(gpus)
        ],
    )


def test_peaks_come_with_their_step_and_energy_is_the_integral_of_power(bench):
    run = bench.start(10)
    for step, (memory, busy, used, power) in enumerate(
        [
            (1 * GIB, 0.0, 1 * GIB, 100.0),
            (3 * GIB, 90.0, 9 * GIB, 300.0),
            (2 * GIB, 60.0, 8 * GIB, 200.0),
        ],
        start=1,
    ):
        run.update(step)
        bench.training.take_reading(reading(memory, (busy, used, power)))
        bench.clock.advance(1_800.0)
    run.complete()
    cost = bench.runs[0].cost
    assert (cost.duration_seconds, cost.steps, cost.data_wait_seconds) == (5_400.0, 3, None)
    assert (cost.peak_memory_bytes, cost.peak_memory_step) == (3 * GIB, 2)
    assert (cost.gpu_utilization_percent, cost.gpu_idle_ratio) == (50.0, pytest.approx(1 / 3))
    # Half an hour from 100 to 300 W, and half an hour from 300 to 200 W.
    assert cost.energy_wh == pytest.approx(100.0 + 125.0)
    (gpu,) = cost.gpus
    assert (gpu.peak_memory_bytes, gpu.peak_memory_step) == (9 * GIB, 2)


def test_what_no_reading_tells_is_unknown(bench):
    bench.start(10).complete()
    cost = bench.runs[0].cost
    assert cost.gpus == []
    assert (cost.peak_memory_bytes, cost.energy_wh, cost.gpu_idle_ratio) == (None, None, None)


def test_a_gpu_that_tells_no_power_has_no_energy(bench):
    run = bench.start(10)
    for power in (None, 100.0, None):
        bench.training.take_reading(reading(GIB, (50.0, GIB, power)))
        bench.clock.advance(10.0)
    run.complete()
    assert bench.runs[0].cost.energy_wh is None
    assert bench.runs[0].cost.gpu_utilization_percent == 50.0


def test_energy_of_several_gpus_adds_up(bench):
    run = bench.start(10)
    for _ in range(3):
        bench.training.take_reading(reading(GIB, (50.0, GIB, 360.0), (10.0, GIB, 720.0)))
        bench.clock.advance(10.0)
    run.complete()
    cost = bench.runs[0].cost
    assert cost.energy_wh == pytest.approx(2.0 + 4.0)
    assert cost.gpu_utilization_percent == 30.0


def test_the_time_of_waiting_is_part_of_it(bench):
    def items():
        for item in range(10):
            bench.clock.advance(0.3)
            yield item

    for _ in bench.track(items()):
        bench.clock.advance(0.1)
    cost = bench.runs[0].cost
    assert (cost.steps, cost.duration_seconds) == (10, pytest.approx(4.0))
    assert cost.data_wait_seconds == pytest.approx(3.0)


def counted(joules=None, power=None, cpu=None):
    gpu = Gpu(index=0, energy_joules=joules, power_watts=power)
    return SystemSection(gpus=[gpu], cpu_energy_joules=cpu)


def take(bench, *readings):
    run = bench.start(10)
    for one in readings:
        bench.training.take_reading(one)
        bench.clock.advance(10.0)
    run.complete()
    return bench.runs[0].cost


def test_the_counter_of_a_gpu_is_preferred_to_the_integral_of_its_power(bench):
    cost = take(bench, counted(9e6, 100.0), counted(9e6 + 7_200, 100.0), counted(9e6 + 9_000, 1.0))
    assert cost.energy_wh == cost.gpus[0].energy_wh == pytest.approx(2.5)
    assert cost.cpu_energy_wh is None


def test_where_the_counter_is_unknown_or_began_anew_the_power_counts(bench):
    cost = take(
        bench,
        counted(9_000.0, 360.0),
        counted(None, 360.0),  # 3,600 J by its power
        counted(10.0, 360.0),  # 3,600 J
        counted(7_210.0, 360.0),  # 7,200 J by its counter
        counted(5.0, None),  # the driver began anew
    )
    assert cost.energy_wh == pytest.approx(4.0)


def test_the_energy_of_cpus_is_part_of_the_whole_and_shown_apart(bench):
    cost = take(bench, counted(0.0, cpu=100.0), counted(3_600.0, cpu=100.0 + 7_200.0))
    assert (cost.energy_wh, cost.cpu_energy_wh) == (pytest.approx(3.0), pytest.approx(2.0))
    alone = take(bench, SystemSection(cpu_energy_joules=5.0), SystemSection(cpu_energy_joules=41.0))
    assert (alone.energy_wh, alone.gpus) == (pytest.approx(0.01), [])


def test_a_counter_that_stands_still_is_no_energy_and_not_unknown(bench):
    assert take(bench, counted(cpu=5.0), counted(cpu=5.0)).cpu_energy_wh == 0.0
    assert take(bench, counted(cpu=5.0)).cpu_energy_wh is None


def test_the_counters_of_an_hour_add_up(bench):
    run = bench.start(10)
    bench.training.take_reading(counted(36.0e6, 250.0, cpu=20_000.0))
    bench.clock.advance(3_600.0)
    bench.training.take_reading(counted(36.9e6, 240.0, cpu=200_000.0))
    run.complete()
    cost = bench.runs[0].cost
    assert (cost.energy_wh, cost.cpu_energy_wh) == (pytest.approx(300.0), pytest.approx(50.0))
