"""The decoders that decode_speed.py compares: one file for each, and the process that each runs in.

Each may have a Python of its own, so only `glassformer.py` imports glassformer; the rest need numpy and safetensors.
"""
