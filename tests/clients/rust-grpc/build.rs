//! Generates the stubs from the folder that PROTOS names.

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("cargo::rerun-if-env-changed=PROTOS");
    let protos = std::env::var("PROTOS").unwrap_or("../../../proto".into());
    println!("cargo::rerun-if-changed={protos}");
    let compiled = protox::compile(["gateway/telephony/v1/calls.proto"], [protos])?;
    tonic_prost_build::configure()
        .build_server(false)
        .compile_fds(compiled)?;
    Ok(())
}
