package main

import (
	"context"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/livekit/protocol/livekit"
	"github.com/livekit/protocol/utils/guid"
)

// Values of the attribute sip.callStatus. A dial that fails keeps its last one.
const (
	statusDialing    = "dialing"
	statusRinging    = "ringing"
	statusAutomation = "automation"
	statusActive     = "active"
	statusHangup     = "hangup"
)

const (
	attrSIPAnswerTime = "lk.sip.answerTime"
	attrSIPCallIDFull = livekit.AttrSIPPrefix + "callIDFull"
	attrSIPCallTag    = livekit.AttrSIPPrefix + "callTag"
)

// leg is one call, out or in: a participant of a room on one side, a phone on the other.
type leg struct {
	node           *node
	id             string // LiveKit's call id, SCL_…
	far            phone
	room           *member
	record         *callRecord
	ringingTimeout time.Duration
	digits         string

	mu       sync.Mutex
	answered bool
	pending  *pendingTransfer
	ended    chan struct{}
	ending   sync.Once
}

// ending is how a leg ends: who ended it and why, the status it shows (if any)
// and the reason with which it leaves the room.
type ending struct {
	name, cause, status string
	code                int
	reason              livekit.DisconnectReason
}

func newLeg(n *node, id string, far phone) *leg {
	return &leg{node: n, id: id, far: far, ended: make(chan struct{})}
}

// dialUntil dials, and leaves the room if the dial fails.
func (l *leg) dialUntil(ctx context.Context, deadline time.Time) error {
	ctx, cancel := context.WithDeadline(ctx, deadline)
	defer cancel()
	if failure, err := l.invite(ctx, deadline); err != nil {
		l.end(failure)
		return err
	}
	answered := l.answer()
	l.room.setAttributes(map[string]string{
		attrSIPAnswerTime: strconv.FormatInt(answered.UnixMilli(), 10),
		attrSIPCallIDFull: guid.HashedID(l.id),
		attrSIPCallTag:    guid.HashedID(l.id + "/tag"),
	})
	if l.digits != "" {
		l.setStatus(statusAutomation)
		select {
		case <-time.After(playTime(l.digits)):
		case <-ctx.Done():
			l.end(ending{name: "bye", cause: "request_over", reason: livekit.DisconnectReason_UNKNOWN_REASON})
			return errTimedOut
		}
	}
	l.setStatus(statusActive)
	l.room.connect(l.node.pace)
	return nil
}

// answer notes that the call is answered, and when: from now on it can be transferred.
func (l *leg) answer() time.Time {
	l.mu.Lock()
	l.answered = true
	l.mu.Unlock()
	now := time.Now()
	l.node.ledger.update(func() {
		l.record.AnswerTime = &now
		l.record.SIPStatusCode = ok.code
	})
	return now
}

// invite plays the phone up to its final response. ctx bounds the dial, and the
// ringing timeout does, counted from here.
func (l *leg) invite(ctx context.Context, deadline time.Time) (ending, error) {
	cancelled := ending{name: "cancel", reason: livekit.DisconnectReason_USER_UNAVAILABLE}
	var expired <-chan time.Time
	if !l.far.ignoresTimeout {
		expired = time.After(l.ringingTimeout)
	}
	var ring, final <-chan time.Time
	if l.far.ringAfter != never {
		ring = time.After(l.far.ringAfter)
	}
	if l.far.final != noReply {
		final = time.After(l.far.finalAfter)
	}
	for {
		select {
		case <-ring:
			now := time.Now()
			l.node.ledger.update(func() { l.record.RingTime = &now })
			l.setStatus(statusRinging)
		case <-final:
			if l.far.final == ok {
				return ending{}, nil
			}
			code := l.far.final.code
			failure := ending{name: endName(code), cause: "refused", code: code, reason: leaveReason(code)}
			return failure, inviteError(l.far.final)
		case <-expired:
			cancelled.cause = "ringing_timeout"
			return cancelled, errTimedOut
		case <-ctx.Done():
			cancelled.cause = "request_over"
			if !time.Now().Before(deadline) {
				cancelled.cause = "max_call_duration"
			}
			return cancelled, errTimedOut
		case <-l.room.gone:
			cancelled.cause = l.goneCause()
			return cancelled, errTimedOut
		case <-l.ended:
			return cancelled, errTimedOut
		}
	}
}

// stayUntil keeps an answered leg until somebody ends it.
func (l *leg) stayUntil(deadline time.Time) {
	var hangUp <-chan time.Time
	if l.far.hangUpAfter != never {
		hangUp = time.After(l.far.hangUpAfter)
	}
	over := time.NewTimer(time.Until(deadline))
	defer over.Stop()
	normal := ending{name: "bye", status: statusHangup, reason: livekit.DisconnectReason_CLIENT_INITIATED}
	select {
	case <-hangUp:
		normal.name, normal.cause = "remote", "hangup"
	case <-over.C:
		normal.cause = "max_call_duration"
	case <-l.room.gone:
		normal.cause, normal.status = l.goneCause(), ""
	case <-l.ended:
		return
	}
	l.end(normal)
}

// end takes the leg down, once.
func (l *leg) end(how ending) {
	l.ending.Do(func() {
		now := time.Now()
		l.node.ledger.update(func() {
			l.record.EndTime = &now
			l.record.End, l.record.EndCause = how.name, how.cause
			if how.code != 0 {
				l.record.SIPStatusCode = how.code
			}
			l.record.ears.gone = true
		})
		close(l.ended)
		if how.status != "" {
			l.setStatus(how.status)
		}
		l.room.leave(how.reason)
		l.node.forget(l.id)
	})
}

func (l *leg) setStatus(status string) {
	l.room.setAttributes(map[string]string{livekit.AttrSIPCallStatus: status})
}

// heard notes a frame that reaches the phone.
func (l *leg) heard(speaker string) {
	l.node.ledger.heard(l.record.ears, speaker, time.Now())
}

// goneCause is LiveKit's reason in small letters: participant_removed, room_deleted …
func (l *leg) goneCause() string {
	return strings.ToLower(l.room.goneBecause().String())
}

// playTime is how long the digits take: half a second for each w.
func playTime(digits string) time.Duration {
	var d time.Duration
	for _, digit := range digits {
		if digit == 'w' || digit == 'W' {
			d += 500 * time.Millisecond
		} else {
			d += 100 * time.Millisecond
		}
	}
	return d
}
