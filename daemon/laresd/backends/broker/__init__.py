"""MQTT: the client that is the `Bus` port, and the embedded broker of a first run."""
