"""``ptssp app``: the Streamlit server of the page, on this machine only unless told otherwise."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ptssp_sklearn.exceptions import need_streamlit
from ptssp_sklearn.serving.limits import DEFAULT_LIMITS

PAGE = Path(__file__).parent / "script" / "page.py"


def page_options(host: str, port: int) -> dict[str, Any]:
    """Give Streamlit's options: no telemetry, no call to the outside, limits on uploads.

    Garbage is collected when Python sees fit: a full collection after every run of the page
    goes through all that torch has loaded, and holds back what the run has to show.
    """
    return {
        "server.address": host,
        "server.port": port,
        "server.headless": True,
        "server.fileWatcherType": "none",
        "server.maxUploadSize": DEFAULT_LIMITS.request_bytes // 1_000_000,
        "runner.postScriptGC": False,
        "browser.gatherUsageStats": False,
        "client.toolbarMode": "minimal",
        "client.showErrorDetails": "none",
        "global.developmentMode": False,
    }


def serve_page(*, host: str = "127.0.0.1", port: int = 8501) -> None:
    """Serve the page until the process is ended.

    Parameters
    ----------
    host : str, default="127.0.0.1"
        Address that is listened on.
    port : int, default=8501

    Raises
    ------
    ImportError
        If Streamlit is not installed.
    """
    need_streamlit()
    from streamlit.web import bootstrap

    import ptssp_sklearn.page.app  # noqa: F401  loaded now, so that the first visitor need not wait

    flags = {name.replace(".", "_"): value for name, value in page_options(host, port).items()}
    bootstrap.load_config_options(flag_options=flags)
    bootstrap.run(str(PAGE), False, [], flags)
