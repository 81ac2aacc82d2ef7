"""Do: audio devices, the broker and its devices, worker processes, storage, models."""
