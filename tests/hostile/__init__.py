"""Attacks on a gateway that runs as a process, and what they may cost everybody else at most.

The attacker is the tenant acme, or somebody without a token. Whether it did harm is told by the
tenant globex: a probe in a process of its own asks for its calls all the time (`probe.py`), so
neither the attacker's work nor the test's makes an answer late. The rest is read where it cannot
be talked away: in /proc, in the database's size, at the other end of a connection.
"""
