"""Findings over many sentences, so that a claim about a head is a measurement: what it looks at (`patterns.py`), and
what of a contrast it carries (`contrasts.py`), each with its size and an interval over sentences (`interval.py`).
"""
