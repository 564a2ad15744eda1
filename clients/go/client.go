// Package client connects to a call-control gateway; its stubs are in the folder
// gateway/telephony/v1 beside.
package client

import (
	"context"
	_ "embed"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	_ "google.golang.org/grpc/health" // client-side health checking
)

// ServiceConfig is what gRPC is told by default: which answers are repeated, and whose health counts.
//
//go:embed service-config.json
var ServiceConfig string

// New is grpc.NewClient for a gateway: it repeats requests as ServiceConfig says. The options need
// transport credentials, such as insecure.NewCredentials(); they come after the package's own.
func New(target string, options ...grpc.DialOption) (*grpc.ClientConn, error) {
	own := grpc.WithDefaultServiceConfig(ServiceConfig)
	return grpc.NewClient(target, append([]grpc.DialOption{own}, options...)...)
}

// Token signs each request with what the function returns at that time. Without secure, it is sent
// over plain text too.
func Token(token func() string, secure bool) grpc.DialOption {
	return grpc.WithPerRPCCredentials(bearer{token, secure})
}

type bearer struct {
	token  func() string
	secure bool
}

var _ credentials.PerRPCCredentials = bearer{}

func (b bearer) GetRequestMetadata(context.Context, ...string) (map[string]string, error) {
	return map[string]string{"authorization": "Bearer " + b.token()}, nil
}

func (b bearer) RequireTransportSecurity() bool { return b.secure }
