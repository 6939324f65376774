"""The lecture "Transformers": its worked example replayed, checked against what it prints, and told as a tour.

`replay.py` puts the trace together from `inputs.py`, `steps.py` and `decoding.py`; `facts.py` has the
printed numbers, `checks.py` holds them against the replay; `tour.yaml` has the words.
"""
