"""The backbone without weights: statistics, landmarks, a small U-Net trained for 50 steps."""
