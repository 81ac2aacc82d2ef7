"""The text of files that nobody vouches for, read in a process that may do nothing else."""
