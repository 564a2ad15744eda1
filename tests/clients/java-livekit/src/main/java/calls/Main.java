package calls;

import com.google.gson.Gson;
import com.google.gson.JsonObject;
import io.livekit.server.CreateSipParticipantOptions;
import io.livekit.server.SipServiceClient;
import java.io.IOException;
import java.util.Map;
import livekit.LivekitSip.SIPParticipantInfo;
import retrofit2.Response;

/**
 * Calls phones with LiveKit's library for Kotlin and Java. Its argument names what to do; it prints
 * what came of it as one line of JSON.
 */
public final class Main {
  private static final String TRUNK = System.getenv("SIP_TRUNK_ID");
  private static final String ROOM = System.getenv("ROOM");

  private final SipServiceClient sip;

  private Main(SipServiceClient sip) {
    this.sip = sip;
  }

  public static void main(String[] arguments) throws IOException {
    SipServiceClient sip =
        SipServiceClient.createClient(
            System.getenv("LIVEKIT_URL"),
            System.getenv("LIVEKIT_API_KEY"),
            System.getenv("LIVEKIT_API_SECRET"));
    System.out.println(new Gson().toJson(new Main(sip).run(arguments[0])));
  }

  private Map<String, Object> run(String scenario) throws IOException {
    return switch (scenario) {
      case "answered" -> answered();
      case "busy" -> busy();
      case "transfer" -> transfer();
      case "bad_key" -> badKey();
      default -> throw new IllegalArgumentException(scenario);
    };
  }

  /** Waits until the phone is picked up. */
  private Map<String, Object> answered() throws IOException {
    return Map.of("participant", succeeded(dial("+15005550100")).getParticipantIdentity());
  }

  /** Reads the SIP status of a call that failed: the library leaves the error's text to us. */
  private Map<String, Object> busy() throws IOException {
    JsonObject error = error(dial("+15005550101"));
    JsonObject meta = error.getAsJsonObject("meta");
    return Map.of(
        "sip_status_code", meta.get("sip_status_code").getAsInt(),
        "sip_status", meta.get("sip_status").getAsString(),
        "code", error.get("code").getAsString());
  }

  /** Hands an answered call over to another number. */
  private Map<String, Object> transfer() throws IOException {
    String identity = succeeded(dial("+15005550100")).getParticipantIdentity();
    succeeded(sip.transferSipParticipant(ROOM, identity, "tel:+15005550100", null).execute());
    return Map.of("transferred", true);
  }

  /** Reads the error of a key that is not known. */
  private Map<String, Object> badKey() throws IOException {
    Response<SIPParticipantInfo> response = dial("+15005550100");
    return Map.of(
        "code", error(response).get("code").getAsString(), "status", response.code());
  }

  /** Waits until the phone is picked up. */
  private Response<SIPParticipantInfo> dial(String number) throws IOException {
    CreateSipParticipantOptions options =
        new CreateSipParticipantOptions("phone", null, null, null, null, null, null, true);
    return sip.createSipParticipant(TRUNK, number, ROOM, options).execute();
  }

  private static <T> T succeeded(Response<T> response) throws IOException {
    if (!response.isSuccessful()) {
      throw new IOException(response.errorBody().string());
    }
    return response.body();
  }

  private static JsonObject error(Response<?> response) throws IOException {
    if (response.isSuccessful()) {
      throw new IOException("no error");
    }
    return new Gson().fromJson(response.errorBody().string(), JsonObject.class);
  }
}
