package gateway.client;

import com.google.gson.Gson;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ChannelCredentials;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptor;
import io.grpc.ForwardingClientCall.SimpleForwardingClientCall;
import io.grpc.Grpc;
import io.grpc.ManagedChannelBuilder;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.function.Supplier;

/** Channels to a call-control gateway that repeat what certainly did nothing. */
public final class CallGateway {
  private static final Metadata.Key<String> AUTHORIZATION =
      Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER);

  private CallGateway() {}

  /** A channel, to be built, with the service config that the package has. */
  public static ManagedChannelBuilder<?> channel(String target, ChannelCredentials credentials) {
    return Grpc.newChannelBuilder(target, credentials)
        .defaultServiceConfig(serviceConfig())
        .enableRetry();
  }

  /** Signs each request with what the supplier gives at that time, for tokens that expire. */
  public static ClientInterceptor token(Supplier<String> token) {
    return new ClientInterceptor() {
      @Override
      public <Q, A> ClientCall<Q, A> interceptCall(
          MethodDescriptor<Q, A> method, CallOptions options, Channel next) {
        return new SimpleForwardingClientCall<>(next.newCall(method, options)) {
          @Override
          public void start(Listener<A> listener, Metadata headers) {
            headers.put(AUTHORIZATION, "Bearer " + token.get());
            super.start(listener, headers);
          }
        };
      }
    };
  }

  /** What gRPC is told by default: which answers are repeated, and whose health counts. */
  @SuppressWarnings("unchecked")
  public static Map<String, ?> serviceConfig() {
    try (InputStream file = CallGateway.class.getResourceAsStream("/gateway/client/service-config.json")) {
      return new Gson().fromJson(new InputStreamReader(file, StandardCharsets.UTF_8), Map.class);
    } catch (IOException broken) {
      throw new UncheckedIOException(broken);
    }
  }
}
