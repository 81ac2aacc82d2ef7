"""From words to actions: what a sentence means for the devices that exist now."""
