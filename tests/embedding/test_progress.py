from __future__ import annotations

import io
import sys

import pytest

from ptssp_sklearn.embedding import _progress as progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("stream", "patience", "shown", "seen"),
    [
        (Terminal, 0.0, True, True),
        (Terminal, 60.0, True, False),
        (Terminal, 0.0, False, False),
        (io.StringIO, 0.0, True, False),
    ],
)
def test_a_bar_shows_only_long_work_on_a_terminal(monkeypatch, stream, patience, shown, seen):
    monkeypatch.setattr(sys, "stderr", stream())
    monkeypatch.setattr(progress, "PATIENCE", patience)
    monkeypatch.setenv("TERM", "xterm")
    with progress.progress_bar("Embedding images", 3, shown=shown) as advance:
        for _ in range(3):
            advance(1)
    assert ("Embedding images" in sys.stderr.getvalue()) is seen
