"""One Jupyter server for most tests; each leaves it without kernels and clients."""

from __future__ import annotations

import pytest

from ipyvitals.server import hub
from tests.server.serving import serving

PRIVATE = ("IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR")


@pytest.fixture(scope="session")
def anyio_backend():
    return "asyncio"


@pytest.fixture(scope="session", autouse=True)
def private_folders(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        for name in PRIVATE:
            patch.setenv(name, str(tmp_path_factory.mktemp(name.lower())))
        patch.delenv("JUPYTER_TOKEN", raising=False)
        # Renamed notebooks are found sooner.
        patch.setattr(hub, "COMPARE_SECONDS", 0.25)
        yield


@pytest.fixture(scope="session")
async def shared_server(anyio_backend, private_folders, tmp_path_factory):
    async with serving(tmp_path_factory.mktemp("server")) as running:
        yield running


@pytest.fixture
async def server(shared_server):
    yield shared_server
    await shared_server.update_status()
