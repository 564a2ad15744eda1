//! Stubs of a call-control gateway, and requests that repeat what certainly did nothing.

use std::future::Future;
use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use serde_json::Value;
use tonic::metadata::{Ascii, MetadataValue};
use tonic::service::Interceptor;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Request, Status};

/// Messages and clients, generated from the protos.
#[allow(clippy::all)]
pub mod v1 {
    tonic::include_proto!("gateway.telephony.v1");
}

/// gRPC's service config, which tonic itself does not read.
pub const SERVICE_CONFIG: &str = include_str!("../service-config.json");

/// Adds the token to every request.
#[derive(Clone)]
pub struct SignIn(MetadataValue<Ascii>);

impl Interceptor for SignIn {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        let value = self.0.clone();
        request.metadata_mut().insert("authorization", value);
        Ok(request)
    }
}

/// A connection that signs in, for the clients in `v1`: `CallServiceClient::new(connect(…).await?)`.
pub async fn connect(
    endpoint: Endpoint,
    token: &str,
) -> Result<InterceptedService<Channel, SignIn>, Box<dyn std::error::Error>> {
    let sign_in = SignIn(format!("Bearer {token}").parse()?);
    Ok(InterceptedService::new(endpoint.connect().await?, sign_in))
}

/// Which answers are repeated, how often, and after which pauses.
#[derive(Clone, Debug)]
pub struct RetryPolicy {
    pub max_attempts: u64,
    pub initial_backoff: Duration,
    pub max_backoff: Duration,
    pub backoff_multiplier: f64,
    pub retryable: Vec<Code>,
}

impl Default for RetryPolicy {
    /// The one of SERVICE_CONFIG.
    fn default() -> Self {
        let config: Value = serde_json::from_str(SERVICE_CONFIG).expect("the package's own JSON");
        let policy = &config["methodConfig"][0]["retryPolicy"];
        let seconds = |name: &str| {
            let text = policy[name].as_str().unwrap_or("0s").trim_end_matches('s');
            Duration::from_secs_f64(text.parse().unwrap_or(0.0))
        };
        let names = policy["retryableStatusCodes"].as_array();
        Self {
            max_attempts: policy["maxAttempts"].as_u64().unwrap_or(1),
            initial_backoff: seconds("initialBackoff"),
            max_backoff: seconds("maxBackoff"),
            backoff_multiplier: policy["backoffMultiplier"].as_f64().unwrap_or(1.0),
            retryable: names.into_iter().flatten().filter_map(code).collect(),
        }
    }
}

fn code(name: &Value) -> Option<Code> {
    let name = name.as_str()?;
    (0..=16).map(Code::from_i32).find(|code| {
        format!("{code:?}").eq_ignore_ascii_case(&name.replace('_', ""))
    })
}

/// Sends a request, and again as the policy says. The closure makes each attempt:
/// `retrying(|| { let mut calls = calls.clone(); async move { calls.get_call(…).await } })`.
pub async fn retrying<T, F, A>(attempt: F) -> Result<T, Status>
where
    F: FnMut() -> A,
    A: Future<Output = Result<T, Status>>,
{
    retrying_by(&RetryPolicy::default(), attempt).await
}

/// The same by a policy of your own.
pub async fn retrying_by<T, F, A>(policy: &RetryPolicy, mut attempt: F) -> Result<T, Status>
where
    F: FnMut() -> A,
    A: Future<Output = Result<T, Status>>,
{
    let mut pause = policy.initial_backoff;
    let mut attempts = 1;
    loop {
        match attempt().await {
            Err(status) if attempts < policy.max_attempts && policy.retryable.contains(&status.code()) => {
                tokio::time::sleep(pause.mul_f64(chance())).await;
                pause = pause.mul_f64(policy.backoff_multiplier).min(policy.max_backoff);
                attempts += 1;
            }
            other => return other,
        }
    }
}

/// From 0 to 1, so that clients do not come again all at once.
fn chance() -> f64 {
    RandomState::new().hash_one(0) as f64 / u64::MAX as f64
}
