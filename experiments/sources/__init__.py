"""Image material for cut-and-paste segmentation datasets, made from pinned packages."""
