"""Two simulated people talking: speech, faces, heads, gaze and the avatar's written emotion, at 25 fps."""
