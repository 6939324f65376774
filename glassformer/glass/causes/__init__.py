"""Causes: what decides a word, found out by changing what the model computes and seeing which word it says then.

A question is a contrast of two words at one step (`contrast.py`). An intervention changes an activation, an edge of
attention or a token (`interventions.py`); `intervening.py` does so to the running model, `asking.py` asks a question
under many interventions at once. On these stand patching between two sentences (`patching.py`), the maps of a sweep
(`sweep.py`), direct effects and paths (`paths.py`). Without any change: the residual stream as a sum
(`decomposition.py`), what each layer would say (`lens.py`), and the attributions of the literature (`attribution/`).
`study.py` measures heads over many sentences.
"""
