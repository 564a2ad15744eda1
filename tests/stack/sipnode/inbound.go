package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"time"

	"github.com/livekit/protocol/livekit"
	"github.com/livekit/protocol/utils/guid"
)

// caller is somebody who rings in: what the INVITE says, and what the inbound
// trunk and the dispatch rule of LiveKit SIP made of it.
type caller struct {
	Room     string `json:"room"`
	Identity string `json:"identity"`
	From     string `json:"from"` // empty: the caller hides their number
	To       string `json:"to"`
	TrunkID  string `json:"trunk_id"`
	RuleID   string `json:"rule_id"`
	// AnswerAfter is when the call is answered, in seconds from the join; negative: never.
	AnswerAfter float64           `json:"answer_after"`
	Attributes  map[string]string `json:"attributes"` // what the dispatch rule adds
}

// rang is what the test gets to know of the leg.
type rang struct {
	SIPCallID     string `json:"sip_call_id"`
	ParticipantID string `json:"participant_id"`
}

var errNoSuchLeg = errors.New("no such leg")

// ringIn joins the room for the caller; the leg goes on by itself.
func (n *node) ringIn(ctx context.Context, from caller) (rang, error) {
	call := newLeg(n, guid.New(guid.SIPCallPrefix), phone{hangUpAfter: never})
	attributes := from.attributes(call.id)
	call.record = &callRecord{
		SIPCallID:  call.id,
		Inbound:    true,
		Room:       from.Room,
		Identity:   from.Identity,
		To:         from.To,
		From:       from.From,
		TrunkID:    from.TrunkID,
		Headers:    map[string]string{},
		Attributes: attributes,
	}
	if err := n.enter(ctx, call, membership{
		room:       from.Room,
		identity:   from.Identity,
		name:       from.From,
		attributes: attributes,
	}); err != nil {
		return rang{}, fmt.Errorf("join: %w", err)
	}
	go call.takeInUntil(time.Now().Add(maxCallDuration), from.AnswerAfter)
	return rang{SIPCallID: call.id, ParticipantID: call.room.sid()}, nil
}

// attributes are those of the participant at its join: a caller rings from the
// beginning, and the SIP header's id is known from the INVITE.
func (c caller) attributes(id string) map[string]string {
	attributes := maps.Clone(nonNil(c.Attributes))
	maps.Copy(attributes, map[string]string{
		livekit.AttrSIPCallStatus:     statusRinging,
		livekit.AttrSIPCallID:         id,
		livekit.AttrSIPTrunkID:        c.TrunkID,
		livekit.AttrSIPDispatchRuleID: c.RuleID,
		attrSIPCallIDFull:             guid.HashedID(id),
		attrSIPCallTag:                guid.HashedID(id + "/tag"),
	})
	if c.From != "" {
		attributes[livekit.AttrSIPPhoneNumber] = c.From
	}
	if c.To != "" {
		attributes[livekit.AttrSIPTrunkNumber] = c.To
	}
	return attributes
}

// takeInUntil rings, answers and stays until somebody ends the leg.
func (l *leg) takeInUntil(deadline time.Time, answerAfter float64) {
	now := time.Now()
	l.node.ledger.update(func() { l.record.RingTime = &now })
	var answer <-chan time.Time
	if answerAfter >= 0 {
		answer = time.After(time.Duration(answerAfter * float64(time.Second)))
	}
	select {
	case <-answer:
		l.answer()
		l.setStatus(statusActive)
		l.room.connect(l.node.pace)
		l.stayUntil(deadline)
	case <-l.room.gone:
		l.end(ending{name: "rejected", cause: l.goneCause(), reason: livekit.DisconnectReason_CLIENT_INITIATED})
	case <-l.ended:
	}
}

// hangUp makes the far end of a leg hang up: BYE, or CANCEL of a caller that nobody answered.
func (n *node) hangUp(id string) error {
	n.mu.Lock()
	call := n.legs[id]
	n.mu.Unlock()
	if call == nil {
		return errNoSuchLeg
	}
	how := ending{name: "remote", cause: "hangup", reason: livekit.DisconnectReason_CLIENT_INITIATED}
	call.mu.Lock()
	if call.answered {
		how.status = statusHangup
	}
	call.mu.Unlock()
	call.end(how)
	return nil
}
