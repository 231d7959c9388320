//! SIGHUP: the hub takes another server certificate, and nobody is sent away for it.

use samverkan_tests::hub::HubProcess;
use samverkan_tests::site::Site;
use samverkan_tests::until::{until, until_async};
use samverkan_tests::wire::connect::{authority, handshake, tls};
use samverkan_tests::wire::{Inbox, Member, Parcel};

/// The certificate that the hub shows to whoever connects now.
async fn shown(hub: &HubProcess) -> Vec<u8> {
    let stream = handshake(hub.address(), tls(authority(&hub.data_dir()), None)).await.expect("a connection");
    let (_, session) = stream.get_ref();
    session.peer_certificates().expect("the hub shows one")[0].to_vec()
}

/// A hub whose certificate is in a file.
fn hub_with_a_file() -> HubProcess {
    let site = Site::new();
    let file = site.folder().join("server.pem");
    site.configure("server_certificate", &format!("{file:?}"));
    site.operator(&["certificate"]).exits(0);
    HubProcess::start_at(site)
}

#[tokio::test]
async fn a_reload_takes_the_new_certificate_and_drops_nobody() {
    for (hub, has_file) in [(hub_with_a_file(), true), (HubProcess::start(), false)] {
        let (sender, recipient) =
            (Member::join(&hub, "avsandare").await, Member::join(&hub, "mottagare").await);
        let (peer, listening) = (sender.connect(&hub), recipient.connect(&hub));
        let mut inbox = Inbox::open(&listening).await.expect("a stream");
        let before = shown(&hub).await;
        if has_file {
            hub.operator(&["certificate"]).exits(0);
            assert_eq!(shown(&hub).await, before, "the hub was not told yet");
        }
        hub.hang_up();
        until_async("the new certificate is shown", async || (shown(&hub).await != before).then_some(()))
            .await;
        // On the connections and the stream that were open before.
        let parcel = Parcel::new(&sender, &[&recipient]);
        parcel.submit(&peer).await.expect("accepted");
        let delivery = inbox.delivery().await.expect("the stream goes on");
        assert_eq!(delivery.header, parcel.header_bytes());
        // And by whoever comes now.
        let later = Parcel::new(&sender, &[&recipient]);
        later.submit(&sender.connect(&hub)).await.expect("accepted");
        assert_eq!(inbox.delivery().await.expect("it still does").header, later.header_bytes());
        assert!(hub.terminate().success());
    }
}

#[tokio::test]
async fn a_broken_certificate_file_is_refused_in_the_log_and_the_old_one_stays() {
    let hub = hub_with_a_file();
    let file = hub.folder().join("server.pem");
    let (before, good) = (shown(&hub).await, std::fs::read(&file).expect("a certificate"));
    std::fs::write(&file, &good[..good.len() / 2]).expect("broken");
    hub.hang_up();
    let refused = "could not reload the server certificate; the old one stays in use";
    until("the refusal is in the log", || hub.log().contains(refused).then_some(()));
    assert!(hub.log().contains("server.pem"), "{}", hub.log());
    assert_eq!(shown(&hub).await, before);
    std::fs::write(&file, good).expect("mended");
    hub.hang_up();
    until("it is read again", || hub.log().contains("reloaded the server certificate").then_some(()));
    assert_eq!(shown(&hub).await, before, "the same certificate");
    std::fs::write(&file, "broken").expect("broken");
    assert!(hub.terminate().success());
    let started = hub.operator(&["serve", "--json"]);
    assert!(started.refused(3, "CERTIFICATE_UNUSABLE").to_string().contains("samverkan-hub certificate"));
}

#[test]
fn without_a_file_in_the_configuration_there_is_nothing_to_issue() {
    let site = Site::new();
    site.operator(&["certificate", "--json"]).refused(8, "NO_CERTIFICATE_FILE");
}
