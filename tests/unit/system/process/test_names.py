"""What people would call a process."""

from __future__ import annotations

import pytest

from ipyvitals.system.process.names import program_name


@pytest.mark.parametrize(
    ("name", "command", "shown"),
    [
        ("pt_data_worker", ["/usr/bin/python3", "train.py"], "pt_data_worker"),
        ("java", ["java", "-jar", "spark.jar"], "java"),
        ("python", ["python", "-m", "ipykernel_launcher", "-f", "k.json"], "ipykernel_launcher"),
        ("python3.13", ["python3.13", "-Xfrozen_modules=off", "-m", "pip"], "pip"),
        ("python3", ["python3", "-W", "error", "-u", "serve.py", "--token", "s3cret"], "serve.py"),
        ("python.exe", ["C:\\Python\\python.exe", "C:\\work\\train.py"], "train.py"),
        ("pypy3", ["pypy3", "a.py"], "a.py"),
        (
            "python",
            ["python", "-c", "from m import s", "--multiprocessing-fork"],
            "multiprocessing",
        ),
        ("python", ["python", "-c", "print('s3cret')"], "python"),
        ("python", ["python", "-m"], "python"),
        ("python", [], "python"),
        ("pythonic-tool", ["pythonic-tool", "x"], "pythonic-tool"),
    ],
)
def test_names(name, command, shown):
    assert program_name(name, command) == shown


def test_a_very_long_name_is_cut():
    assert len(program_name("python", ["python", "x" * 500])) == 60


def test_a_name_that_is_no_text_of_unicode_can_be_sent():
    assert program_name("caf\udce9", []) == "caf\\udce9"
