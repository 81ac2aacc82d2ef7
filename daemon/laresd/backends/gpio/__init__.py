"""Buttons, switches and lamps on the pins of a board.

`gpio` is the one file that imports gpiozero, `spi` the one that imports lgpio.
"""
