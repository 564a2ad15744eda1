package main

import (
	"context"
	"sync"
	"time"

	"github.com/livekit/protocol/livekit"
	"github.com/livekit/protocol/sip"
	lksdk "github.com/livekit/server-sdk-go/v2"
	"github.com/pion/webrtc/v4"
	"github.com/pion/webrtc/v4/pkg/media"
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
	// hears is told whenever the audio of another participant begins or ends.
	hears func(identity string, begins bool)
}

// member is a SIP participant in a LiveKit room.
type member struct {
	room  *lksdk.Room
	track *lksdk.LocalTrack
	gone  chan struct{} // closed when LiveKit ended the membership
	left  chan struct{} // closed when we left

	mu        sync.Mutex
	listening bool
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
	p := &member{gone: make(chan struct{}), left: make(chan struct{})}
	p.room = lksdk.NewRoom(&lksdk.RoomCallback{
		OnDisconnected: sync.OnceFunc(func() { close(p.gone) }),
		ParticipantCallback: lksdk.ParticipantCallback{
			OnTrackPublished: func(track *lksdk.RemoteTrackPublication, _ *lksdk.RemoteParticipant) {
				p.mu.Lock()
				defer p.mu.Unlock()
				if p.listening {
					subscribe(track)
				}
			},
			OnTrackSubscribed: func(_ *webrtc.TrackRemote, _ *lksdk.RemoteTrackPublication, other *lksdk.RemoteParticipant) {
				m.hears(other.Identity(), true)
			},
			OnTrackUnsubscribed: func(_ *webrtc.TrackRemote, _ *lksdk.RemoteTrackPublication, other *lksdk.RemoteParticipant) {
				m.hears(other.Identity(), false)
			},
		},
	})
	if err := p.room.JoinWithContextAndToken(ctx, access.url, token, lksdk.WithAutoSubscribe(false)); err != nil {
		return nil, err
	}
	p.track, err = lksdk.NewLocalTrack(webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeOpus})
	if err == nil {
		_, err = p.room.LocalParticipant.PublishTrack(p.track, &lksdk.TrackPublicationOptions{Name: m.identity})
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
func (p *member) connect() {
	p.mu.Lock()
	p.listening = true
	p.mu.Unlock()
	for _, other := range p.room.GetRemoteParticipants() {
		for _, track := range other.TrackPublications() {
			if remote, found := track.(*lksdk.RemoteTrackPublication); found {
				subscribe(remote)
			}
		}
	}
	go p.speak()
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

// speak sends silence, sparsely: it makes the track a live one.
func (p *member) speak() {
	silence := media.Sample{Data: []byte{0xf8, 0xff, 0xfe}, Duration: 20 * time.Millisecond}
	ticker := time.NewTicker(100 * time.Millisecond)
	defer ticker.Stop()
	for {
		if err := p.track.WriteSample(silence, nil); err != nil {
			return
		}
		select {
		case <-p.gone:
			return
		case <-p.left:
			return
		case <-ticker.C:
		}
	}
}

func subscribe(track *lksdk.RemoteTrackPublication) {
	if track.Kind() == lksdk.TrackKindAudio {
		_ = track.SetSubscribed(true)
	}
}
