"""What `lares` does for each word typed after it."""
