package calls;

import com.google.gson.Gson;
import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.rpc.BadRequest;
import com.google.rpc.ErrorInfo;
import com.google.rpc.Status;
import gateway.client.CallGateway;
import gateway.telephony.v1.Call;
import gateway.telephony.v1.CallEvent;
import gateway.telephony.v1.CallEventType;
import gateway.telephony.v1.CallServiceGrpc;
import gateway.telephony.v1.CallServiceGrpc.CallServiceBlockingStub;
import gateway.telephony.v1.HangUpCallRequest;
import gateway.telephony.v1.PlaceCallRequest;
import gateway.telephony.v1.WatchCallsRequest;
import io.grpc.Context;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;

/**
 * Calls a gateway over gRPC, with the Maven package of its stubs. Its argument names what to do; it
 * prints what came of it as one line of JSON.
 */
public final class Main {
  private final CallServiceBlockingStub calls;

  private Main(CallServiceBlockingStub calls) {
    this.calls = calls;
  }

  public static void main(String[] arguments) throws Exception {
    ManagedChannel channel =
        CallGateway.channel(System.getenv("GATEWAY_GRPC"), InsecureChannelCredentials.create())
            .intercept(CallGateway.token(() -> System.getenv("GATEWAY_TOKEN")))
            .build();
    try {
      Main client = new Main(CallServiceGrpc.newBlockingStub(channel));
      System.out.println(new Gson().toJson(client.run(arguments[0])));
    } finally {
      channel.shutdownNow().awaitTermination(10, TimeUnit.SECONDS);
    }
  }

  private Map<String, Object> run(String scenario) throws InvalidProtocolBufferException {
    return switch (scenario) {
      case "answered" -> answered();
      case "watch" -> watch();
      case "refused" -> refused();
      case "hangup" -> hangUp();
      default -> throw new IllegalArgumentException(scenario);
    };
  }

  /** Waits until the phone is picked up. */
  private Map<String, Object> answered() {
    Call call =
        place(PlaceCallRequest.newBuilder().setTo("+15005550100").setWaitUntilAnswered(true));
    return Map.of("state", call.getState());
  }

  /** Reads every event of a call until it is over. */
  private Map<String, Object> watch() {
    Call call = place(PlaceCallRequest.newBuilder().setTo("+15005550108"));
    List<CallEvent> seen = new ArrayList<>();
    events(call.getCallId(), seen::add);
    return Map.of(
        "types", seen.stream().map(CallEvent::getType).toList(),
        "sequences", seen.stream().map(CallEvent::getSequence).toList(),
        "end_reason", seen.get(seen.size() - 1).getCall().getEndReason());
  }

  /** Reads the details of an error. */
  private Map<String, Object> refused() throws InvalidProtocolBufferException {
    try {
      place(PlaceCallRequest.newBuilder().setTo("nonsense"));
    } catch (StatusRuntimeException refusal) {
      Map<String, Object> told = new LinkedHashMap<>();
      told.put("code", refusal.getStatus().getCode());
      Status status = StatusProto.fromThrowable(refusal);
      for (Any detail : status.getDetailsList()) {
        if (detail.is(ErrorInfo.class)) {
          ErrorInfo info = detail.unpack(ErrorInfo.class);
          told.put("domain", info.getDomain());
          told.put("reason", info.getReason());
        } else if (detail.is(BadRequest.class)) {
          List<BadRequest.FieldViolation> violations =
              detail.unpack(BadRequest.class).getFieldViolationsList();
          told.put("fields", violations.stream().map(each -> each.getField()).toList());
        }
      }
      return told;
    }
    throw new IllegalStateException("not refused");
  }

  /** Ends a call while the phone rings. */
  private Map<String, Object> hangUp() {
    String callId = place(PlaceCallRequest.newBuilder().setTo("+15005550102")).getCallId();
    events(callId, event -> event.getType() != CallEventType.CALL_EVENT_TYPE_CALL_RINGING);
    HangUpCallRequest request = HangUpCallRequest.newBuilder().setCallId(callId).build();
    Call ended = calls.withDeadlineAfter(1, TimeUnit.MINUTES).hangUpCall(request).getCall();
    return Map.of("state", ended.getState(), "end_reason", ended.getEndReason());
  }

  private Call place(PlaceCallRequest.Builder request) {
    return calls.withDeadlineAfter(1, TimeUnit.MINUTES).placeCall(request.build()).getCall();
  }

  /**
   * Hands each event of a call to {@code see}, from the first on, until the call is over or {@code
   * see} has had enough.
   */
  private void events(String callId, Predicate<CallEvent> see) {
    WatchCallsRequest request =
        WatchCallsRequest.newBuilder().setCallId(callId).setAfterSequence(0).build();
    Context.CancellableContext watching = Context.current().withCancellation();
    watching.run(
        () -> {
          var messages = calls.withDeadlineAfter(1, TimeUnit.MINUTES).watchCalls(request);
          while (messages.hasNext()) {
            var message = messages.next();
            if (message.hasEvent() && !see.test(message.getEvent())) {
              break;
            }
          }
        });
    watching.cancel(null);
  }
}
