"""The LLM engine beside llama.cpp's own tools, built from the same source: `make bench-llm`."""
