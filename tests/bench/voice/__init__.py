"""The voice, from the wake word to the loudspeaker, measured."""
