"""Cut-and-paste scenes: what is used, what is refused, what is rendered."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, __version__

from experiments.datasets import make_dataset
from experiments.datasets.cutpaste import CutPasteDataset, draw_domains
from experiments.datasets.material import read_material
from tests.rendering import check_invariants, digest, digest_elsewhere

GOLDEN_MASKS = "d919c2b691190f89"
GOLDEN = "0791d393a314d475"
PILLOW = int(__version__.split(".")[0])


def cutout(path: Path, number: int, *, side: int = 40) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.new("RGBA", (side, side), (0, 0, 0, 0))
    draw = ImageDraw.Draw(image)
    colour = (37 * number % 256, 91 * number % 256, 200 - 13 * number % 200, 255)
    shape = draw.ellipse if number % 2 else draw.rectangle
    shape((4, 4 + number % 5, side - 5, side - 5), fill=colour)
    draw.line((8, 8, side - 9, side - 9), fill=(255, 255, 255, 255), width=3)
    image.save(path)
    return path


def background(path: Path, number: int) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.add.outer(np.arange(90) * number, np.arange(120) * 2)[..., None] + [0, 40, 80]
    Image.fromarray((pixels % 256).astype(np.uint8)).save(path)
    return path


@pytest.fixture
def folders(tmp_path, monkeypatch):
    """Two sources of two classes, and two sources of backgrounds."""
    monkeypatch.chdir(tmp_path)
    for s, source in enumerate(("icons", "sprites")):
        for c, label in enumerate(("animals", "tools")):
            for i in range(3):
                number = 1 + 6 * s + 3 * c + i
                cutout(Path("cutouts") / source / label / f"{i}.png", number)
    for s, source in enumerate(("photos", "tiles")):
        for i in range(2):
            background(Path("backgrounds") / source / f"{i}.png", 1 + 2 * s + i)
    return Path("cutouts"), Path("backgrounds")


def test_the_same_record_gives_the_same_images_here_and_in_another_process(folders):
    records = draw_domains(*folders, 6)
    assert digest(records) == digest_elsewhere(records)
    assert digest(records, images=False) == GOLDEN_MASKS


@pytest.mark.skipif(PILLOW < 13, reason="Pillow < 13 rounds some colours of soft edges otherwise")
def test_images_are_the_pinned_ones(folders):
    assert digest(draw_domains(*folders, 6)) == GOLDEN


def test_masks_keep_their_promises(folders):
    for record in draw_domains(*folders, 16, seed=1):
        check_invariants(CutPasteDataset(record), 12)


def test_other_sides_than_64_pixels_work(folders):
    sample = CutPasteDataset(draw_domains(*folders, 1, side=48)[0]).test()[0]
    assert sample.image.shape == (48, 48, 3)
    assert sample.mask.shape == (48, 48)


def test_more_domains_only_append(folders):
    assert draw_domains(*folders, 20)[:7] == draw_domains(*folders, 7)


def test_any_prefix_uses_sources_equally_with_varied_backgrounds(folders):
    records = draw_domains(*folders, 12)
    for n in range(1, 13):
        counts = Counter(record["group"] for record in records[:n])
        assert max(counts.values()) - min(counts.get(s, 0) for s in ("icons", "sprites")) <= 1
    assert len({(r["group"], r["background_source"]) for r in records[:4]}) == 4
    assert len({record["name"] for record in records}) == 12


@pytest.mark.parametrize("n_sources", [2, 4])
def test_a_source_is_not_tied_to_one_part_of_an_axis(tmp_path, n_sources):
    for source in range(n_sources):
        cutout(tmp_path / "cutouts" / f"s{source}" / "thing" / "a.png", source)
    background(tmp_path / "backgrounds" / "a.png", 1)
    records = draw_domains(tmp_path / "cutouts", tmp_path / "backgrounds", 16 * n_sources)
    for source in range(n_sources):
        severity = [r["parameters"]["severity"] for r in records if r["group"] == f"s{source}"]
        assert min(severity) < 0.3
        assert max(severity) > 0.7


def test_distractors_come_from_other_classes_of_the_source(folders):
    for record in draw_domains(*folders, 12):
        own = {f"{record['group']}/{label}/" for label in record["objects"]}
        for file in record["distractors"]:
            assert file.startswith(record["group"])
            assert not file.startswith(tuple(own))


def test_bad_files_are_reported_once_and_left_out(folders):
    cutouts, backgrounds = folders
    bad = cutouts / "icons" / "animals"
    (bad / "broken.png").write_bytes(b"not a picture")
    Image.new("RGB", (20, 20)).save(bad / "flat.png")
    Image.new("RGBA", (20, 20), (0, 0, 0, 0)).save(bad / "empty.png")
    Image.new("RGBA", (20, 20), (9, 9, 9, 255)).save(bad / "full.png")
    Image.new("RGBA", (20, 20), (9, 9, 9, 90)).save(bad / "glass.png")
    (bad / ".hidden.png").write_bytes(b"")
    (backgrounds / "photos" / "cut.jpg").write_bytes(b"\xff\xd8\xff")
    Image.new("RGB", (4, 90)).save(backgrounds / "photos" / "slim.png")
    material = read_material(cutouts, backgrounds)
    reported = {line.partition(":")[0].rpartition("/")[2]: line for line in material.problems}
    assert sorted(reported) == [
        "broken.png", "cut.jpg", "empty.png", "flat.png", "full.png", "glass.png", "slim.png",
    ]  # fmt: skip
    assert "no alpha channel" in reported["flat.png"]
    assert "0 opaque pixels" in reported["empty.png"]
    assert "4 x 90" in reported["slim.png"]
    assert all("\n" not in line for line in material.problems)
    assert material.cutouts["icons"]["animals"] == [f"icons/animals/{i}.png" for i in range(3)]
    assert len(material.backgrounds["photos"]) == 2


def test_a_see_through_object_is_reported(folders):
    cutouts, backgrounds = folders
    image = Image.new("RGBA", (40, 40), (9, 9, 9, 0))
    image.paste((9, 9, 9, 100), (5, 5, 35, 35))
    image.paste((9, 9, 9, 255), (5, 5, 35, 9))
    image.save(cutouts / "icons" / "animals" / "glass.png")
    (problem,) = read_material(cutouts, backgrounds).problems
    assert "see-through" in problem


@pytest.mark.parametrize(
    ("files", "group", "classes"),
    [
        (["mug.png", "cup.png"], "cutouts", {"object"}),
        (["mugs/1.png", "cups/1.png"], "cutouts", {"mugs", "cups"}),
        (["shop/mugs/1.png", "shop/mugs/blue/2.png"], "shop", {"mugs"}),
        (["shop/mugs/1.png", "shop/2.png"], "shop", {"mugs", "object"}),
    ],
)
def test_plain_layouts_are_understood(tmp_path, files, group, classes):
    for number, file in enumerate(files):
        cutout(tmp_path / "cutouts" / file, number)
    background(tmp_path / "backgrounds" / "garden.jpg", 1)
    material = read_material(tmp_path / "cutouts", tmp_path / "backgrounds")
    assert {group: set(material.cutouts[group])} == {group: classes}
    assert list(material.backgrounds) == ["backgrounds"]
    (record,) = draw_domains(tmp_path / "cutouts", tmp_path / "backgrounds", 1)
    assert record["group"] == group
    assert make_dataset(record).test()[0].image.shape == (64, 64, 3)


def test_folders_without_pictures_say_so_in_one_line(folders, tmp_path):
    cutouts, backgrounds = folders
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(ValueError, match=r"no usable file in .*empty, expected cut-outs"):
        draw_domains(empty, backgrounds, 1)
    with pytest.raises(ValueError, match=r"no usable file in .*empty, expected backgrounds"):
        draw_domains(cutouts, empty, 1)
    with pytest.raises(ValueError, match=r"Got missing, expected a folder"):
        draw_domains(Path("missing"), backgrounds, 1)


def test_a_moved_picture_names_the_entry_to_change(folders):
    (record,) = draw_domains(*folders, 1)
    with pytest.raises(FileNotFoundError, match=r"Set record\['backgrounds'\]"):
        CutPasteDataset({**record, "backgrounds": "elsewhere"}).test()
