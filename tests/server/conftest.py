"""One Jupyter server shared by most tests; after each test it has no kernels and no clients."""

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
        # Find renamed notebooks sooner.
        patch.setattr(hub, "DISCOVERY_SECONDS", 0.25)
        yield


@pytest.fixture(scope="session")
async def shared_server(anyio_backend, private_folders, tmp_path_factory):
    async with serving(tmp_path_factory.mktemp("server")) as running:
        yield running


@pytest.fixture
async def server(shared_server):
    yield shared_server
    await shared_server.reset()
