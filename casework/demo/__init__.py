"""A community at the real scale, made up from a seed: what `relais demo` loads and `make run` shows.

Deterministic: the same seed, day and scale give the same rows (but for one password's salt). Nobody in it exists.
"""
