"""The sources: packages, versions, licences and attributions."""

from __future__ import annotations

from functools import partial

from experiments.sources import emoji, folders, noise, photos, textures
from experiments.sources.material import Source
from experiments.sources.packages import Package

UNICODE = Package("debian", "unicode-data", "15.0.0-1")
FREEDOOM = Package("debian", "freedoom", "0.12.1-2")
SCIKIT_IMAGE = Package("pypi", "scikit-image", "0.26.0")
SCIKIT_LEARN = Package("pypi", "scikit-learn", "1.9.1")

CUTOUTS = (
    Source(
        "noto-emoji",
        "cutout",
        (Package("debian", "fonts-noto-color-emoji", "2.042-0+deb12u1"), UNICODE),
        "OFL-1.1",
        "Noto Color Emoji, copyright Google Inc. and the noto-emoji authors.",
        emoji.emoji_font,
    ),
    Source(
        "twemoji",
        "cutout",
        (Package("npm", "@twemoji/svg", "15.0.0"), UNICODE),
        "CC-BY-4.0",
        "Twemoji graphics, copyright Twitter, Inc. and other contributors; scaled and trimmed.",
        emoji.emoji_files,
    ),
    Source(
        "fluent-emoji",
        "cutout",
        (Package("npm", "@lobehub/fluent-emoji-3d", "1.1.0"), UNICODE),
        "MIT",
        "Fluent Emoji, copyright Microsoft Corporation.",
        emoji.emoji_files,
    ),
    Source(
        "openclipart",
        "cutout",
        (Package("debian", "openclipart-png", "1:0.18+dfsg-19"),),
        "LicenseRef-public-domain",
        "Open Clip Art Library, dedicated to the public domain by its authors.",
        folders.clipart,
    ),
    Source(
        "tango-icons",
        "cutout",
        (Package("debian", "tango-icon-theme", "0.8.90-11"),),
        "LicenseRef-public-domain",
        "Tango icon theme, dedicated to the public domain by its authors.",
        folders.icon_theme,
    ),
    Source(
        "freedoom-sprites",
        "cutout",
        (FREEDOOM,),
        "BSD-3-Clause",
        "Freedoom sprites, copyright 2001-2019 contributors to the Freedoom project.",
        folders.game_sprites,
    ),
)

BACKGROUNDS = (
    Source(
        "science-photos",
        "background",
        (SCIKIT_IMAGE,),
        "CC0-1.0",
        "Sample images of scikit-image in the public domain or under CC0.",
        partial(photos.crops, photos.SCIKIT_IMAGE, 4),
    ),
    Source(
        "landscape-flower",
        "background",
        (SCIKIT_LEARN,),
        "CC-BY-2.0",
        "china.jpg by danielbuechele, flower.jpg by vultilion; cropped.",
        partial(photos.crops, photos.SCIKIT_LEARN, 15),
    ),
    Source(
        "freedoom-floors",
        "background",
        (FREEDOOM,),
        "BSD-3-Clause",
        "Freedoom floors, copyright 2001-2019 contributors to the Freedoom project.",
        textures.game_floors,
    ),
    Source(
        "plain",
        "background",
        (),
        "CC0-1.0",
        "Generated.",
        partial(noise.generated, (noise.gradient,)),
    ),
    Source(
        "clouds",
        "background",
        (),
        "CC0-1.0",
        "Generated.",
        partial(noise.generated, (noise.clouds,)),
    ),
    Source(
        "patterns",
        "background",
        (),
        "CC0-1.0",
        "Generated.",
        partial(noise.generated, (noise.stripes, noise.checks, noise.cells, noise.dots)),
    ),
)

SOURCES = (*CUTOUTS, *BACKGROUNDS)
