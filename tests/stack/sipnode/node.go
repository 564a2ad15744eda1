package main

import (
	"context"
	"fmt"
	"maps"
	"sync"
	"time"

	"github.com/livekit/protocol/livekit"
	"github.com/livekit/protocol/rpc"
	"github.com/livekit/psrpc"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/emptypb"
)

const (
	defaultRingingTimeout = 3 * time.Minute
	maxCallDuration       = 24 * time.Hour
)

// node is the SIP node: it implements LiveKit's internal SIP service.
type node struct {
	livekit livekitAccess
	ledger  *ledger
	topics  rpc.SIPInternalServer
	io      rpc.IOInfoClient // what livekit-server knows of inbound trunks and rules
	pace    *pace
	guests  guestList
	closing chan struct{} // closed when the node ends

	mu   sync.Mutex
	legs map[string]*leg // by LiveKit's call id
}

func newNode(livekit livekitAccess, ledger *ledger) *node {
	return &node{
		livekit: livekit,
		ledger:  ledger,
		pace:    newPace(),
		closing: make(chan struct{}),
		legs:    make(map[string]*leg),
	}
}

// CreateSIPParticipant joins the room, dials, and answers after the join or,
// where the request waits for the answer, with the outcome of the dial.
func (n *node) CreateSIPParticipant(ctx context.Context, req *rpc.InternalCreateSIPParticipantRequest) (*rpc.InternalCreateSIPParticipantResponse, error) {
	if req.GetAddress() == "" {
		return nil, psrpc.NewErrorf(psrpc.InvalidArgument, "invalid request URI: address must be set")
	}
	far := phoneFor(req.GetCallTo(), req.GetAddress())
	if n.ledger.refuse(req.GetCallTo(), far.refusals) {
		return nil, errBusyNode
	}

	call, err := n.join(ctx, req, far)
	if err != nil {
		return nil, psrpc.NewError(psrpc.Internal, fmt.Errorf("update room failed: %w", err))
	}
	info := &rpc.InternalCreateSIPParticipantResponse{
		ParticipantId:       call.room.sid(),
		ParticipantIdentity: req.GetParticipantIdentity(),
		SipCallId:           req.GetSipCallId(),
	}
	deadline := time.Now().Add(bounded(req.GetMaxCallDuration(), maxCallDuration, maxCallDuration))

	// The call outlives the request; a dial that is waited for ends with it.
	dialing := context.WithoutCancel(ctx)
	if req.GetWaitUntilAnswered() && !far.ignoresTimeout {
		dialing = ctx
	}
	dialed := make(chan error, 1)
	go func() {
		err := call.dialUntil(dialing, deadline)
		dialed <- err
		if err == nil {
			call.stayUntil(deadline)
		}
	}()
	if !req.GetWaitUntilAnswered() {
		return info, nil
	}
	if !far.ignoresTimeout {
		if err := <-dialed; err != nil {
			return nil, err
		}
		return info, nil
	}
	select {
	case err := <-dialed:
		if err != nil {
			return nil, err
		}
		return info, nil
	case <-ctx.Done():
		return nil, errRequestOver
	}
}

// TransferSIPParticipant sends the far end of an answered leg elsewhere (REFER)
// and answers with the outcome, or at the request's deadline.
func (n *node) TransferSIPParticipant(ctx context.Context, req *rpc.InternalTransferSIPParticipantRequest) (*emptypb.Empty, error) {
	n.mu.Lock()
	call := n.legs[req.GetSipCallId()]
	n.mu.Unlock()
	if call == nil {
		return nil, psrpc.NewErrorf(psrpc.NotFound, "unknown call")
	}
	ctx, cancel := context.WithTimeout(ctx, bounded(req.GetRingingTimeout(), 2*time.Minute, maxCallDuration))
	defer cancel()
	if err := call.transfer(ctx, req.GetTransferTo(), req.GetHeaders()); err != nil {
		return nil, err
	}
	return &emptypb.Empty{}, nil
}

// join makes the leg a participant of the room and opens its record.
func (n *node) join(ctx context.Context, req *rpc.InternalCreateSIPParticipantRequest, far phone) (*leg, error) {
	attributes := maps.Clone(req.GetParticipantAttributes())
	if attributes == nil {
		attributes = make(map[string]string)
	}
	attributes[livekit.AttrSIPCallStatus] = statusDialing

	call := newLeg(n, req.GetSipCallId(), far)
	call.ringingTimeout = bounded(req.GetRingingTimeout(), defaultRingingTimeout, 0)
	call.digits = req.GetDtmf()
	call.record = &callRecord{
		SIPCallID:   req.GetSipCallId(),
		Room:        req.GetRoomName(),
		Identity:    req.GetParticipantIdentity(),
		To:          req.GetCallTo(),
		From:        req.GetNumber(),
		TrunkID:     req.GetSipTrunkId(),
		Hostname:    req.GetAddress(),
		DisplayName: req.GetDisplayName(),
		Headers:     nonNil(req.GetHeaders()),
		Attributes:  attributes,
		DTMF:        req.GetDtmf(),
	}
	if err := n.enter(ctx, call, membership{
		room:       req.GetRoomName(),
		identity:   req.GetParticipantIdentity(),
		name:       req.GetParticipantName(),
		metadata:   req.GetParticipantMetadata(),
		attributes: attributes,
	}); err != nil {
		return nil, err
	}
	return call, nil
}

// enter joins the room for the leg, which can be found from then on.
func (n *node) enter(ctx context.Context, call *leg, m membership) error {
	call.record.ears = n.ledger.listener(m.room, m.identity)
	m.heard = call.heard
	room, err := joinRoom(ctx, n.livekit, m)
	if err != nil {
		return err
	}
	call.room = room
	n.ledger.add(call.record)

	n.mu.Lock()
	n.legs[call.id] = call
	n.mu.Unlock()
	if err := n.topics.RegisterTransferSIPParticipantTopic(call.id); err != nil {
		call.end(ending{name: "failed", cause: "register", reason: livekit.DisconnectReason_UNKNOWN_REASON})
		return err
	}
	return nil
}

// forget removes a leg that has ended.
func (n *node) forget(id string) {
	n.mu.Lock()
	delete(n.legs, id)
	n.mu.Unlock()
	n.topics.DeregisterTransferSIPParticipantTopic(id)
}

// active counts the legs that are dialling or answered.
func (n *node) active() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return len(n.legs)
}

// hangUpAll ends every leg, when the node itself ends.
func (n *node) hangUpAll() {
	close(n.closing)
	n.mu.Lock()
	legs := maps.Clone(n.legs)
	n.mu.Unlock()
	for _, call := range legs {
		call.end(ending{name: "bye", cause: "shutdown", reason: livekit.DisconnectReason_UNKNOWN_REASON})
	}
}

// bounded reads a duration as LiveKit SIP does: unset, zero and negative mean
// the default, and so does anything above the limit, where there is one.
func bounded(asked *durationpb.Duration, standard, limit time.Duration) time.Duration {
	d := asked.AsDuration()
	if d <= 0 || (limit > 0 && d > limit) {
		return standard
	}
	return d
}

func nonNil(m map[string]string) map[string]string {
	if m == nil {
		return map[string]string{}
	}
	return m
}
