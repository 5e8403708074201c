"""Networks of the studies."""
