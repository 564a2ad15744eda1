package main

import (
	"sync/atomic"
	"time"

	"github.com/pion/webrtc/v4"
	"github.com/pion/webrtc/v4/pkg/media"
)

// A voice is silence in which each Opus frame names its speaker: in the padding,
// which every decoder skips (RFC 6716, 3.2.5). So one frame suffices to know who
// is heard.
const (
	frameTime = 20 * time.Millisecond
	// padded begins a packet of one 20 ms frame that is followed by padding.
	padded = "\xfb\x41"
	// silent is the frame itself.
	silentFrame = "\xff\xfe"
	// longestName is how much of an identity fits into one byte of length.
	longestName = 254
)

// pace is the pause between two frames of every voice.
type pace struct{ nanoseconds atomic.Int64 }

func newPace() *pace {
	p := &pace{}
	p.set(100 * time.Millisecond)
	return p
}

func (p *pace) set(pause time.Duration) { p.nanoseconds.Store(int64(max(pause, frameTime))) }

func (p *pace) pause() time.Duration { return time.Duration(p.nanoseconds.Load()) }

// voice is a frame that names its speaker.
func voice(speaker string) []byte {
	name := speaker[:min(len(speaker), longestName)]
	return append([]byte(padded), append([]byte{byte(len(name))}, silentFrame+name...)...)
}

// speakerOf reads whose frame a packet holds; false: none of ours.
func speakerOf(payload []byte) (string, bool) {
	head := len(padded) + 1
	named := head + len(silentFrame)
	if len(payload) < named || string(payload[:len(padded)]) != padded {
		return "", false
	}
	name := payload[named:]
	if len(name) != int(payload[head-1]) || string(payload[head:named]) != silentFrame {
		return "", false
	}
	return string(name), true
}

// listen tells of every frame until the track ends. One that names no speaker is its
// publisher's, such as an agent's that does not come from here.
func listen(track *webrtc.TrackRemote, publisher string, heard func(speaker string)) {
	for {
		packet, _, err := track.ReadRTP()
		if err != nil {
			return
		}
		speaker, said := speakerOf(packet.Payload)
		if !said {
			speaker = publisher
		}
		if len(packet.Payload) > 0 {
			heard(speaker)
		}
	}
}

// speak says the member's name over and over until the membership ends.
func (p *member) speak(every *pace) {
	said := media.Sample{Data: voice(p.room.LocalParticipant.Identity()), Duration: frameTime}
	for {
		if err := p.track.WriteSample(said, nil); err != nil {
			return
		}
		select {
		case <-p.gone:
			return
		case <-p.left:
			return
		case <-time.After(every.pause()):
		}
	}
}
