"""The documents that the box knows: where they come from, how they are kept and found."""
