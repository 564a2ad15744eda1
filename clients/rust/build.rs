//! Generates the stubs from the protos that come with the package.

use std::fs;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("cargo::rerun-if-changed=proto");
    let mut protos = Vec::new();
    for entry in fs::read_dir("proto/gateway/telephony/v1")? {
        protos.push(entry?.path());
    }
    protos.sort();
    let compiled = protox::compile(protos, ["proto"])?;
    tonic_prost_build::configure()
        .build_server(false)
        .compile_fds(compiled)?;
    Ok(())
}
