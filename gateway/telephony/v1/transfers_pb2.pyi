import datetime

from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class TransferMode(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    TRANSFER_MODE_UNSPECIFIED: _ClassVar[TransferMode]
    TRANSFER_MODE_COLD: _ClassVar[TransferMode]
    TRANSFER_MODE_WARM: _ClassVar[TransferMode]

class TransferState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    TRANSFER_STATE_UNSPECIFIED: _ClassVar[TransferState]
    TRANSFER_STATE_PENDING: _ClassVar[TransferState]
    TRANSFER_STATE_COMPLETED: _ClassVar[TransferState]
    TRANSFER_STATE_FAILED: _ClassVar[TransferState]
    TRANSFER_STATE_CANCELED: _ClassVar[TransferState]
    TRANSFER_STATE_OUTCOME_UNKNOWN: _ClassVar[TransferState]
    TRANSFER_STATE_CONSULTING: _ClassVar[TransferState]

class CallerHears(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CALLER_HEARS_UNSPECIFIED: _ClassVar[CallerHears]
    CALLER_HEARS_SILENCE: _ClassVar[CallerHears]
    CALLER_HEARS_EVERYBODY: _ClassVar[CallerHears]
    CALLER_HEARS_MUSIC: _ClassVar[CallerHears]

class OnFailure(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ON_FAILURE_UNSPECIFIED: _ClassVar[OnFailure]
    ON_FAILURE_RESUME: _ClassVar[OnFailure]
    ON_FAILURE_HANG_UP: _ClassVar[OnFailure]

class OnTimeout(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ON_TIMEOUT_UNSPECIFIED: _ClassVar[OnTimeout]
    ON_TIMEOUT_KEEP: _ClassVar[OnTimeout]
    ON_TIMEOUT_HANG_UP: _ClassVar[OnTimeout]
TRANSFER_MODE_UNSPECIFIED: TransferMode
TRANSFER_MODE_COLD: TransferMode
TRANSFER_MODE_WARM: TransferMode
TRANSFER_STATE_UNSPECIFIED: TransferState
TRANSFER_STATE_PENDING: TransferState
TRANSFER_STATE_COMPLETED: TransferState
TRANSFER_STATE_FAILED: TransferState
TRANSFER_STATE_CANCELED: TransferState
TRANSFER_STATE_OUTCOME_UNKNOWN: TransferState
TRANSFER_STATE_CONSULTING: TransferState
CALLER_HEARS_UNSPECIFIED: CallerHears
CALLER_HEARS_SILENCE: CallerHears
CALLER_HEARS_EVERYBODY: CallerHears
CALLER_HEARS_MUSIC: CallerHears
ON_FAILURE_UNSPECIFIED: OnFailure
ON_FAILURE_RESUME: OnFailure
ON_FAILURE_HANG_UP: OnFailure
ON_TIMEOUT_UNSPECIFIED: OnTimeout
ON_TIMEOUT_KEEP: OnTimeout
ON_TIMEOUT_HANG_UP: OnTimeout

class Transfer(_message.Message):
    __slots__ = ("transfer_id", "call_id", "mode", "to", "state", "sip_status_code", "sip_status", "ringing_timeout", "create_time", "end_time", "leg_left_time", "hint", "human_call_id", "consult_time", "cause")
    TRANSFER_ID_FIELD_NUMBER: _ClassVar[int]
    CALL_ID_FIELD_NUMBER: _ClassVar[int]
    MODE_FIELD_NUMBER: _ClassVar[int]
    TO_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    SIP_STATUS_CODE_FIELD_NUMBER: _ClassVar[int]
    SIP_STATUS_FIELD_NUMBER: _ClassVar[int]
    RINGING_TIMEOUT_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    END_TIME_FIELD_NUMBER: _ClassVar[int]
    LEG_LEFT_TIME_FIELD_NUMBER: _ClassVar[int]
    HINT_FIELD_NUMBER: _ClassVar[int]
    HUMAN_CALL_ID_FIELD_NUMBER: _ClassVar[int]
    CONSULT_TIME_FIELD_NUMBER: _ClassVar[int]
    CAUSE_FIELD_NUMBER: _ClassVar[int]
    transfer_id: str
    call_id: str
    mode: TransferMode
    to: str
    state: TransferState
    sip_status_code: int
    sip_status: str
    ringing_timeout: _duration_pb2.Duration
    create_time: _timestamp_pb2.Timestamp
    end_time: _timestamp_pb2.Timestamp
    leg_left_time: _timestamp_pb2.Timestamp
    hint: str
    human_call_id: str
    consult_time: _timestamp_pb2.Timestamp
    cause: str
    def __init__(self, transfer_id: _Optional[str] = ..., call_id: _Optional[str] = ..., mode: _Optional[_Union[TransferMode, str]] = ..., to: _Optional[str] = ..., state: _Optional[_Union[TransferState, str]] = ..., sip_status_code: _Optional[int] = ..., sip_status: _Optional[str] = ..., ringing_timeout: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., end_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., leg_left_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., hint: _Optional[str] = ..., human_call_id: _Optional[str] = ..., consult_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., cause: _Optional[str] = ...) -> None: ...

class TransferCallRequest(_message.Message):
    __slots__ = ("request_id", "call_id", "room", "participant_identity", "to", "ringing_timeout", "play_dialtone", "headers", "wait_until_settled", "on_timeout")
    class HeadersEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    CALL_ID_FIELD_NUMBER: _ClassVar[int]
    ROOM_FIELD_NUMBER: _ClassVar[int]
    PARTICIPANT_IDENTITY_FIELD_NUMBER: _ClassVar[int]
    TO_FIELD_NUMBER: _ClassVar[int]
    RINGING_TIMEOUT_FIELD_NUMBER: _ClassVar[int]
    PLAY_DIALTONE_FIELD_NUMBER: _ClassVar[int]
    HEADERS_FIELD_NUMBER: _ClassVar[int]
    WAIT_UNTIL_SETTLED_FIELD_NUMBER: _ClassVar[int]
    ON_TIMEOUT_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    call_id: str
    room: str
    participant_identity: str
    to: str
    ringing_timeout: _duration_pb2.Duration
    play_dialtone: bool
    headers: _containers.ScalarMap[str, str]
    wait_until_settled: bool
    on_timeout: OnTimeout
    def __init__(self, request_id: _Optional[str] = ..., call_id: _Optional[str] = ..., room: _Optional[str] = ..., participant_identity: _Optional[str] = ..., to: _Optional[str] = ..., ringing_timeout: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., play_dialtone: _Optional[bool] = ..., headers: _Optional[_Mapping[str, str]] = ..., wait_until_settled: _Optional[bool] = ..., on_timeout: _Optional[_Union[OnTimeout, str]] = ...) -> None: ...

class TransferCallResponse(_message.Message):
    __slots__ = ("transfer",)
    TRANSFER_FIELD_NUMBER: _ClassVar[int]
    transfer: Transfer
    def __init__(self, transfer: _Optional[_Union[Transfer, _Mapping]] = ...) -> None: ...

class CompleteWarmTransferRequest(_message.Message):
    __slots__ = ("transfer_id",)
    TRANSFER_ID_FIELD_NUMBER: _ClassVar[int]
    transfer_id: str
    def __init__(self, transfer_id: _Optional[str] = ...) -> None: ...

class CompleteWarmTransferResponse(_message.Message):
    __slots__ = ("transfer",)
    TRANSFER_FIELD_NUMBER: _ClassVar[int]
    transfer: Transfer
    def __init__(self, transfer: _Optional[_Union[Transfer, _Mapping]] = ...) -> None: ...

class CancelWarmTransferRequest(_message.Message):
    __slots__ = ("transfer_id",)
    TRANSFER_ID_FIELD_NUMBER: _ClassVar[int]
    transfer_id: str
    def __init__(self, transfer_id: _Optional[str] = ...) -> None: ...

class CancelWarmTransferResponse(_message.Message):
    __slots__ = ("transfer",)
    TRANSFER_FIELD_NUMBER: _ClassVar[int]
    transfer: Transfer
    def __init__(self, transfer: _Optional[_Union[Transfer, _Mapping]] = ...) -> None: ...

class GetTransferRequest(_message.Message):
    __slots__ = ("transfer_id",)
    TRANSFER_ID_FIELD_NUMBER: _ClassVar[int]
    transfer_id: str
    def __init__(self, transfer_id: _Optional[str] = ...) -> None: ...

class GetTransferResponse(_message.Message):
    __slots__ = ("transfer",)
    TRANSFER_FIELD_NUMBER: _ClassVar[int]
    transfer: Transfer
    def __init__(self, transfer: _Optional[_Union[Transfer, _Mapping]] = ...) -> None: ...

class ListTransfersRequest(_message.Message):
    __slots__ = ("call_id",)
    CALL_ID_FIELD_NUMBER: _ClassVar[int]
    call_id: str
    def __init__(self, call_id: _Optional[str] = ...) -> None: ...

class ListTransfersResponse(_message.Message):
    __slots__ = ("transfers", "more_transfers")
    TRANSFERS_FIELD_NUMBER: _ClassVar[int]
    MORE_TRANSFERS_FIELD_NUMBER: _ClassVar[int]
    transfers: _containers.RepeatedCompositeFieldContainer[Transfer]
    more_transfers: int
    def __init__(self, transfers: _Optional[_Iterable[_Union[Transfer, _Mapping]]] = ..., more_transfers: _Optional[int] = ...) -> None: ...
