"""The fast engine's library in C++, and `build.py`, which compiles it. `engine/fast.py` calls it."""
