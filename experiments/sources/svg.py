"""SVG to pixels."""

from __future__ import annotations

import io
import re
from pathlib import Path

from PIL import Image

WIDTH = 256


def rasterised(svg: str, width: int = WIDTH) -> Image.Image:
    """Draw an SVG document, `width` pixels wide, on a transparent ground.

    Raises
    ------
    ImportError
        If resvg-py is missing; says what to install.
    """
    try:
        import resvg_py
    except ImportError as error:
        raise ImportError("Drawing SVG needs resvg-py. Run: pip install resvg-py==0.5.0") from error
    png = resvg_py.svg_to_bytes(svg_string=svg, width=width, skip_system_fonts=True)
    return Image.open(io.BytesIO(bytes(png))).convert("RGBA")


def rasterised_file(path: Path, width: int = WIDTH) -> Image.Image:
    """Draw an SVG file."""
    return rasterised(path.read_text(encoding="utf-8"), width)


def coloured(svg: str, colour: tuple[int, int, int]) -> str:
    """Put a colour in place of ``currentColor`` and as the fill of the whole document."""
    hexed = "#{:02x}{:02x}{:02x}".format(*colour)
    return re.sub(r"<svg\b", f'<svg fill="{hexed}"', svg.replace("currentColor", hexed), count=1)
