"""The command line of `experiments.collect`, and the kinds of data it measures on."""
