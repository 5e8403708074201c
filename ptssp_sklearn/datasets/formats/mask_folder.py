"""Images with mask files beside them, paired by name."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from ptssp_sklearn.datasets._draft import Draft
from ptssp_sklearn.datasets._files import Folder
from ptssp_sklearn.datasets.dataset import LabelledDataset
from ptssp_sklearn.datasets.formats.image_finder import split_of
from ptssp_sklearn.datasets.formats.mask_files import SINGLES, MaskFiles, bounds, meaning_of
from ptssp_sklearn.exceptions import ImageError
from ptssp_sklearn.images.mask_meaning import CLASSES
from ptssp_sklearn.images.name_pairs import (
    common_place,
    has_mask_word,
    in_mask_folder,
    pair_names,
    stem,
)


def find_pairs(images: list[str]) -> tuple[dict[str, list[str]], list[str], list[str]]:
    """Tell masks from images by their names and pair them.

    Parameters
    ----------
    images : list of str
        All image files of a folder, masks among them.

    Returns
    -------
    pairs : dict of str to list of str
        The masks of each image that has any: one, or one an object.
    alone : list of str
        Images without a mask.
    stray : list of str
        Masks without an image.
    """
    masks = _masks_among(images)
    places: dict[str, tuple[list[str], list[str]]] = defaultdict(lambda: ([], []))
    for name in images:
        places[common_place(name)][name in masks].append(name)
    pairs: dict[str, list[str]] = {}
    for own, drawn in places.values():
        if len(own) == 1 and len(drawn) > 1:
            pairs[own[0]] = drawn
        else:
            pairs |= {name: [mask] for name, mask in pair_names(own, drawn).items()}
    taken = {mask for found in pairs.values() for mask in found}
    left = [n for n in images if n not in masks and n not in pairs]
    free = [n for n in images if n in masks and n not in taken]
    pairs |= {name: [mask] for name, mask in pair_names(left, free).items()}
    taken = {mask for found in pairs.values() for mask in found}
    return pairs, [n for n in left if n not in pairs], [n for n in free if n not in taken]


def read_mask_folder(folder: Folder, source: Path) -> LabelledDataset:
    """Read images and masks that are paired by their names.

    What the masks' ids mean is found out from their content and said in the remarks.

    Parameters
    ----------
    folder : Folder
    source : Path
        What was opened.

    Raises
    ------
    DatasetError
        If no image has a mask, or no mask shows an object.
    """
    pairs, alone, stray = find_pairs(folder.below(""))
    return read_pairs(folder, source, pairs, alone, stray)


def read_pairs(
    folder: Folder,
    source: Path,
    pairs: dict[str, list[str]],
    alone: Sequence[str] = (),
    stray: Sequence[str] = (),
) -> LabelledDataset:
    """Read images and masks that are paired already; parameters as `find_pairs` gives them."""
    draft = Draft(folder, source, "images with masks")
    paths = {name: [folder.path(mask) for mask in found] for name, found in pairs.items()}
    if any(len(found) > 1 for found in pairs.values()):
        masks = MaskFiles({}, SINGLES)
        draft.remarks.say("Each mask file is taken as one object of its image")
    else:
        meaning, void, why = meaning_of([found[0] for found in paths.values()])
        masks = MaskFiles({}, meaning, void)
        draft.remarks.say(why)
    for name in pairs:
        _add_pair(draft, masks, name, pairs[name], paths[name])
    draft.masks = masks
    if masks.specks:
        draft.leave_out("a few pixels beside far larger ones", "", "piece", masks.specks)
    if alone:
        draft.leave_out("no mask has its name", alone[0], "image", len(alone))
    if stray:
        draft.leave_out("no image has its name", stray[0], "mask", len(stray))
    return draft.finish()


def _masks_among(images: list[str]) -> set[str]:
    """Find the masks: by their folder, or by a word in a name whose image lies beside it."""
    inside = {name for name in images if in_mask_folder(name)}
    if inside and len(inside) < len(images):
        return inside
    marked = {name for name in images if has_mask_word(name)}
    beside: dict[str, list[str]] = defaultdict(list)
    for name in images:
        beside[name.rpartition("/")[0]].append(name)
    found: set[str] = set()
    for names in beside.values():
        own = [name for name in names if name not in marked]
        found |= set(pair_names(own, [name for name in names if name in marked]).values())
    return found


def _add_pair(
    draft: Draft, masks: MaskFiles, name: str, drawn: list[str], paths: list[Path]
) -> None:
    image = draft.add_image(name, split_of(f"{name.rpartition('/')[0]}/_"))
    if image < 0:
        return
    masks.files[image] = paths
    try:
        numbered, owners = masks.read(image)
    except ImageError as error:
        draft.leave_out(str(error), drawn[0], "mask")
        return
    if numbered.shape != draft.shape(image):
        height, width = draft.shape(image)
        place = f"{drawn[0]} is {numbered.shape[1]} x {numbered.shape[0]}, "
        draft.leave_out(
            "it has another size than its image", f"{place}{stem(name)} {width} x {height}", "mask"
        )
        return
    for number, box, area in bounds(numbered):
        label = f"class {owners[number - 1]}" if masks.meaning == CLASSES else "object"
        draft.objects.add_raster(image, draft.label(label), number, box, area, number)
