"""Pages of lists: how many entries and bytes one has, and the token of the next."""
