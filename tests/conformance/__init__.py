"""What a Twirp (v7) server must do, as a table of cases that any server can be held against.

A `Target` says where the server is and what may be asked of it; each `Case` is one promise: a
request and what must be true of the answer. The suite knows no gateway and no message. It is
run here against the gateway and against a server on Twirp's own Go runtime (`goserver/`), whose
passing shows that the suite asks for nothing that the reference does not do; and
`python -m tests.conformance` runs it against any other server.

Where the written specification and Go's server differ, or the specification is silent, Go's
server is right, for its clients are the ones there are, and the case says so in its `note`.
"""
