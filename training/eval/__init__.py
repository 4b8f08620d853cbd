"""Figures of the model card."""
