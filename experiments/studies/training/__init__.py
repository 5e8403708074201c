"""Ways to train and score a network of a study."""
