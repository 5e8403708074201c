"""The kinds of data a bank can be collected on, as the command line names them."""

from __future__ import annotations

import argparse
from importlib import import_module
from pathlib import Path
from typing import Any

Records = list[dict[str, Any]]


def bank_name(options: argparse.Namespace) -> str:
    """Name the bank: as asked, else after its kind; incremental ones apart.

    Procedural domains go by the name procedural-2, since the bank procedural is of an older
    renderer.
    """
    name = options.name or ("procedural-2" if options.bank == "procedural" else options.bank)
    return f"{name}-incremental" if options.warm_start == "incremental" else name


def list_records(options: argparse.Namespace) -> Records:
    """List the records of the datasets that the command line asks for.

    Raises
    ------
    ValueError
        If the kind is unknown or what it needs was not given.
    """
    kinds = {"procedural": _procedural, "cutpaste": _cutpaste, "yolo": _yolo}
    if ":" not in options.bank and options.bank not in kinds:
        raise ValueError(
            f"Got the bank {options.bank!r}, expected {', '.join(kinds)} or "
            "package.module:function."
        )
    records = kinds.get(options.bank, _own)(options)
    chosen = records[options.first :]
    if options.domains is not None:
        chosen = chosen[: options.domains]
    if not chosen:
        raise ValueError(
            f"Got {len(records)} datasets and none of them from --first {options.first} on."
        )
    return chosen


def _count(options: argparse.Namespace) -> int:
    if options.domains is None:
        raise ValueError(f"Got no --domains, expected how many domains of {options.bank} to draw.")
    return options.first + options.domains


def _procedural(options: argparse.Namespace) -> Records:
    from experiments.datasets.procedural import draw_domains

    return draw_domains(_count(options), seed=options.seed, side=options.side)


def _cutpaste(options: argparse.Namespace) -> Records:
    if options.cutouts is None or options.backgrounds is None:
        raise ValueError(
            "Got --bank cutpaste without its folders, expected --cutouts DIR --backgrounds DIR."
        )
    from experiments.datasets.cutpaste import draw_domains

    return draw_domains(
        options.cutouts, options.backgrounds, _count(options), seed=options.seed, side=options.side
    )


def _yolo(options: argparse.Namespace) -> Records:
    folder = _yolo_folder(options)
    from experiments.datasets.yolo import list_datasets

    fractions = tuple(options.fractions) if options.fractions else None
    return list_datasets(
        folder,
        by_class=options.by_class,
        fractions=fractions,
        seed=options.seed,
        side=options.side,
    )


def _yolo_folder(options: argparse.Namespace) -> Path:
    if options.roboflow is not None:
        from experiments.datasets.roboflow import download

        return download(options.roboflow, options.data or options.out / "roboflow")
    if options.data is None:
        raise ValueError(
            "Got --bank yolo without data, expected --data DIR or --roboflow "
            "workspace/project/version."
        )
    return options.data


def _own(options: argparse.Namespace) -> Records:
    """Draw domains with a function of the user's, ``draw(n, seed=, side=)``."""
    module, _, attribute = options.bank.partition(":")
    try:
        draw = getattr(import_module(module), attribute)
    except (ImportError, AttributeError) as error:
        raise ValueError(
            f"Got the bank {options.bank!r}, which cannot be loaded: {error}."
        ) from None
    return draw(_count(options), seed=options.seed, side=options.side)
