package main

import (
	"context"
	"sync"
	"time"

	"github.com/livekit/protocol/auth"
	"github.com/livekit/protocol/livekit"
)

// guest is a participant without a phone, such as an agent: it speaks and listens
// from its joining on, and LiveKit subscribes it to everything.
type guest struct {
	Room       string            `json:"room"`
	Identity   string            `json:"identity"`
	Attributes map[string]string `json:"attributes"`
	// Agent makes it a participant of kind agent, which keeps no room open.
	Agent bool `json:"agent"`
	// Plays makes it a musician: nobody but the participant of this identity may hear it.
	Plays string `json:"plays_to"`
}

// invite joins the room for the guest, who stays until LiveKit or the node ends it.
func (n *node) invite(ctx context.Context, asked guest) error {
	token := auth.NewAccessToken(n.livekit.apiKey, n.livekit.apiSecret).
		SetIdentity(asked.Identity).
		SetAttributes(asked.Attributes).
		SetVideoGrant(&auth.VideoGrant{RoomJoin: true, Room: asked.Room})
	if asked.Agent {
		token.SetKind(livekit.ParticipantInfo_AGENT)
	}
	signed, err := token.ToJWT()
	if err != nil {
		return err
	}
	hearing := n.ledger.listener(asked.Room, asked.Identity)
	joined, err := enterRoom(ctx, n.livekit.url, signed, asked.Identity, senses{
		everything: true,
		heard:      func(speaker string) { n.ledger.heard(hearing, speaker, time.Now()) },
		told:       func(topic, text string) { n.ledger.told(hearing, topic, text) },
	})
	if err != nil {
		return err
	}
	if asked.Plays != "" {
		joined.playTo(asked.Plays)
	}
	dismissed := n.guests.add(asked.Room, asked.Identity)
	go joined.speak(n.pace)
	go func() {
		select {
		case <-joined.gone:
		case <-dismissed:
			joined.leave(livekit.DisconnectReason_CLIENT_INITIATED)
		case <-n.closing:
			joined.leave(livekit.DisconnectReason_CLIENT_INITIATED)
		}
		n.ledger.deafen(hearing)
	}()
	return nil
}

// playTo lets nobody else subscribe to what the member publishes.
func (p *member) playTo(identity string) {
	p.room.LocalParticipant.SetSubscriptionPermission(&livekit.SubscriptionPermission{
		TrackPermissions: []*livekit.TrackPermission{
			{ParticipantIdentity: identity, AllTracks: true},
		},
	})
}

// guestList says which guests there are, by room and identity.
type guestList struct {
	mu        sync.Mutex
	dismissed map[[2]string]chan struct{}
}

// add notes a guest. The channel is closed when it is to leave.
func (g *guestList) add(room, identity string) <-chan struct{} {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.dismissed == nil {
		g.dismissed = make(map[[2]string]chan struct{})
	}
	dismissed := make(chan struct{})
	g.dismissed[[2]string{room, identity}] = dismissed
	return dismissed
}

// dismiss has a guest leave, whether or not LiveKit is there to notice; false: there
// is no such guest.
func (g *guestList) dismiss(room, identity string) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	place := [2]string{room, identity}
	dismissed, found := g.dismissed[place]
	if found {
		close(dismissed)
		delete(g.dismissed, place)
	}
	return found
}
