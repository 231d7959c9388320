//! Which hub this profile belongs to, as which device of which organisation.
//!
//! The keystore holds the truth. What does not concern anybody (the hub's address and public keys) also stands in a
//! plain file, so that `find` works before the passphrase is typed.

use data_encoding::{BASE64, HEXLOWER};
use samverkan_proto::ids::{Handle, HubName, OrgId};
use samverkan_proto::statement::invite::HubAddress;
use serde::{Deserialize, Serialize};

use crate::connect::{HubPins, Link};
use crate::error::{Code, Error, Result};
use crate::files;
use crate::home::Profile;
use crate::keystore::{Contents, EntryName};

const FILE_NAME: &str = "hub.json";
const MAX_FILE: u64 = 64 << 10;
const ENTRY: &str = "membership";

/// The hub of a profile; nothing in it is secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HubFacts {
    /// Where it answers.
    pub address: HubAddress,
    /// Its name, after which its log is called.
    pub name: HubName,
    /// Its keys, pinned at join.
    pub pins: HubPins,
    /// Nothing on it is real.
    pub test_hub: bool,
}

/// What joining resulted in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Membership {
    /// The hub.
    pub hub: HubFacts,
    /// The own organisation.
    pub org: OrgId,
    /// Its handle.
    pub handle: Handle,
    /// The certificate that the hub issued for this device, DER.
    pub certificate: Vec<u8>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct HubFile {
    version: u32,
    address: String,
    name: String,
    authority: String,
    log_key: String,
    receipt_key: String,
    test_hub: bool,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct MembershipEntry {
    hub: HubFile,
    org: String,
    handle: String,
    certificate: String,
}

impl HubFacts {
    /// The hub that was reached at this address, as it greeted.
    pub(super) fn of(link: &Link, address: &HubAddress) -> Self {
        let hello = link.hello();
        let (name, pins) = (hello.hub_name.clone(), hello.pins.clone());
        Self { address: address.clone(), name, pins, test_hub: hello.test_hub }
    }

    /// Reads the plain file of a profile that has joined.
    ///
    /// # Errors
    /// [`Code::KeystoreMissing`] before joining, [`Code::FileDamaged`] for a file that makes no sense.
    pub fn read(profile: &Profile) -> Result<Self> {
        let path = profile.folder().join(FILE_NAME);
        let bytes = files::read_private(&path, MAX_FILE).map_err(|error| {
            if error.is_missing() { Error::new(Code::KeystoreMissing) } else { error.into() }
        })?;
        let file = serde_json::from_slice(&bytes).ok().and_then(Self::from_file);
        file.ok_or(Error::new(Code::FileDamaged))
    }

    /// Writes the plain file.
    pub(super) fn write(&self, profile: &Profile) -> Result<()> {
        let text = serde_json::to_vec_pretty(&self.to_file()).map_err(|_| Error::new(Code::ProgramDefect))?;
        Ok(files::replace_private(&profile.folder().join(FILE_NAME), &text)?)
    }

    fn to_file(&self) -> HubFile {
        HubFile {
            version: 1,
            address: self.address.to_string(),
            name: self.name.to_string(),
            authority: BASE64.encode(self.pins.authority()),
            log_key: HEXLOWER.encode(self.pins.log().as_bytes()),
            receipt_key: HEXLOWER.encode(self.pins.receipt().as_bytes()),
            test_hub: self.test_hub,
        }
    }

    fn from_file(file: HubFile) -> Option<Self> {
        let authority = BASE64.decode(file.authority.as_bytes()).ok()?;
        let key = |text: &str| HEXLOWER.decode(text.as_bytes()).ok();
        (file.version == 1).then_some(())?;
        Some(Self {
            address: file.address.parse().ok()?,
            name: file.name.parse().ok()?,
            pins: HubPins::new(&authority, &key(&file.log_key)?, &key(&file.receipt_key)?)?,
            test_hub: file.test_hub,
        })
    }
}

impl Membership {
    /// Reads it from an open keystore; `None` before joining is finished.
    pub(super) fn load(contents: &Contents) -> Result<Option<Self>> {
        let Some(bytes) = contents.setting(&entry_name()) else { return Ok(None) };
        let entry = serde_json::from_slice(bytes).ok().and_then(Self::from_entry);
        entry.map(Some).ok_or(Error::new(Code::KeystoreDamaged))
    }

    /// Puts it into an open keystore.
    pub(super) fn store(&self, contents: &mut Contents) -> Result<()> {
        let entry = MembershipEntry {
            hub: self.hub.to_file(),
            org: self.org.to_string(),
            handle: self.handle.to_string(),
            certificate: BASE64.encode(&self.certificate),
        };
        let bytes = serde_json::to_vec(&entry).map_err(|_| Error::new(Code::ProgramDefect))?;
        Ok(contents.put_setting(&entry_name(), &bytes)?)
    }

    fn from_entry(entry: MembershipEntry) -> Option<Self> {
        Some(Self {
            hub: HubFacts::from_file(entry.hub)?,
            org: entry.org.parse().ok()?,
            handle: entry.handle.parse().ok()?,
            certificate: BASE64.decode(entry.certificate.as_bytes()).ok()?,
        })
    }
}

fn entry_name() -> EntryName {
    ENTRY.parse().expect("the name obeys the rule")
}

#[cfg(test)]
mod tests {
    use samverkan_proto::sign::Signer;

    use super::*;

    fn membership() -> Membership {
        let key = |seed| *Signer::from_seed(&[seed; 32]).expect("seed").public_key().as_bytes();
        let pins = HubPins::new(b"authority", &key(1), &key(2)).expect("keys");
        let hub = HubFacts {
            address: "hub.example:8443".parse().expect("address"),
            name: "exempel".parse().expect("name"),
            pins,
            test_hub: true,
        };
        let org = OrgId::of_root(&key(3));
        Membership { hub, org, handle: "boj-exempel".parse().expect("handle"), certificate: vec![1, 2, 3] }
    }

    #[test]
    fn it_survives_the_keystore() {
        let mut contents = Contents::default();
        assert_eq!(Membership::load(&contents).expect("none"), None);
        membership().store(&mut contents).expect("fits");
        assert_eq!(Membership::load(&contents).expect("there"), Some(membership()));
        contents.put_setting(&entry_name(), b"{}").expect("fits");
        assert_eq!(Membership::load(&contents).expect_err("damaged").code(), Code::KeystoreDamaged);
    }
}
