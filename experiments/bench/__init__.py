"""Speed and agreement of both transformers against their peers."""
