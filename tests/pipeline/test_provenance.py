from __future__ import annotations

import re
from importlib import metadata
from pathlib import Path

from ptssp_sklearn import __version__
from ptssp_sklearn.pipeline.provenance import code_version, content_hash, pinned_requirements
from tests.tiny import curves, images

ROOT = Path(__file__).parents[2]


def test_the_hash_follows_every_part_of_the_content():
    X, y, groups = images(3), curves(3), [0, 0, 1]
    hashes = {content_hash(X, y, groups), content_hash(None, y, groups), content_hash(X, y)}
    changed = X.copy()
    changed.iloc[0, 0] = changed.iloc[0, 0].copy()
    assert content_hash(changed, y, groups) in hashes
    changed.iloc[0, 0][0, 0, 0] ^= 1
    hashes.add(content_hash(changed, y, groups))
    for other in (y.rename(index={"task-0": "task-9"}), y + 1e-12, y.rename(columns={2.0: 3.0})):
        hashes.add(content_hash(X, other, groups))
    hashes.add(content_hash(X, y, [0, 1, 1]))
    assert len(hashes) == 8
    assert all(re.fullmatch(r"[0-9a-f]{32}", one) for one in hashes)


def test_paths_and_bytes_are_hashed_too():
    y = curves(1)
    cells = {content_hash(images(1).assign(image_1=[cell]), y) for cell in ("a.png", b"a", "b.png")}
    assert len(cells) == 3


def test_requirements_are_pinned_and_hold_this_package():
    found = pinned_requirements("mlflow")
    assert f"ptssp_sklearn=={__version__}" in found
    assert f"mlflow=={metadata.version('mlflow')}" in found
    assert {"torch", "skorch", "safetensors"} <= {one.partition("==")[0] for one in found}
    assert all(re.fullmatch(r"[\w.-]+==[\w.]+", one) for one in found)


def test_the_version_names_the_commit():
    commit = r"\+[0-9a-f]{7,}(-dirty)?" if (ROOT / ".git").exists() else ""
    assert re.fullmatch(re.escape(__version__) + commit, code_version())
