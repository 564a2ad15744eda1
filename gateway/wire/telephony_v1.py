"""The vocabulary of `gateway.telephony.v1`: a row per RPC."""

from collections.abc import Sequence

from gateway.domain.tenant import Right
from gateway.service.calls import CallService
from gateway.service.events import EventService
from gateway.service.transfers import TransferService
from gateway.telephony.v1 import calls_pb2, transfers_pb2
from gateway.wire import telephony_v1_requests as requests
from gateway.wire import telephony_v1_responses as responses
from gateway.wire.endpoint import Endpoint, StreamEndpoint, UnaryEndpoint

CALL_SERVICE = calls_pb2.DESCRIPTOR.services_by_name["CallService"].full_name


def endpoints(
    calls: CallService, transfers: TransferService, events: EventService
) -> Sequence[Endpoint]:
    """Every RPC of the API, in the order of the proto."""
    return (
        UnaryEndpoint(
            service=CALL_SERVICE,
            name="PlaceCall",
            request=calls_pb2.PlaceCallRequest,
            response=calls_pb2.PlaceCallResponse,
            decode=requests.place_call,
            serve=calls.place_call,
            encode=responses.placed,
            right=Right.CALL,
            recorded=lambda placed: bool(placed.call and placed.route),
        ),
        UnaryEndpoint(
            service=CALL_SERVICE,
            name="GetCall",
            request=calls_pb2.GetCallRequest,
            response=calls_pb2.GetCallResponse,
            decode=requests.get_call,
            serve=calls.get_call,
            encode=lambda call: calls_pb2.GetCallResponse(call=responses.call(call)),
            right=Right.CALL,
        ),
        UnaryEndpoint(
            service=CALL_SERVICE,
            name="ListCalls",
            request=calls_pb2.ListCallsRequest,
            response=calls_pb2.ListCallsResponse,
            decode=requests.list_calls,
            serve=calls.list_calls,
            encode=responses.page_of_calls,
            right=Right.CALL,
        ),
        StreamEndpoint(
            service=CALL_SERVICE,
            name="WatchCalls",
            request=calls_pb2.WatchCallsRequest,
            response=calls_pb2.WatchCallsResponse,
            decode=requests.watch_calls,
            serve=events.watch_calls,
            encode=responses.watched,
            right=Right.CALL,
        ),
        UnaryEndpoint(
            service=CALL_SERVICE,
            name="ListCallEvents",
            request=calls_pb2.ListCallEventsRequest,
            response=calls_pb2.ListCallEventsResponse,
            decode=requests.list_call_events,
            serve=events.list_call_events,
            encode=responses.page_of_events,
            right=Right.CALL,
        ),
        UnaryEndpoint(
            service=CALL_SERVICE,
            name="HangUpCall",
            request=calls_pb2.HangUpCallRequest,
            response=calls_pb2.HangUpCallResponse,
            decode=requests.hang_up_call,
            serve=calls.hang_up_call,
            encode=lambda call: calls_pb2.HangUpCallResponse(call=responses.call(call)),
            right=Right.CALL,
        ),
        UnaryEndpoint(
            service=CALL_SERVICE,
            name="TransferCall",
            request=transfers_pb2.TransferCallRequest,
            response=transfers_pb2.TransferCallResponse,
            decode=requests.transfer_call,
            serve=transfers.transfer_call,
            encode=lambda accepted: transfers_pb2.TransferCallResponse(
                transfer=responses.transfer(accepted.transfer)
            ),
            right=Right.CALL,
            recorded=lambda accepted: bool(accepted.new),
        ),
        UnaryEndpoint(
            service=CALL_SERVICE,
            name="GetTransfer",
            request=transfers_pb2.GetTransferRequest,
            response=transfers_pb2.GetTransferResponse,
            decode=requests.get_transfer,
            serve=transfers.get_transfer,
            encode=lambda transfer: transfers_pb2.GetTransferResponse(
                transfer=responses.transfer(transfer)
            ),
            right=Right.CALL,
        ),
        UnaryEndpoint(
            service=CALL_SERVICE,
            name="ListTrunks",
            request=calls_pb2.ListTrunksRequest,
            response=calls_pb2.ListTrunksResponse,
            decode=requests.list_trunks,
            serve=calls.list_trunks,
            encode=responses.trunks,
            right=Right.CALL,
        ),
    )
