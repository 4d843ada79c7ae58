"""What goes over the network, on machines and in containers."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from ipyvitals.system.network import NetworkReader


class FakeApi:
    def __init__(self):
        self.cards = {}

    def net_io_counters(self, pernic, nowrap):
        assert pernic
        assert not nowrap
        return {
            name: SimpleNamespace(bytes_recv=received, bytes_sent=sent)
            for name, (received, sent) in self.cards.items()
        }


@pytest.fixture
def machine(tmp_path):
    """Give a network, its cards as psutil tells them, and the devices behind some."""
    api = FakeApi()

    def write(**cards):
        api.cards = cards

    def real(*names):
        for name in names:
            (tmp_path / "class" / "net" / name / "device").mkdir(parents=True)

    return SimpleNamespace(
        write=write, real=real, network=NetworkReader(api=api, sys=str(tmp_path))
    )


def rates(network, now):
    told = network.network(now, {})
    return told["network_received_bytes_per_second"], told["network_sent_bytes_per_second"]


def totals(network, now):
    told = network.network(now, {})
    return told["network_received_bytes"], told["network_sent_bytes"]


def test_a_machine_counts_its_cards_and_nothing_that_passes_on_what_they_count(machine):
    machine.real("eth0", "eth1")
    machine.write(lo=(9, 9), eth0=(100, 10), eth1=(1, 1), docker0=(100, 10), veth1=(50, 5))
    assert rates(machine.network, 0.0) == (None, None)
    machine.write(lo=(99, 99), eth0=(200, 30), eth1=(1, 1), docker0=(200, 30), veth1=(99, 9))
    assert rates(machine.network, 5.0) == (20.0, 4.0)
    assert totals(machine.network, 5.0) == (100, 20)


def test_a_container_counts_all_that_it_has(machine):
    machine.write(lo=(9, 9), eth0=(100, 10))
    rates(machine.network, 0.0)
    machine.write(lo=(99, 99), eth0=(150, 10))
    assert rates(machine.network, 5.0) == (10.0, 0.0)


def test_a_card_that_comes_or_goes_is_no_traffic(machine):
    machine.write(eth0=(100, 10))
    rates(machine.network, 0.0)
    machine.write(eth0=(200, 20), tun0=(10**9, 10**9))
    assert totals(machine.network, 5.0) == (0, 0)
    machine.write(eth0=(300, 30), tun0=(10**9, 10**9))
    assert rates(machine.network, 10.0) == (20.0, 2.0)
    machine.write(eth0=(400, 40))
    assert totals(machine.network, 15.0) == (100, 10)


@pytest.mark.parametrize("loopback", ["lo0", "Loopback Pseudo-Interface 1"])
def test_elsewhere_the_loopback_is_left_out_by_its_name(loopback):
    api = FakeApi()
    api.cards = {loopback: (5, 5), "Local Area Connection": (100, 0)}
    network = NetworkReader(api=api, sys="/nowhere")
    rates(network, 0.0)
    api.cards = {loopback: (9_999, 9_999), "Local Area Connection": (600, 50)}
    assert rates(network, 5.0) == (100.0, 10.0)


def test_this_machine_answers():
    network = NetworkReader()
    assert rates(network, 0.0) == (None, None)
    assert all(value >= 0 for value in rates(network, 5.0))
