"""Speech to text by any Whisper model in CTranslate2's format."""
