"""Home Assistant's entities as devices of the home, for what is not on MQTT (optional)."""
