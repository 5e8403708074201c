"""What a session of the page remembers, and how it says an error beside its cause."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import streamlit as st

from ptssp_sklearn.page_errors import error_text
from ptssp_sklearn.page_text import Words, plain

Kept = TypeVar("Kept")


class Refused(Exception):  # noqa: N818
    """Something given cannot be used, as is said beside it already."""


@contextmanager
def beside(words: Words, lead: str) -> Iterator[None]:
    """Say errors here, after the text `lead`, and raise `Refused` in their place."""
    try:
        yield
    except (ValueError, OSError, ImportError) as error:
        st.error(f"{words(lead)} {plain(error_text(error, words))}")
        raise Refused from None


def remember(name: str, key: Any, make: Callable[[], Kept]) -> Kept:
    """Keep the latest of a thing in the session; make it anew where its key is another."""
    kept = st.session_state.get(f"kept_{name}")
    if kept is None or kept[0] != key:
        kept = (key, make())
        st.session_state[f"kept_{name}"] = kept
    return kept[1]
