"""Segmentation datasets a learning curve can be measured on."""
