"""Real Debian hosts with systemd as PID 1, in namespaces of this machine: for tests only."""
