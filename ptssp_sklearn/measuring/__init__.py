"""A pilot measured: a learner trained on growing subsets of a labelled data set and scored."""
