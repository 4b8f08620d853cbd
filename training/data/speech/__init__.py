"""Speech with exact phone times, and the mouth curves that belong to it."""
