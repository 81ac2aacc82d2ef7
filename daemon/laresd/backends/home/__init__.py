"""The home as the broker tells it: discovery, states, and acting with the device's own echo."""
