"""The demo home: a process of its own that knows Lares only through MQTT."""
