"""Voices: espeak-ng, and Piper's on onnxruntime."""
