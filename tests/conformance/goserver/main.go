// Serves the API's CallService on Twirp's own Go runtime, so that the conformance suite can be
// held against the reference implementation. It places no calls: it answers from two fixed ones.
//
// Prints its port on a line of standard output and serves until standard input ends.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"

	"github.com/twitchtv/twirp"

	pb "gateway.telephony/tests/conformance/goserver/gateway/telephony/v1"
)

// Twirp itself limits nothing; this is the gateway's limit.
const maxBodyBytes = 1 << 16

// A server that is made from only some methods: the others are nil, and never asked.
type server struct {
	pb.CallService
}

func call(id string, sequence int64) *pb.Call {
	return &pb.Call{CallId: id, State: pb.CallState_CALL_STATE_ENDED, Sequence: sequence}
}

// ListCalls answers with both calls, or with as many as the page holds.
func (server) ListCalls(_ context.Context, asked *pb.ListCallsRequest) (*pb.ListCallsResponse, error) {
	calls := []*pb.Call{call("call_2", 1<<53+1), call("call_1", 1)}
	if asked.PageSize != 1 {
		return &pb.ListCallsResponse{Calls: calls}, nil
	}
	return &pb.ListCallsResponse{Calls: calls[:1], NextPageToken: "more"}, nil
}

// GetCall fails as its call_id says: "code:<twirp code>", "error", "panic" or "nil".
func (server) GetCall(_ context.Context, asked *pb.GetCallRequest) (*pb.GetCallResponse, error) {
	what, code, _ := strings.Cut(asked.CallId, ":")
	switch what {
	case "code":
		failure := twirp.NewError(twirp.ErrorCode(code), "as asked for")
		return nil, failure.WithMeta("call_id", asked.CallId).WithMeta("retry_after_ms", "1500")
	case "error":
		return nil, errors.New("no Twirp error")
	case "panic":
		panic("as asked for")
	case "nil":
		return nil, nil
	}
	return &pb.GetCallResponse{Call: call(asked.CallId, 1)}, nil
}

func main() {
	handler := pb.NewCallServiceServer(server{})
	limited := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, maxBodyBytes)
		handler.ServeHTTP(w, r)
	})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}()
	fmt.Fprintln(os.Stderr, http.Serve(listener, limited))
}
