"""What actually places the call: LiveKit, or the sandbox that simulates phones in process.

Here lives everything that knows LiveKit's requests, replies, tokens and texts. Nothing else
imports `livekit` but `wire/livekit`, which serves LiveKit's own methods. No decision about a
call belongs here: which trunk, whether to try again, what a failure means and when a call is
over are the domain's and the services'. What is lost at this door: LiveKit's HTTP status and
error details, its transfer id, attributes other than those of a `Leg`, participants that are no
phones, and all notices but those of legs that join and leave. Why a leg left is known by notice
only.
"""
