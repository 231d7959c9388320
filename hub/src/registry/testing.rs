//! Organisations for tests: real keys, real signatures, names that can not be real.

use samverkan_proto::code::{OrganisationKind, Roles};
use samverkan_proto::ids::{DeviceId, MailboxId, OrgId, TlsKeyHash, sha256};
use samverkan_proto::limits::DAY_MS;
use samverkan_proto::sign::Signer;
use samverkan_proto::statement::epoch_key::{Epoch, EpochKey};
use samverkan_proto::statement::manifest::{
    Device, Mailbox, Manifest, ManifestFields, SignedManifest, VerifiedManifest,
};

use super::{Invitation, VerifiedEpochKeys};

/// A time within the life of everything made here.
pub(crate) const NOW: u64 = 1_800_000_000_000;

/// An organisation number of a series that is in nobody's use, with its check digit (Luhn).
fn organisation_number(number: usize) -> String {
    let digits = format!("999{number:06}");
    let sum: u32 = digits
        .bytes()
        .enumerate()
        .map(|(place, digit)| {
            let doubled = u32::from(digit - b'0') * (2 - place as u32 % 2);
            doubled / 10 + doubled % 10
        })
        .sum();
    format!("{digits}{}", (10 - sum % 10) % 10)
}

/// A device with its keys.
pub(crate) struct TestDevice {
    pub(crate) signer: Signer,
    pub(crate) tls_key: TlsKeyHash,
}

impl TestDevice {
    pub(crate) fn new(seed: u64) -> Self {
        let seed = sha256(&seed.to_be_bytes());
        let signer = Signer::from_seed(&seed).unwrap();
        Self { signer, tls_key: TlsKeyHash::parse(&sha256(&seed)).unwrap() }
    }

    pub(crate) fn id(&self) -> DeviceId {
        self.signer.device_id()
    }

    pub(crate) fn entry(&self) -> Device {
        Device::new(*self.signer.public_key(), self.tls_key, Roles::ALL, NOW - DAY_MS, NOW + 300 * DAY_MS)
    }

    /// Keys for `weeks` weeks from the one of `now_ms` on.
    pub(crate) fn epoch_keys(&self, org: OrgId, now_ms: u64, weeks: u32) -> Vec<EpochKey> {
        let this_week = Epoch::of(now_ms);
        (0..weeks)
            .map(|week| {
                let epoch = this_week.later(week);
                EpochKey::sign(org, epoch, &public_half(&self.id(), epoch), &self.signer).unwrap()
            })
            .collect()
    }

    pub(crate) fn verified_keys(&self, org: OrgId, now_ms: u64, weeks: u32) -> VerifiedEpochKeys {
        let keys = self.epoch_keys(org, now_ms, weeks);
        VerifiedEpochKeys::verify(org, self.signer.public_key(), keys).unwrap()
    }
}

/// A public half of the right form: small coefficients and a point that is not of low order.
fn public_half(device: &DeviceId, epoch: Epoch) -> Vec<u8> {
    let mut pk = vec![0; samverkan_proto::limits::XWING_PUBLIC_LEN];
    pk[..4].copy_from_slice(&epoch.number().to_be_bytes());
    // Each third byte is the high end of a coefficient; zero keeps all of them below 3,329.
    pk[1] = 0;
    let tail = pk.len() - 32;
    pk[tail..].copy_from_slice(&sha256(&[device.as_bytes(), &epoch.number().to_be_bytes()[..]].concat()));
    pk[tail + 31] = 1;
    pk
}

/// An organisation with its root, its devices and one mailbox that all of them read.
pub(crate) struct TestOrg {
    pub(crate) root: Signer,
    pub(crate) devices: Vec<TestDevice>,
    pub(crate) manifest: VerifiedManifest,
}

impl TestOrg {
    pub(crate) fn new(number: usize) -> Self {
        Self::with_devices(number, 1)
    }

    /// The same with more devices.
    pub(crate) fn with_devices(number: usize, devices: u64) -> Self {
        let root = Signer::from_seed(&sha256(format!("root {number}").as_bytes())).unwrap();
        let devices: Vec<_> =
            (0..devices).map(|device| TestDevice::new(number as u64 * 1000 + device)).collect();
        let mailbox = MailboxId::parse(&[number as u8 + 1; 16]).unwrap();
        let manifest = Manifest::build(ManifestFields {
            serial: 1,
            prev: [0; 32],
            issued_ms: NOW - DAY_MS,
            not_after_ms: NOW + 300 * DAY_MS,
            root_pk: *root.public_key(),
            handle: format!("exempel-{number}").parse().unwrap(),
            organisation_number: organisation_number(number).parse().unwrap(),
            threshold: 1,
            devices: devices.iter().map(TestDevice::entry).collect(),
            mailboxes: vec![Mailbox {
                id: mailbox,
                name: "mottagning".parse().unwrap(),
                readers: devices.iter().map(TestDevice::id).collect(),
            }],
            revocations: Vec::new(),
        })
        .unwrap();
        let manifest = SignedManifest::sign_as_root(&manifest, &root).unwrap().verify_first().unwrap();
        Self { root, devices, manifest }
    }

    pub(crate) fn id(&self) -> OrgId {
        self.manifest.manifest().org_id()
    }

    pub(crate) fn mailbox(&self) -> MailboxId {
        self.manifest.manifest().mailboxes()[0].id
    }

    pub(crate) fn device(&self) -> &TestDevice {
        &self.devices[0]
    }

    pub(crate) fn invitation(&self) -> Invitation {
        let fields = self.manifest.manifest().fields();
        Invitation {
            handle: fields.handle.clone(),
            name: "Brottsofferjouren Exempel".parse().unwrap(),
            number: fields.organisation_number.clone(),
            kind: OrganisationKind::Volunteer,
            municipalities: vec!["0180".parse().unwrap()],
            services: vec!["stod".parse().unwrap()],
        }
    }

    /// The next manifest, with these changes, signed by one of its devices, or by the root when none is left.
    pub(crate) fn next(&self, change: impl FnOnce(&mut ManifestFields)) -> VerifiedManifest {
        let previous = self.manifest.manifest();
        let fields = previous.fields();
        let mut fields = ManifestFields::following(previous, fields.issued_ms + 1, fields.not_after_ms);
        change(&mut fields);
        let manifest = Manifest::build(fields).unwrap();
        let signs = |device: &&TestDevice| {
            previous.admins().any(|admin| admin.id() == device.id())
                && manifest.revocation(&device.id()).is_none()
        };
        let signed = match self.devices.iter().find(signs) {
            Some(admin) => SignedManifest::sign_as_admins(&manifest, previous, &[&admin.signer]),
            None => SignedManifest::sign_as_root(&manifest, &self.root),
        };
        signed.unwrap().verify_after(previous).unwrap()
    }

    /// The next manifest, with one more device that reads the mailbox.
    pub(crate) fn with_device(&self, device: &TestDevice) -> VerifiedManifest {
        self.next(|fields| {
            fields.devices.push(device.entry());
            fields.mailboxes[0].readers.push(device.id());
        })
    }
}
