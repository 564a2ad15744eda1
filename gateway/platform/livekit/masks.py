"""What the gateway keeps from a leg, as LiveKit keeps it.

`deaf` and `hidden` are permissions, which LiveKit keeps for new tracks, new connections and after a
restart. `muted` is a subscription less for everybody in the room, and `music` one less of the leg's
own for each of them, which cannot be read back: so an attribute of the leg says what was done, and
for which tracks.
"""

from collections.abc import Iterable, Mapping, Sequence

from livekit.protocol.models import ParticipantInfo, ParticipantPermission, TrackType
from livekit.protocol.room import UpdateParticipantRequest, UpdateSubscriptionsRequest

from gateway.domain.hold import Mask
from gateway.domain.rooms.seen import Company

HOLD_ATTRIBUTE = "gateway.hold"
"""Empty, or words of these five and the ids of the tracks that are muted."""
_DEAF, _HIDDEN, _MUTED, _MUSIC = "deaf", "hidden", "muted", "music"
_MASKED = "masked"
"""It was to hear music only: it is to be subscribed to the others before it hears them again."""
_BEGUN = "begun"
"""Something is still to be done: subscriptions, which come last."""
_AUDIBLE = {ParticipantInfo.Kind.STANDARD, ParticipantInfo.Kind.AGENT, ParticipantInfo.Kind.SIP}
"""Kinds of participants that are for hearing and being heard."""
ROLE_ATTRIBUTE, MUSICIAN = "gateway.role", "hold_music"
"""By this an agent, or any other program, says that it plays music for those who are set apart."""


def mask_of(info: ParticipantInfo) -> Mask | None:
    """What is kept from a leg; None if its permissions or tracks are not those of its attribute."""
    said = info.attributes.get(HOLD_ATTRIBUTE, "").split()
    if not said:
        return Mask()  # whatever its permissions are, they are not the gateway's
    mask = Mask(_DEAF in said, _HIDDEN in said, _MUTED in said, _MUSIC in said)
    missing = mask.muted and not set(said).issuperset(audio_of(info))
    allowed = info.permission
    is_so = not info.HasField("permission") or (
        (mask.deaf, mask.hidden) == (not allowed.can_subscribe, allowed.hidden)
    )
    return mask if is_so and not missing and _BEGUN not in said else None


def audio_of(info: ParticipantInfo) -> Sequence[str]:
    """LiveKit's ids of its audio tracks."""
    return [track.sid for track in info.tracks if track.type == TrackType.AUDIO]


def permitting(room: str, info: ParticipantInfo, mask: Mask) -> UpdateParticipantRequest:
    """Permissions first. All are replaced: those it has, and the two changed."""
    allowed = ParticipantPermission()
    allowed.CopyFrom(info.permission)
    allowed.can_subscribe = not mask.deaf
    allowed.hidden = mask.hidden
    words = [_MASKED] if mask.music or _is_masked(info) else []
    if is_heard_otherwise(info, mask) or hears_again(info, mask):
        words.append(_BEGUN)
    return UpdateParticipantRequest(
        room=room,
        identity=info.identity,
        permission=allowed,
        attributes={HOLD_ATTRIBUTE: _text(mask, words)},
    )


def is_heard_otherwise(info: ParticipantInfo, mask: Mask) -> bool:
    """Subscriptions are to change: to mute it, or to make sure that it is heard again."""
    was = mask_of(info)
    shown = was is None or was.muted or (was.hidden and not mask.hidden)
    return mask.muted or shown


def done(room: str, info: ParticipantInfo, mask: Mask) -> UpdateParticipantRequest:
    """Subscriptions are as they are to be: the attribute says so."""
    words = [_MASKED] if _is_masked(info) and mask.holds else []
    words += audio_of(info) if mask.muted else ()
    return UpdateParticipantRequest(
        room=room, identity=info.identity, attributes={HOLD_ATTRIBUTE: _text(mask, words)}
    )


def hears_again(info: ParticipantInfo, mask: Mask) -> bool:
    """It was to hear music only, and is to hear everybody."""
    return _is_masked(info) and not mask.holds


def is_musician(info: ParticipantInfo) -> bool:
    """It plays music; a phone never does."""
    plays = info.attributes.get(ROLE_ATTRIBUTE) == MUSICIAN
    return plays and info.kind != ParticipantInfo.Kind.SIP


def company_of(people: Iterable[ParticipantInfo]) -> Company:
    """Those in a room, as `Company`."""
    there = [one for one in people if one.state != ParticipantInfo.State.DISCONNECTED]
    others = [
        one for one in there if not is_musician(one) and one.kind != ParticipantInfo.Kind.EGRESS
    ]
    return Company(
        plays=any(is_musician(one) and audio_of(one) for one in there),
        others=tuple(sorted(name for one in others for name in (one.sid, *audio_of(one)))),
    )


def hearing(
    room: str, info: ParticipantInfo, others: Iterable[ParticipantInfo], mask: Mask
) -> Sequence[UpdateSubscriptionsRequest]:
    """Its own subscriptions: with `music` to musicians and nobody else, after it to everybody else.

    Others than musicians are left alone where it did not have `music`. One that is hidden is
    announced, and subscribed to, when it is shown.
    """
    if mask.deaf:
        return ()
    people = [one for one in others if one.identity != info.identity]
    shown = [one for one in people if mask.music or not one.permission.hidden]
    tracks = {
        plays: [track for one in shown if is_musician(one) == plays for track in audio_of(one)]
        for plays in (False, True)
    }
    return [
        UpdateSubscriptionsRequest(
            room=room, identity=info.identity, track_sids=each, subscribe=plays == mask.music
        )
        for plays, each in tracks.items()
        if each and (plays or mask.music or _is_masked(info))
    ]


def _is_masked(info: ParticipantInfo) -> bool:
    return _MASKED in info.attributes.get(HOLD_ATTRIBUTE, "").split()


def subscriptions(
    room: str, info: ParticipantInfo, others: Iterable[ParticipantInfo], mask: Mask
) -> Mapping[str, Sequence[UpdateSubscriptionsRequest]]:
    """For each other participant, by LiveKit's id of it, its requests in order.

    Whoever came while the leg was hidden is subscribed only by taking it back first. The SIP nodes
    of other legs subscribe by themselves.
    """
    tracks = audio_of(info)
    if not tracks:
        return {}
    return {
        one.sid: [
            UpdateSubscriptionsRequest(
                room=room, identity=one.identity, track_sids=tracks, subscribe=subscribe
            )
            for subscribe in _turns(one, mask)
        ]
        for one in others
        if one.identity != info.identity and one.kind in _AUDIBLE
    }


def _turns(listener: ParticipantInfo, mask: Mask) -> Sequence[bool]:
    if mask.muted:
        return (False,)
    return (True,) if listener.kind == ParticipantInfo.Kind.SIP else (False, True)


def _text(mask: Mask, more: Iterable[str] = ()) -> str:
    words = {_DEAF: mask.deaf, _HIDDEN: mask.hidden, _MUTED: mask.muted, _MUSIC: mask.music}
    return " ".join([*(word for word, is_so in words.items() if is_so), *more])
