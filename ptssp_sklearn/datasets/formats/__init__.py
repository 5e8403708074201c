"""One reader a label format: a folder or file in, a labelled data set out."""
