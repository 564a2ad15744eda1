"""Signatures that any library for Standard Webhooks accepts."""

import base64

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from gateway.domain.tenant import Webhook as Configured
from gateway.webhooks.sender import HttpSender
from gateway.webhooks.signature import sign
from tests.stands.clocks import RealClock
from tests.stands.receiving import SECRET, Inbox
from tests.stands.values import a_call, an_event

MESSAGE_ID = "msg_p5jXN8AQM9LWM0D4loKWxJek"
TIMESTAMP = 1614265330
BODY = b'{"test": 2432232314}'


def a_secret(length: int = 32, first: int = 0) -> str:
    key = bytes(range(first, first + length))
    return f"whsec_{base64.b64encode(key).decode()}"


def test_the_standards_own_example() -> None:
    """The published secret, message and time give the published signature."""
    expected = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    assert sign(SECRET, MESSAGE_ID, TIMESTAMP, BODY) == expected


def test_two_secrets_give_two_signatures() -> None:
    """While a secret is replaced each event is signed with both, in their order."""
    old, new = a_secret(24), a_secret(64)
    both = sign(f"{new}\n{old}\n", MESSAGE_ID, TIMESTAMP, BODY)
    assert both.split(" ") == [sign(secret, MESSAGE_ID, TIMESTAMP, BODY) for secret in (new, old)]


@pytest.mark.parametrize(
    "wrong", ["", " \n", "whsec_", a_secret(23), a_secret(65), "whsec_a b", a_secret()[6:]]
)
def test_a_secret_that_is_none_is_refused(wrong: str) -> None:
    """Wrong length, alphabet or prefix raises, without showing the secret."""
    with pytest.raises(ValueError, match=r"^(there is no|a) signing secret") as refused:
        sign(wrong, MESSAGE_ID, TIMESTAMP, BODY)
    shown = str(refused.value)
    assert not any(part in shown for part in wrong.split() if len(part) > len("whsec_"))


async def test_the_standards_own_library_accepts_a_request(inbox: Inbox) -> None:
    """What arrives is verified by `standardwebhooks` with the secret, and not with another."""
    old, new = a_secret(first=1), a_secret(first=2)
    sender = HttpSender(
        clock=RealClock(),
        body_of=lambda event: f'{{"event_id": "{event.event_id}"}}'.encode(),
        secret_of=lambda _: f"{old} {new}",
        private_addresses=True,
    )
    webhook = Configured(webhook_id="crm", url=inbox.url, secret_from="file:/hook")
    event = an_event(a_call("call_1"))
    await sender.send(webhook, event)
    await sender.close()
    (posted,) = inbox.seen
    for secret in (old, new):
        assert Webhook(secret).verify(posted.content, posted.headers) == {
            "event_id": event.event_id
        }
    with pytest.raises(WebhookVerificationError):
        Webhook(a_secret()).verify(posted.content, posted.headers)
