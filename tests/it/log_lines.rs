//! What an operator can follow in the log: a call by its request number and a message by its id, and nobody by name.

use samverkan_proto::v1::ErrorReason;
use samverkan_tests::hub::HubProcess;
use samverkan_tests::site::Site;
use samverkan_tests::wire::{Inbox, Member, Parcel, refused};
use serde_json::Value;
use std::fs::File;
use std::io::Write as _;
use tonic::Code;

/// The log's lines, each a JSON document.
fn lines(hub: &HubProcess) -> Vec<Value> {
    let parse = |line: &str| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
    hub.log().lines().map(parse).collect()
}

/// The lines of one kind of call.
fn of_method<'a>(lines: &'a [Value], method: &str) -> Vec<&'a Value> {
    lines.iter().filter(|line| line["span"]["method"] == method).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[tokio::test]
async fn a_call_and_its_message_can_be_followed_and_nobody_is_named() {
    let site = Site::new();
    let configuration = File::options().append(true).open(site.configuration());
    writeln!(configuration.expect("a configuration"), "log_format = \"json\"").expect("written");
    let hub = HubProcess::start_at(site);
    let (sender, recipient) = (Member::join(&hub, "avsandare").await, Member::join(&hub, "mottagare").await);
    let parcel = Parcel::new(&sender, &[&recipient]);
    parcel.submit(&sender.connect(&hub)).await.expect("accepted");
    let theft = refused("another's message", parcel.submit(&recipient.connect(&hub)).await);
    theft.is(Code::PermissionDenied, ErrorReason::SenderMismatch, "");
    let mut inbox = Inbox::open(&recipient.connect(&hub)).await.expect("a stream");
    inbox.drain().await.expect("what waits");
    drop(inbox);
    assert!(hub.terminate().success());

    let lines = lines(&hub);
    let submitted = of_method(&lines, "RelayService/Submit");
    let found = |message: &str| {
        let found = submitted.iter().find(|line| line["fields"]["message"] == message);
        *found.unwrap_or_else(|| panic!("no {message}: {submitted:?}"))
    };
    let (answered, refusal) = (found("answered"), found("refused"));
    let id: String = hex(&parcel.header.message_id);
    for line in [answered, refusal] {
        let named = line["span"]["message_id"].as_str().expect("a message id").replace('-', "");
        assert_eq!(named, id);
        let request = line["span"]["request"].as_str().expect("a request number");
        assert!(request.len() == 16 && request.bytes().all(|byte| byte.is_ascii_hexdigit()), "{request}");
        assert!(line["fields"]["ms"].is_u64(), "{line}");
    }
    assert_ne!(answered["span"]["request"], refusal["span"]["request"]);
    assert_eq!(refusal["fields"]["reason"], "SENDER_MISMATCH");
    let received = of_method(&lines, "RelayService/Receive");
    let requests: Vec<&Value> = received.iter().map(|line| &line["span"]["request"]).collect();
    assert!(requests.len() >= 2, "its beginning and its end: {received:?}");
    assert!(requests.iter().all(|request| *request == requests[0]), "{received:?}");

    let log = hub.log();
    for member in [&sender, &recipient] {
        for secret in [
            member.handle().to_owned(),
            hex(&member.org()),
            hex(&member.mailbox()),
            hex(&member.device().id()),
        ] {
            assert!(!log.contains(&secret), "{secret} is in the log");
        }
    }
    assert!(!log.contains("127.0.0.1"), "an address is in the log");
}
