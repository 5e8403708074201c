"""What is asked of whom, by whom, and how it is scored."""
