"""Compute: each module runs in a worker process and speaks frames on stdin and stdout."""
