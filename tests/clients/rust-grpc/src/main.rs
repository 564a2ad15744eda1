//! Calls a gateway over gRPC, with the crate of its stubs. Its argument names what to do; it prints
//! what came of it as one line of JSON.

use std::env;
use std::error::Error;

use serde_json::{Value, json};
use tonic::service::interceptor::InterceptedService;
use tonic::transport::{Channel, Endpoint};
use tonic::Status;
use tonic_types::StatusExt;

use call_gateway_client::v1 as telephony;
use call_gateway_client::{SignIn, connect, retrying};
use telephony::call_service_client::CallServiceClient;
use telephony::watch_calls_response::Message;
use telephony::{Call, CallEvent, CallEventType};
use telephony::{HangUpCallRequest, PlaceCallRequest, WatchCallsRequest};

type Outcome = Result<Value, Box<dyn Error>>;
type Calls = CallServiceClient<InterceptedService<Channel, SignIn>>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let address = format!("http://{}", env::var("GATEWAY_GRPC")?);
    let signed_in = connect(Endpoint::from_shared(address)?, &env::var("GATEWAY_TOKEN")?).await?;
    let calls = CallServiceClient::new(signed_in);
    let told = match env::args().nth(1).as_deref() {
        Some("answered") => answered(calls).await?,
        Some("watch") => watch(calls).await?,
        Some("refused") => refused(calls).await?,
        Some("hangup") => hang_up(calls).await?,
        other => return Err(format!("no scenario {other:?}").into()),
    };
    println!("{told}");
    Ok(())
}

/// Waits until the phone is picked up.
async fn answered(mut calls: Calls) -> Outcome {
    let request = PlaceCallRequest {
        to: "+15005550100".into(),
        wait_until_answered: true,
        ..Default::default()
    };
    let call = place(&mut calls, request).await?;
    Ok(json!({"state": call.state().as_str_name()}))
}

/// Reads every event of a call until it is over.
async fn watch(mut calls: Calls) -> Outcome {
    let request = PlaceCallRequest {
        to: "+15005550108".into(),
        ..Default::default()
    };
    let call = place(&mut calls, request).await?;
    let mut seen = Vec::new();
    events(&mut calls, call.call_id, |event| {
        seen.push(event);
        true
    })
    .await?;
    let types: Vec<_> = seen
        .iter()
        .map(|event| event.r#type().as_str_name())
        .collect();
    let sequences: Vec<_> = seen.iter().map(|event| event.sequence).collect();
    let last = seen
        .last()
        .and_then(|event| event.call.as_ref())
        .ok_or("no event")?;
    let end_reason = last.end_reason().as_str_name();
    Ok(json!({"types": types, "sequences": sequences, "end_reason": end_reason}))
}

/// Reads the details of an error.
async fn refused(mut calls: Calls) -> Outcome {
    let request = PlaceCallRequest {
        to: "nonsense".into(),
        ..Default::default()
    };
    let status = calls.place_call(request).await.err().ok_or("not refused")?;
    let details = status.get_error_details();
    let info = details.error_info().ok_or("no ErrorInfo")?;
    let bad = details.bad_request().ok_or("no BadRequest")?;
    let fields: Vec<_> = bad
        .field_violations
        .iter()
        .map(|each| &each.field)
        .collect();
    Ok(json!({
        "code": format!("{:?}", status.code()),
        "domain": info.domain,
        "reason": info.reason,
        "fields": fields,
    }))
}

/// Ends a call while the phone rings.
async fn hang_up(mut calls: Calls) -> Outcome {
    let request = PlaceCallRequest {
        to: "+15005550102".into(),
        ..Default::default()
    };
    let call_id = place(&mut calls, request).await?.call_id;
    events(&mut calls, call_id.clone(), |event| {
        event.r#type() != CallEventType::CallRinging
    })
    .await?;
    let request = HangUpCallRequest {
        call_id,
        ..Default::default()
    };
    let ended = calls.hang_up_call(request).await?.into_inner();
    let call = ended.call.ok_or("no call")?;
    Ok(json!({
        "state": call.state().as_str_name(),
        "end_reason": call.end_reason().as_str_name(),
    }))
}

async fn place(calls: &mut Calls, request: PlaceCallRequest) -> Result<Call, Box<dyn Error>> {
    let placed = retrying(|| {
        let (mut calls, request) = (calls.clone(), request.clone());
        async move { calls.place_call(request).await }
    })
    .await?
    .into_inner();
    Ok(placed.call.ok_or("no call")?)
}

/// Hands each event of a call to `see`, from the first on, until the call is over or `see` has had
/// enough.
async fn events(
    calls: &mut Calls,
    call_id: String,
    mut see: impl FnMut(CallEvent) -> bool,
) -> Result<(), Status> {
    let request = WatchCallsRequest {
        call_id,
        after_sequence: Some(0),
    };
    let mut stream = calls.watch_calls(request).await?.into_inner();
    while let Some(response) = stream.message().await? {
        let Some(Message::Event(event)) = response.message else {
            continue;
        };
        if !see(event) {
            break;
        }
    }
    Ok(())
}
