//! `evil_hub DATA_DIR ADDRESS CAPTURE FLIPS`: plays a hub that changes bytes; see `samverkan_tests::evil`.

use std::error::Error;
use std::path::PathBuf;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [data_dir, address, capture, flips] = arguments.as_slice() else {
        return Err("usage: evil_hub DATA_DIR ADDRESS CAPTURE FLIPS".into());
    };
    let (data_dir, capture) = (PathBuf::from(data_dir), PathBuf::from(capture));
    samverkan_tests::evil::serve(&data_dir, address.parse()?, &capture, PathBuf::from(flips)).await
}
