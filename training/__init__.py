"""Making and judging models: dialogue data, pretraining, LoRA, evaluation."""
