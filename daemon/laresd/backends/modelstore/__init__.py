"""Models: which there are, where they lie, how they come. Synchronous: call it in a thread."""
