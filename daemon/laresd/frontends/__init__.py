"""Ask: where requests come in (voice, MQTT, the control socket) and replies go out."""
