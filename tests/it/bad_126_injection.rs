//! 126: what clients say never reaches the log, or a person's terminal, as they said it.

use rcgen::{CertificateParams, DnType, KeyPair};
use rustls::pki_types::PrivatePkcs8KeyDer;
use samverkan_proto::v1;
use samverkan_tests::hub::HubProcess;
use samverkan_tests::site::Site;
use samverkan_tests::wire::connect::{Presented, authority, handshake, tls};
use samverkan_tests::wire::hello::{Hello, said_to};
use samverkan_tests::wire::http2::{END_HEADERS, END_STREAM, HEADERS, Wire, call, field, frame};
use samverkan_tests::wire::{Member, Parcel, Peer, Refused, refused};

/// What would show that a string went through: it is in every one of them.
const MARK: &str = "injicerat";

/// Strings that would write a line of their own, colour it, or turn the reading direction.
fn strings() -> [String; 6] {
    [
        format!("\n2026-01-01T00:00:00Z  INFO {MARK}"),
        format!("\r\n{MARK}"),
        format!("\u{1b}[31m{MARK}\u{1b}[2K"),
        format!("\u{202e}{MARK}\u{2066}"),
        format!("\u{0}{MARK}\u{7}\u{8}"),
        format!("\u{85}{MARK}\u{2028}\u{9b}31m"),
    ]
}

/// Whether a character may do something to a terminal or to the order of what is read.
fn acts(character: char) -> bool {
    let turns =
        matches!(character, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    turns || matches!(character, '\u{2028}' | '\u{2029}') || character.is_control()
}

/// Says every string wherever a client can say one. What is not refused is as good as not said.
async fn say_everything(hub: &HubProcess) {
    let member = Member::join(hub, "brottsofferjouren").await;
    for string in strings() {
        in_headers(hub, &member, &string).await;
        in_handshakes(hub, &string).await;
        in_manifests(hub, &member, &string).await;
        in_messages(hub, &member, &string).await;
    }
    // The hub has come to the end of all that.
    Parcel::new(&member, &[&Member::join(hub, "kvinnojouren").await])
        .submit(&member.connect(hub))
        .await
        .expect("the hub goes on");
}

async fn in_headers(hub: &HubProcess, member: &Member, string: &str) {
    let names =
        ["user-agent", "x-request-id", "grpc-timeout", "traceparent", "content-type", ":path", ":authority"];
    for name in names {
        let mut wire = Wire::open(hub, member.device().presented(), &[]).await;
        let block = match name {
            ":path" => [
                field(":method", "POST"),
                field(":scheme", "https"),
                field(":path", &format!("/samverkan.v1.RelayService/{string}")),
                field("content-type", "application/grpc"),
            ]
            .concat(),
            _ => [call("RelayService/GetUpload"), field(name, string)].concat(),
        };
        wire.send(&frame(HEADERS, END_HEADERS | END_STREAM, 1, &block)).await;
        // An answer or a reset, or the end of the connection.
        while wire.next().await.is_some_and(|frame| !frame.ends(1)) {}
    }
}

async fn in_handshakes(hub: &HubProcess, string: &str) {
    let name =
        [&[0][..], &u16::try_from(string.len()).expect("short").to_be_bytes(), string.as_bytes()].concat();
    let list = [&u16::try_from(name.len()).expect("short").to_be_bytes()[..], &name].concat();
    // The server's name, and a protocol's.
    for kind in [0, 16] {
        let hello = Hello { more: vec![(kind, list.clone())], ..Hello::good() };
        said_to(hub.address(), &hello.record()).await;
    }
    said_to(hub.address(), string.as_bytes()).await;
    let key = KeyPair::generate().expect("a key");
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, string);
    let certificate = params.self_signed(&key).expect("a certificate").der().clone();
    let key = PrivatePkcs8KeyDer::from(key.serialize_der()).into();
    let presented = Presented { chain: vec![certificate], key };
    if let Ok(mut stream) = handshake(hub.address(), tls(authority(&hub.data_dir()), Some(presented))).await {
        let mut said = Vec::new();
        let _ = tokio::io::AsyncReadExt::read_to_end(&mut stream, &mut said).await;
    }
}

async fn in_manifests(hub: &HubProcess, member: &Member, string: &str) {
    let peer = member.connect(hub);
    let publish = async |change: &dyn Fn(&mut samverkan_tests::wire::RawManifest)| {
        let mut manifest = member.next_manifest();
        change(&mut manifest);
        let signed_manifest = member.signed(&manifest).into();
        let request = v1::PublishManifestRequest { signed_manifest };
        let answer: Result<v1::PublishManifestResponse, Refused> =
            peer.call("DirectoryService/PublishManifest", &request).await;
        refused(string, answer);
    };
    publish(&|manifest| manifest.handle = string.to_owned()).await;
    publish(&|manifest| manifest.orgnr = string.to_owned()).await;
    publish(&|manifest| manifest.mailboxes[0].name = string.to_owned()).await;
}

async fn in_messages(hub: &HubProcess, member: &Member, string: &str) {
    let peer = member.connect(hub);
    let bytes = string.as_bytes().to_vec();
    for method in [
        "RelayService/Submit",
        "RelayService/GetUpload",
        "RelayService/GetMessageStatus",
        "EnrolmentService/Enrol",
    ] {
        refused(method, peer.call_bytes(method, bytes.clone()).await);
        let first = [&[0x0a, u8::try_from(bytes.len()).expect("short")][..], &bytes].concat();
        refused(method, peer.call_bytes(method, first).await);
    }
}

/// The operator writes names down, which others read: what acts is refused, or shown for what it is.
fn in_invitations(hub: &HubProcess) {
    for string in strings() {
        if string.contains('\0') {
            continue;
        }
        for (handle, name) in [(string.as_str(), "Exempel"), ("exempel", string.as_str())] {
            let invited =
                ["org", "invite", handle, "--name", name, "--number", "2021002817", "--kind", "police"];
            let outcome = hub.operator(&invited);
            let controls = string.chars().any(char::is_control);
            assert!(outcome.code != Some(0) || !controls && handle == "exempel", "{string:?}");
            is_shown_safely(&outcome.stderr);
        }
    }
    is_shown_safely(hub.operator(&["org", "list"]).ok());
    is_shown_safely(hub.operator(&["org", "show", "exempel"]).ok());
}

#[track_caller]
fn is_shown_safely(shown: &str) {
    assert!(!shown.lines().flat_map(str::chars).any(acts), "{}", shown.escape_debug());
}

/// Every line is one that the hub wrote, with nothing in it that acts.
fn is_clean(log: &str, format: &str) {
    for line in log.lines() {
        let own = match format {
            "json" => serde_json::from_str::<serde_json::Value>(line).is_ok(),
            _ => line.starts_with("20") && line.get(10..11) == Some("T"),
        };
        assert!(own, "not a line of the hub's: {line:?}");
        assert!(!line.chars().any(acts), "{line:?}");
    }
}

fn started(format: &str, level: &str) -> HubProcess {
    let site = Site::new();
    site.configure("log_format", &format!("\"{format}\""));
    let mut command = site.command(&["serve"]);
    command.env("RUST_LOG", level);
    HubProcess::start_by(site, &mut command)
}

#[tokio::test]
async fn bad_126_injection_into_the_log() {
    for format in ["text", "json"] {
        let hub = started(format, "info");
        say_everything(&hub).await;
        in_invitations(&hub);
        let log = hub.log();
        is_clean(&log, format);
        assert!(log.contains("refused"), "there is something to look at: {log}");
        assert!(!log.contains(MARK), "what was said is in the log");
    }
}

/// Whoever turns everything on sees what libraries say, too; it is escaped then.
#[tokio::test]
async fn bad_126_injection_into_the_log_of_everything() {
    for format in ["text", "json"] {
        let hub = started(format, "trace");
        say_everything(&hub).await;
        let log = hub.log();
        is_clean(&log, format);
        assert!(log.contains("TRACE"), "everything is on");
    }
}

/// Refusals have fixed words, and give nothing back of what was sent.
#[tokio::test]
async fn bad_126_injection_into_refusals() {
    let hub = HubProcess::shared();
    let member = Member::join(hub, "brottsofferjouren").await;
    let peer: Peer = member.connect(hub);
    for string in strings() {
        for method in ["RelayService/Submit", "RelayService/GetMessageStatus"] {
            let first = [&[0x0a, u8::try_from(string.len()).expect("short")][..], string.as_bytes()].concat();
            let refusal = refused(method, peer.call_bytes(method, first).await);
            assert!(!refusal.text.contains(MARK) && !refusal.text.chars().any(acts), "{refusal:?}");
        }
    }
}
