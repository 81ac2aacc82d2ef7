"""The language model: many requests in one llama.cpp context, with one thread that owns it."""
