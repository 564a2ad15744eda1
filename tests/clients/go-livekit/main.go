// Calls phones with LiveKit's Go library. Its argument names what to do; it prints what came of it
// as one line of JSON.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"log"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/livekit/protocol/livekit"
	lksdk "github.com/livekit/server-sdk-go/v2"
	"github.com/twitchtv/twirp"
	"google.golang.org/grpc/status"
)

type result map[string]any

type clients struct {
	sip   *lksdk.SIPClient
	rooms *lksdk.RoomServiceClient
	agent *lksdk.AgentDispatchClient
}

var room = os.Getenv("ROOM")

func main() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	url, key, secret := os.Getenv("LIVEKIT_URL"), os.Getenv("LIVEKIT_API_KEY"), os.Getenv("LIVEKIT_API_SECRET")
	lk := clients{
		lksdk.NewSIPClient(url, key, secret),
		lksdk.NewRoomServiceClient(url, key, secret),
		lksdk.NewAgentDispatchServiceClient(url, key, secret),
	}
	scenarios := map[string]func(context.Context, clients) (result, error){
		"answered": answered, "busy": busy, "transfer": transfer, "transfer_sip": transferSIP, "poll": poll,
		"second": second, "remove": remove, "delete_room": deleteRoom, "agent": agent,
		"bad_key": badKey,
	}
	told, err := scenarios[os.Args[1]](ctx, lk)
	if err != nil {
		log.Fatal(err)
	}
	if err := json.NewEncoder(os.Stdout).Encode(told); err != nil {
		log.Fatal(err)
	}
}

// answered waits until the phone is picked up.
func answered(ctx context.Context, lk clients) (result, error) {
	identity, err := dial(ctx, lk, "+15005550100", "phone")
	return result{"participant": identity}, err
}

// busy reads the SIP status of a call that failed.
func busy(ctx context.Context, lk clients) (result, error) {
	_, err := dial(ctx, lk, "+15005550101", "phone")
	sipStatus := lksdk.SIPStatusFrom(err)
	if sipStatus == nil {
		return nil, errors.Join(errors.New("no SIP status"), err)
	}
	return result{
		"sip_status_code": int(sipStatus.GetCode()),
		"sip_status":      sipStatus.GetStatus(),
		"code":            status.Code(err).String(),
	}, nil
}

// transfer hands an answered call over to another number.
func transfer(ctx context.Context, lk clients) (result, error) {
	return handOver(ctx, lk, "tel:+15005550100")
}

// transferSIP hands an answered call over to a SIP address.
func transferSIP(ctx context.Context, lk clients) (result, error) {
	return handOver(ctx, lk, "sip:+15005550100@pbx.example.com")
}

// handOver transfers an answered call.
func handOver(ctx context.Context, lk clients, target string) (result, error) {
	identity, err := dial(ctx, lk, "+15005550100", "phone")
	if err != nil {
		return nil, err
	}
	_, err = lk.sip.TransferSIPParticipant(ctx, &livekit.TransferSIPParticipantRequest{
		RoomName:            room,
		ParticipantIdentity: identity,
		TransferTo:          target,
	})
	return result{"transferred": true}, err
}

// poll dials without waiting, and looks at the call until it is answered or over.
func poll(ctx context.Context, lk clients) (result, error) {
	_, err := lk.sip.CreateSIPParticipant(ctx, &livekit.CreateSIPParticipantRequest{
		SipTrunkId:          os.Getenv("SIP_TRUNK_ID"),
		SipCallTo:           "+15005550100",
		RoomName:            room,
		ParticipantIdentity: "phone",
	})
	if err != nil {
		return nil, err
	}
	for {
		participant, err := lk.rooms.GetParticipant(
			ctx, &livekit.RoomParticipantIdentity{Room: room, Identity: "phone"})
		if err != nil {
			return nil, err
		}
		status := participant.Attributes["sip.callStatus"]
		if status == "active" || status == "hangup" {
			return result{"status": status}, nil
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// second dials a second person into the room of the first.
func second(ctx context.Context, lk clients) (result, error) {
	if err := both(ctx, lk, "+15005550100"); err != nil {
		return nil, err
	}
	there, err := present(ctx, lk)
	return result{"participants": there}, err
}

// remove puts one of two people out of the room.
func remove(ctx context.Context, lk clients) (result, error) {
	if err := both(ctx, lk, "+15005550100"); err != nil {
		return nil, err
	}
	_, err := lk.rooms.RemoveParticipant(
		ctx, &livekit.RoomParticipantIdentity{Room: room, Identity: "second"})
	if err != nil {
		return nil, err
	}
	there, err := present(ctx, lk)
	return result{"participants": there}, err
}

// deleteRoom: two people talk; when one hangs up, the room is deleted.
func deleteRoom(ctx context.Context, lk clients) (result, error) {
	if err := both(ctx, lk, "+15005550108"); err != nil {
		return nil, err
	}
	for {
		there, err := present(ctx, lk)
		if err != nil {
			return nil, err
		}
		if !slices.Contains(there, "second") {
			break
		}
		time.Sleep(100 * time.Millisecond)
	}
	if _, err := lk.rooms.DeleteRoom(ctx, &livekit.DeleteRoomRequest{Room: room}); err != nil {
		return nil, err
	}
	found, err := lk.rooms.ListRooms(ctx, &livekit.ListRoomsRequest{Names: []string{room}})
	names := []string{}
	for _, each := range found.GetRooms() {
		names = append(names, each.Name)
	}
	return result{"rooms": names}, err
}

// agent dispatches an agent into the room, dials, and sends the agent away again.
func agent(ctx context.Context, lk clients) (result, error) {
	dispatch, err := lk.agent.CreateDispatch(ctx, &livekit.CreateAgentDispatchRequest{
		AgentName: "agent-comes",
		Room:      room,
		Metadata:  "+15005550100",
	})
	if err != nil {
		return nil, err
	}
	if _, err := dial(ctx, lk, "+15005550100", "phone"); err != nil {
		return nil, err
	}
	joined, err := until(ctx, lk, "agent", "phone")
	if err != nil {
		return nil, err
	}
	listed, err := lk.agent.ListDispatch(ctx, &livekit.ListAgentDispatchRequest{Room: room})
	if err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(listed.AgentDispatches, func(one *livekit.AgentDispatch) bool { return one.Id == dispatch.Id }) {
		return nil, errors.New("not listed")
	}
	_, err = lk.agent.DeleteDispatch(ctx, &livekit.DeleteAgentDispatchRequest{Room: room, DispatchId: dispatch.Id})
	if err != nil {
		return nil, err
	}
	left, err := until(ctx, lk, "phone")
	return result{"dispatch": dispatch.Id, "joined": joined, "left": left}, err
}

// until waits until these are in the room, agents without their names.
func until(ctx context.Context, lk clients, expected ...string) ([]string, error) {
	for {
		there, err := present(ctx, lk)
		for at, name := range there {
			if strings.HasPrefix(name, "agent-") {
				there[at] = "agent"
			}
		}
		if err != nil || slices.Equal(there, expected) {
			return there, err
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// both dials two people into the room.
func both(ctx context.Context, lk clients, number string) error {
	_, err := dial(ctx, lk, "+15005550100", "phone")
	if err == nil {
		_, err = dial(ctx, lk, number, "second")
	}
	return err
}

// present tells who is in the room.
func present(ctx context.Context, lk clients) ([]string, error) {
	found, err := lk.rooms.ListParticipants(ctx, &livekit.ListParticipantsRequest{Room: room})
	there := []string{}
	for _, each := range found.GetParticipants() {
		there = append(there, each.Identity)
	}
	slices.Sort(there)
	return there, err
}

// badKey reads the error of a key that is not known.
func badKey(ctx context.Context, lk clients) (result, error) {
	_, err := dial(ctx, lk, "+15005550100", "phone")
	var failure twirp.Error
	if !errors.As(err, &failure) {
		return nil, errors.Join(errors.New("let in"), err)
	}
	return result{"code": failure.Code()}, nil
}

// dial waits until the phone is picked up, and tells the identity of the phone in the room.
func dial(ctx context.Context, lk clients, number, identity string) (string, error) {
	participant, err := lk.sip.CreateSIPParticipant(ctx, &livekit.CreateSIPParticipantRequest{
		SipTrunkId:          os.Getenv("SIP_TRUNK_ID"),
		SipCallTo:           number,
		RoomName:            room,
		ParticipantIdentity: identity,
		WaitUntilAnswered:   true,
	})
	return participant.GetParticipantIdentity(), err
}
