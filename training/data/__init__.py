"""Made-up data: heads, speech, conversations."""
