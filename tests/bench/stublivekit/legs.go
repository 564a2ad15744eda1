package main

import (
	"fmt"
	"maps"
	"sync"
	"time"

	"github.com/livekit/protocol/livekit"
	"google.golang.org/protobuf/proto"
)

const (
	attrStatus = "sip.callStatus"
	// ringsFor is LiveKit's ringing timeout where none is asked for.
	ringsFor = 30 * time.Second
)

// leg is a phone in a room. What it says of itself is replaced, never changed, so it can be read
// and sent outside the lock.
type leg struct {
	room string
	info *livekit.ParticipantInfo
	// over is closed when the leg has left.
	over chan struct{}
}

// legs are the phones of all rooms.
type legs struct {
	answerAfter time.Duration
	notices     *notices
	mu          sync.Mutex
	made        int
	rooms       map[string]map[string]*leg
}

func newLegs(answerAfter time.Duration, told *notices) *legs {
	return &legs{answerAfter: answerAfter, notices: told, rooms: map[string]map[string]*leg{}}
}

// number is how many are there.
func (l *legs) number() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	found := 0
	for _, room := range l.rooms {
		found += len(room)
	}
	return found
}

// join puts a phone that is being dialled into its room. Who had the identity before is cut.
func (l *legs) join(asked *livekit.CreateSIPParticipantRequest) *leg {
	l.end(asked.RoomName, asked.ParticipantIdentity, livekit.DisconnectReason_DUPLICATE_IDENTITY)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.made++
	joined := &leg{asked.RoomName, participant(asked, l.made), make(chan struct{})}
	if l.rooms[joined.room] == nil {
		l.rooms[joined.room] = map[string]*leg{}
	}
	l.rooms[joined.room][joined.info.Identity] = joined
	l.notices.tell("participant_joined", joined.room, joined.info)
	return joined
}

// participant is what LiveKit says of a phone that is being dialled.
func participant(asked *livekit.CreateSIPParticipantRequest, number int) *livekit.ParticipantInfo {
	attributes := map[string]string{
		attrStatus:             "dialing",
		"sip.callID":           fmt.Sprintf("SCL_%d", number),
		"sip.hostname":         "phones.test",
		"sip.phoneNumber":      asked.SipCallTo,
		"sip.trunkID":          asked.SipTrunkId,
		"sip.trunkPhoneNumber": asked.SipNumber,
	}
	maps.Copy(attributes, asked.ParticipantAttributes)
	return &livekit.ParticipantInfo{
		Sid:        fmt.Sprintf("PA_%d", number),
		Identity:   asked.ParticipantIdentity,
		Name:       asked.ParticipantName,
		Metadata:   asked.ParticipantMetadata,
		State:      livekit.ParticipantInfo_ACTIVE,
		Kind:       livekit.ParticipantInfo_SIP,
		JoinedAt:   time.Now().Unix(),
		Attributes: attributes,
		Permission: &livekit.ParticipantPermission{
			CanSubscribe: true, CanPublish: true, CanPublishData: true, CanUpdateMetadata: true,
		},
	}
}

// say changes the status of a leg that is there.
func (l *legs) say(of *leg, status string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.rooms[of.room][of.info.Identity] != of {
		return
	}
	info := proto.CloneOf(of.info)
	info.Attributes[attrStatus] = status
	if status == "active" {
		id := info.Attributes["sip.callID"]
		info.Attributes["sip.callIDFull"], info.Attributes["sip.callTag"] = id+"-full", id+"-tag"
	}
	of.info = info
}

// end takes whoever has this identity out of the room; false if there is nobody.
func (l *legs) end(room, identity string, reason livekit.DisconnectReason) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.endLocked(l.rooms[room][identity], reason, "")
}

// endIfThere takes this leg out of its room, unless it has left.
func (l *legs) endIfThere(one *leg, reason livekit.DisconnectReason, status string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.rooms[one.room][one.info.Identity] == one {
		l.endLocked(one, reason, status)
	}
}

func (l *legs) endLocked(one *leg, reason livekit.DisconnectReason, status string) bool {
	if one == nil {
		return false
	}
	identity := one.info.Identity
	delete(l.rooms[one.room], identity)
	if len(l.rooms[one.room]) == 0 {
		delete(l.rooms, one.room)
	}
	info := proto.CloneOf(one.info)
	info.State, info.DisconnectReason = livekit.ParticipantInfo_DISCONNECTED, reason
	if status != "" {
		info.Attributes[attrStatus] = status
	}
	close(one.over)
	l.notices.tell("participant_left", one.room, info)
	return true
}

// in is who is in a room.
func (l *legs) in(room string) []*livekit.ParticipantInfo {
	l.mu.Lock()
	defer l.mu.Unlock()
	found := make([]*livekit.ParticipantInfo, 0, len(l.rooms[room]))
	for _, one := range l.rooms[room] {
		found = append(found, one.info)
	}
	return found
}

// get is who has this identity in a room; nil if nobody has.
func (l *legs) get(room, identity string) *livekit.ParticipantInfo {
	l.mu.Lock()
	defer l.mu.Unlock()
	if one := l.rooms[room][identity]; one != nil {
		return one.info
	}
	return nil
}

// named are the rooms that have these names; all, if none are told.
func (l *legs) named(names []string) []*livekit.Room {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(names) == 0 {
		for name := range l.rooms {
			names = append(names, name)
		}
	}
	var found []*livekit.Room
	for _, name := range names {
		if room, there := l.rooms[name]; there {
			found = append(found, &livekit.Room{Sid: "RM_" + name, Name: name, NumParticipants: uint32(len(room))})
		}
	}
	return found
}
