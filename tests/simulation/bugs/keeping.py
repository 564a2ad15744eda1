"""Bugs about what is kept and told: requests, limits, events, records, webhooks, transfers."""

from tests.simulation.bugs import plans
from tests.simulation.bugs.bug import Bug, Change

BUGS = (
    Bug(
        name="given up though one waits elsewhere",
        breaks="A call ends when its client leaves one gateway, though another still waits.",
        changes=(
            Change(
                "service/api/waiting.py",
                "            if tx.waited_for_elsewhere(call.call_id, self._gateway_id):\n"
                "                return call\n",
                "",
            ),
        ),
        rules=("requests.no_call_is_given_up_while_a_client_waits",),
        seed=0,
        doings=plans.ONE_LEAVES_ELSEWHERE,
    ),
    Bug(
        name="given up though one waits here",
        breaks="A call ends when one of its clients leaves, though another waits at the gateway.",
        changes=(
            Change(
                "service/api/waiting.py",
                "        if not self._waiting[call.call_id]:\n"
                "            await self._give_up(call)\n",
                "        await self._give_up(call)\n",
            ),
        ),
        rules=("requests.no_call_is_given_up_while_a_client_waits",),
        seed=0,
        doings=plans.ONE_LEAVES,
    ),
    Bug(
        name="sequence kept in memory",
        breaks="A gateway counts events on from what it has written last, whatever others wrote.",
        changes=(
            Change(
                "store/transaction.py",
                "_INSERT_CONFIG = statement(insert(configurations))\n",
                "_INSERT_CONFIG = statement(insert(configurations))\n_KNOWN = {}\n",
            ),
            Change(
                "store/transaction.py",
                "        return waiting.get(tenant_id)"
                " or self._stored.newest_sequence(tenant_id)\n",
                "        known = (self._batch.log_id, tenant_id)\n"
                "        if known not in _KNOWN:\n"
                "            _KNOWN[known] = self._stored.newest_sequence(tenant_id)\n"
                "        return waiting.get(tenant_id) or _KNOWN[known]\n",
            ),
            Change(
                "store/transaction.py",
                "        self._writes.sequences[event.tenant_id] = sequence\n",
                "        self._writes.sequences[event.tenant_id] = sequence\n"
                "        _KNOWN[self._batch.log_id, event.tenant_id] = sequence\n",
            ),
        ),
        rules=(
            "events.sequences_have_no_gaps",
            "requests.nothing_fails_inside",
            "memory.no_error_is_unexpected",
        ),
        seed=1,
    ),
    Bug(
        name="notice of an earlier attempt is believed",
        breaks="What is seen of a leg that was given up counts for the next trunk's leg.",
        changes=(
            Change(
                "domain/calls/whose_leg.py",
                "    return sip_call_id in earlier_legs(call)"
                ' or call.sip_call_id not in ("", sip_call_id)\n',
                "    return False\n",
            ),
            Change(
                "service/arrivals/notices.py",
                "            if is_newest_of(leg, call):\n",
                "            if True:\n",
            ),
        ),
        rules=(
            "truthful.sip_call_ids_are_true",
            "truthful.ringing_is_true",
            "truthful.answers_are_true",
            "truthful.sip_status_is_true",
            "truthful.end_reason_is_true",
        ),
        seed=0,
        doings=plans.TOLD_AGAIN,
    ),
    Bug(
        name="place taken only by the answer",
        breaks="A call counts against the limits on concurrent calls only once it is answered.",
        changes=(
            Change(
                "store/counts.py",
                "_COUNT = select(func.count()).select_from(calls).where(calls.c.open == true())\n",
                "_COUNT = select(func.count()).select_from(calls).where("
                "calls.c.open == true(), calls.c.state == 4)\n",
            ),
            Change(
                "store/counts.py",
                "            not call.ended and share.holds(",
                "            call.state == 4 and share.holds(",
            ),
            Change(
                "store/counts.py",
                '        calls.c.open == true(), calls.c.call_id == bindparam("call")\n',
                "        calls.c.open == true(), calls.c.state == 4,"
                ' calls.c.call_id == bindparam("call")\n',
            ),
        ),
        rules=("limits.tenants_keep_their_places", "limits.trunks_keep_their_places"),
        seed=0,
    ),
    Bug(
        name="starts not counted",
        breaks="A new call does not count against limits on calls a second or minute.",
        changes=(
            Change(
                "service/ledger/admission.py",
                "                tx.put_start(limit.scope,"
                " start_after(self._starts(limit), self.now))\n",
                "                pass\n",
            ),
        ),
        rules=("limits.rates_are_kept",),
        seed=0,
    ),
    Bug(
        name="time of a call begins when it is followed",
        breaks="A clock that is put right while a call is being stored moves its deadlines.",
        changes=(
            Change(
                "service/ledger/timeline.py",
                "        timeline = time or Timeline(self._clock, call.newest_time, read)\n",
                "        timeline = Timeline(self._clock, call.newest_time, read)\n",
            ),
        ),
        rules=("durations.livekit_gets_what_is_left",),
        seed=0,
        doings=plans.PUT_RIGHT,
    ),
    Bug(
        name="late success of a transfer dropped",
        breaks="LiveKit's answer after the transfer's timeout settles nothing any more.",
        changes=(
            Change(
                "domain/calls/transfer.py",
                "    return replace(transfer, state=TransferState.COMPLETED,"
                " settled=True, end_time=seen.time)\n",
                "    done = _if_pending(transfer, TransferState.COMPLETED, seen.time)\n"
                "    return replace(done, settled=True)\n",
            ),
        ),
        rules=(
            "transfers.outcomes_are_known_when_nothing_is_wrong",
            "transfers.transfers_are_true",
        ),
        seed=0,
        doings=plans.TRANSFERRED_LATE,
    ),
    Bug(
        name="webhook delivered before it was",
        breaks="An event is marked as delivered when it is sent, and lost if the receiver fails.",
        changes=(
            Change(
                "service/deliveries/lane.py",
                "        async with self._post.slots:\n",
                "        await self._settle(_Tried(before, None))\n"
                "        async with self._post.slots:\n",
            ),
        ),
        rules=("webhooks.each_event_is_delivered",),
        seed=0,
    ),
    Bug(
        name="request id not kept",
        breaks="A repeated PlaceCall with the same `request_id` places another call.",
        changes=(
            Change(
                "service/api/call_acceptance.py",
                "        if claim:\n            tx.put_claim(claim)\n",
                "",
            ),
        ),
        rules=("requests.a_request_id_is_one_call", "requests.a_request_is_one_call"),
        seed=0,
    ),
    Bug(
        name="events of other gateways not told",
        breaks="Watchers see only the events that their own gateway has stored.",
        changes=(
            Change(
                "store/news.py",
                "                self._handed.catch_up(newest, self._give)\n",
                "                self._handed.catch_up(newest, lambda events: None)\n",
            ),
        ),
        rules=("events.watchers_see_everything_once",),
        seed=2,
    ),
    Bug(
        name="intent not recorded",
        breaks="A phone is dialled without an audit record of who asked for it.",
        changes=(
            Change(
                "service/api/call_acceptance.py",
                "        tx.append_audit(self._trail.intent("
                "wanted.intent, choice_recorded(decision), call))\n",
                "",
            ),
        ),
        rules=("audit.each_call_has_its_intent", "phones.only_accepted_calls_are_dialled"),
        seed=0,
    ),
    Bug(
        name="ended calls stay held",
        breaks="A gateway goes on holding its calls when they have ended.",
        changes=(
            Change(
                "service/ledger/record.py",
                "            tx.let_go(call_id)\n",
                "",
            ),
            Change(
                "service/ledger/lease.py",
                "                if call.ended:\n                    tx.let_go(call.call_id)\n",
                "                pass\n",
            ),
        ),
        rules=("ends.nothing_is_held",),
        seed=0,
    ),
    Bug(
        name="lost answer taken for a failure",
        breaks="A commit whose answer was lost is written again without asking what became of it.",
        changes=(
            Change(
                "store/writer.py",
                "            if doubt is None or not lost(error):\n                raise\n",
                "            raise\n",
            ),
        ),
        rules=(
            "audit.each_call_has_its_intent",
            "events.a_call_goes_only_forward",
            "requests.a_request_is_one_call",
            "requests.nothing_fails_inside",
        ),
        seed=0,
        doings=plans.ANSWERS_LOST,
    ),
)
