"""What a request may hold at most, and the error that says so."""

from __future__ import annotations

from dataclasses import dataclass

from ptssp_sklearn.exceptions import InputError

IMAGE_FORMATS = ("PNG", "JPEG", "WEBP", "BMP")
MASK_FORMATS = IMAGE_FORMATS


class RequestError(InputError):
    """A request cannot be answered; the message names the row and says what to do."""


@dataclass(frozen=True)
class Limits:
    """What a request may hold at most.

    Attributes
    ----------
    request_bytes : int
        Length of the whole request.
    rows : int
    images : int
        A row.
    image_bytes : int
        Length of the file of an image or mask.
    image_pixels : int
        Pixels of an image or mask as it is decoded, checked before; a JPEG is decoded smaller.
    kept_pixels : int
        Pixels of an image that are kept; a larger one is scaled down, and its mask with it.
    pixels : int
        Pixels of all images of a request together, scaled down.
    objects : int
        In a mask.
    pilot_points : int
        A row.
    """

    request_bytes: int = 64_000_000
    rows: int = 16
    images: int = 16
    image_bytes: int = 10_000_000
    image_pixels: int = 16_000_000
    kept_pixels: int = 4_200_000
    pixels: int = 33_600_000
    objects: int = 2000
    pilot_points: int = 200


DEFAULT_LIMITS = Limits()


def check_row_count(count: int, limits: Limits) -> None:
    """Refuse a request without rows, or with too many."""
    if not 0 < count <= limits.rows:
        raise RequestError(
            f"Got {count:,} rows, expected 1 to {limits.rows}. Split them over several requests."
        )


def too_many_bytes(place: str, count: int, limits: Limits) -> RequestError:
    """Say that the file of an image or a mask is too large."""
    message = f"Got {place} of {count:,} bytes, expected at most {limits.image_bytes:,}."
    return RequestError(message, "bytes", name=place, count=count, most=limits.image_bytes)
