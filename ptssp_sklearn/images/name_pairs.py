"""Images and masks paired by their names, whatever a tool added to them."""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Callable, Sequence

_SUFFIXES = "jpg jpeg jpe jfif png bmp webp tif tiff gif avif pgm ppm pbm jp2 tga"
IMAGE_SUFFIXES = frozenset(f".{name}" for name in _SUFFIXES.split())

_MASK = (
    "masks? labels? l gt groundtruth ground truth seg segs segm segmentations? segmentationobject "
    "segmentationclass instances? inst instanceids labelids gtfine annots? annotations? anno "
    "matte target targets m p roi"
)
_IMAGE = (
    "images? imgs? im rgb leftimg8bit inputs? raw photos? pictures? frames? jpegimages orig sat"
)
_TOKENS = re.compile(r"[\W_]+")
_ENDS = re.compile(
    r"(masks?|labels?|annot(ations?)?|gt|groundtruth|seg(mentation)?s?|images?|imgs?)$"
)


def _words(text: str) -> re.Pattern[str]:
    return re.compile("|".join(text.split()))


_MASK_WORD, _IMAGE_WORD = _words(_MASK), _words(_IMAGE)
_FOLDER_WORD = _words(f"{_MASK} {_IMAGE}")


def pair_names(images: Sequence[str], masks: Sequence[str]) -> dict[str, str]:
    """Pair images and masks by name.

    The names are compared whole, then without a second suffix (``a.png.png``), without one
    word such as ``_mask`` or ``_L``, without all such words, and by their numbers alone;
    a step pairs only names that are then alike among those left and like no other.

    Parameters
    ----------
    images, masks : sequence of str
        Paths.

    Returns
    -------
    pairs : dict of str to str
        The mask of each image that has one.

    Examples
    --------
    >>> pair_names(["a/coin_1.png", "a/coin_2.png"], ["m/coin_2_L.png", "m/coin_1_L.png"])
    {'a/coin_1.png': 'm/coin_1_L.png', 'a/coin_2.png': 'm/coin_2_L.png'}
    """
    pairs: dict[str, str] = {}
    left, free = list(dict.fromkeys(images)), list(dict.fromkeys(masks))
    for of_image, of_mask in _STEPS:
        found = _alike(left, free, of_image, of_mask)
        if of_image is _numbers and (len(found) < len(left) or pairs):
            break
        pairs |= found
        taken = set(found.values())
        left = [name for name in left if name not in found]
        free = [name for name in free if name not in taken]
    return {name: pairs[name] for name in images if name in pairs}


def contradicted(images: Sequence[str], masks: Sequence[str]) -> tuple[int, str] | None:
    """Find a mask whose name says that it belongs to another image than its place says.

    Returns
    -------
    found : (place, mask) or None
        The place, and the mask that the image's name asks for there.
    """
    pairs = pair_names(list(images), list(masks))
    for place, (image, mask) in enumerate(zip(images, masks, strict=False)):
        own = pairs.get(image, mask)
        if own != mask:
            return place, own
    return None


def suffix(name: str) -> str:
    """Give the suffix of a name, in small letters."""
    return os.path.splitext(name)[1].lower()


def stem(name: str) -> str:
    """Give the last part of a path without its suffix."""
    return os.path.splitext(name.rpartition("/")[2])[0]


def has_mask_word(name: str) -> bool:
    """Tell whether a file's own name says that it is a mask, as ``a_mask.png`` does."""
    own = stem(name)
    tokens = _TOKENS.split(own.lower())
    return (
        suffix(own) in IMAGE_SUFFIXES
        or any(_MASK_WORD.fullmatch(t) for t in tokens[-2:])
        or (bool(_MASK_WORD.fullmatch(tokens[0])) and len(tokens[0]) > 1)
    )


def in_mask_folder(name: str) -> bool:
    """Tell whether a folder of the path is named for masks."""
    parts = [part.lower() for part in name.split("/")[:-1]]
    return any(
        _MASK_WORD.fullmatch(token) or re.search(r"(annot|masks?|labels?)$", token)
        for part in parts
        for token in _TOKENS.split(part)
    )


def common_place(name: str) -> str:
    """Give the folder of a path less the words that tell masks from images."""
    kept = []
    for part in name.lower().split("/")[:-1]:
        tokens = [t for t in _TOKENS.split(part) if t and not _FOLDER_WORD.fullmatch(t)]
        tokens = [_ENDS.sub("", t) for t in tokens]
        kept.append("_".join(t for t in tokens if t))
    return "/".join(part for part in kept if part)


def _whole(name: str) -> str:
    return stem(name).lower()


def _without_suffix(name: str) -> str:
    own = stem(name)
    return stem(own).lower() if suffix(own) in IMAGE_SUFFIXES else own.lower()


def _less_one(name: str) -> str:
    """Leave out the last word if it is one of masks, else the first."""
    tokens = _TOKENS.split(_without_suffix(name))
    if len(tokens) > 1 and _MASK_WORD.fullmatch(tokens[-1]):
        return "_".join(tokens[:-1])
    if len(tokens) > 1 and _MASK_WORD.fullmatch(tokens[0]):
        return "_".join(tokens[1:])
    return "_".join(tokens)


def _joined(name: str) -> str:
    return "_".join(_TOKENS.split(_without_suffix(name)))


def _less_words(pattern: re.Pattern[str]) -> Callable[[str], str]:
    def key(name: str) -> str:
        tokens = _TOKENS.split(_without_suffix(name))
        return "_".join(t for t in tokens if not pattern.fullmatch(t))

    return key


def _numbers(name: str) -> str:
    return "_".join(str(int(n)) for n in re.findall(r"\d+", stem(name)))


_STEPS: list[tuple[Callable[[str], str], Callable[[str], str]]] = [
    (_whole, _whole),
    (_whole, _without_suffix),
    (_joined, _less_one),
    (_less_words(_IMAGE_WORD), _less_words(_MASK_WORD)),
    (_numbers, _numbers),
]


def _alike(
    images: list[str],
    masks: list[str],
    of_image: Callable[[str], str],
    of_mask: Callable[[str], str],
) -> dict[str, str]:
    """Pair the names whose keys are alike and stand for one image and one mask only."""
    keyed: tuple[dict[str, list[str]], dict[str, list[str]]] = defaultdict(list), defaultdict(list)
    for names, key, found in ((images, of_image, keyed[0]), (masks, of_mask, keyed[1])):
        for name in names:
            found[key(name)].append(name)
    return {
        names[0]: keyed[1][key][0]
        for key, names in keyed[0].items()
        if key and len(names) == 1 and len(keyed[1].get(key, [])) == 1
    }
