"""Training of echo-head packs: data -> model -> stages -> export. See README.md."""
