"""The stages of training, each resumable and run by training.run."""
