"""The sources: packages, versions, licences and attributions."""

from __future__ import annotations

from functools import partial

from experiments.sources import (
    avatars,
    drawn,
    emoji,
    folders,
    glyphs,
    icons,
    noise,
    photos,
    textures,
)
from experiments.sources.material import Items, Source
from experiments.sources.packages import Package

UNICODE = Package("debian", "unicode-data", "15.0.0-1")
FREEDOOM = Package("debian", "freedoom", "0.12.1-2")
SCIKIT_IMAGE = Package("pypi", "scikit-image", "0.26.0")
COMIC = Package("debian", "fonts-comic-neue", "2.51-4")
VOLLKORN = Package("debian", "fonts-vollkorn", "4.105-2")
JURA = Package("debian", "fonts-jura", "5.103-3")
GOTHIC = Package("debian", "fonts-dotgothic16", "1.000-20210120-2")
FONTS = (
    COMIC,
    VOLLKORN,
    JURA,
    GOTHIC,
    Package("debian", "fonts-humor-sans", "1.0-4"),
    Package("debian", "fonts-kaushanscript", "1.02-2.1"),
    Package("debian", "fonts-klaudia-berenika", "2011-09-03-2"),
    Package("debian", "fonts-leckerli-one", "20120409-1"),
    Package("debian", "fonts-gotico-antiqua", "0+git20190704-4"),
    Package("debian", "fonts-lobster", "2.0-2.1"),
    Package("debian", "fonts-okolaks", "0.6.0-2"),
)
DICEBEAR = tuple(Package("npm", f"@dicebear/{name}", "9.4.3") for name in ("core", *avatars.STYLES))
PUBLIC_DOMAIN = "LicenseRef-public-domain"
FREEDOOM_BY = "copyright 2001-2012 contributors to the Freedoom project."
FONTS_BY = (
    "Letters drawn with Comic Neue (Craig Rozynski), Vollkorn (Friedrich Althausen), Jura "
    "(Daniel Johnson), DotGothic16 (The DotGothic16 Project Authors), Humor Sans (Michael "
    "Ciuffo), Kaushan Script and Lobster (Pablo Impallari), Klaudia (wmk69), Leckerli One "
    "(Gesine Todt), Gotico-Antiqua (Jérôme Knebusch), Okolaks (Grzegorz Luk)."
)
AVATARS_BY = (
    "CC0: Lorelei by Lisa Wischofsky, Notionists by Zoish, Open Peeps by Pablo Stanley, Pixel "
    "Art by DiceBear. CC-BY-4.0, remixed: Adventurer by Lisa Wischofsky, Face Generator by The "
    "Visual Team, Custom Avatar by Ashley Seo, Croodles by Vijay Verma, Avatar Illustration "
    "System by Micah Lanier, Miniavs by Webpixels, Personas by Draftbit."
)
SCIENCE_LICENCE = f"CC0-1.0 AND {PUBLIC_DOMAIN}"
SCIENCE_BY = (
    "Sample images of scikit-image, all CC0 or in the public domain: astronaut and Hubble deep "
    "field by NASA, rocket by SpaceX, brick, grass and gravel by CC0Textures, camera by Lav "
    "Varshney, cell by its owner, chelsea and clock by Stefan van der Walt, coffee by Rachel "
    "Michetti, retina by Mikael Häggström, text by its author."
)
WALLPAPERS_BY = (
    "Photographs by Aitzol Berasategi, Trevor 'Freespace', Jakub Mede and Abhishek Mudgal "
    "(CC-BY-4.0) and Clemens Engelhardt (CC0); cropped."
)


def _cutout(name: str, licence: str, by: str, items: Items, *packages: Package) -> Source:
    return Source(name, "cutout", packages, licence, by, items)


def _background(name: str, licence: str, by: str, items: Items, *packages: Package) -> Source:
    return Source(name, "background", packages, licence, by, items)


CUTOUTS = (
    _cutout(
        "noto-emoji",
        "OFL-1.1 AND Apache-2.0",
        "Noto Color Emoji, copyright 2013-2017 Google Inc. and Arjen Nienhuis.",
        emoji.emoji_font,
        Package("debian", "fonts-noto-color-emoji", "2.042-0+deb12u1"),
        UNICODE,
    ),
    _cutout(
        "twemoji",
        "CC-BY-4.0",
        "Twemoji graphics, copyright Twitter, Inc. and other contributors; scaled and trimmed.",
        emoji.emoji_files,
        Package("npm", "@twemoji/svg", "15.0.0"),
        UNICODE,
    ),
    _cutout(
        "fluent-emoji",
        "MIT",
        "Fluent Emoji, copyright Microsoft Corporation.",
        emoji.emoji_files,
        Package("npm", "@lobehub/fluent-emoji-3d", "1.1.0"),
        UNICODE,
    ),
    _cutout(
        "openclipart",
        PUBLIC_DOMAIN,
        "Open Clip Art Library, dedicated to the public domain by its authors.",
        folders.clipart,
        Package("debian", "openclipart-png", "1:0.18+dfsg-19"),
    ),
    _cutout(
        "tango-icons",
        PUBLIC_DOMAIN,
        "Tango icon theme, dedicated to the public domain by its authors.",
        folders.icon_theme,
        Package("debian", "tango-icon-theme", "0.8.90-11"),
    ),
    _cutout(
        "freedoom-sprites",
        "BSD-3-Clause",
        f"Freedoom sprites, {FREEDOOM_BY}",
        folders.game_sprites,
        FREEDOOM,
    ),
    _cutout(
        "game-icons",
        "CC-BY-3.0",
        "Game-icons.net, by Lorc, Delapouite and contributors; coloured.",
        icons.game_icons,
        Package("npm", "@iconify-json/game-icons", "1.2.4"),
    ),
    _cutout(
        "park-icons",
        "Apache-2.0",
        "IconPark, copyright 2019-present Bytedance Inc.; coloured.",
        icons.park_icons,
        Package("npm", "@icon-park/svg", "1.4.2"),
    ),
    _cutout(
        "flags",
        "MIT",
        "flag-icons, copyright 2013 Panayiotis Lipiridis; cut and shaded.",
        icons.flags,
        Package("npm", "flag-icons", "7.5.0"),
    ),
    _cutout(
        "avatars",
        "CC0-1.0 AND CC-BY-4.0",
        AVATARS_BY,
        avatars.avatars,
        *DICEBEAR,
    ),
    _cutout("latin-letters", "OFL-1.1", FONTS_BY, glyphs.latin, *FONTS),
    _cutout(
        "world-scripts",
        "OFL-1.1",
        "Letters drawn with Noto Sans, copyright Google LLC.",
        glyphs.scripts,
        Package("debian", "fonts-noto-core", "20201225-1"),
    ),
    _cutout("shapes", "CC0-1.0", "Generated.", drawn.shapes),
    _cutout("patches", SCIENCE_LICENCE, SCIENCE_BY, drawn.patches, SCIKIT_IMAGE),
)

BACKGROUNDS = (
    _background(
        "science-photos",
        SCIENCE_LICENCE,
        SCIENCE_BY,
        partial(photos.crops, photos.SCIKIT_IMAGE, 4),
        SCIKIT_IMAGE,
    ),
    _background(
        "landscape-flower",
        "CC-BY-2.0",
        "china.jpg by danielbuechele, flower.jpg by vultilion; cropped.",
        partial(photos.crops, photos.SCIKIT_LEARN, 15),
        Package("pypi", "scikit-learn", "1.9.1"),
    ),
    _background(
        "wallpapers",
        "CC-BY-4.0 AND CC0-1.0",
        WALLPAPERS_BY,
        partial(photos.crops, photos.WALLPAPERS, 6),
        Package("debian", "lomiri-wallpapers-16.04", "20.04.0-2"),
    ),
    _background(
        "freedoom-floors",
        "BSD-3-Clause",
        f"Freedoom floors, {FREEDOOM_BY}",
        textures.game_floors,
        FREEDOOM,
    ),
    _background("pages", "OFL-1.1", FONTS_BY, textures.pages, COMIC, VOLLKORN, JURA, GOTHIC),
    _background("plain", "CC0-1.0", "Generated.", partial(noise.generated, (noise.gradient,))),
    _background("clouds", "CC0-1.0", "Generated.", partial(noise.generated, (noise.clouds,))),
    _background(
        "patterns",
        "CC0-1.0",
        "Generated.",
        partial(noise.generated, (noise.stripes, noise.checks, noise.cells, noise.dots)),
    ),
)

SOURCES = (*CUTOUTS, *BACKGROUNDS)
