"""Tools that a language model may call, and how each family of models writes its calls."""
