"""Parametric heads: load public head assets, pose them with 52 coefficients, and render them with exact labels."""
