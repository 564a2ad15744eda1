"""Once around every RPC: what a method is (`endpoint`), and all that happens before and after it.

Knows neither a protocol nor a message: engines bring requests, vocabularies bring rows. What is
lost at this door: how a request came in; the service knows an `Rpc` alone.
"""
