"""How late a thing may be, in seconds, while nothing is wrong. `weather` says what faults add."""

LATE = 3.0
"""From the moment at which a call must end to its stored end: LiveKit's half second, our clock's
0.4 s, a poll, the CANCEL, and a look whether the leg is gone."""
SEEN_GONE = 10.0
"""From the end of a leg to the stored end of its call: an answered leg is polled every 5 s at
least, a notice is waited for 0.6 s, the report of a transfer 3 s. A gateway that has N calls open,
and sends R polls a second at most, adds N / R s: simulated ones have too few to matter."""
LEG_AFTER_END = 0.5
"""From the stored end of a call to the end of its leg: an ended call has left the room."""
RINGS_ON = 1.0
"""How long after the ringing timeout a phone may still ring: LiveKit keeps the time that it was
given, and the gateway's own clock acts 0.4 s later."""
EARLY = 0.2
"""How much sooner than its time a phone may stop ringing: requests take their way."""
TALKS_ON = 2.0
"""How long after `max_duration` an answered phone may still be connected."""
SHORT = 0.2
"""How much sooner than `max_duration` a call may end: the answer takes its way to the gateway."""
SILENT_ON = 4.0
"""How long after `setup_timeout` a silent phone may still be dialled if another trunk is tried: a
free one is looked for once a second, and a leg that still joins is removed later."""
SEEN_RINGING = 1.0
"""From the first ringing to `ring_time`: a poll, every half a second at most."""
SEEN_ANSWERED = 0.5
"""From the answer to `answer_time`: LiveKit's reply to the dial."""
UNSEEN_RINGING = 0.6
"""A gateway that has heard no notice may miss ringing that is shorter than this."""
FOUND = 65.0
"""Until a caller whose notice was lost is found: a sweep every 30 s, of one gateway at a time, that
lists all rooms while they are few."""
SWEPT = 100.0
"""Until the leg that an ended call left behind is removed: it is left alone for 10 s, found by a
sweep, and if it stays cleared with its room by the next sweep."""
ANSWERS = 1.0
"""Until a request is answered that waits for nothing but the database."""
HANG_UP_PATIENCE = 10.5
"""Until HangUpCall is answered, whatever happens to the leg."""
DELIVERED = 5.0
"""From an event to its webhook's first delivery, if the receiver is well."""
TIMEOUT_SEEN = 1.0
"""From a transfer's timeout to its OUTCOME_UNKNOWN."""
JUST = 0.05
"""Two things that are the same to within the time that messages take between processes."""
CROSSING = 0.15
"""Within this a phone and its gateway may say opposite things: a SIP message is on its way."""
CLOCKS_APART = 0.6
"""The most by which the clocks of two simulated gateways differ that are right."""
SILENT_FOR = 31.5
"""After 32 s without any answer LiveKit gives an INVITE up (SIP's timer B)."""
DESERTED = 65.0
"""How long a phone rings on whose LiveKit died, and forgot it."""
LISTENS = 60.0
"""How much longer than a transfer's timeout LiveKit listens for its outcome."""
SEEN_JOINED = 1.0
"""From an agent's joining until its gateway has seen it: a look each 0.25 s, or a notice; and five
seconds at most until LiveKit lists its job matter only where two of a name are in one room."""
REASON_WAITED = 4.0
"""From when a leg is seen gone to the stored end: 3 s for a transfer, 0.6 s for a notice."""
STRANGER = 4.0
"""How long a caller who is set apart with music may hear somebody who has come, or come again: the
room is looked at every second, and the leg is asked for what follows."""
RELEASED = 6.0
"""From the end of a hold or a warm transfer until all hear each other: its gateway is told at once,
and looks at the leg every 5 s at least."""
