"""The vocabulary of `gateway.telephony.v1`: a row per RPC."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from google.protobuf.message import Message

from gateway.domain.rpc import Rpc
from gateway.domain.tenant import Right
from gateway.rpc.endpoint import LEG_BYTES, Endpoint, stream, unary
from gateway.service.api.call_commands import CallCommands
from gateway.service.api.events import EventService
from gateway.service.api.holding import Holding
from gateway.service.api.placing import Placing
from gateway.service.api.queries import CallQueries
from gateway.service.api.transfers import TransferService
from gateway.service.api.warm.service import WarmTransfers
from gateway.telephony.v1 import calls_pb2
from gateway.wire.telephony_v1 import requests, responses

CALL_SERVICE = calls_pb2.DESCRIPTOR.services_by_name["CallService"]


def endpoints(
    placing: Placing,
    queries: CallQueries,
    commands: CallCommands,
    holding: Holding,
    transfers: TransferService,
    warm: WarmTransfers,
    events: EventService,
) -> Sequence[Endpoint]:
    """Every RPC: its name, message → request, the use case, result → message."""
    return (
        _unary(
            "PlaceCall",
            requests.place_call,
            placing.place_call,
            responses.placed,
            max_bytes=LEG_BYTES,
        ),
        _unary("GetCall", requests.get_call, queries.get_call, responses.got_call),
        _unary("ListCalls", requests.list_calls, queries.list_calls, responses.page_of_calls),
        *_streams(queries, events),
        _unary(
            "ListCallEvents",
            requests.list_call_events,
            events.list_call_events,
            responses.page_of_events,
        ),
        _unary("UpdateCall", requests.update_call, commands.update_call, responses.updated),
        _unary(
            "HangUpCall",
            requests.hang_up_call,
            commands.hang_up_call,
            responses.hung_up,
            always=True,
        ),
        _unary("HoldCall", requests.hold_call, holding.hold_call, responses.held),
        _unary("ResumeCall", requests.resume_call, holding.resume_call, responses.resumed),
        _unary("ListTrunks", requests.list_trunks, queries.list_trunks, responses.trunks),
        *_of_transfers(transfers),
        *_of_warm_transfers(warm),
    )


def _of_transfers(transfers: TransferService) -> Sequence[Endpoint]:
    return (
        _unary(
            "TransferCall",
            requests.transfer_call,
            transfers.transfer_call,
            responses.transferring,
            max_bytes=LEG_BYTES,
        ),
        _unary(
            "GetTransfer", requests.get_transfer, transfers.get_transfer, responses.got_transfer
        ),
        _unary(
            "ListTransfers",
            requests.list_transfers,
            transfers.list_transfers,
            responses.transfers_of_call,
        ),
    )


def _of_warm_transfers(warm: WarmTransfers) -> Sequence[Endpoint]:
    return (
        _unary(
            "StartWarmTransfer",
            requests.start_warm_transfer,
            warm.start,
            responses.warm_started,
            max_bytes=LEG_BYTES,
        ),
        _unary(
            "CompleteWarmTransfer",
            requests.warm_transfer,
            warm.complete,
            responses.warm_completed,
        ),
        _unary("CancelWarmTransfer", requests.warm_transfer, warm.cancel, responses.warm_canceled),
    )


def _streams(queries: CallQueries, events: EventService) -> Sequence[Endpoint]:
    return (
        stream(
            CALL_SERVICE,
            "ExportCalls",
            requests.export_calls,
            queries.export_calls,
            responses.exported,
            rights=(Right.CALL,),
            instead="ListCalls",
        ),
        stream(
            CALL_SERVICE,
            "WatchCalls",
            requests.watch_calls,
            events.watch_calls,
            responses.watched,
            rights=(Right.CALL,),
            instead="ListCallEvents",
        ),
    )


def _unary(
    name: str,
    decode: Callable[[Any], Any],
    serve: Callable[[Rpc, Any], Awaitable[Any]],
    encode: Callable[[Any], Message],
    **more: Any,
) -> Endpoint:
    return unary(CALL_SERVICE, name, decode, serve, encode, rights=(Right.CALL,), **more)
