//! Compiles the `.proto` files in Rust (protox), so that building needs no protoc.

use prost::Message as _;
use std::path::PathBuf;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("cargo:rerun-if-changed=samverkan");
    let files = ["error", "enrolment", "directory", "consent", "relay", "registry", "membership"]
        .map(|family| format!("samverkan/v1/{family}.proto"));
    let descriptors = protox::compile(files, ["."])?;
    let out = PathBuf::from(std::env::var("OUT_DIR")?);
    std::fs::write(out.join("descriptors.bin"), descriptors.encode_to_vec())?;
    tonic_prost_build::configure().bytes(".").compile_fds(descriptors)?;
    Ok(())
}
