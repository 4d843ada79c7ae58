"""``python -m ipyvitals --server``: lists live monitors in a terminal."""

from __future__ import annotations

import asyncio
import json
import os
import sys

import pytest

from tests.server.serving import started

pytestmark = pytest.mark.anyio


async def run(*arguments, code=0, **variables):
    environment = {name: value for name, value in os.environ.items() if name != "JUPYTER_TOKEN"}
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "ipyvitals",
        "--store",
        "none",
        *arguments,
        env={**environment, **variables},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, errors = await process.communicate()
    assert process.returncode == code, errors.decode()
    return out.decode(), errors.decode()


async def test_live_monitors_are_listed_with_their_notebook(server):
    await started(server)
    out, errors = await run("--server", server.url, "--token", server.token)

    assert errors == ""
    row = out.splitlines()[1]
    for words in ("default", "churn 2.1", "Live", "90.0 % (", "10", "now", "a.ipynb"):
        assert words in row


async def test_the_token_may_be_in_the_environment_or_in_the_address(server):
    notebook = await started(server)
    for arguments, variables in (
        (["--server", server.url], {"JUPYTER_TOKEN": server.token}),
        (["--server", f"{server.url}lab?token={server.token}"], {"JUPYTER_TOKEN": "another"}),
    ):
        out, _ = await run(*arguments, "--json", **variables)
        (found,) = json.loads(out)["monitors"]

        assert found["kernel_id"] == notebook.kernel_id
        assert found["source"] == "server"
        assert found["live"] is True
        assert found["predictions_per_minute"] == 10
        assert server.token not in out


async def test_without_a_token_the_error_says_what_to_do(server):
    await started(server)
    out, errors = await run("--server", server.url, code=1)

    assert "does not let you in; give its token by --token or JUPYTER_TOKEN" in errors
    assert out == "No monitors yet.\n"
