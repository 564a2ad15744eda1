// Command sipnode stands in for LiveKit SIP behind a real livekit-server.
//
// It answers LiveKit's own internal SIP requests (psrpc over Redis), joins the
// rooms as a real SIP participant and plays the telephones itself: what a phone
// does is decided by its number. To livekit-server, and to every client of
// LiveKit's API, it looks like LiveKit SIP; no SIP packet is ever sent.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/livekit/protocol/logger"
	"github.com/livekit/protocol/rpc"
	"github.com/livekit/psrpc"
	lksdk "github.com/livekit/server-sdk-go/v2"
	"github.com/redis/go-redis/v9"
)

// settings are what the command line says.
type settings struct {
	redisAddress string
	inspect      string
	livekit      livekitAccess
}

func main() {
	var conf settings
	flag.StringVar(&conf.redisAddress, "redis", "127.0.0.1:6379", "address of the Redis that livekit-server uses")
	flag.StringVar(&conf.livekit.url, "url", "ws://127.0.0.1:7880", "WebSocket address of livekit-server")
	flag.StringVar(&conf.livekit.apiKey, "api-key", "", "API key that signs the participants' tokens")
	flag.StringVar(&conf.livekit.apiSecret, "api-secret", "", "secret of the API key")
	flag.StringVar(&conf.inspect, "inspect", "127.0.0.1:0", "loopback address of the inspection endpoint")
	flag.BoolVar(&newer, "newer", false, "answer as a node of livekit-protocol v1.54.0")
	flag.Parse()

	if err := run(conf); err != nil {
		log.Fatalf("sipnode: %v", err)
	}
}

// run serves until SIGINT or SIGTERM.
func run(conf settings) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()

	quiet := logger.GetDiscardLogger()
	logger.SetLogger(quiet, "sipnode")
	lksdk.SetLogger(quiet)

	bus := redis.NewClient(&redis.Options{Addr: conf.redisAddress})
	defer func() { _ = bus.Close() }()
	if err := bus.Ping(ctx).Err(); err != nil {
		return fmt.Errorf("redis at %s: %w", conf.redisAddress, err)
	}

	listener, err := net.Listen("tcp", conf.inspect)
	if err != nil {
		return fmt.Errorf("inspection endpoint: %w", err)
	}

	node := newNode(conf.livekit, newLedger())
	messages := psrpc.NewRedisMessageBus(bus)
	server, err := rpc.NewSIPInternalServer(node, messages)
	if err != nil {
		return fmt.Errorf("psrpc server: %w", err)
	}
	if node.io, err = rpc.NewIOInfoClient(messages); err != nil {
		return fmt.Errorf("psrpc client: %w", err)
	}
	defer node.io.Close()
	defer server.Kill()
	node.topics = server
	if err := server.RegisterCreateSIPParticipantTopic(""); err != nil {
		return fmt.Errorf("register: %w", err)
	}

	web := &http.Server{Handler: inspection(node), ReadHeaderTimeout: 5 * time.Second}
	failed := make(chan error, 1)
	go func() { failed <- web.Serve(listener) }()
	log.Printf("ready: redis %s, livekit %s, inspection http://%s", conf.redisAddress, conf.livekit.url, listener.Addr())

	select {
	case err := <-failed:
		if !errors.Is(err, http.ErrServerClosed) {
			return fmt.Errorf("inspection endpoint: %w", err)
		}
	case <-ctx.Done():
	}
	node.hangUpAll()
	return web.Close()
}
