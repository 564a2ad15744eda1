"""Phone numbers for everybody: fictional ones (555-01xx) in area codes of their own.

Carriers write them in their own ways: all of those end in the same ten digits.
"""

_CALLEES = (201, 202, 203, 205, 206, 207, 208, 209, 210, 212, 213, 214, 215, 216, 217, 218)
_CALLERS = (301, 302, 303, 304, 305, 307, 308, 309, 310, 312, 313, 314, 315, 316, 317, 318)
_TARGETS = (401, 402, 404, 405, 406, 407, 408, 409, 410, 412, 413, 414, 415, 417, 419, 423)
_HUMANS = (503, 504, 505, 507, 508, 509, 510, 512, 513, 515, 516, 517, 518, 520, 530, 540)
MOST = 100 * len(_CALLEES)
"""How many phones there are of each kind."""

CARRIER_AREA = 501
TENANT_AREA = 601


def fictional(area: int, which: int) -> str:
    """One of the hundred numbers in an area code that nobody has."""
    return f"+1{area}55501{which:02d}"


def callee(number: int) -> str:
    """The phone that the Place of this number calls."""
    return fictional(_CALLEES[number // 100], number % 100)


def caller(number: int) -> str:
    """The phone that the RingIn of this number calls from."""
    return fictional(_CALLERS[number // 100], number % 100)


def target(number: int) -> str:
    """To which the call of this number is transferred."""
    return fictional(_TARGETS[number // 100], number % 100)


def human(number: int) -> str:
    """Whom a warm transfer of the call of this number consults."""
    return fictional(_HUMANS[number // 100], number % 100)


def ten_digits(dialed: str) -> str:
    """What all ways of writing a number have in common, with and without `+1`, or in a URI."""
    before, _, _ = dialed.partition("@")
    return "".join(char for char in before if char.isdigit())[-10:]
