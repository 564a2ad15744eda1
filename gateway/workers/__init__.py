"""Several processes that are one gateway to the outside: ports, starts, ends, lines, metrics.

`ports` keeps the addresses for them, `folder` is where they meet, `supervisor` starts them,
`errand` is what each is told and tells, `lines` keeps their output apart, `gathering` adds up
their metrics. What a worker serves is not known here. Lost at this door: why a worker ended,
beyond its exit code; its own log says it.
"""
