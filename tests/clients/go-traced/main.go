// Places a call and hangs it up within a span of its own, as a program does that OpenTelemetry
// watches. It exports its spans to OTEL_EXPORTER_OTLP_ENDPOINT, and prints the id of the trace.
package main

import (
	"context"
	"encoding/json"
	"log"
	"os"
	"time"

	"go.opentelemetry.io/contrib/instrumentation/google.golang.org/grpc/otelgrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/trace"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"

	telephony "callgateway.test/go-traced/gateway/telephony/v1"
)

func main() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	told, err := traced(ctx)
	if err != nil {
		log.Fatal(err)
	}
	if err := json.NewEncoder(os.Stdout).Encode(told); err != nil {
		log.Fatal(err)
	}
}

// traced runs the program's one task, and sends what was recorded of it.
func traced(ctx context.Context) (map[string]string, error) {
	exporter, err := otlptracehttp.New(ctx)
	if err != nil {
		return nil, err
	}
	provider := trace.NewTracerProvider(trace.WithBatcher(exporter))
	connection, err := grpc.NewClient(os.Getenv("GATEWAY_GRPC"),
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithStatsHandler(otelgrpc.NewClientHandler(
			otelgrpc.WithTracerProvider(provider),
			otelgrpc.WithPropagators(propagation.TraceContext{}))))
	if err != nil {
		return nil, err
	}
	defer connection.Close()
	spanCtx, span := provider.Tracer("agent").Start(ctx, "answer a customer")
	callID, err := call(spanCtx, telephony.NewCallServiceClient(connection))
	span.End()
	if err != nil {
		return nil, err
	}
	id := span.SpanContext().TraceID().String()
	return map[string]string{"trace_id": id, "call_id": callID}, provider.Shutdown(ctx)
}

// call waits until the phone is picked up, and hangs up.
func call(ctx context.Context, calls telephony.CallServiceClient) (string, error) {
	ctx = metadata.AppendToOutgoingContext(ctx,
		"authorization", "Bearer "+os.Getenv("GATEWAY_TOKEN"))
	placed, err := calls.PlaceCall(ctx, &telephony.PlaceCallRequest{
		To: "+15005550100", WaitUntilAnswered: true,
	})
	if err != nil {
		return "", err
	}
	callID := placed.GetCall().GetCallId()
	_, err = calls.HangUpCall(ctx, &telephony.HangUpCallRequest{CallId: callID})
	return callID, err
}
