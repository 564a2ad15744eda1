"""Issuers of tokens as the configuration's messages have them."""

from gateway.domain.tenant import Right, TokenGrant, TokenIssuer
from gateway.telephony.v1 import admin_pb2
from gateway.wire.fields_v1 import enum_of


def token_issuer(message: admin_pb2.TokenIssuer) -> TokenIssuer:
    """The domain's value of a message in which nothing is unreadable."""
    return TokenIssuer(
        issuer=message.issuer,
        audiences=tuple(message.audiences),
        jwks_url=message.jwks_url,
        grants=tuple(map(_grant, message.grants)),
    )


def _grant(message: admin_pb2.TokenGrant) -> TokenGrant:
    """A right that a newer version knows grants nothing here, not what no right at all means."""
    names = admin_pb2.Right.DESCRIPTOR
    rights = frozenset(
        right
        for number in message.rights
        if (right := enum_of(names, number, Right, "rights")) is not None
    )
    return TokenGrant(
        claims=dict(message.claims),
        tenant_id=message.tenant_id,
        rights=rights if message.rights else TokenGrant().rights,
    )
