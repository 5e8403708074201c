"""What an answer says in Russian; in English see `ptssp_sklearn.serving.wording`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ptssp_sklearn.bayes.metric_relation import METRIC_LABELS
from ptssp_sklearn.serving.answer import Answer
from ptssp_sklearn.serving.forecast import Forecast
from ptssp_sklearn.serving.wording import MANY

if TYPE_CHECKING:
    from ptssp_sklearn.page.text import Words

_SHAPES = {"boxes": " по рамкам", "masks": " по маскам", "": ""}


def sentence(answer: Answer, words: Words) -> str:
    """Say the numbers at each certainty, or that the target is out of reach."""
    goal = f"{METRIC_LABELS[answer.forecast.metric]} {words.score(answer.target_map)}"
    first, *others = answer.sizes.items()
    if np.isinf(first[1]):
        return (
            f"{goal}, скорее всего, недостижим: {_chances(answer, words)}. {_within(answer, words)}"
        )
    text = (
        f"Для {goal} нужно около {images(first[1], words)} с надёжностью {words.percent(first[0])}"
    )
    for level, size in others:
        if np.isfinite(size):
            text += f", {words.count(size)} с надёжностью {words.percent(level)}"
    lost = [words.percent(level) for level, size in others if np.isinf(size)]
    if lost:
        text += f"; с надёжностью {' и '.join(lost)} цель недостижима"
    return f"{text}."


def lines(answer: Answer, words: Words) -> list[str]:
    """Say what stands under the sentence."""
    low, high = answer.interval
    ends = f"от {words.count(low)}, без верхней границы"
    if np.isfinite(high):
        ends = f"от {words.count(low)} до {words.count(high)} обучающих изображений"
    if np.isinf(low):
        ends = "оба конца недостижимы"
    said = [f"Интервал {words.percent(answer.coverage)}: {ends}."]
    if answer.reachable:
        said.append(f"{_chances(answer, words).capitalize()}.")
        if np.isinf(answer.sizes[0.8]):
            said.append(_within(answer, words))
    return [*said, _subject(answer.forecast), _evidence(answer.forecast, words)]


def images(size: float, words: Words) -> str:
    """Say a number of images in the genitive."""
    if size > MANY:
        return f"{words.count(size)} изображений"
    return f"{words.number(size)} {_form(size, 'изображения', 'изображений')}"


def _form(number: float, one: str, many: str) -> str:
    return one if int(number) % 10 == 1 and int(number) % 100 != 11 else many


def _chances(answer: Answer, words: Words) -> str:
    parts = [
        f"{words.percent(chance)} с {words.number(size)} изображений"
        for size, chance in answer.reach.items()
        if np.isfinite(size)
    ]
    whole = words.percent(answer.reach[np.inf])
    return f"вероятность достичь цели — {', '.join(parts)}, вообще когда-либо — {whole}"


def _within(answer: Answer, words: Words) -> str:
    found = [
        f"{words.score(score)} с надёжностью {words.percent(level)}"
        for level, score in answer.forecast.best_reachable.items()
        if score is not None
    ]
    if not found:
        return "Ни одно значение не достижимо с надёжностью 50\xa0%: добавьте измерение."
    return f"Достижим {METRIC_LABELS[answer.forecast.metric]} {' и '.join(found)}."


def _subject(forecast: Forecast) -> str:
    one = forecast.seen.classes
    classes = "все классы" if one is None else f"класс {one}"
    score = METRIC_LABELS[forecast.metric] + _SHAPES[forecast.shape]
    return f"Оценка: {score}; {classes}; обучаемая модель: {forecast.learner}."


def _evidence(forecast: Forecast, words: Words) -> str:
    seen, found = forecast.seen, []
    if seen.n_images:
        found.append(f"изображений: {seen.n_images}, масок: {seen.n_masks}")
    if forecast.pilot:
        found.append(f"измерений: {len(forecast.pilot)}")
    return f"Основание: {', '.join(found) or 'только кривые других задач'}."
