"""The judge of a finished run: compares what the gateways say and keep with what happened.

`judge(evidence)` returns every broken promise. What is promised is said by the docstring of each
rule in `rules/`, how late a thing may be in `bounds.py`, and what excuses it in `weather.py`.
"""
