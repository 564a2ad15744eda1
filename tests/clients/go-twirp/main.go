// Calls a gateway over Twirp, with the client generated from proto/. Its argument names what to
// do; it prints what came of it as one line of JSON.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"log"
	"net/http"
	"os"
	"time"

	"github.com/twitchtv/twirp"
	"google.golang.org/protobuf/types/known/durationpb"

	telephony "callgateway.test/go-twirp/gateway/telephony/v1"
)

type result map[string]any

func main() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	ctx, err := twirp.WithHTTPRequestHeaders(ctx, http.Header{
		"Authorization": {"Bearer " + os.Getenv("GATEWAY_TOKEN")},
	})
	if err != nil {
		log.Fatal(err)
	}

	calls := telephony.NewCallServiceProtobufClient(os.Getenv("GATEWAY_HTTP"), http.DefaultClient)
	scenarios := map[string]func(context.Context, telephony.CallService) (result, error){
		"answered": answered, "watch": watch, "refused": refused, "hangup": hangUp,
	}
	told, err := scenarios[os.Args[1]](ctx, calls)
	if err != nil {
		log.Fatal(err)
	}
	if err := json.NewEncoder(os.Stdout).Encode(told); err != nil {
		log.Fatal(err)
	}
}

// answered waits until the phone is picked up.
func answered(ctx context.Context, calls telephony.CallService) (result, error) {
	placed, err := calls.PlaceCall(ctx, &telephony.PlaceCallRequest{
		To: "+15005550100", WaitUntilAnswered: true,
	})
	if err != nil {
		return nil, err
	}
	return result{"state": placed.GetCall().GetState().String()}, nil
}

// watch reads every event of a call until it is over.
func watch(ctx context.Context, calls telephony.CallService) (result, error) {
	placed, err := calls.PlaceCall(ctx, &telephony.PlaceCallRequest{To: "+15005550108"})
	if err != nil {
		return nil, err
	}
	types, sequences, reason := []string{}, []int64{}, ""
	err = events(ctx, calls, placed.GetCall().GetCallId(), func(event *telephony.CallEvent) bool {
		types = append(types, event.GetType().String())
		sequences = append(sequences, event.GetSequence())
		reason = event.GetCall().GetEndReason().String()
		return true
	})
	return result{"types": types, "sequences": sequences, "end_reason": reason}, err
}

// refused reads the details of an error.
func refused(ctx context.Context, calls telephony.CallService) (result, error) {
	_, err := calls.PlaceCall(ctx, &telephony.PlaceCallRequest{To: "nonsense"})
	var failure twirp.Error
	if !errors.As(err, &failure) {
		return nil, errors.New("not refused")
	}
	return result{
		"code":   failure.Code(),
		"reason": failure.Meta("reason"),
		"fields": []string{failure.Meta("field")},
	}, nil
}

// hangUp ends a call while the phone rings.
func hangUp(ctx context.Context, calls telephony.CallService) (result, error) {
	placed, err := calls.PlaceCall(ctx, &telephony.PlaceCallRequest{To: "+15005550102"})
	if err != nil {
		return nil, err
	}
	callID := placed.GetCall().GetCallId()
	err = events(ctx, calls, callID, func(event *telephony.CallEvent) bool {
		return event.GetType() != telephony.CallEventType_CALL_EVENT_TYPE_CALL_RINGING
	})
	if err != nil {
		return nil, err
	}
	ended, err := calls.HangUpCall(ctx, &telephony.HangUpCallRequest{CallId: callID})
	if err != nil {
		return nil, err
	}
	call := ended.GetCall()
	return result{"state": call.GetState().String(), "end_reason": call.GetEndReason().String()}, nil
}

// events hands each event of a call to see, from the first on, until the call is over or see has
// had enough. Twirp has no streams: each request waits for what comes next.
func events(
	ctx context.Context, calls telephony.CallService, callID string,
	see func(*telephony.CallEvent) bool,
) error {
	request := &telephony.ListCallEventsRequest{
		CallId: callID, AfterSequence: new(int64), Wait: durationpb.New(20 * time.Second),
	}
	for {
		page, err := calls.ListCallEvents(ctx, request)
		if err != nil {
			return err
		}
		for _, event := range page.GetEvents() {
			over := event.GetType() == telephony.CallEventType_CALL_EVENT_TYPE_CALL_ENDED
			if !see(event) || over {
				return nil
			}
		}
		request.AfterSequence = &page.Sequence
	}
}
