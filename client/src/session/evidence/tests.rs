//! Who is believed to have said something, and who is not.

use proptest::prelude::*;
use samverkan_proto::statement::manifest::ManifestFields;

use super::*;
use crate::directory::testlog::TestLog;
use crate::session::office::{Office, Silent, accepted, referral, take, two_offices};

/// The evidence of a referral from `one` that the hub took and `two` opened.
async fn delivered() -> (TestLog, Office, Office, Evidence) {
    let (log, mut one, mut two) = two_offices();
    let sent = one.session.send(referral(), &mut Silent).await.expect("sealed");
    let request = one.newest_outgoing();
    one.session.accept(&sent.message, &accepted(&log, &request)).expect("the hub has it");
    let proofs = take(&mut two, &log, &request).expect("good");
    one.session.take_event(proofs[0].clone()).expect("taken");
    let evidence = one.session.evidence(&sent.reference).expect("known");
    (log, one, two, evidence)
}

fn verdict(evidence: &Evidence, directory: &Directory) -> Verdict {
    Evidence::verify(&evidence.to_json(), directory).expect("a bundle of this hub")
}

fn witnesses(verdict: &Verdict) -> Vec<Witness> {
    verdict.messages[0].statements.iter().map(|statement| statement.by.clone()).collect()
}

/// A first manifest that a member signs beside the one in the log.
fn another_first_manifest(of: &Office, change: impl FnOnce(&mut ManifestFields)) -> String {
    let mut fields = of.member.manifest.fields().clone();
    change(&mut fields);
    let manifest = Manifest::build(fields).expect("manifest");
    let signed = SignedManifest::sign_as_root(&manifest, &of.member.root).expect("signed");
    BASE64.encode(signed.bytes())
}

#[tokio::test]
async fn a_device_is_not_believed_about_what_the_hub_never_took() {
    let (_, one, _, mut evidence) = delivered().await;
    let directory = one.session.directory();
    assert!(verdict(&evidence, directory).all_hold());
    let is_by_a_device = |receipt: &String| {
        let bytes = BASE64.decode(receipt.as_bytes()).expect("BASE64");
        matches!(ReceiptProof::parse(&bytes), Ok(ReceiptProof::Device(_)))
    };
    evidence.messages[0].receipts.retain(is_by_a_device);
    let verdict = verdict(&evidence, directory);
    assert_eq!((verdict.messages[0].statements.len(), verdict.messages[0].not_holding), (0, 1));
    assert!(!verdict.all_hold());
}

#[tokio::test]
async fn whoever_is_not_in_the_log_has_a_key_and_no_name() {
    let (log, _, two, evidence) = delivered().await;
    // Nothing was synchronised here.
    let verdict = verdict(&evidence, &log.load().expect("loads"));
    let stranger = Witness::Stranger {
        safety_number: SafetyNumber::of_root(two.member.root.public_key()),
        device: two.member.device.device_id(),
    };
    assert_eq!(witnesses(&verdict), [Witness::Hub, stranger]);
    assert!(verdict.has_strangers() && !verdict.all_hold());
    assert_eq!(verdict.messages[0].not_holding, 0, "the signatures hold");
}

#[tokio::test]
async fn a_member_has_the_handle_that_the_log_gives_it() {
    let (_, one, two, mut evidence) = delivered().await;
    let foreign = another_first_manifest(&two, |fields| {
        fields.handle = "polisen-exempel".parse().expect("handle");
    });
    evidence.organisations = vec![OrganisationPart { manifests: vec![foreign] }];
    let verdict = verdict(&evidence, one.session.directory());
    let named = Witness::Device { handle: "two".to_owned(), device: two.member.device.device_id() };
    assert_eq!(witnesses(&verdict), [Witness::Hub, named]);
}

proptest! {
    #[test]
    fn no_bytes_make_checking_panic(bytes: Vec<u8>) {
        let directory = TestLog::new().load().expect("loads");
        prop_assert!(Evidence::verify(&bytes, &directory).is_err());
    }
}
