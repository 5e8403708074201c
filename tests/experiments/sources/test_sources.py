"""The image material of `experiments.sources`, on small files made here."""

from __future__ import annotations

import json
import struct
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from experiments.sources import drawn, noise
from experiments.sources.build import build, selected, write_record
from experiments.sources.catalogue import BACKGROUNDS, CUTOUTS, SOURCES
from experiments.sources.emoji import emoji_groups
from experiments.sources.icons import filled_script, round_cut, waved
from experiments.sources.material import (
    PER_SOURCE,
    Item,
    Source,
    as_background,
    by_class,
    converted,
    share,
    trimmed,
)
from experiments.sources.notice import licences_of, notice
from experiments.sources.packages import Package, fetch_command
from experiments.sources.svg import coloured, rasterised
from experiments.sources.wad import between, flat, palette, picture, read_wad

ALLOWED = {
    "Apache-2.0", "BSD-3-Clause", "CC-BY-2.0", "CC-BY-3.0", "CC-BY-4.0", "CC0-1.0",
    "LicenseRef-public-domain", "MIT", "OFL-1.1",
}  # fmt: skip
SQUARE = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 8"><path d="M2 2h4v4H2z"/></svg>'
# Two columns: one post of two pixels below the top row; nothing.
SPRITE = struct.pack("<HHhhii", 2, 4, 0, 0, 16, 22) + bytes([1, 2, 0, 5, 6, 0, 255])
COLOURS = np.arange(768).astype(np.uint8).reshape(256, 3)


def disc(side: int = 60, box: int = 200) -> Image.Image:
    y, x = np.mgrid[:box, :box] - box // 2
    rgba = np.zeros((box, box, 4), np.uint8)
    rgba[x**2 + y**2 < (side // 2) ** 2] = (200, 30, 30, 255)
    return Image.fromarray(rgba)


def wad(path: Path, lumps: list[tuple[str, bytes]]) -> Path:
    data, entries = b"", b""
    for name, lump in lumps:
        entries += struct.pack("<ii8s", 12 + len(data), len(lump), name.encode())
        data += lump
    path.write_bytes(struct.pack("<4sii", b"PWAD", len(lumps), 12 + len(data)) + data + entries)
    return path


def test_a_cutout_is_cut_to_its_visible_box():
    assert trimmed(disc(60)).size == (59, 59)


def test_a_large_cutout_is_scaled_and_keeps_its_proportions():
    image = Image.new("RGBA", (400, 200), (9, 9, 9, 255))
    assert trimmed(image).size == (96, 48)


@pytest.mark.parametrize(
    "image",
    [
        Image.new("RGBA", (50, 50)),
        Image.new("RGBA", (8, 8), (9, 9, 9, 255)),
        Image.new("RGBA", (90, 90), (9, 9, 9, 60)),
    ],
    ids=["empty", "tiny", "faint"],
)
def test_what_is_hardly_visible_is_no_cutout(image):
    with pytest.raises(ValueError, match="visible"):
        trimmed(image)


@pytest.mark.parametrize("size", [(64, 64), (3000, 2000), (300, 400)])
def test_a_background_has_sides_within_the_limits(size):
    image = as_background(Image.new("RGBA", size))
    assert image.mode == "RGB"
    assert min(image.size) >= 192
    assert max(image.size) <= 512


def test_a_background_too_narrow_is_refused():
    with pytest.raises(ValueError, match="expected 192"):
        as_background(Image.new("RGB", (1000, 20)))


def test_the_share_of_a_class_keeps_the_source_within_its_limit():
    assert share([5, 5]) == 40
    counts = [100, 30, 7] * 8
    cap = share(counts)
    assert sum(min(n, cap) for n in counts) <= PER_SOURCE < sum(min(n, cap + 1) for n in counts)


def test_small_classes_are_left_out():
    items = [Item("a", str(i), disc) for i in range(6)] + [Item("b", "0", disc)]
    assert list(by_class(iter(items), np.random.default_rng(0))) == ["a"]


def test_a_wad_gives_its_palette_sprites_and_floors(tmp_path):
    lumps = [("PLAYPAL", COLOURS.tobytes()), ("S_START", b""), ("TROOA1", SPRITE), ("S_END", b"")]
    read = read_wad(wad(tmp_path / "small.wad", [*lumps, ("FLOOR", bytes([3]) * 4096)]))
    assert between(read, "S") == [("TROOA1", SPRITE)]
    assert (palette(read) == COLOURS).all()
    assert np.asarray(flat(dict(read)["FLOOR"], COLOURS))[0, 0].tolist() == [9, 10, 11]


def test_a_picture_lump_is_drawn_column_by_column():
    rgba = np.asarray(picture(SPRITE, COLOURS))
    assert rgba[..., 3].tolist() == [[0, 0], [255, 0], [255, 0], [0, 0]]
    assert rgba[1, 0, :3].tolist() == [15, 16, 17]


def test_a_picture_lump_cut_short_is_refused():
    with pytest.raises(ValueError, match="smaller than requested"):
        picture(SPRITE[:19], COLOURS)


def test_what_is_no_wad_is_named(tmp_path):
    (tmp_path / "x.wad").write_bytes(b"JUNK" + bytes(8))
    with pytest.raises(ValueError, match="expected b'IWAD'"):
        read_wad(tmp_path / "x.wad")


def test_svg_is_drawn_on_a_transparent_ground():
    pytest.importorskip("resvg_py", reason="drawing SVG needs resvg-py")
    rgba = np.asarray(rasterised(coloured(SQUARE, (250, 10, 20)), 64))
    assert rgba.shape == (64, 64, 4)
    assert rgba[32, 32].tolist() == [250, 10, 20, 255]
    assert rgba[2, 2, 3] == 0


def test_an_icon_script_is_filled_with_colours():
    script = "return '<svg width=\"' + props.size + '\">' + '<path fill=\"' + props.colors[1]"
    script += " + '\"/>';\n"
    assert filled_script(script, ["#111", "#222"]) == '<svg width="48"><path fill="#222"/>'
    with pytest.raises(ValueError, match="no drawing"):
        filled_script("nothing", [])


def test_emoji_without_skin_tones_and_flags_are_grouped(tmp_path):
    path = tmp_path / "emoji-test.txt"
    path.write_text(
        "# subgroup: cat-face\n1F63A ; fully-qualified # a\n1F63B ; unqualified # b\n"
        "1F44B 1F3FB ; fully-qualified # c\n# subgroup: country-flag\n1F1E6 ; fully-qualified\n"
    )
    assert list(emoji_groups(path)) == [("cat-face", "1f63a")]


def test_flags_are_cut_to_a_disc_or_waved():
    flag = Image.new("RGBA", (80, 60), (0, 0, 255, 255))
    assert np.asarray(round_cut(flag))[0, 0, 3] == 0
    assert waved(flag, 0.0).height > flag.height


@pytest.mark.parametrize("outline", drawn.OUTLINES)
def test_every_generated_shape_is_a_good_cutout(outline):
    for seed in range(5):
        assert max(trimmed(drawn._shape(outline, seed)).size) >= 40


@pytest.mark.parametrize(
    "make", [noise.gradient, noise.clouds, noise.stripes, noise.checks, noise.cells, noise.dots]
)
def test_generated_backgrounds_follow_their_seed(make):
    first, again = (np.asarray(noise._painted(make, 3)) for _ in range(2))
    assert (first == again).all()


def _broken() -> Image.Image:
    raise OSError("cannot identify image file")


def _source(kind: str, *packages: Package) -> Source:
    items = [Item("ball" * (kind == "cutout"), f"b{i}", disc) for i in range(8)]
    items.append(Item(items[0].label, "bad", _broken))
    return Source("toys", kind, packages, "MIT", "By a maker.", lambda folders, rng: iter(items))


def test_names_that_become_the_same_are_told_apart():
    items = [Item("imp", name, disc) for name in ("VILE[1", "VILE]1", "vile")]
    assert len(dict(converted(items, 9, trimmed, print))) == 3


@pytest.mark.parametrize("kind", ["cutout", "background"])
def test_a_broken_file_is_reported_and_skipped(tmp_path, kind):
    lines: list[str] = []
    records = build([_source(kind)], tmp_path, tmp_path / "cache", 0, lines.append)
    assert records[0]["files"] == len(list(tmp_path.rglob("b*.*g"))) == 8
    assert len(lines) == 1
    assert lines[0].startswith("toys: ")
    assert "cannot identify" in lines[0]


def test_a_missing_package_is_reported_and_its_source_skipped(tmp_path):
    lines: list[str] = []
    source = _source("cutout", Package("nowhere", "toys", "1.0"))
    assert build([source], tmp_path, tmp_path / "cache", 0, lines.append) == []
    assert len(lines) == 1
    assert "expected debian, npm or pypi" in lines[0]


def test_a_build_repeats_to_the_byte(tmp_path):
    for name in ("a", "b"):
        items = partial(noise.generated, (noise.clouds,))
        source = Source("clouds", "background", (), "CC0-1.0", "Generated.", items)
        build([source], tmp_path / name, tmp_path, 0, print)
    files = sorted((tmp_path / "a").rglob("*.jpg"))
    assert len(files) == noise.COUNT
    for path in files:
        assert path.read_bytes() == (tmp_path / "b" / path.relative_to(tmp_path / "a")).read_bytes()


def test_the_record_keeps_sources_that_were_not_built_again(tmp_path):
    path = tmp_path / "sources.json"
    write_record([{"name": "a", "kind": "cutout", "files": 1}], path)
    write_record([{"name": "b", "kind": "background", "files": 2}], path)
    assert [entry["name"] for entry in json.loads(path.read_text())] == ["b", "a"]


def test_every_source_is_pinned_named_and_freely_licensed():
    assert len({source.name for source in SOURCES}) == len(SOURCES)
    assert len(CUTOUTS) >= 10
    assert len(BACKGROUNDS) >= 6
    for source in SOURCES:
        assert set(licences_of(source)) <= ALLOWED
        assert all(fetch_command(package)[-1] for package in source.packages)


def test_the_notice_names_every_source_and_is_the_one_in_the_repository():
    text = notice(SOURCES)
    assert all(source.name in text for source in SOURCES)
    assert "Permission is hereby granted" in text
    assert (Path(__file__).parents[3] / "NOTICE").read_text(encoding="utf-8") == text


def test_an_unknown_source_is_named():
    with pytest.raises(ValueError, match="Got nonesuch, expected some of noto-emoji"):
        selected(SOURCES, ["plain", "nonesuch"])
    assert [source.name for source in selected(SOURCES, ["plain"])] == ["plain"]
