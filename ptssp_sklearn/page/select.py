"""Select boxes whose labels change with the language, and that keep what was chosen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import streamlit as st


def select(
    label: str, options: Sequence[Any], written: Callable[[Any], str], *, key: str, first: int = 0
) -> Any:
    """Show a select box; give what is chosen.

    Streamlit knows a choice by its label. Where the language changes, the browser still sends
    the old one, and the choice would be that text.

    Parameters
    ----------
    label : str
    options : sequence
    written : callable
        Gives the label of an option.
    key : str
    first : int, default=0
        Place of what is chosen at first.
    """
    st.session_state[key] = selected(key, options, options[first])
    choice = st.selectbox(label, options, format_func=written, key=key)
    st.session_state[_kept(key)] = choice
    return choice


def selected(key: str, options: Sequence[Any], default: Any = None) -> Any:
    """Give what is chosen in a box, be it before the box is shown or after."""
    for name in (key, _kept(key)):
        if name in st.session_state and st.session_state[name] in options:
            return st.session_state[name]
    return default


def _kept(key: str) -> str:
    return f"{key} (kept)"
