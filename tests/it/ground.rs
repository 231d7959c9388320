//! Where most stories begin: a hub that others use too, and two organisations that know each other.

use samverkan_tests::hub::HubProcess;
use samverkan_tests::wire::{Member, Parcel, Peer, Refused, refused};

/// A named way to make a message wrong.
pub(crate) type Case = (&'static str, fn(&mut Parcel));

/// Two confirmed organisations on the shared hub.
pub(crate) struct Ground {
    pub(crate) hub: &'static HubProcess,
    /// Who sends.
    pub(crate) sender: Member,
    /// A connection as the sender's device.
    pub(crate) peer: Peer,
    /// Who receives.
    pub(crate) recipient: Member,
}

impl Ground {
    pub(crate) async fn new() -> Self {
        let hub = HubProcess::shared();
        let sender = Member::join(hub, "brottsofferjouren").await;
        let recipient = Member::join(hub, "kvinnojouren").await;
        Self { hub, peer: sender.connect(hub), sender, recipient }
    }

    /// A message from one to the other that the hub accepts as it is.
    pub(crate) fn parcel(&self) -> Parcel {
        Parcel::new(&self.sender, &[&self.recipient])
    }

    /// Submits a message that was made wrong, and returns the refusal.
    pub(crate) async fn refuse(&self, case: &str, spoil: impl FnOnce(&mut Parcel)) -> Refused {
        let mut parcel = self.parcel();
        spoil(&mut parcel);
        refused(case, parcel.submit(&self.peer).await)
    }

    /// Submits a message that was changed in a way that is allowed.
    pub(crate) async fn accept(&self, case: &str, change: impl FnOnce(&mut Parcel)) {
        let mut parcel = self.parcel();
        change(&mut parcel);
        if let Err(refused) = parcel.submit(&self.peer).await {
            panic!("refused, though it is allowed: {case}: {refused:?}");
        }
    }
}

/// Whatever a test did to it, the hub did not panic.
impl Drop for Ground {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            let log = self.hub.log();
            let panic = log.lines().find(|line| line.contains("panic"));
            assert_eq!(panic, None);
        }
    }
}
