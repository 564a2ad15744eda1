"""Which requests reach a method, and what all others are told."""

from tests.conformance.asking import at, filled, rpc, typed
from tests.conformance.case import Case, Need
from tests.conformance.checks import has_no_body, is_bad_route, is_error, is_success

ROUTES = (
    Case(
        name="a JSON request",
        promise="POST to {prefix}/{package}.{Service}/{Method} reaches the method.",
        ask=rpc("json"),
        expect=(is_success("json"),),
    ),
    Case(
        name="a protobuf request",
        promise="The same route takes protobuf as well.",
        ask=rpc("protobuf"),
        expect=(is_success("protobuf"),),
        needs=lambda target: target.rpc.protobuf is not None,
    ),
    Case(
        name="a query string",
        promise="What stands behind a question mark is no part of the route.",
        ask=at("{prefix}/{service}/{method}?trace=1"),
        expect=(is_success("json"),),
        note="The specification is silent; Go looks at the path alone.",
    ),
    Case(
        name="a percent-encoded slash",
        promise="Paths are compared decoded.",
        ask=at("{prefix}/{service}%2F{method}"),
        expect=(is_success("json"),),
        note="The specification is silent; Go compares the decoded path.",
    ),
    Case(
        name="the header Twirp-Version",
        promise="The version that Go's clients send is ignored, whatever it says.",
        ask=lambda target: rpc(headers={**target.headers, "Twirp-Version": "v99.0.0"})(target),
        expect=(is_success("json"),),
        note="The specification has no such header; Go's clients send theirs, servers send none.",
    ),
)

WRONG_PATHS = {
    "an unknown method": "{prefix}/{service}/NoSuchMethod",
    "no method": "{prefix}/{service}",
    "an empty method": "{prefix}/{service}/",
    "a method in another case": "{prefix}/{service}/{swapped}",
    "an unknown service": "{prefix}/{service}X/{method}",
    "a service without its package": "{prefix}/{short}/{method}",
    "no prefix": "/{service}/{method}",
    "another prefix": "/rpc{prefix}x/{service}/{method}",
    "the prefix twice": "{prefix}{prefix}/{service}/{method}",
    "a slash at the end": "{prefix}/{service}/{method}/",
    "two slashes at the beginning": "/{prefix}/{service}/{method}",
    "two slashes before the service": "{prefix}//{service}/{method}",
    "two slashes before the method": "{prefix}/{service}//{method}",
    "something behind the method": "{prefix}/{service}/{method}/more",
    "gRPC's path with a dot for the slash": "{prefix}/{service}.{method}",
    "the root": "/",
}


def differs(path: str) -> Need:
    """Whether the path is a wrong one for the target: some have no prefix, or no package."""
    return lambda target: filled(path, target) != target.path()


PATHS = tuple(
    Case(
        name=f"path: {name}",
        promise="A path that names no method of the service is a bad_route; none is corrected.",
        ask=at(path),
        expect=(is_bad_route,),
        needs=differs(path),
    )
    for name, path in WRONG_PATHS.items()
)

METHODS = (
    *(
        Case(
            name=f"HTTP method {method}",
            promise="Only POST asks for an RPC; any other HTTP method is a bad_route, not a 405.",
            ask=rpc(method=method),
            expect=(is_bad_route,),
            note="The specification says only that requests are POST; Go answers 404 bad_route.",
        )
        for method in ("GET", "PUT", "PATCH", "DELETE", "OPTIONS")
    ),
    Case(
        name="HTTP method HEAD",
        promise="HEAD is a bad_route too, told by the status alone.",
        ask=rpc(method="HEAD", body=b""),
        expect=(is_error("bad_route"), has_no_body),
    ),
)

RIGHT_TYPES = {
    "with a parameter": "application/{}; charset=utf-8",
    "with a parameter and no space": "application/{};charset=utf-8",
    "with a space before the parameter": "application/{} ; charset=utf-8",
    "with a semicolon and nothing": "application/{};",
    "with spaces around": "  application/{}  ",
    "with a charset that it is not": "application/{}; charset=utf-16",
}
TYPES = (
    *(
        Case(
            name=f"content type {encoding} {name}",
            promise="The content type counts up to the semicolon, without spaces.",
            ask=typed(written.format(encoding), encoding),
            expect=(is_success(encoding),),
            needs=lambda target: target.rpc.protobuf is not None,
            note="The specification names the bare types; Go cuts, trims and lower-cases.",
        )
        for encoding in ("json", "protobuf")
        for name, written in RIGHT_TYPES.items()
    ),
    Case(
        name="content type JSON in upper case",
        promise="The content type is compared in lower case.",
        ask=typed("APPLICATION/JSON; CHARSET=UTF-8"),
        expect=(is_success("json"),),
    ),
    Case(
        name="content type protobuf in mixed case",
        promise="The content type is compared in lower case.",
        ask=typed("Application/Protobuf", "protobuf"),
        expect=(is_success("protobuf"),),
        needs=lambda target: target.rpc.protobuf is not None,
    ),
    Case(
        name="the header Accept",
        promise="The answer's type is the request's, whatever the client says it accepts.",
        ask=lambda target: rpc(headers={**target.headers, "Accept": "text/html"})(target),
        expect=(is_success("json"),),
    ),
    *(
        Case(
            name=f"content type {written!r}",
            promise="Any other content type is a bad_route, not a 415.",
            ask=typed(written),
            expect=(is_bad_route,),
            note="The specification does not say what happens; Go answers 404 bad_route.",
        )
        for written in (
            None,
            "",
            "text/plain",
            "json",
            "application/x-protobuf",
            "application/grpc",
            "application/jsonp",
            "application/json, application/protobuf",
        )
    ),
)

CASES = (*ROUTES, *PATHS, *METHODS, *TYPES)
