//! Two offices of which one reaches the hub through a relay, where stories break or hold the conversation.

use samverkan_tests::hub::HubProcess;
use samverkan_tests::office::{ASSOCIATION, Office, POLICE};
use samverkan_tests::proxy::Proxy;
use samverkan_tests::site::Invitation;

/// The police, who send, and the association, which receives.
pub(crate) struct Between {
    pub(crate) proxy: Proxy,
    pub(crate) police: Office,
    pub(crate) association: Office,
    _hub: HubProcess,
}

impl Between {
    /// `relayed` is the one behind the relay; the police have a file of so many bytes to attach.
    pub(crate) fn new(relayed: &Invitation<'_>, attachment: usize) -> Self {
        let hub = HubProcess::start();
        let proxy = Proxy::start(hub.address());
        let open = |who: &Invitation<'_>, mailbox: &str| {
            let address = if who.handle == relayed.handle { proxy.address() } else { hub.address() };
            Office::open_over(&hub, address, who, mailbox)
        };
        let (police, association) = (open(&POLICE, "brottsoffer"), open(&ASSOCIATION, "stod"));
        police.file("bilaga.bin", vec![7; attachment]);
        Self { proxy, police, association, _hub: hub }
    }

    /// Writes a referral with the attachment that needs no consent; gives the command that sends it.
    pub(crate) fn referral(&self, text: &str) -> [&'static str; 4] {
        let referral = serde_json::json!({
            "to": ["boj-exempel/stod"], "class": "REFERRAL", "basis": "VITAL_INTEREST",
            "subject": "Exempel", "text": text, "attachments": ["bilaga.bin"],
        });
        self.police.file("referral.json", referral.to_string());
        ["send", "--from-file", "referral.json", "--json"]
    }

    /// The cases that the police have sent.
    pub(crate) fn sent(&self, more: &[&str]) -> Vec<serde_json::Value> {
        let sent = self.police.json(&[&["sent"], more].concat());
        sent["threads"].as_array().expect("threads").clone()
    }
}
