"""Texts to vectors by an encoder of the BERT family on onnxruntime, in int8."""
