package main

import (
	"time"

	"github.com/livekit/protocol/livekit"
	"google.golang.org/protobuf/proto"
)

// method answers one request: the reply's bytes, or LiveKit's error.
type method func(*legs, []byte) ([]byte, *twirpError)

var methods = map[string]method{
	"SIP/CreateSIPParticipant":     dial,
	"RoomService/CreateRoom":       createRoom,
	"RoomService/GetParticipant":   getParticipant,
	"RoomService/ListParticipants": listParticipants,
	"RoomService/ListRooms":        listRooms,
	"RoomService/RemoveParticipant": func(l *legs, body []byte) ([]byte, *twirpError) {
		return remove(l, body, livekit.DisconnectReason_PARTICIPANT_REMOVED)
	},
	"RoomService/DeleteRoom": deleteRoom,
}

// dial rings a phone. Waiting, it answers when the phone has done what its number says.
func dial(l *legs, body []byte) ([]byte, *twirpError) {
	var asked livekit.CreateSIPParticipantRequest
	if err := proto.Unmarshal(body, &asked); err != nil {
		return nil, malformed(err)
	}
	joined := l.join(&asked)
	first := joined.info
	if asked.WaitUntilAnswered {
		if failure := ring(l, joined, &asked); failure != nil {
			return nil, failure
		}
	} else {
		go ring(l, joined, &asked)
	}
	return encoded(&livekit.SIPParticipantInfo{
		ParticipantId:       first.Sid,
		ParticipantIdentity: first.Identity,
		RoomName:            joined.room,
		SipCallId:           first.Attributes["sip.callID"],
	})
}

// ring lets the phone ring, then do what it does.
func ring(l *legs, joined *leg, asked *livekit.CreateSIPParticipantRequest) *twirpError {
	far := phoneOf(asked.SipCallTo)
	rings, limit := l.answerAfter, ringsFor
	if asked.RingingTimeout != nil {
		limit = asked.RingingTimeout.AsDuration()
	}
	if rings > 0 || far.neverAnswers {
		l.say(joined, "ringing")
		late := far.neverAnswers || rings > limit
		if late {
			rings = limit
		}
		select {
		case <-time.After(rings):
		case <-joined.over:
			return errTimedOut
		}
		if late {
			l.endIfThere(joined, unavailable, "")
			return errTimedOut
		}
	}
	if far.final != nil {
		l.endIfThere(joined, far.final.reason, "ringing")
		return refused(*far.final)
	}
	l.say(joined, "active")
	if far.hangsUp {
		time.AfterFunc(far.after, func() { l.endIfThere(joined, initiated, "hangup") })
	}
	return nil
}

func getParticipant(l *legs, body []byte) ([]byte, *twirpError) {
	var asked livekit.RoomParticipantIdentity
	if err := proto.Unmarshal(body, &asked); err != nil {
		return nil, malformed(err)
	}
	info := l.get(asked.Room, asked.Identity)
	if info == nil {
		return nil, errGone
	}
	return encoded(info)
}

func listParticipants(l *legs, body []byte) ([]byte, *twirpError) {
	var asked livekit.ListParticipantsRequest
	if err := proto.Unmarshal(body, &asked); err != nil {
		return nil, malformed(err)
	}
	return encoded(&livekit.ListParticipantsResponse{Participants: l.in(asked.Room)})
}

func listRooms(l *legs, body []byte) ([]byte, *twirpError) {
	var asked livekit.ListRoomsRequest
	if err := proto.Unmarshal(body, &asked); err != nil {
		return nil, malformed(err)
	}
	return encoded(&livekit.ListRoomsResponse{Rooms: l.named(asked.Names)})
}

func remove(l *legs, body []byte, reason livekit.DisconnectReason) ([]byte, *twirpError) {
	var asked livekit.RoomParticipantIdentity
	if err := proto.Unmarshal(body, &asked); err != nil {
		return nil, malformed(err)
	}
	if !l.end(asked.Room, asked.Identity, reason) {
		return nil, errGone
	}
	return encoded(&livekit.RemoveParticipantResponse{})
}

// createRoom answers as LiveKit does; a room that nobody is in leaves no trace.
func createRoom(_ *legs, body []byte) ([]byte, *twirpError) {
	var asked livekit.CreateRoomRequest
	if err := proto.Unmarshal(body, &asked); err != nil {
		return nil, malformed(err)
	}
	return encoded(&livekit.Room{Sid: "RM_" + asked.Name, Name: asked.Name})
}

func deleteRoom(l *legs, body []byte) ([]byte, *twirpError) {
	var asked livekit.DeleteRoomRequest
	if err := proto.Unmarshal(body, &asked); err != nil {
		return nil, malformed(err)
	}
	there := l.in(asked.Room)
	if len(there) == 0 {
		return nil, &twirpError{404, "not_found", "requested room does not exist", nil}
	}
	for _, one := range there {
		l.end(asked.Room, one.Identity, livekit.DisconnectReason_ROOM_DELETED)
	}
	return encoded(&livekit.DeleteRoomResponse{})
}

func encoded(message proto.Message) ([]byte, *twirpError) {
	body, err := proto.Marshal(message)
	if err != nil {
		return nil, &twirpError{500, "internal", err.Error(), nil}
	}
	return body, nil
}
