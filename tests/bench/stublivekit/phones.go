package main

import (
	"strconv"
	"time"

	"github.com/livekit/protocol/livekit"
)

// phone is what a called number does, once it has rung for as long as the stub was told.
type phone struct {
	// final is the refusal of one that does not answer.
	final *final
	// neverAnswers is one that rings until the ringing timeout.
	neverAnswers bool
	// hangsUp is whether one that answers ends the call, and when.
	hangsUp bool
	after   time.Duration
}

// final is a final response to the INVITE, and what LiveKit makes of it.
type final struct {
	code   int
	text   string
	twirp  string
	http   int
	reason livekit.DisconnectReason
}

const (
	rejected    = livekit.DisconnectReason_USER_REJECTED
	unavailable = livekit.DisconnectReason_USER_UNAVAILABLE
	initiated   = livekit.DisconnectReason_CLIENT_INITIATED
)

// finals as a livekit-server 1.13.5 with LiveKit SIP sent them.
var finals = map[int]*final{
	404: {404, "Not Found", "not_found", 404, unavailable},
	480: {480, "Temporarily Unavailable", "resource_exhausted", 429, unavailable},
	486: {486, "Busy Here", "resource_exhausted", 429, rejected},
	503: {503, "Service Unavailable", "failed_precondition", 412, initiated},
	603: {603, "Decline", "permission_denied", 403, rejected},
}

// phoneOf goes by a number's last three digits: 404, 480, 486, 503 and 603 are refused with this
// SIP status, 408 rings until the ringing timeout, 201 to 299 answers and hangs up 1 to 99 tenths
// of a second later. Every other one answers and stays.
func phoneOf(number string) phone {
	last, err := strconv.Atoi(number[max(0, len(number)-3):])
	switch {
	case err != nil:
		return phone{}
	case last == 408:
		return phone{neverAnswers: true}
	case last > 200 && last < 300:
		return phone{hangsUp: true, after: time.Duration(last-200) * 100 * time.Millisecond}
	default:
		return phone{final: finals[last]}
	}
}
