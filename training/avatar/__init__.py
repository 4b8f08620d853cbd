"""Makes an avatar of your own head: see README.md."""
