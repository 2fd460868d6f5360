"""What a language model runs in, behind one interface."""
