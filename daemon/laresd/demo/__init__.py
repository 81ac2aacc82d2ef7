"""A simulated home in a process of its own. It knows Lares only through MQTT."""
