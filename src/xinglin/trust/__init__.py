"""Trust: who may use what, and the proof."""
