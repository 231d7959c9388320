//! 111 to 113: checkpoints that are no checkpoints, proofs that prove nothing, and another log that a message tells of.

use crate::evil_log::Scene;
use crate::ground::Ground;
use bytes::Bytes;
use samverkan_proto::v1::{ErrorReason, ReturnLogRequest, ReturnLogResponse};
use samverkan_tests::evil::{Capture, EvilHub, Forger};
use samverkan_tests::hub::HubProcess;
use samverkan_tests::office::{ASSOCIATION, Office};
use samverkan_tests::wire::log::Log;
use samverkan_tests::wire::seal::{body_with_checkpoint, seal_from_log};
use samverkan_tests::wire::{Member, Refused, now_ms, refused};
use tonic::Code;

const HOUR_MS: u64 = 3_600_000;

#[tokio::test]
async fn bad_111_checkpoints_that_are_none() {
    let scene = Scene::set().await;
    let note = String::from_utf8(scene.log.checkpoint.to_vec()).expect("text");
    let size = scene.log.entries.len();
    let signed_at = note.find('\u{2014}').expect("a signature");
    let cases = [
        ("another origin", note.replace("samverkan/", "samverkan/x")),
        ("another size", note.replacen(&format!("\n{size}\n"), &format!("\n{}\n", size + 1), 1)),
        ("a root that is no base64", note.replacen("=\n\n", "!\n\n", 1)),
        ("lines that end otherwise", note.replace('\n', "\r\n")),
        ("no last line end", note.trim_end().to_owned()),
        ("nobody has signed it", note[..signed_at].to_owned()),
        ("nothing", String::new()),
    ];
    for (case, forged) in cases {
        assert_ne!(forged, note, "{case}");
        let mut lie = scene.log.clone();
        lie.checkpoint = forged.clone().into();
        lie.hello.as_mut().expect("a greeting").checkpoint = forged.into();
        let _evil = EvilHub::start(&scene.hub, &lie);
        let twin = scene.twin();
        twin.send(&scene.recipient).refused(9, "LOG_FORKED");
    }
    // A hub with fewer leaves than it has signed, and one that is ahead of the time.
    let fewer = scene.log.entries[..size - 1].to_vec();
    scene.is_refused(&scene.forger.show(&scene.log, fewer, now_ms()));
    let ahead = scene.forger.show(&scene.log, scene.log.entries.clone(), now_ms() + HOUR_MS);
    let _evil = EvilHub::start(&scene.hub, &ahead);
    let outcome = scene.twin().send(&scene.recipient);
    assert_ne!(outcome.code, Some(0), "{outcome:?}");
    assert!(outcome.stderr.contains("CLOCK"), "{outcome:?}");
}

#[tokio::test]
async fn bad_112_proofs_about_the_log_that_prove_nothing() {
    let ground = Ground::new().await;
    let log = Log::synchronise(&ground.peer).await.expect("the log");
    let honest = log.proof_of_all_but_one();
    let say = async |change: &dyn Fn(&mut ReturnLogRequest)| {
        let mut request = honest.clone();
        change(&mut request);
        let answer: Result<ReturnLogResponse, Refused> =
            ground.peer.call("DirectoryService/ReturnLog", &request).await;
        answer
    };
    say(&|_| ()).await.expect("it is the hub's own log");
    let hash = Bytes::from_static(&[7; 32]);
    type Change<'a> = Box<dyn Fn(&mut ReturnLogRequest) + 'a>;
    let cases: [(&str, &str, Change<'_>); 8] = [
        ("64 hashes", "path", Box::new(|request| request.path = vec![hash.clone(); 64])),
        ("one hash too many", "path", Box::new(|request| request.path.push(hash.clone()))),
        ("one hash too few", "path", Box::new(|request| drop(request.path.pop()))),
        ("a hash of 31 bytes", "path", Box::new(|request| request.path[0] = hash.slice(1..))),
        ("another hash", "root", Box::new(|request| request.path[0] = hash.clone())),
        ("another root", "root", Box::new(|request| request.root = hash.clone())),
        ("of no leaf", "size", Box::new(|request| request.from_leaf = 0)),
        ("beyond the log", "size", Box::new(|request| request.from_leaf = u64::MAX)),
    ];
    for (case, field, change) in &cases {
        refused(case, say(change).await).is_invalid(field);
    }
    let unsigned = refused("unsigned", say(&|request| request.checkpoint = Bytes::from_static(b"x\n")).await);
    unsigned.is(Code::InvalidArgument, ErrorReason::InvalidField, "checkpoint");
}

#[tokio::test]
async fn bad_113_a_message_that_tells_of_another_log() {
    let hub = HubProcess::start();
    let office = Office::open(&hub, &ASSOCIATION, "stod");
    office.run(&["inbox"]).exits(0);
    let sender = Member::join(&hub, "avsandare").await;
    office.run(&["org", "list", "--refresh"]).exits(0);
    let log = Capture::record_log(&hub, &office).await;
    // The hub has signed another last leaf for the sender, of the same size.
    let mut other = log.entries.clone();
    other.pop();
    other.push(other[1].clone());
    let note = Forger::of(&hub, &log).note(&other, now_ms());

    let session = office.session();
    let to = office.mailbox().parse().expect("an address");
    let sealed =
        seal_from_log(&sender, session.directory(), &to, body_with_checkpoint(note.to_vec(), "Ett exempel."));
    let taken: Result<samverkan_proto::v1::SubmitResponse, Refused> =
        sender.connect(&hub).call("RelayService/Submit", &sealed.parcel.request()).await;
    taken.expect("the hub can not see it");

    office.run(&["inbox", "--json"]).refused(9, "LOG_FORKED");
    let evidence = office.profile().folder().join("directory").join("evidence.json");
    let judged = office.json(&["log", "verify", evidence.to_str().expect("UTF-8")]);
    assert_eq!(judged["proven"], "forked", "{judged}");
    office.refer(office.mailbox(), "Ett exempel.").refused(9, "LOG_FORKED");
    assert!(office.references().is_empty(), "and nothing of it is shown");
}
