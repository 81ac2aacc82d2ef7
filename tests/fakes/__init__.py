"""Fakes of the ports, one file each; the contract suites hold them to the real behaviour."""
