package main

import (
	"errors"
	"fmt"

	"github.com/livekit/protocol/livekit"
	"github.com/livekit/psrpc"
)

// newer: errors have the codes of livekit-protocol v1.54.0, which is newer than the one here.
var newer bool

// errTimedOut answers a waiting request whose INVITE was cancelled, whoever
// cancelled it. LiveKit SIP does not tell these cases apart either.
var errTimedOut = psrpc.NewErrorf(psrpc.Canceled, "sip request timed out")

// errRequestOver answers a request whose own deadline has passed.
var errRequestOver = psrpc.NewErrorf(psrpc.DeadlineExceeded, "request timed out")

// errBusyNode refuses a call before anything is dialled.
var errBusyNode = psrpc.NewErrorf(psrpc.Unavailable, "cpu exhausted")

// inviteError reports a final response to the INVITE.
func inviteError(r reply) error {
	text := "unexpected status from INVITE response"
	switch r.code {
	case 400, 404, 480, 486, 488:
		text = "INVITE failed"
	}
	return sipError(text, r)
}

// transferError reports a refused REFER (no text of its own) or a failure that
// the final NOTIFY carried.
func transferError(text string, r reply) error {
	return sipError(text, r)
}

// sipError wraps the SIP status and carries it as a detail as well: that is how
// sip_status_code and sip_status get into the metadata of a Twirp error.
func sipError(text string, r reply) error {
	status := &livekit.SIPStatus{Code: livekit.SIPStatusCode(r.code), Status: r.reason}
	var cause error = status
	if text != "" {
		cause = fmt.Errorf("%s: %w", text, status)
	}
	code := psrpc.ErrorCodeFromGRPC(status.GRPCStatus().Code())
	if newer && (r.code == 480 || r.code == 486) {
		code = psrpc.FailedPrecondition
	}
	return psrpc.NewError(code, cause, status)
}

// statusOf takes the SIP status out of an error, if it has one.
func statusOf(err error) int {
	var status *livekit.SIPStatus
	if errors.As(err, &status) {
		return int(status.Code)
	}
	return 0
}

// leaveReason is the reason with which a leg leaves the room after a final
// response. LiveKit turns the unknown reason into CLIENT_INITIATED.
func leaveReason(code int) livekit.DisconnectReason {
	switch {
	case code == 404 || code == 408 || code == 480:
		return livekit.DisconnectReason_USER_UNAVAILABLE
	case code >= 400 && code < 500, code >= 600 && code < 700:
		return livekit.DisconnectReason_USER_REJECTED
	default:
		return livekit.DisconnectReason_UNKNOWN_REASON
	}
}

// endName is the short name of a final response in the call's record.
func endName(code int) string {
	switch code {
	case 486, 600:
		return "busy"
	case 603:
		return "declined"
	case 404:
		return "not_found"
	case 480:
		return "unavailable"
	default:
		return "failed"
	}
}
