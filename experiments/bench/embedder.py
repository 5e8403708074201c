"""`ImageEmbedder` against a loop of one image a forward pass, and the bare network."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from sklearn.linear_model import Ridge
from sklearn.metrics.pairwise import paired_cosine_distances
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline

from experiments.bench.page import machine, medians, write_section
from experiments.protocol.markdown import markdown_table
from ptssp_sklearn import ImageEmbedder
from ptssp_sklearn.embedding.networks.network_backbone import NetworkBackbone

SIDE = 640
PER_ROW = 4
PACKAGES = ("torch", "pillow", "timm", "open_clip_torch")
HEAD = (
    "backbone", "engine", "precision", "one-image loop", "bare network", "embedder",
    "bare / loop", "embedder / loop", "embedder / bare", "5-fold CV / one embedding",
    "second run / first", "cosine to float32",
)  # fmt: skip


def photographs(folder: Path, n: int) -> list[list[str]]:
    """Lay JPEG files of 640 x 640 pixels, cut from a photograph; give them as rows."""
    import skimage.data

    photo = Image.fromarray(skimage.data.astronaut())
    rng = np.random.default_rng(0)
    paths = []
    for i in range(n):
        left, top = rng.integers(0, 200, 2)
        cut = photo.crop((left, top, left + 300, top + 300)).resize((SIDE, SIDE))
        noisy = np.asarray(cut) + rng.normal(0, 6, (SIDE, SIDE, 3))
        paths.append(str(folder / f"{i}.jpg"))
        Image.fromarray(np.clip(noisy, 0, 255).astype(np.uint8)).save(paths[-1], quality=90)
    return [paths[i : i + PER_ROW] for i in range(0, n, PER_ROW)]


def random_clip(folder: Path) -> Path:
    """Store a CLIP ViT-B/32 of random weights: speed does not depend on them."""
    import open_clip
    import torch

    path = folder / "clip.pt"
    torch.manual_seed(0)
    torch.save(open_clip.create_model("ViT-B-32", pretrained=None).state_dict(), path)
    return path


def one_image_loop(network: Any, preprocess: Any, paths: list[str]) -> None:
    """Decode, prepare and embed image by image, in float32."""
    import torch

    with torch.inference_mode():
        for path in paths:
            network(preprocess(Image.open(path).convert("RGB"))[None]).numpy()


def bare_network(backbone: NetworkBackbone, n: int) -> Callable[[], None]:
    """Give what runs the embedder's network on n ready tensors, in its precision."""
    import torch

    loaded = backbone.loaded
    blank = loaded.preprocessing.prepare(np.zeros((SIDE, SIDE, 3), np.uint8))
    batch = loaded.batch([blank] * backbone.batch_size)

    def run() -> None:
        with torch.inference_mode():
            for _ in range(n // backbone.batch_size):
                loaded.answer(batch)

    return run


def network_of(embedder: ImageEmbedder) -> NetworkBackbone:
    """Give the fitted embedder's network."""
    backbone = embedder.backbone_
    assert isinstance(backbone, NetworkBackbone)
    return backbone


def cached_shares(
    name: str, options: dict[str, Any], embedder: ImageEmbedder, rows: list[list[str]]
) -> tuple[float, float]:
    """Time a cross-validation and a second run, both cached, as shares of one embedding.

    The cache's folder is left where the images are, to be removed with them: ext4 makes files
    many times slower for some minutes after others were removed.
    """
    folder = tempfile.mkdtemp(dir=Path(rows[0][0]).parent)
    cached = ImageEmbedder(name, cache_dir=folder, progress=False, **options)
    pipeline, y = make_pipeline(cached, Ridge()), np.arange(float(len(rows)))
    of_cv = partial(cross_val_score, pipeline, rows, y, cv=5)
    first = medians({"cv": of_cv, "ours": lambda: embedder.transform(rows)}, 1)
    second = medians({"again": partial(cached.fit_transform, rows)}, 1)
    return first["cv"] / first["ours"], second["again"] / first["ours"]


def measure(name: str, options: dict[str, Any], rows: list[list[str]], runs: int) -> list[str]:
    """Measure one backbone; give its line of the table."""
    paths = [path for row in rows for path in row]
    exact = ImageEmbedder(name, precision="float32", cache_dir=False, **options)
    exact = exact.set_params(engine="torch").fit(rows)
    plain, whole = network_of(exact).build(pretrained=True)
    plain = plain.eval()
    embedder = ImageEmbedder(name, cache_dir=False, progress=False, **options).fit(rows)
    backbone = network_of(embedder)
    seconds = medians(
        {
            "loop": lambda: one_image_loop(plain, whole, paths),
            "bare": bare_network(backbone, len(paths)),
            "ours": lambda: embedder.transform(rows),
        },
        runs,
    )
    shares = [cached_shares(name, options, embedder, rows) for _ in range(runs)]
    cv, again = np.median(shares, axis=0)
    width = backbone.n_outputs
    cosine = (
        1.0
        - paired_cosine_distances(
            exact.transform(rows)[:, :width], embedder.transform(rows)[:, :width]
        )
    ).min()
    rates = {key: len(paths) / value for key, value in seconds.items()}
    precision = str(backbone.loaded.dtype).removeprefix("torch.")
    return [
        name, embedder.engine, precision,
        *(f"{rates[key]:.1f} /s" for key in ("loop", "bare", "ours")),
        f"{rates['bare'] / rates['loop']:.2f}", f"{rates['ours'] / rates['loop']:.2f}",
        f"{rates['ours'] / rates['bare']:.2f}",
        f"{cv:.2f}", f"{again:.1%}", f"{cosine:.5f}",
    ]  # fmt: skip


def main(n_images: int = 192, runs: int = 3) -> None:
    """Measure both backbones and write the section."""
    import torch

    with tempfile.TemporaryDirectory() as folder:
        rows = photographs(Path(folder), n_images)
        clip = {"weights": random_clip(Path(folder))}
        lines = [
            measure(name, options, rows, runs)
            for name, options in (
                ("clip", clip),
                ("efficientnet_lite0", {}),
                ("efficientnet_lite0", {"engine": "openvino"}),
            )
        ]
    write_section(
        "embedder",
        f"""{markdown_table(HEAD, lines)}

{n_images} JPEG files of {SIDE} x {SIDE} pixels in, vectors out, on the CPU; images a second are
medians of {runs} runs in turn with the peers, ratios of the same run. The loop is float32, one
image a forward pass; the bare network runs in the embedder's own precision and batches, on
inputs that are ready, so that "bare / loop" bounds "embedder / loop". CLIP is ViT-B/32 with
random weights. Cross-validation and the second
run use a folder as cache; a second run loads no network again in the same process.

PyTorch had {torch.get_num_threads()} threads. {machine(*PACKAGES)}""",
    )


if __name__ == "__main__":
    main()
