"""Scripts that make the small speech model in ``laresd/bundled/speech-en`` from nothing but
synthesized speech.
"""
