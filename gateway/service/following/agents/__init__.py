"""The agents of followed calls: dispatched once each, and seen to come and go.

What a call does without its agent is no matter of this folder but its follower's, which acts on the
call's row. Nothing is lost at this door: where an agent is can be looked up again.
"""
