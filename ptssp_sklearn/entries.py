"""Entries of a feature cache: their keys, and vectors as bytes."""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray


def cache_key(*parts: str | bytes) -> str:
    """Give the key of an entry: SHA-256 of its parts, each with its length."""
    digest = hashlib.sha256()
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        digest.update(len(data).to_bytes(8, "little"))
        digest.update(data)
    return digest.hexdigest()


def array_digest(array: NDArray) -> bytes:
    """Give the SHA-256 of an array: type, shape and values."""
    digest = hashlib.sha256(f"{array.dtype.str} {array.shape} ".encode())
    digest.update(np.ascontiguousarray(array).data)
    return digest.digest()


def pack(values: NDArray[np.float64]) -> bytes:
    """Turn a vector into bytes; in half the space where single precision holds it exactly."""
    with np.errstate(over="ignore"):
        small = values.astype(np.float32)
    exact = np.array_equal(small.astype(np.float64), values, equal_nan=True)
    return b"f" + small.tobytes() if exact else b"d" + values.astype(np.float64).tobytes()


def unpack(data: bytes) -> NDArray[np.float64]:
    """Give back what `pack` was given."""
    return np.frombuffer(data[1:], dtype=data[:1].decode()).astype(np.float64)
