package main

import (
	"context"
	"fmt"
	"maps"
	"strings"

	"github.com/livekit/protocol/livekit"
	"github.com/livekit/protocol/rpc"
	"github.com/livekit/protocol/utils/guid"
)

const carrierHost = "carrier.test"

// invite is what a carrier sends, and the PIN that its caller enters.
type invite struct {
	From     string `json:"from"`
	To       string `json:"to"`
	SourceIP string `json:"source_ip"`
	Pin      string `json:"pin"`
}

// admission is what livekit-server says of it, by its inbound trunks and dispatch rules.
type admission struct {
	TrunkID    string            `json:"trunk_id"` // empty: no trunk takes the call
	Username   string            `json:"username"` // what the carrier authenticates with; empty: nothing
	Password   string            `json:"password"`
	Result     string            `json:"result"` // accept, request_pin, drop, reject
	RuleID     string            `json:"rule_id"`
	Room       string            `json:"room"`
	Identity   string            `json:"identity"`
	Attributes map[string]string `json:"attributes"`
	Agents     map[string]string `json:"agents"` // their metadata by their names
}

// admit asks what LiveKit SIP asks before it lets a caller in.
func (n *node) admit(ctx context.Context, in invite) (admission, error) {
	call := &rpc.SIPCall{
		LkCallId: guid.New(guid.SIPCallPrefix),
		SourceIp: in.SourceIP,
		From:     &livekit.SIPUri{User: in.From, Host: carrierHost},
		To:       &livekit.SIPUri{User: in.To, Host: carrierHost},
		Address:  &livekit.SIPUri{User: in.To, Host: carrierHost},
	}
	auth, err := n.io.GetSIPTrunkAuthentication(ctx, &rpc.GetSIPTrunkAuthenticationRequest{Call: call})
	if err != nil {
		return admission{}, fmt.Errorf("authentication: %w", err)
	}
	rule, err := n.io.EvaluateSIPDispatchRules(ctx, &rpc.EvaluateSIPDispatchRulesRequest{
		SipTrunkId: auth.GetSipTrunkId(),
		Call:       call,
		Pin:        in.Pin,
	})
	if err != nil {
		return admission{}, fmt.Errorf("dispatch: %w", err)
	}
	agents := map[string]string{}
	for _, agent := range rule.GetRoomConfig().GetAgents() {
		agents[agent.GetAgentName()] = agent.GetMetadata()
	}
	return admission{
		TrunkID:    rule.GetSipTrunkId(),
		Username:   auth.GetUsername(),
		Password:   auth.GetPassword(),
		Result:     strings.ToLower(rule.GetResult().String()),
		RuleID:     rule.GetSipDispatchRuleId(),
		Room:       rule.GetRoomName(),
		Identity:   rule.GetParticipantIdentity(),
		Attributes: maps.Clone(nonNil(rule.GetParticipantAttributes())),
		Agents:     agents,
	}, nil
}
