// Calls phones with LiveKit's Go library. Its argument names what to do; it prints what came of it
// as one line of JSON.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"log"
	"os"
	"time"

	"github.com/livekit/protocol/livekit"
	lksdk "github.com/livekit/server-sdk-go/v2"
	"github.com/twitchtv/twirp"
	"google.golang.org/grpc/status"
)

type result map[string]any

func main() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	sip := lksdk.NewSIPClient(
		os.Getenv("LIVEKIT_URL"), os.Getenv("LIVEKIT_API_KEY"), os.Getenv("LIVEKIT_API_SECRET"))
	scenarios := map[string]func(context.Context, *lksdk.SIPClient) (result, error){
		"answered": answered, "busy": busy, "transfer": transfer, "bad_key": badKey,
	}
	told, err := scenarios[os.Args[1]](ctx, sip)
	if err != nil {
		log.Fatal(err)
	}
	if err := json.NewEncoder(os.Stdout).Encode(told); err != nil {
		log.Fatal(err)
	}
}

// answered waits until the phone is picked up.
func answered(ctx context.Context, sip *lksdk.SIPClient) (result, error) {
	identity, err := dial(ctx, sip, "+15005550100")
	return result{"participant": identity}, err
}

// busy reads the SIP status of a call that failed.
func busy(ctx context.Context, sip *lksdk.SIPClient) (result, error) {
	_, err := dial(ctx, sip, "+15005550101")
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
func transfer(ctx context.Context, sip *lksdk.SIPClient) (result, error) {
	identity, err := dial(ctx, sip, "+15005550100")
	if err != nil {
		return nil, err
	}
	_, err = sip.TransferSIPParticipant(ctx, &livekit.TransferSIPParticipantRequest{
		RoomName:            os.Getenv("ROOM"),
		ParticipantIdentity: identity,
		TransferTo:          "tel:+15005550100",
	})
	return result{"transferred": true}, err
}

// badKey reads the error of a key that is not known.
func badKey(ctx context.Context, sip *lksdk.SIPClient) (result, error) {
	_, err := dial(ctx, sip, "+15005550100")
	var failure twirp.Error
	if !errors.As(err, &failure) {
		return nil, errors.Join(errors.New("let in"), err)
	}
	return result{"code": failure.Code()}, nil
}

// dial waits until the phone is picked up, and tells the identity of the phone in the room.
func dial(ctx context.Context, sip *lksdk.SIPClient, number string) (string, error) {
	participant, err := sip.CreateSIPParticipant(ctx, &livekit.CreateSIPParticipantRequest{
		SipTrunkId:          os.Getenv("SIP_TRUNK_ID"),
		SipCallTo:           number,
		RoomName:            os.Getenv("ROOM"),
		ParticipantIdentity: "phone",
		WaitUntilAnswered:   true,
	})
	return participant.GetParticipantIdentity(), err
}
