"""Published scores of detectors: read, cleaned, judged on data sets left out."""
