from __future__ import annotations

import os
import subprocess
import sys
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from ptssp_sklearn.images.cache import (
    DiskCache,
    MemoryCache,
    array_digest,
    cache_key,
    open_cache,
    pack,
    parse_size,
    unpack,
)

KEYS = [cache_key(f"{i}") for i in range(40)]
WRITER = """
import sys
from ptssp_sklearn.images.cache import DiskCache
from ptssp_sklearn.images.cache import cache_key
cache = DiskCache(sys.argv[1], 10**9)
print("ready", flush=True)
i = 0
while True:
    cache.put(cache_key(f"{i % 40}"), bytes([i % 40]) * 3_000_000)
    i += 1
"""


@pytest.fixture(params=["memory", "disk"])
def store(request, tmp_path):
    return MemoryCache(10_000) if request.param == "memory" else DiskCache(tmp_path, 10_000)


@given(arrays(np.float64, st.integers(0, 20)))
def test_packing_keeps_every_value(values):
    assert np.array_equal(unpack(pack(values)), values, equal_nan=True)


def test_single_precision_takes_half_the_space():
    assert len(pack(np.float32([0.1, 0.2]).astype(float))) == 9
    assert len(pack(np.array([0.1, 0.2]))) == 17


def test_what_was_put_is_got(store):
    assert store.get(KEYS[0]) is None
    store.put(KEYS[0], b"one")
    store.put(KEYS[0], b"two")
    assert store.get(KEYS[0]) == b"two"
    assert store.get(KEYS[1]) is None


def test_the_oldest_entries_go_when_the_store_is_full(store):
    for key in KEYS:
        store.put(key, bytes(1000))
        time.sleep(0.002)
        store.get(KEYS[0])
    kept = [key for key in KEYS if store.get(key) is not None]
    assert KEYS[0] in kept
    assert KEYS[-1] in kept
    assert 5 <= len(kept) <= 10


def test_an_entry_larger_than_the_store_is_not_kept_for_long():
    cache = MemoryCache(500)
    cache.put(KEYS[0], bytes(1000))
    assert cache.get(KEYS[0]) is None
    assert cache.size == 0


@pytest.mark.parametrize(
    "damage", [lambda data: data[:-1], lambda data: data + b"x", lambda d: b""]
)
def test_a_damaged_entry_counts_as_missing(tmp_path, damage):
    cache = DiskCache(tmp_path, 10**6)
    cache.put(KEYS[0], b"value")
    (path,) = tmp_path.glob("??/*")
    path.write_bytes(damage(path.read_bytes()))
    assert cache.get(KEYS[0]) is None
    cache.put(KEYS[0], b"value")
    assert DiskCache(tmp_path, 10**6).get(KEYS[0]) == b"value"


def test_an_entry_under_another_ones_name_is_not_believed(tmp_path):
    cache = DiskCache(tmp_path, 10**6)
    cache.put(KEYS[0], b"value")
    (path,) = tmp_path.glob("??/*")
    other = tmp_path / KEYS[1][:2] / KEYS[1]
    other.parent.mkdir(exist_ok=True)
    path.rename(other)
    assert cache.get(KEYS[1]) is None


def test_killed_writers_corrupt_nothing(tmp_path):
    """Two processes write the same keys and are killed in the middle."""
    command = [sys.executable, "-c", WRITER, str(tmp_path)]
    writers = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    for writer in writers:
        assert writer.stdout.readline().strip() == "ready"
    cache = DiskCache(tmp_path, 10**9)
    deadline = time.monotonic() + 20
    while cache.get(KEYS[5]) is None and time.monotonic() < deadline:
        time.sleep(0.01)
    for writer in writers:
        writer.kill()
        writer.wait()
        writer.stdout.close()
    found = {i: cache.get(key) for i, key in enumerate(KEYS)}
    known = {i: value for i, value in found.items() if value is not None}
    assert 5 in known
    assert all(value == bytes([i]) * 3_000_000 for i, value in known.items())


def test_abandoned_files_are_removed(tmp_path):
    left = tmp_path / "ab" / ".0.partial"
    left.parent.mkdir()
    left.write_bytes(b"half")
    DiskCache(tmp_path, 10**6).put(KEYS[0], b"value")
    assert left.exists()
    os.utime(left, (0, 0))
    DiskCache(tmp_path, 10**6).put(KEYS[0], b"value")
    assert not left.exists()


def test_a_folder_removed_meanwhile_is_made_again(tmp_path):
    cache = DiskCache(tmp_path / "a", 10**6)
    (tmp_path / "a").rmdir()
    cache.put(KEYS[0], b"value")
    assert cache.get(KEYS[0]) == b"value"


def test_no_cache_shares_nothing_and_memory_is_shared():
    assert open_cache(None, "1MB") is open_cache(None, 10**6)
    assert open_cache(False, "1MB") is None


def test_a_file_in_place_of_the_folder_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ValueError, match=r"cache_dir='.*file', expected a folder"):
        open_cache(tmp_path / "file", "1MB")


@pytest.mark.parametrize(
    ("size", "expected"),
    [(5000, 5000), ("500MB", 5 * 10**8), ("1.5 gb", 1_500_000_000), ("2GiB", 2**31), ("7k", None)],
)
def test_sizes_are_read(size, expected):
    if expected is None:
        with pytest.raises(ValueError, match="expected a positive number of bytes"):
            parse_size(size)
    else:
        assert parse_size(size) == expected


@pytest.mark.parametrize("size", [0, -5, "", "GB", None, True, "1 2"])
def test_other_sizes_are_refused(size):
    with pytest.raises(ValueError, match="cache_size="):
        parse_size(size)


def test_digests_tell_shape_and_type_apart():
    values = [np.zeros((2, 3), np.uint8), np.zeros((3, 2), np.uint8), np.zeros((2, 3), np.int8)]
    assert len({array_digest(v) for v in values}) == 3
    assert cache_key("ab", "c") != cache_key("a", "bc")
