"""What a team writes in an afternoon where it has no gateway: the second floor.

FastAPI, async SQLAlchemy and livekit-api; a call is two durable commits around one dial. It has no
routing, limits, idempotency, audit or events, and forgets the calls under way when it ends.
"""
