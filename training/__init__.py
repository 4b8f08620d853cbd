"""Training of the echo-head models."""
