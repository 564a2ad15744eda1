"""The real stack that the tests run against.

Redis, the real livekit-server, and a stand-in SIP node (``sipnode/``, in Go) that sits behind
LiveKit's own internal interface, joins rooms as a SIP participant and plays the telephones by
their numbers. Each leg speaks, with its name in every frame, and tells whom it has heard. Rooms,
tokens, trunks, webhooks and error mapping are LiveKit's own; only the SIP leg is simulated.
``python -m tests.stack`` starts it and says how a gateway reaches it.
"""
