"""Around every RPC: what a method is (`endpoint`), and what happens before and after it.

Knows neither protocols nor messages: engines bring requests, vocabularies bring rows. The
service sees only an `Rpc`, not how a request came in.
"""
