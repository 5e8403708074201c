"""Real photographs, fine-tuned on: their curves measured, their images as features, the bank."""
