"""Wake words and voice activity, on every frame that the microphones give."""
