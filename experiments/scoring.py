"""Mask mAP of predictions, COCO-style, through faster-coco-eval."""
