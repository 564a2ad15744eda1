"""What an error looks like: one case for each code and encoding of the request."""

from collections.abc import Callable

from tests.conformance.asking import provoking, rpc
from tests.conformance.case import Case
from tests.conformance.checks import STATUS, is_error, is_success
from tests.conformance.target import ENCODINGS, EncodingName, Target

NOTES = {
    "data_loss": "The specification writes dataloss; Go and every client write data_loss.",
    "resource_exhausted": "403 until version 5 of the protocol.",
    "deadline_exceeded": "Twirp has no deadline on the wire; a server may still have its own.",
    "internal": "Go's server shows callers the text of any error that is no Twirp error.",
}


def can_provoke(code: str, encoding: EncodingName) -> Callable[[Target], bool]:
    """Whether the target tells a request that is answered so."""

    def can(target: Target) -> bool:
        known = target.errors.get(code)
        return known is not None and (encoding == "json" or known.protobuf is not None)

    return can


CASES = (
    *(
        Case(
            name=f"{code} to a {encoding} request",
            promise="An error has its code's HTTP status and is JSON, whatever the request was.",
            ask=provoking(code, encoding),
            expect=(is_error(code),),
            needs=can_provoke(code, encoding),
            note=NOTES.get(code, ""),
        )
        for code in STATUS
        for encoding in ENCODINGS
    ),
    Case(
        name="a good request after an application's error",
        promise="An error does not spoil the connection for the request that follows.",
        before=provoking("not_found", "json"),
        ask=rpc(),
        expect=(is_success("json"),),
        needs=can_provoke("not_found", "json"),
    ),
)
