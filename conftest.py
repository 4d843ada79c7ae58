"""Whatever runs here, doctests too, leaves the history of the user alone."""

from __future__ import annotations

import pytest


@pytest.fixture(scope="session", autouse=True)
def private_data_folder(tmp_path_factory):
    """Let Jupyter's data folder be one of these tests alone."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JUPYTER_DATA_DIR", str(tmp_path_factory.mktemp("jupyter_data")))
        patch.delenv("IPYVITALS_STORE", raising=False)
        yield
