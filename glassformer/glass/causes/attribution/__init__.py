"""Attributions of the literature: a number for each token read, without changing the model (but for occlusion).

They need not agree with an intervention, nor with each other; `comparison.py` says where they do not.
"""
