"""The model, one part a file, under the names of docs/pack.md."""
