"""The picture files that cut-and-paste scenes are made of."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from PIL import Image

BACKGROUND_SUFFIXES = (".png", ".jpg", ".jpeg")
MIN_PIXELS = 16
THUMB = 16
LEAST_SOLID = 0.6
ONE_CLASS = "object"


@dataclass
class Material:
    """Usable cut-outs and backgrounds, by source.

    Attributes
    ----------
    cutouts : dict of str to dict of str to list of str
        Files by source and class, relative to the folder of cut-outs.
    backgrounds : dict of str to list of str
        Files by source, relative to the folder of backgrounds.
    problems : list of str
        One line for each file that was left out.
    """

    cutouts: dict[str, dict[str, list[str]]] = field(default_factory=dict)
    backgrounds: dict[str, list[str]] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)


def read_material(cutouts: Path, backgrounds: Path) -> Material:
    """List the usable files of two folders.

    Parameters
    ----------
    cutouts : Path
        ``<source>/<class>/*.png`` with an alpha channel; or one source: ``<class>/*.png``
        or ``*.png``.
    backgrounds : Path
        ``<source>/*.png`` or ``*.jpg``; or one source: ``*.png`` or ``*.jpg``.

    Raises
    ------
    ValueError
        If a folder does not exist or holds no usable file.
    """
    cutouts, backgrounds = Path(cutouts), Path(backgrounds)
    material = Material()
    files = _files(cutouts, (".png",))
    by_source = any(len(file.relative_to(cutouts).parts) > 2 for file in files)
    for file in files:
        if _usable(_cutout_problem(file), file, material):
            source, label = _place(file.relative_to(cutouts), cutouts.resolve().name, by_source)
            classes = material.cutouts.setdefault(source, {})
            classes.setdefault(label, []).append(file.relative_to(cutouts).as_posix())
    for file in _files(backgrounds, BACKGROUND_SUFFIXES):
        if _usable(_background_problem(file), file, material):
            relative = file.relative_to(backgrounds)
            source = relative.parts[0] if len(relative.parts) > 1 else backgrounds.resolve().name
            material.backgrounds.setdefault(source, []).append(relative.as_posix())
    _check(material.cutouts, cutouts, "cut-outs (PNG files with an alpha channel)", material)
    _check(material.backgrounds, backgrounds, "backgrounds (PNG or JPEG files)", material)
    return material


def _files(folder: Path, suffixes: tuple[str, ...]) -> list[Path]:
    if not folder.is_dir():
        raise ValueError(f"Got {folder}, expected a folder of pictures. Check the path.")
    return sorted(
        path
        for path in folder.rglob("*")
        if path.suffix.lower() in suffixes
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
    )


def _place(relative: Path, root: str, by_source: bool) -> tuple[str, str]:
    folders = relative.parts[:-1]
    if not by_source:
        return root, folders[0] if folders else ONE_CLASS
    if not folders:
        return root, ONE_CLASS
    return folders[0], folders[1] if len(folders) > 1 else ONE_CLASS


def _usable(problem: str, file: Path, material: Material) -> bool:
    if problem:
        material.problems.append(f"{file}: {problem}")
    return not problem


def _cutout_problem(file: Path) -> str:
    try:
        with Image.open(file) as image:
            if "A" not in image.getbands() and "transparency" not in image.info:
                return "has no alpha channel; save the object on a transparent ground"
            alpha = image.convert("RGBA").getchannel("A")
    except (OSError, ValueError, SyntaxError) as error:
        return f"cannot be read ({error})".replace(str(file), "the file")
    solid = sum(alpha.histogram()[128:])
    if solid < MIN_PIXELS:
        return f"is empty ({solid} opaque pixels, expected at least {MIN_PIXELS})"
    if solid == alpha.width * alpha.height:
        return "is opaque everywhere; cut the object out on a transparent ground"
    small = alpha.crop(alpha.getbbox())
    small.thumbnail((THUMB, THUMB), Image.Resampling.BOX)
    counts = small.histogram()
    solid, faint = sum(counts[128:]), sum(counts[16:128])
    if solid < LEAST_SOLID * (solid + faint):
        return f"is see-through or too thin at {THUMB} pixels ({solid} of {solid + faint} opaque)"
    return ""


def _background_problem(file: Path) -> str:
    try:
        with Image.open(file) as image:
            image.draft("RGB", (256, 256))
            image.load()
            if min(image.size) < 8:
                return f"is {image.width} x {image.height} pixels, expected at least 8 x 8"
    except (OSError, ValueError, SyntaxError) as error:
        return f"cannot be read ({error})".replace(str(file), "the file")
    return ""


def _check(found: dict, folder: Path, expected: str, material: Material) -> None:
    if not found:
        why = f" {material.problems[0]}." if material.problems else ""
        raise ValueError(f"Got no usable file in {folder}, expected {expected}.{why} Add some.")
