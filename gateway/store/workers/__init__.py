"""Who keeps a store's writing and watching going: in threads, or as whoever opens it wants.

What is written and watched is no matter here: it is handed over as generators that say how long
to wait and never wait themselves. What is lost at this door: nothing.
"""
