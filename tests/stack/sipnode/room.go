package main

import (
	"context"
	"sync"

	"github.com/livekit/protocol/livekit"
	"github.com/livekit/protocol/sip"
	lksdk "github.com/livekit/server-sdk-go/v2"
	"github.com/pion/webrtc/v4"
)

// livekitAccess is how the node reaches livekit-server.
type livekitAccess struct {
	url       string
	apiKey    string
	apiSecret string
}

// membership is who joins which room, and how.
type membership struct {
	room, identity, name, metadata string
	attributes                     map[string]string
	// heard is told of every frame that reaches the participant.
	heard func(speaker string)
}

// member is a SIP participant in a LiveKit room.
type member struct {
	room  *lksdk.Room
	track *lksdk.LocalTrack
	gone  chan struct{} // closed when LiveKit ended the membership
	left  chan struct{} // closed when we left

	mu        sync.Mutex
	listening bool
	known     string // the participant's id as it was last seen
	leaving   sync.Once
}

// joinRoom joins as a participant of kind SIP that neither speaks nor listens yet.
func joinRoom(ctx context.Context, access livekitAccess, m membership) (*member, error) {
	token, err := sip.BuildSIPToken(sip.SIPTokenParams{
		APIKey:                access.apiKey,
		APISecret:             access.apiSecret,
		RoomName:              m.room,
		ParticipantIdentity:   m.identity,
		ParticipantName:       m.name,
		ParticipantMetadata:   m.metadata,
		ParticipantAttributes: m.attributes,
	})
	if err != nil {
		return nil, err
	}
	return enterRoom(ctx, access.url, token, m.identity, senses{heard: m.heard})
}

// senses are what a participant takes in.
type senses struct {
	// everything: LiveKit subscribes it to everything by itself. Else it subscribes as
	// a SIP node does: to nothing before `connect`, then to everything there is, and
	// to each new track.
	everything bool
	// heard is told of every frame, told (if there is one) of every message.
	heard func(speaker string)
	told  func(topic, text string)
}

// enterRoom joins with a token.
func enterRoom(ctx context.Context, url, token, name string, with senses) (*member, error) {
	p := &member{gone: make(chan struct{}), left: make(chan struct{})}
	p.room = lksdk.NewRoom(&lksdk.RoomCallback{
		OnDisconnected: sync.OnceFunc(func() { close(p.gone) }),
		OnReconnected:  func() { go p.listenAgain() },
		ParticipantCallback: lksdk.ParticipantCallback{
			OnTrackPublished: func(track *lksdk.RemoteTrackPublication, _ *lksdk.RemoteParticipant) {
				p.mu.Lock()
				defer p.mu.Unlock()
				if p.listening {
					subscribe(track)
				}
			},
			OnTrackSubscribed: func(track *webrtc.TrackRemote, _ *lksdk.RemoteTrackPublication, from *lksdk.RemoteParticipant) {
				go listen(track, from.Identity(), with.heard)
			},
			OnDataPacket: func(packet lksdk.DataPacket, _ lksdk.DataReceiveParams) {
				if message, is := packet.(*lksdk.UserDataPacket); is && with.told != nil {
					with.told(message.Topic, string(message.Payload))
				}
			},
		},
	})
	if err := p.room.JoinWithContextAndToken(ctx, url, token, lksdk.WithAutoSubscribe(with.everything)); err != nil {
		return nil, err
	}
	p.known = p.sid()
	track, err := lksdk.NewLocalTrack(webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeOpus})
	if err == nil {
		p.track = track
		_, err = p.room.LocalParticipant.PublishTrack(track, &lksdk.TrackPublicationOptions{Name: name})
	}
	if err != nil {
		p.room.Disconnect()
		return nil, err
	}
	return p, nil
}

// sid is the participant's id, PA_….
func (p *member) sid() string {
	return p.room.LocalParticipant.SID()
}

// setAttributes changes the given attributes and keeps the others.
func (p *member) setAttributes(attributes map[string]string) {
	p.room.LocalParticipant.SetAttributes(attributes)
}

// connect opens the audio both ways, as the answer does.
func (p *member) connect(every *pace) {
	p.mu.Lock()
	p.listening = true
	p.mu.Unlock()
	p.subscribeAll()
	go p.speak(every)
}

// listenAgain subscribes anew after a full reconnect, which makes another
// participant of it; after a resumed connection LiveKit has kept everything.
func (p *member) listenAgain() {
	sid := p.sid()
	p.mu.Lock()
	again := p.listening && sid != p.known
	p.known = sid
	p.mu.Unlock()
	if again {
		p.subscribeAll()
	}
}

func (p *member) subscribeAll() {
	for _, other := range p.room.GetRemoteParticipants() {
		for _, track := range other.TrackPublications() {
			if remote, found := track.(*lksdk.RemoteTrackPublication); found {
				subscribe(remote)
			}
		}
	}
}

// leave leaves with the reason that the room's webhooks then carry.
func (p *member) leave(reason livekit.DisconnectReason) {
	p.leaving.Do(func() {
		close(p.left)
		p.room.DisconnectWithReason(reason)
	})
}

// goneBecause names LiveKit's reason for ending the membership.
func (p *member) goneBecause() livekit.DisconnectReason {
	return p.room.DisconnectReason()
}

func subscribe(track *lksdk.RemoteTrackPublication) {
	if track.Kind() == lksdk.TrackKindAudio {
		_ = track.SetSubscribed(true)
	}
}
