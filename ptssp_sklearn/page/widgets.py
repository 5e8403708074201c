"""What the page asks for and gives away: uploads, the example, the pilot, gallery, files."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
import streamlit as st

from ptssp_sklearn.banks import load_curve_bank
from ptssp_sklearn.page.export import (
    ModelChoice,
    answer_json,
    curve_csv,
    plot_bytes,
    python_lines,
    shell_line,
)
from ptssp_sklearn.page.mask_overlay import count_objects, overlay_png
from ptssp_sklearn.page.pilot import read_pilot
from ptssp_sklearn.page.select import select
from ptssp_sklearn.page.session import beside, remember
from ptssp_sklearn.page.text import Words, plain
from ptssp_sklearn.page.uploads import (
    Task,
    Upload,
    make_task,
    read_images,
    read_labels,
    read_masks,
)
from ptssp_sklearn.serving.answer import Answer
from ptssp_sklearn.serving.limits import DEFAULT_LIMITS, IMAGE_FORMATS, MASK_FORMATS

_MEGABYTE = 1_000_000
_BANK, _ROW = "cutpaste", "openclipart-animals-mammals-078"
_COLUMNS = [f"{kind}_{number}" for kind in ("image", "mask") for number in range(1, 5)]
_EMPTY_ROWS = 3


def choose_task(words: Words) -> Callable[[], Task | None]:
    """Show uploads and example; give what reads them, None where there is none yet."""
    st.subheader(words("inputs"), anchor=False)
    files = st.file_uploader(
        words("images"), type=_endings(IMAGE_FORMATS), accept_multiple_files=True,
        max_upload_size=DEFAULT_LIMITS.image_bytes // _MEGABYTE, key="images",
    )  # fmt: skip
    masks_place = st.container()
    mask_files = masks_place.file_uploader(
        words("masks"), type=[*_endings(MASK_FORMATS), "txt"], accept_multiple_files=True,
        max_upload_size=DEFAULT_LIMITS.image_bytes // _MEGABYTE, key="masks", help=words("match"),
    )  # fmt: skip
    given = bool(files or mask_files)
    shown = st.session_state.setdefault("example", False) and not given
    if not given:
        label = words("example_end" if shown else "example")
        st.button(label, on_click=_toggle_example, key="example_button")

    def read() -> Task | None:
        if shown:
            st.caption(words("example_is"))
            return remember("task", ("example",), _example)
        return _read_task(words, files, mask_files, masks_place) if given else None

    return read


def _toggle_example() -> None:
    st.session_state["example"] = not st.session_state["example"]


def _read_task(words: Words, files: Any, mask_files: Any, masks_place: Any) -> Task:
    names, ids = [file.name for file in files], tuple(file.file_id for file in files)
    with beside(words, "bad_images"):
        decoded = remember("images", ids, lambda: read_images(_uploads(files)))
    images = list(zip(names, decoded, strict=True))
    with masks_place, beside(words, "bad_masks"):
        label = _choose_label(words, mask_files)
        key = (ids, tuple(file.file_id for file in mask_files), label)
        if not images:
            raise ValueError(words("images_first"))

        def read() -> Task:
            if not mask_files:
                return make_task(key, images)
            return make_task(key, images, read_masks(images, _uploads(mask_files), label=label))

        return remember("task", key, read)


def _choose_label(words: Words, mask_files: Any) -> int | None:
    """Ask which class of label files is meant, where they hold several."""
    files = [file for file in mask_files if file.name.lower().endswith(".txt")]
    ids = tuple(file.file_id for file in files)
    labels = remember(
        "labels", ids, lambda: sorted({p.label for u in _uploads(files) for p in read_labels(u)})
    )
    if len(labels) < 2:
        return None
    options = [None, *labels]
    return select(
        words("label"), options,
        lambda label: words("all_labels") if label is None else str(label), key="label",
    )  # fmt: skip


def _example() -> Task:
    row = load_curve_bank(_BANK).X.loc[[_ROW], _COLUMNS]
    code = (
        "from ptssp_sklearn import load_curve_bank\n"
        f'columns = [f"{{kind}}_{{i}}" for kind in ("image", "mask") for i in range(1, 5)]\n'
        f'X = load_curve_bank("{_BANK}").X.loc[["{_ROW}"], columns]'
    )
    names = _COLUMNS[:4]
    return Task(("example",), names, list(_COLUMNS[4:]), row, code)


def _uploads(files: Any) -> list[Upload]:
    return [Upload(file.name, file.getvalue()) for file in files]


def _endings(formats: tuple[str, ...]) -> list[str]:
    endings = [name.lower() for name in formats]
    return [*endings, "jpg"] if "jpeg" in endings else endings


def show_gallery(task: Task, words: Words) -> None:
    """Show the images with their masks drawn over them, and say what looks wrong."""
    pairs = list(zip(task.names, task.images, task.masks, strict=True))
    shown = remember("gallery", task.key, lambda: [overlay_png(i, m) for _, i, m in pairs])
    captions = []
    for name, _, mask in pairs:
        if mask is None:
            captions.append(plain(words("no_mask", name=name)))
            continue
        count = count_objects(mask)
        captions.append(plain(words("objects", name=name, count=count)))
        if not count:
            st.warning(plain(words("no_objects", name=name)))
    st.image(shown, caption=captions, width=150)
    for note in task.notes:
        st.warning(plain(note))


def choose_pilot(words: Words) -> Callable[[], pd.DataFrame]:
    """Show the table of measured points and its upload; give what reads it."""
    st.subheader(words("pilot"), anchor=False)
    st.caption(words("pilot_help"))
    place = st.container()
    file = st.file_uploader(
        words("pilot_csv"), type=["csv", "tsv", "txt"], max_upload_size=1, key="pilot_csv"
    )
    empty = pd.DataFrame({"size": [None] * _EMPTY_ROWS, "score": [None] * _EMPTY_ROWS}, dtype=float)
    start, error = empty, None
    if file is not None:
        try:
            start = read_pilot(Upload(file.name, file.getvalue()))
        except ValueError as found:
            error = found
    columns = {
        "size": st.column_config.NumberColumn(words("size"), format="%d"),
        "score": st.column_config.NumberColumn(words("score"), format="%.3f"),
    }
    table = place.data_editor(
        start,
        num_rows="dynamic",
        hide_index=True,
        column_config=columns,
        key=f"pilot_{'' if file is None else file.file_id}",
    )

    def read() -> pd.DataFrame:
        if error is not None:
            raise error
        return table

    return read


def offer_files(answer: Answer, table: pd.DataFrame, words: Words) -> None:
    """Show the buttons that save the answer and its curve."""
    st.markdown(f"**{words('download')}**")
    files: dict[str, tuple[str, str, Callable[[], str | bytes]]] = {
        "curve_csv": ("curve.csv", "text/csv", lambda: curve_csv(table)),
        "answer_json": ("answer.json", "application/json", lambda: answer_json(answer)),
        "plot_png": ("curve.png", "image/png", lambda: plot_bytes(answer, "png")),
        "plot_svg": ("curve.svg", "image/svg+xml", lambda: plot_bytes(answer, "svg")),
    }
    with st.container(horizontal=True):
        for key, (name, mime, make) in files.items():
            st.download_button(words(key), make, name, mime, key=key, on_click="ignore")


def show_recipe(answer: Answer, choice: ModelChoice, task: Task | None, words: Words) -> None:
    """Show the command and the Python that give the same answer."""
    with st.expander(words("same")):
        line = shell_line(answer, choice, task)
        if line is not None:
            st.code(line, language="sh", wrap_lines=True)
        st.code(python_lines(answer, choice, task), language="python")
