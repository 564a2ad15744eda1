// Calls a gateway over gRPC, with the Go module of its stubs. Its argument names what to do; it prints
// what came of it as one line of JSON.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"

	"call-gateway.example/client"
	telephony "call-gateway.example/client/gateway/telephony/v1"
)

type result map[string]any

func main() {
	connection, err := client.New(os.Getenv("GATEWAY_GRPC"),
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		client.Token(func() string { return os.Getenv("GATEWAY_TOKEN") }, false))
	if err != nil {
		log.Fatal(err)
	}
	defer connection.Close()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()

	calls := telephony.NewCallServiceClient(connection)
	scenarios := map[string]func(context.Context, telephony.CallServiceClient) (result, error){
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
func answered(ctx context.Context, calls telephony.CallServiceClient) (result, error) {
	placed, err := calls.PlaceCall(ctx, &telephony.PlaceCallRequest{
		To: "+15005550100", WaitUntilAnswered: true,
	})
	if err != nil {
		return nil, err
	}
	return result{"state": placed.GetCall().GetState().String()}, nil
}

// watch reads every event of a call until it is over.
func watch(ctx context.Context, calls telephony.CallServiceClient) (result, error) {
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
func refused(ctx context.Context, calls telephony.CallServiceClient) (result, error) {
	_, err := calls.PlaceCall(ctx, &telephony.PlaceCallRequest{To: "nonsense"})
	if err == nil {
		return nil, errors.New("not refused")
	}
	told, fields := result{"code": status.Code(err).String()}, []string{}
	for _, detail := range status.Convert(err).Details() {
		switch detail := detail.(type) {
		case *errdetails.ErrorInfo:
			told["domain"], told["reason"] = detail.GetDomain(), detail.GetReason()
		case *errdetails.BadRequest:
			for _, violation := range detail.GetFieldViolations() {
				fields = append(fields, violation.GetField())
			}
		}
	}
	told["fields"] = fields
	return told, nil
}

// hangUp ends a call while the phone rings.
func hangUp(ctx context.Context, calls telephony.CallServiceClient) (result, error) {
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
// had enough.
func events(
	ctx context.Context, calls telephony.CallServiceClient, callID string,
	see func(*telephony.CallEvent) bool,
) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	fromTheFirst := int64(0)
	stream, err := calls.WatchCalls(ctx, &telephony.WatchCallsRequest{
		CallId: callID, AfterSequence: &fromTheFirst,
	})
	if err != nil {
		return err
	}
	for {
		message, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("watching %s: %w", callID, err)
		}
		if event := message.GetEvent(); event != nil && !see(event) {
			return nil
		}
	}
}
