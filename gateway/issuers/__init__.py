"""HTTP towards the issuers of tokens: where their keys are, and the keys.

Nothing is decided or remembered here. Lost at this door: everything of an answer but its JSON.
"""
