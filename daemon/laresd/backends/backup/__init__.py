"""The box's state kept elsewhere: encrypted, deduplicated, and put back (by restic)."""
