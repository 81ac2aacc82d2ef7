"""What `lares doctor` looks at: each check is a function that gives findings with their remedy."""
