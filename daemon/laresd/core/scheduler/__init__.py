"""Where a job is computed, and what is done when that place fails."""
