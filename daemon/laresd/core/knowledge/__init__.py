"""How documents are cut, searched and answered from: the decisions, without a disk or a model."""
