"""What the page says, in English and in Russian."""

from __future__ import annotations

import re

import numpy as np

from ptssp_sklearn.page import russian
from ptssp_sklearn.regression.novelty import NOVEL
from ptssp_sklearn.serving import wording
from ptssp_sklearn.serving.answer import Answer

LANGUAGES = {"en": "English", "ru": "Русский"}

_TEXTS: dict[str, tuple[str, str]] = {
    "title": ("How many images must I label?", "Сколько изображений нужно разметить?"),
    "start": (
        "Drop four images of your task under Images, or start from the example.",
        "Перетащите четыре изображения вашей задачи в раздел «Изображения» или начните с примера.",
    ),
    "no_images": (
        "This model knows no images: the answer rests on measurements of your own.",
        "Эта модель не смотрит на изображения: ответ опирается на ваши измерения.",
    ),
    "waits": (
        "The answer waits for the input marked below.",
        "Ответ появится, когда будет исправлено отмеченное ниже.",
    ),
    "target": ("Target {metric}", "Целевой {metric}"),
    "looking": ("Looking at the images …", "Изучаем изображения …"),
    "lower": (
        "Lower the target to {score}, improve the learner, or add a measurement.",
        "Снизьте цель до {score}, улучшите обучаемую модель или добавьте измерение.",
    ),
    "hopeless": (
        "No score is likely within reach: add a measurement.",
        "Ни одно значение, скорее всего, не достижимо: добавьте измерение.",
    ),
    "set_target": ("Set the target to {score}", "Поставить цель {score}"),
    "before": ("Before the measurements: {text}", "До измерений: {text}"),
    "strange": (
        "The images are unlike those the model was trained on (out of domain {score}): the "
        "answer leans on the average task.",
        "Изображения непохожи на те, на которых обучалась модель (непохожесть {score}): ответ "
        "опирается на среднюю задачу.",
    ),
    "warning": ("Note: {text}", "Предупреждение автора модели: {text}"),
    "inputs": ("Images", "Изображения"),
    "images": ("Images of your task", "Изображения вашей задачи"),
    "masks": (
        "Masks: PNG with a number an object, or YOLO label files",
        "Маски: PNG с номером для каждого объекта или файлы разметки YOLO",
    ),
    "match": (
        "Masks match images by name (a_mask.png or a.txt for a.jpg), else in order.",
        "Маски сопоставляются по имени (a_mask.png или a.txt для a.jpg), иначе по порядку.",
    ),
    "label": ("Class in the label files", "Класс в файлах разметки"),
    "all_labels": ("all", "все"),
    "example": ("Start from the example", "Начать с примера"),
    "example_end": ("Leave the example", "Убрать пример"),
    "example_is": (
        "A task of the bank cutpaste, which the shipped model was trained on.",
        "Задача из набора cutpaste, на котором обучалась поставляемая модель.",
    ),
    "model": ("Model", "Модель"),
    "registered": ("registered …", "из реестра …"),
    "file": ("file …", "из файла …"),
    "uri": ("Registry URI", "Адрес в реестре"),
    "uri_wanted": (
        "Type the name of a registered model, such as models:/ptssp@champion.",
        "Введите имя модели из реестра, например models:/ptssp@champion.",
    ),
    "model_file": ("Model file (.safetensors)", "Файл модели (.safetensors)"),
    "file_wanted": ("Upload a file of save_model.", "Загрузите файл, записанный save_model."),
    "learner": ("Learner", "Обучаемая модель"),
    "any_learner": ("any, or one that is not listed", "любая или не из списка"),
    "measure": ("Score", "Оценка"),
    "own_measure": ("as the model was trained", "та, на которой обучалась модель"),
    "interval": ("Interval", "Интервал"),
    "numbers": ("training images, by certainty", "обучающих изображений, по надёжности"),
    "lost": ("out of reach", "недостижимо"),
    "many": ("more than 10 million", "более 10 миллионов"),
    "pilot": ("Measurements of your own (pilot)", "Ваши измерения (пилот)"),
    "pilot_help": (
        "Train with a few sizes, type what you measured: the curve sharpens.",
        "Обучите модель на нескольких размерах и впишите измеренное: кривая уточнится.",
    ),
    "pilot_csv": ("Or a CSV file: size, score", "Или файл CSV: size, score"),
    "size": ("training images", "обучающих изображений"),
    "score": ("{metric}", "{metric}"),
    "curve": ("Learning curve", "Кривая обучения"),
    "predicted": ("predicted", "прогноз"),
    "without_pilot": ("before the measurements", "до измерений"),
    "band": ("{coverage} interval", "интервал {coverage}"),
    "alike": ("most alike: {name}", "похожая задача: {name}"),
    "alike_legend": ("most alike datasets", "самые похожие задачи"),
    "measured": ("measured", "измерено"),
    "low": ("low end", "нижняя граница"),
    "high": ("high end", "верхняя граница"),
    "line": ("line", "линия"),
    "dataset": ("dataset", "задача"),
    "target_line": ("target {score}", "цель {score}"),
    "alt": (
        "Predicted score against the number of training images",
        "Прогноз точности в зависимости от числа обучающих изображений",
    ),
    "objects": ("{name}: {count} objects", "{name}: объектов {count}"),
    "no_mask": ("{name}: no mask", "{name}: без маски"),
    "no_objects": (
        "The mask of {name} holds no object. Check the file or the class.",
        "В маске {name} нет ни одного объекта. Проверьте файл или класс.",
    ),
    "download": ("Take it with you", "Сохранить"),
    "curve_csv": ("Curve (CSV)", "Кривая (CSV)"),
    "answer_json": ("Answer (JSON)", "Ответ (JSON)"),
    "plot_png": ("Plot (PNG)", "График (PNG)"),
    "plot_svg": ("Plot (SVG)", "График (SVG)"),
    "same": ("The same answer from a shell or Python", "Тот же ответ из консоли или Python"),
    "private": (
        "Uploads stay on the machine that runs this page and are forgotten when it is closed.",
        "Файлы не покидают машину, где запущена страница, и забываются, когда её закрывают.",
    ),
    "bad_images": ("These images cannot be used.", "Эти изображения не подходят."),
    "bad_masks": ("These masks cannot be used.", "Эти маски не подходят."),
    "images_first": (
        "Got masks without images, expected both. Upload the images above.",
        "Есть маски, но нет изображений. Загрузите изображения выше.",
    ),
    "bad_model": ("This model cannot be used.", "Эта модель не подходит."),
    "bad_pilot": ("These measurements cannot be used.", "Эти измерения не подходят."),
    "bad_answer": ("There is no answer.", "Ответа нет."),
}


class Words:
    r"""The page's texts in one language.

    Parameters
    ----------
    language : {"en", "ru"}
    metric : str, default="mAP50-95"
        Which score is spoken of.

    Examples
    --------
    >>> from ptssp_sklearn.page.text import Words
    >>> Words("en")("set_target", score="0.4"), Words("ru").number(1234.5, 1)
    ('Set the target to 0.4', '1\xa0234,5')
    """

    def __init__(self, language: str, metric: str = "mAP50-95") -> None:
        self.language = language
        self.metric = metric

    def __call__(self, key: str, **values: object) -> str:
        text = _TEXTS[key][list(LANGUAGES).index(self.language)]
        return text.format(metric=self.metric, **values)

    def number(self, value: float, digits: int = 0) -> str:
        """Write a number with the separators of the language."""
        text = f"{value:,.{digits}f}"
        if self.language == "en":
            return text
        return text.replace(",", "\xa0").replace(".", ",")

    def score(self, value: float) -> str:
        """Write a score with two digits."""
        return self.number(value, 2)

    def percent(self, share: float) -> str:
        """Write a fraction as a percentage."""
        return f"{share:.0%}" if self.language == "en" else f"{100 * share:.0f}\xa0%"

    def count(self, size: float) -> str:
        """Write a number of images; beyond ten million none is said."""
        if np.isinf(size):
            return self("lost")
        return self("many") if size > wording.MANY else self.number(size)

    def sentence(self, answer: Answer) -> str:
        """Say an answer; in English exactly as the command line does."""
        return answer.sentence() if self.language == "en" else russian.sentence(answer, self)

    def lines(self, answer: Answer) -> list[str]:
        """Say what stands under the sentence."""
        return answer.lines() if self.language == "en" else russian.lines(answer, self)

    def strange(self, answer: Answer) -> list[str]:
        """Warn of images unlike those the model was trained on."""
        novelty = answer.forecast.out_of_domain
        if novelty is None or novelty <= NOVEL:
            return []
        return [self("strange", score=self.score(novelty))]

    def advice(self, answer: Answer) -> str:
        """Say what to do where the target is out of reach."""
        score = answer.forecast.best_reachable[0.5]
        return self("hopeless") if score is None else self("lower", score=self.score(score))


def plain(text: str) -> str:
    r"""Take the meaning of Markdown from a text that holds names of uploaded files.

    Examples
    --------
    >>> from ptssp_sklearn.page.text import plain
    >>> print(plain("![x](http://a.b/c.png)"))
    !\[x\](http&#58;//a.b/c.png)
    """
    return re.sub(r"([\\`*_\[\]$<>~#|])", r"\\\1", text).replace("://", "&#58;//")
