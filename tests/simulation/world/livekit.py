"""LiveKit: its Twirp API, its rooms and SIP legs, and the phones that it rings."""

from asyncio import Future
from collections.abc import Callable

from google.protobuf.message import Message
from livekit.api import ServerErrorCode
from livekit.protocol.agent_dispatch import (
    CreateAgentDispatchRequest,
    DeleteAgentDispatchRequest,
    ListAgentDispatchRequest,
)
from livekit.protocol.models import Room
from livekit.protocol.room import (
    CreateRoomRequest,
    DeleteRoomRequest,
    DeleteRoomResponse,
    ListParticipantsRequest,
    ListParticipantsResponse,
    ListRoomsRequest,
    ListRoomsResponse,
    RemoveParticipantResponse,
    RoomParticipantIdentity,
    SendDataRequest,
    SendDataResponse,
    UpdateParticipantRequest,
    UpdateSubscriptionsRequest,
    UpdateSubscriptionsResponse,
)
from livekit.protocol.sip import CreateSIPParticipantRequest, TransferSIPParticipantRequest

from gateway.domain.calls.leg import CALL_ID_ATTRIBUTE
from gateway.domain.calls.observation import LeaveReason
from tests.simulation.engine.chance import Chance
from tests.simulation.engine.history import History
from tests.simulation.engine.loop import NodeLoop
from tests.simulation.plan.doings import Reception, ReferReception, RingIn
from tests.simulation.world import answers
from tests.simulation.world.agents import Agents
from tests.simulation.world.door import UNCLAIMED, Answer, Asked, Door
from tests.simulation.world.legs import CallersLeg, DialledLeg, Leg, Limits
from tests.simulation.world.notices import Notices
from tests.simulation.world.participant import Participant
from tests.simulation.world.phones import Phones
from tests.simulation.world.rooms import Rooms
from tests.simulation.world.truth import DialRequest, Invite, ReferRequest, Truth

REMOVES_AFTER = 0.003
LOOKS_FOR = 3.0
"""Seconds that LiveKit looks for a participant which no server holds."""
REJOINS_AFTER, REJOINS_WITHIN = 0.2, 4.0
"""Seconds from the end of a restart until a SIP node has joined again, and their spread."""


class LiveKit:
    """One LiveKit with one SIP node, on a loop of its own.

    `trouble` says what is wrong with it, `notices` where its notices go and what is wrong with
    them. Everything that happens to a phone is in `truth`.
    """

    def __init__(self, loop: NodeLoop, chance: Chance, history: History, truth: Truth) -> None:
        self.loop = loop
        self.truth = truth
        self.notices = Notices(loop, chance, history)
        self.phones = Phones(loop, chance, history, truth)
        self.rooms = Rooms(loop, history, truth, self.notices, chance.ids("participants"))
        self._agents = Agents(
            *(loop, chance.stream("livekit", "jobs"), history, truth, self.rooms),
            chance.ids("dispatches"),
        )
        self.door = Door(loop, chance.stream("livekit"), self._answer)
        self.rooms.is_up = lambda: not self.door.down
        self.trouble = self.door.trouble
        self.unknown_trunks: dict[str, None] = {}
        """Ids that no trunk of LiveKit's has."""
        self._history = history
        self._random = chance.stream("livekit", "choices").random
        self._ids = chance.ids("legs")
        self._legs: dict[str, Leg] = {}
        self._methods: dict[str, Callable[[Asked], Answer]] = {
            "CreateSIPParticipant": self._dial,
            "TransferSIPParticipant": self._transfer,
            "GetParticipant": self._participant,
            "RemoveParticipant": self._remove,
            "ListParticipants": self._participants,
            "ListRooms": self._list,
            "CreateRoom": self._create,
            "DeleteRoom": self._delete,
            "UpdateParticipant": self._update,
            "UpdateSubscriptions": self._subscribe,
            "SendData": self._tell,
            "CreateDispatch": self._dispatch,
            "ListDispatch": self._dispatches,
            "DeleteDispatch": self._withdraw,
        }

    async def serve(self, asked: Asked) -> Message:
        """Answers one request; MUST run in a task of this loop.

        Raises what livekit-api would, or NotConnectedError and ConnectionLostError of `network`.
        """
        return await self.door.serve(asked)

    def receive(
        self,
        number: str,
        receptions: tuple[Reception, ...],
        refer: ReferReception | None = ReferReception(),  # noqa: B008  frozen
    ) -> None:
        """From now on there is a phone with this number (E.164), which counts its INVITEs anew."""
        self.phones.add(number, receptions, refer)

    def ring_in(
        self, ring: RingIn, *, room: str, rule: str = "SDR_in", trunk: str = "ST_in"
    ) -> str:
        """A phone calls in, and gets into this room. Returns LiveKit's id of the call.

        Its line is in `truth.invites` too, without a call id and a gateway.
        """
        sip_call_id = f"SCL_{self._ids(6)}"
        invite = Invite(
            number=ring.caller,
            call_id="",
            trunk=trunk,
            room=room,
            identity=f"sip_{ring.caller}",
            sip_call_id=sip_call_id,
            gateway="",
            arrived=self.loop.time(),
        )
        if self.door.down:
            invite.ended, invite.status, invite.ended_by = invite.arrived, 503, "platform"
            self.truth.invites.append(invite)
            return sip_call_id
        leg = CallersLeg(self.phones, self.rooms, invite, self._forget)
        self._legs[sip_call_id] = leg
        attributes = {
            "sip.callID": sip_call_id,
            "sip.callIDFull": f"full-{sip_call_id}",
            "sip.callStatus": "ringing",
            "sip.ruleID": rule,
            "sip.trunkID": trunk,
            "sip.phoneNumber": ring.caller,
            "sip.trunkPhoneNumber": ring.called,
        }
        leg.ring(attributes, ring)
        return sip_call_id

    def restart(self, lasting: float, *, lose_rooms: bool) -> None:
        """The server is killed, and up again after so many seconds.

        With its rooms it loses its SIP node: no phone is told anything. Otherwise the calls go on,
        and the SIP node joins again after seconds, each leg as another participant.
        """
        self._history.tell("livekit", "choices", lose_rooms=lose_rooms)
        self.door.restart(lasting)
        self.notices.restart()
        if not lose_rooms:
            self.rooms.disconnect(lambda: lasting + REJOINS_AFTER + REJOINS_WITHIN * self._random())
            return
        self.rooms.forget()
        for leg in list(self._legs.values()):
            leg.desert()

    # The Twirp API.

    def _answer(self, asked: Asked) -> Answer:
        return self._methods[asked.method](asked)

    def _dial(self, asked: Asked) -> Answer:
        request = asked.message
        assert isinstance(request, CreateSIPParticipantRequest)
        call_id = request.participant_attributes[CALL_ID_ATTRIBUTE]
        trunk = request.sip_trunk_id or request.trunk.hostname
        ringing = request.ringing_timeout.ToTimedelta().total_seconds()
        number = asked.called or request.sip_call_to
        self.truth.dials.append(
            DialRequest(
                time=self.loop.time(),
                gateway=asked.gateway,
                call_id=call_id,
                trunk=trunk,
                number=number,
                ringing_timeout=ringing,
            )
        )
        self._history.tell("livekit", "dial", call_id=call_id, by=asked.gateway, trunk=trunk)
        if request.sip_trunk_id in self.unknown_trunks:
            raise answers.not_found("requested sip trunk")
        if self.trouble.full:
            return self._full()
        invite = Invite(
            number=number,
            call_id=call_id,
            trunk=trunk,
            room=request.room_name,
            identity=request.participant_identity,
            sip_call_id=f"SCL_{self._ids(6)}",
            gateway=asked.gateway,
            arrived=self.loop.time(),
        )
        leg = DialledLeg(self.phones, self.rooms, invite, self._forget)
        self._legs[invite.sip_call_id] = leg
        longest = request.max_call_duration.ToTimedelta().total_seconds()
        leg.dial(_attributes(request, invite), Limits(ringing, longest), request.dtmf)
        return leg.reply

    def _full(self) -> Answer:
        """One of LiveKit's ways to say so; nothing is dialled."""
        code, how = ServerErrorCode.UNAVAILABLE, self._random()
        if how < 1 / 3:
            raise answers.error(code, "cpu exhausted")
        if how < 2 / 3:
            raise answers.error(code, "failed to listen on udp port")
        return self._failing(UNCLAIMED, lambda: answers.error(code, "no response from servers"))

    def _transfer(self, asked: Asked) -> Answer:
        request = asked.message
        assert isinstance(request, TransferSIPParticipantRequest)
        room, identity = request.room_name, request.participant_identity
        refer = ReferRequest(
            time=self.loop.time(),
            gateway=asked.gateway,
            room=room,
            identity=identity,
            target=request.transfer_to,
        )
        self.truth.refers.append(refer)
        one = self._found(room, identity)
        call_id = one.attributes.get(CALL_ID_ATTRIBUTE, "")
        self._history.tell("livekit", "transfer", call_id=call_id, by=asked.gateway)
        leg = self._legs.get(one.sip_call_id)
        if leg is None:
            raise answers.error(ServerErrorCode.UNAVAILABLE, "no response from servers")
        ringing = request.ringing_timeout.ToTimedelta().total_seconds()
        return leg.refer(refer, min(ringing, asked.limit))

    def _participant(self, asked: Asked) -> Answer:
        request = asked.message
        assert isinstance(request, RoomParticipantIdentity)
        return self._found(request.room, request.identity).shown

    def _update(self, asked: Asked) -> Answer:
        request = asked.message
        assert isinstance(request, UpdateParticipantRequest)
        one = self._found(request.room, request.identity)
        if not one.is_held:
            return self._failing(min(LOOKS_FOR, asked.limit), answers.request_over)
        if request.HasField("permission"):
            self.rooms.hearing.permit(one, request.permission)
        one.attributes |= request.attributes
        one.show()
        return one.shown

    def _subscribe(self, asked: Asked) -> Answer:
        request = asked.message
        assert isinstance(request, UpdateSubscriptionsRequest)
        one = self.rooms.find(request.room, request.identity)
        if one is None or not one.is_held:
            return self._failing(min(LOOKS_FOR, asked.limit), answers.request_over)
        self.rooms.hearing.subscribe(one, request.track_sids, wanted=request.subscribe)
        return UpdateSubscriptionsResponse()

    def _tell(self, asked: Asked) -> Answer:
        """Phones take no messages."""
        request = asked.message
        assert isinstance(request, SendDataRequest)
        if not self.rooms.people(request.room):
            raise answers.not_found("room")
        return SendDataResponse()

    def _dispatch(self, asked: Asked) -> Answer:
        request = asked.message
        assert isinstance(request, CreateAgentDispatchRequest)
        return self._agents.create(request, asked.gateway)

    def _dispatches(self, asked: Asked) -> Answer:
        request = asked.message
        assert isinstance(request, ListAgentDispatchRequest)
        return self._agents.listed(request)

    def _withdraw(self, asked: Asked) -> Answer:
        request = asked.message
        assert isinstance(request, DeleteAgentDispatchRequest)
        return self._agents.delete(request)

    def _remove(self, asked: Asked) -> Answer:
        request = asked.message
        assert isinstance(request, RoomParticipantIdentity)
        one = self._found(request.room, request.identity)
        if not one.is_held:
            return self._failing(min(LOOKS_FOR, asked.limit), answers.request_over)
        reason = LeaveReason.PARTICIPANT_REMOVED
        self.loop.call_later(REMOVES_AFTER, self.rooms.remove, one, reason)
        return RemoveParticipantResponse()

    def _participants(self, asked: Asked) -> Answer:
        request = asked.message
        assert isinstance(request, ListParticipantsRequest)
        people = self.rooms.people(request.room)
        return ListParticipantsResponse(participants=[one.shown for one in people])

    def _list(self, asked: Asked) -> Answer:
        request = asked.message
        assert isinstance(request, ListRoomsRequest)
        wanted = list(request.names)
        names = [name for name in self.rooms.names() if not wanted or name in wanted]
        count = {name: len(self.rooms.people(name)) for name in names}
        rooms = [Room(name=name, num_participants=count[name]) for name in names]
        return ListRoomsResponse(rooms=rooms)

    def _create(self, asked: Asked) -> Answer:
        request = asked.message
        assert isinstance(request, CreateRoomRequest)
        self.rooms.make(request.name)
        return Room(name=request.name)

    def _delete(self, asked: Asked) -> Answer:
        request = asked.message
        assert isinstance(request, DeleteRoomRequest)
        if not self.rooms.delete(request.room):
            raise answers.not_found("requested room")
        return DeleteRoomResponse()

    def _found(self, room: str, identity: str) -> Participant:
        one = self.rooms.find(room, identity)
        if one is None:
            raise answers.not_found("participant")
        return one

    def _failing(self, seconds: float, why: Callable[[], Exception]) -> Answer:
        future: Future[Message] = self.loop.create_future()
        self.loop.call_later(seconds, answers.fail, future, why)
        return future

    def _forget(self, leg: Leg) -> None:
        self._legs.pop(leg.invite.sip_call_id, None)


def _attributes(request: CreateSIPParticipantRequest, invite: Invite) -> dict[str, str]:
    """Those of the participant at its join."""
    numbers = {
        "sip.phoneNumber": request.sip_call_to,
        "sip.trunkPhoneNumber": request.sip_number,
    }
    return {
        **request.participant_attributes,
        **({} if request.hide_phone_number else numbers),
        "sip.callID": invite.sip_call_id,
        "sip.callStatus": "dialing",
        "sip.trunkID": request.sip_trunk_id,
    }
