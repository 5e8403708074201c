"""What a session of the page remembers, and how it says an error beside its cause.

An error is the library's own sentence in English, and by its kind in Russian.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import streamlit as st

from ptssp_sklearn.exceptions import InputError, MissingPackageError
from ptssp_sklearn.page.text import Words, plain

Kept = TypeVar("Kept")

RUSSIAN = {
    "mask_size": (
        "Маска {name} имеет размер {own}, а изображение — {image} точек. Нужна маска ровно того "
        "же размера, что и изображение."
    ),
    "pixels": "{name}: можно не больше {most} точек. Сначала уменьшите изображение.",
    "all_pixels": (
        "Вместе с {name} изображения содержат больше {most} точек. Уберите часть изображений или "
        "уменьшите их."
    ),
    "damaged": "Файл {name} повреждён. Сохраните его заново.",
    "no_image": "{name} — не изображение нужного вида. Подойдёт файл {formats}.",
    "bytes": "{name}: {count} байт, можно не больше {most}. Уменьшите файл.",
    "all_bytes": "Файлы занимают {count} байт, можно не больше {most}. Уберите часть файлов.",
    "objects": (
        "В маске {name} объектов {count}, можно не больше {most}. Маска хранит по номеру на объект "
        "и 0 для фона."
    ),
    "polygon": (
        "{name}, строка {line}: «{text}». Нужен многоугольник: «класс x1 y1 x2 y2 x3 y3 …», "
        "координаты — доли от 0 до 1, не рамка."
    ),
    "many_images": "Изображений {count}, можно не больше {most}. Уберите лишние.",
    "mask_count": (
        "Масок {masks}, а изображений {images}. Нужна одна маска на изображение в том же порядке "
        "или имена, которые подходят: a_mask.png для a.jpg."
    ),
    "blank": (
        "Изображение {name} всюду одного цвета ({colour}), на нём ничего не видно. Проверьте файл "
        "или уберите его."
    ),
    "no_mask": (
        "{name} — не маска, или она сглажена или сохранена в JPEG. Сохраните маски в PNG и меняйте "
        "их размер без сглаживания."
    ),
    "no_objects": (
        "На масках, начиная с {name}, нет ни одного объекта. Уберите маски или замените их."
    ),
    "no_class": (
        "Класса {label} ({name}) в файлах разметки нет, есть: {found}. Выберите один из них или "
        "возьмите все."
    ),
    "no_images": "Эта модель не смотрит на изображения: спросите её без них.",
    "learner": (
        "Обучаемая модель {name} неизвестна. Назовите известную или то, на чём она обучалась."
    ),
    "metric": "{name} — не оценка, о которой можно спросить. Подойдут map50_95 и map50.",
    "learner_kind": "{name} — не предобучение и не задача, которые известны этой библиотеке.",
    "no_text": "{name} — не текст. Нужен файл разметки YOLO-seg.",
    "no_table": (
        "{name} — не та таблица. Нужен файл CSV со столбцами size и score и измерением в каждой "
        "строке."
    ),
    "points": "Измерений {count}, можно не больше {most}.",
    "pilot_size": "Размер {size} не подходит. Нужно положительное число изображений.",
    "pilot_score": (
        "Точность {score} при {size} изображениях не подходит. Нужна доля от 0 до 1; проценты "
        "разделите на 100."
    ),
    "target": "Цель {value} не подходит. Нужна доля больше 0 и меньше 1.",
    "no_model": "{name} — не модель этой библиотеки или повреждён. Нужен файл от save_model.",
    "model_version": (
        "{name} записан версией {version} библиотеки, и эта его не читает. Обновите библиотеку или "
        "сохраните модель заново."
    ),
    "no_uri": "{uri} — не имя модели. Нужно models:/ИМЯ@МЕТКА или models:/ИМЯ/ВЕРСИЯ.",
    "unknown_model": (
        "В реестре нет модели «{uri}», или он не отвечает. Проверьте имя и адрес реестра "
        "(MLFLOW_TRACKING_URI)."
    ),
    "other_model": (
        "Модель «{uri}» записана не этой библиотекой. Нужна модель от "
        "ptssp_sklearn.tracking.log_model."
    ),
}
"""Sentences by the kind of an `InputError`, filled in with its values."""

_MISSING = "Не хватает пакета {name}. Выполните: {command}"


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


def error_text(error: Exception, words: Words) -> str:
    """Say an error in the language of the page; in English where there is no other sentence."""
    said = " ".join(str(error).split())
    if words.language == "en":
        return said
    if isinstance(error, MissingPackageError):
        name = getattr(error.__cause__, "name", "")
        return _MISSING.format(name=name, command=error.command)
    kind = error.kind if isinstance(error, InputError) else ""
    if kind not in RUSSIAN:
        return said
    assert isinstance(error, InputError)
    values = {
        key: words.number(value) if isinstance(value, int) else value
        for key, value in error.values.items()
    }
    return RUSSIAN[kind].format(**values)
