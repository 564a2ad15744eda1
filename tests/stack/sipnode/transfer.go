package main

import (
	"context"
	"maps"
	"time"

	"github.com/livekit/protocol/livekit"
	"github.com/livekit/psrpc"
)

const (
	// hangUpAfterTransfer is when a transferred phone leaves the call.
	hangUpAfterTransfer = 500 * time.Millisecond
	// referTransaction is how long an unanswered REFER is waited for (timer F).
	referTransaction = 32 * time.Second
)

// pendingTransfer is a REFER under way. A second request for the same target
// waits for the same outcome.
type pendingTransfer struct {
	to   string
	done chan struct{} // closed with err set
	err  error
}

// transfer sends a REFER, or joins the one under way, and waits for its outcome
// no longer than ctx. A REFER is never revoked.
func (l *leg) transfer(ctx context.Context, to string, headers map[string]string) error {
	l.mu.Lock()
	if !l.answered {
		l.mu.Unlock()
		return psrpc.NewErrorf(psrpc.FailedPrecondition, "can't transfer non established call")
	}
	p := l.pending
	if p == nil {
		p = &pendingTransfer{to: to, done: make(chan struct{})}
		l.pending = p
		record := &referRecord{To: to, Headers: nonNil(maps.Clone(headers)), Time: time.Now(), Outcome: "pending"}
		l.node.ledger.update(func() { l.record.Refers = append(l.record.Refers, record) })
		go l.refer(context.WithoutCancel(ctx), deadlineOf(ctx), p, record)
	}
	l.mu.Unlock()
	if p.to != to {
		return psrpc.NewErrorf(psrpc.InvalidArgument, "call already being transferred elsewhere")
	}
	select {
	case <-p.done:
		return p.err
	case <-ctx.Done():
		// The two outcomes may fall together; what the phone said counts.
		select {
		case <-p.done:
			return p.err
		default:
			return errRequestOver
		}
	}
}

// refer plays the phone's side of a REFER and settles p.
func (l *leg) refer(ctx context.Context, deadline time.Time, p *pendingTransfer, record *referRecord) {
	ctx, cancel := context.WithDeadline(ctx, deadline)
	defer cancel()
	outcome, err := l.awaitOutcome(ctx, transferFor(l.far, p.to))
	l.node.ledger.update(func() {
		record.Outcome = outcome
		record.SIPStatusCode = statusOf(err)
	})
	l.mu.Lock()
	l.pending = nil
	p.err = err
	close(p.done)
	l.mu.Unlock()
	if outcome != "completed" {
		return
	}
	select {
	case <-time.After(hangUpAfterTransfer):
		l.end(ending{name: "remote", cause: "transferred", status: statusHangup, reason: livekit.DisconnectReason_CLIENT_INITIATED})
	case <-l.ended:
	}
}

// awaitOutcome waits for the answer to the REFER and then for the final NOTIFY.
func (l *leg) awaitOutcome(ctx context.Context, plan *referral) (string, error) {
	switch plan.answer {
	case accepted:
	case noReply:
		// LiveKit SIP waits for this transaction whatever the request's time.
		select {
		case <-time.After(referTransaction):
		case <-l.ended:
		}
		return "unanswered", psrpc.NewErrorf(psrpc.Canceled, "transaction failed to complete (0 intermediate responses)")
	default:
		return "refused", transferError("", plan.answer)
	}
	var notify <-chan time.Time
	if plan.notify != noReply {
		notify = time.After(plan.notifyAfter)
	}
	select {
	case <-notify:
		if plan.notify == ok {
			return "completed", nil
		}
		return "failed", transferError("call transfer failed", plan.notify)
	case <-l.ended:
		// An accepted REFER whose call ended counts as done, as in LiveKit SIP.
		return "call_ended", nil
	case <-ctx.Done():
		return "given_up", errRequestOver
	}
}

func deadlineOf(ctx context.Context) time.Time {
	if deadline, found := ctx.Deadline(); found {
		return deadline
	}
	return time.Now().Add(maxCallDuration)
}
