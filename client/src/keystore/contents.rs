//! What a keystore keeps: a small, sorted set of entries in typed sections.
//!
//! ```text
//! entry = u8 section | u16 name length | name | value          strictly ascending by (section, name)
//! ```

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use samverkan_proto::ids::MessageId;
use secrecy::zeroize::Zeroizing;

use super::{Damage, KeystoreError};
use crate::secret::{Secret32, SecretBytes};

/// The longest value of any entry, in bytes.
pub const MAX_VALUE_BYTES: usize = 64 << 10;

/// The kinds of entry. The numbers stand in the file and never change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
enum Section {
    OrganisationRoot = 1,
    DeviceIdentity = 2,
    TlsKey = 3,
    EpochSeed = 4,
    MessageKey = 5,
    Pin = 6,
    Setting = 7,
}

impl Section {
    const ALL: [Self; 7] = [
        Self::OrganisationRoot,
        Self::DeviceIdentity,
        Self::TlsKey,
        Self::EpochSeed,
        Self::MessageKey,
        Self::Pin,
        Self::Setting,
    ];

    /// Whether an entry of this section may have such a name and value.
    fn admits(self, name: &[u8], value_len: usize) -> bool {
        match self {
            Self::OrganisationRoot => name.is_empty() && value_len == 32,
            Self::DeviceIdentity | Self::TlsKey => {
                name.is_empty() && (1..=MAX_VALUE_BYTES).contains(&value_len)
            }
            Self::EpochSeed => name.len() == 4 && value_len == 32,
            Self::MessageKey => MessageId::parse(name).is_ok() && value_len == 32,
            Self::Pin | Self::Setting => EntryName::is_valid(name) && value_len <= MAX_VALUE_BYTES,
        }
    }
}

/// The name of a pin or setting: 1 to 96 of `a-z`, `0-9`, `-`, `_` and `.`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct EntryName(String);

impl EntryName {
    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn is_valid(name: &[u8]) -> bool {
        let allowed = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_.".contains(byte);
        (1..=96).contains(&name.len()) && name.iter().all(allowed)
    }
}

impl fmt::Display for EntryName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A name breaks the rule of [`EntryName`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an entry's name is 1 to 96 of a-z, 0-9, -, _ and .")]
pub struct InvalidEntryName;

impl FromStr for EntryName {
    type Err = InvalidEntryName;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::is_valid(name.as_bytes()).then(|| Self(name.to_owned())).ok_or(InvalidEntryName)
    }
}

/// The entries of a keystore, in memory.
#[derive(Default)]
pub struct Contents {
    entries: BTreeMap<(Section, Vec<u8>), SecretBytes>,
}

impl Contents {
    /// The organisation's root seed, which is here only until the recovery kit is written.
    #[must_use]
    pub fn organisation_root(&self) -> Option<Secret32> {
        self.get_32(Section::OrganisationRoot, &[])
    }

    /// Keeps the root seed until the recovery kit is written.
    pub fn put_organisation_root(&mut self, seed: &Secret32) {
        self.put(Section::OrganisationRoot, &[], SecretBytes::copied_from(seed.expose()));
    }

    /// Forgets the root seed.
    pub fn remove_organisation_root(&mut self) -> bool {
        self.remove(Section::OrganisationRoot, &[])
    }

    /// The device's Ed25519 identity, PKCS#8 (RFC 8410).
    #[must_use]
    pub fn device_identity(&self) -> Option<&SecretBytes> {
        self.get(Section::DeviceIdentity, &[])
    }

    /// Sets the device's Ed25519 identity, PKCS#8 (RFC 8410).
    ///
    /// # Errors
    /// [`KeystoreError::Full`] if the value is empty or longer than [`MAX_VALUE_BYTES`].
    pub fn put_device_identity(&mut self, pkcs8: SecretBytes) -> Result<(), KeystoreError> {
        self.put_checked(Section::DeviceIdentity, &[], pkcs8)
    }

    /// The P-256 key of the device's TLS certificate, PKCS#8 (RFC 5958).
    #[must_use]
    pub fn tls_key(&self) -> Option<&SecretBytes> {
        self.get(Section::TlsKey, &[])
    }

    /// Sets the P-256 key of the device's TLS certificate, PKCS#8 (RFC 5958).
    ///
    /// # Errors
    /// [`KeystoreError::Full`] if the value is empty or longer than [`MAX_VALUE_BYTES`].
    pub fn put_tls_key(&mut self, pkcs8: SecretBytes) -> Result<(), KeystoreError> {
        self.put_checked(Section::TlsKey, &[], pkcs8)
    }

    /// The X-Wing seed of an epoch.
    #[must_use]
    pub fn epoch_seed(&self, epoch: u32) -> Option<Secret32> {
        self.get_32(Section::EpochSeed, &epoch.to_be_bytes())
    }

    /// Keeps the X-Wing seed of an epoch.
    pub fn put_epoch_seed(&mut self, epoch: u32, seed: &Secret32) {
        self.put(Section::EpochSeed, &epoch.to_be_bytes(), SecretBytes::copied_from(seed.expose()));
    }

    /// Destroys the seed of an epoch; says whether there was one.
    pub fn remove_epoch_seed(&mut self, epoch: u32) -> bool {
        self.remove(Section::EpochSeed, &epoch.to_be_bytes())
    }

    /// The epochs a seed is kept for, ascending.
    pub fn epochs(&self) -> impl Iterator<Item = u32> {
        self.names(Section::EpochSeed).filter_map(|name| Some(u32::from_be_bytes(name.try_into().ok()?)))
    }

    /// The key a kept message is sealed under.
    #[must_use]
    pub fn message_key(&self, id: &MessageId) -> Option<Secret32> {
        self.get_32(Section::MessageKey, id.as_bytes())
    }

    /// Keeps the key of a message.
    pub fn put_message_key(&mut self, id: &MessageId, key: &Secret32) {
        self.put(Section::MessageKey, id.as_bytes(), SecretBytes::copied_from(key.expose()));
    }

    /// Destroys the key of a message, and with it the message; says whether there was one.
    pub fn remove_message_key(&mut self, id: &MessageId) -> bool {
        self.remove(Section::MessageKey, id.as_bytes())
    }

    /// The messages a key is kept for, ascending.
    pub fn message_keys(&self) -> impl Iterator<Item = MessageId> {
        self.names(Section::MessageKey).filter_map(|name| MessageId::parse(name).ok())
    }

    /// Something pinned: a key or digest that must not change unseen.
    #[must_use]
    pub fn pin(&self, name: &EntryName) -> Option<&[u8]> {
        self.get(Section::Pin, name.0.as_bytes()).map(SecretBytes::expose)
    }

    /// Pins a value under a name.
    ///
    /// # Errors
    /// [`KeystoreError::Full`] if the value is longer than [`MAX_VALUE_BYTES`].
    pub fn put_pin(&mut self, name: &EntryName, value: &[u8]) -> Result<(), KeystoreError> {
        self.put_checked(Section::Pin, name.0.as_bytes(), SecretBytes::copied_from(value))
    }

    /// Removes a pin; says whether there was one.
    pub fn remove_pin(&mut self, name: &EntryName) -> bool {
        self.remove(Section::Pin, name.0.as_bytes())
    }

    /// The names that are pinned, ascending.
    pub fn pins(&self) -> impl Iterator<Item = &str> {
        self.names(Section::Pin).filter_map(|name| str::from_utf8(name).ok())
    }

    /// A small setting.
    #[must_use]
    pub fn setting(&self, name: &EntryName) -> Option<&[u8]> {
        self.get(Section::Setting, name.0.as_bytes()).map(SecretBytes::expose)
    }

    /// Keeps a small setting.
    ///
    /// # Errors
    /// [`KeystoreError::Full`] if the value is longer than [`MAX_VALUE_BYTES`].
    pub fn put_setting(&mut self, name: &EntryName, value: &[u8]) -> Result<(), KeystoreError> {
        self.put_checked(Section::Setting, name.0.as_bytes(), SecretBytes::copied_from(value))
    }

    /// Removes a setting; says whether there was one.
    pub fn remove_setting(&mut self, name: &EntryName) -> bool {
        self.remove(Section::Setting, name.0.as_bytes())
    }

    /// The names of the settings, ascending.
    pub fn settings(&self) -> impl Iterator<Item = &str> {
        self.names(Section::Setting).filter_map(|name| str::from_utf8(name).ok())
    }

    fn get(&self, section: Section, name: &[u8]) -> Option<&SecretBytes> {
        self.entries.get(&(section, name.to_vec()))
    }

    fn get_32(&self, section: Section, name: &[u8]) -> Option<Secret32> {
        self.get(section, name).and_then(|value| Secret32::from_slice(value.expose()))
    }

    fn put(&mut self, section: Section, name: &[u8], value: SecretBytes) {
        self.entries.insert((section, name.to_vec()), value);
    }

    fn put_checked(
        &mut self,
        section: Section,
        name: &[u8],
        value: SecretBytes,
    ) -> Result<(), KeystoreError> {
        if !section.admits(name, value.expose().len()) {
            return Err(KeystoreError::Full);
        }
        self.put(section, name, value);
        Ok(())
    }

    fn remove(&mut self, section: Section, name: &[u8]) -> bool {
        self.entries.remove(&(section, name.to_vec())).is_some()
    }

    fn names(&self, section: Section) -> impl Iterator<Item = &[u8]> {
        self.entries.keys().filter(move |(of, _)| *of == section).map(|(_, name)| name.as_slice())
    }

    /// Every entry as bytes, in order.
    pub(super) fn encode(&self) -> Vec<Zeroizing<Vec<u8>>> {
        let entry = |((section, name), value): (&(Section, Vec<u8>), &SecretBytes)| {
            let name_len = u16::try_from(name.len()).expect("a name is at most 96 bytes");
            let mut out = Zeroizing::new(Vec::with_capacity(3 + name.len() + value.expose().len()));
            out.push(*section as u8);
            out.extend_from_slice(&name_len.to_be_bytes());
            out.extend_from_slice(name);
            out.extend_from_slice(value.expose());
            out
        };
        self.entries.iter().map(entry).collect()
    }

    /// Adds the entry in `bytes`, which must come after all that are here.
    pub(super) fn decode_next(&mut self, bytes: &[u8]) -> Result<(), KeystoreError> {
        let (&[section, name_len @ ..], rest) = bytes.split_first_chunk::<3>().ok_or(Damage::Contents)?;
        let section =
            Section::ALL.into_iter().find(|known| *known as u8 == section).ok_or(Damage::Contents)?;
        let (name, value) =
            rest.split_at_checked(u16::from_be_bytes(name_len).into()).ok_or(Damage::Contents)?;
        let key = (section, name.to_vec());
        let ascending = self.entries.last_key_value().is_none_or(|(last, _)| *last < key);
        if !ascending || !section.admits(name, value.len()) {
            return Err(Damage::Contents.into());
        }
        self.entries.insert(key, SecretBytes::copied_from(value));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn encoded(contents: &Contents) -> Vec<Vec<u8>> {
        contents.encode().iter().map(|entry| entry.to_vec()).collect()
    }

    #[test]
    fn sections_do_not_see_each_other() {
        let mut contents = Contents::default();
        let name: EntryName = "hub".parse().expect("valid");
        contents.put_pin(&name, b"pin").expect("fits");
        contents.put_setting(&name, b"setting").expect("fits");
        assert_eq!(contents.pin(&name), Some(&b"pin"[..]));
        assert!(contents.remove_pin(&name) && !contents.remove_pin(&name));
        assert_eq!(contents.setting(&name), Some(&b"setting"[..]));
    }

    #[test]
    fn names_and_values_out_of_bounds_are_refused() {
        for bad in ["", "A", "å", "a b", "a/b", &"x".repeat(97)] {
            assert!(bad.parse::<EntryName>().is_err(), "{bad:?}");
        }
        let mut contents = Contents::default();
        let name: EntryName = "n".parse().expect("valid");
        contents.put_setting(&name, &vec![0; MAX_VALUE_BYTES]).expect("fits");
        assert!(matches!(
            contents.put_setting(&name, &vec![0; MAX_VALUE_BYTES + 1]),
            Err(KeystoreError::Full)
        ));
        assert!(contents.put_device_identity(SecretBytes::copied_from(&[])).is_err());
    }

    #[test]
    fn unknown_sections_disorder_and_repeats_are_refused() {
        let mut contents = Contents::default();
        contents.put_epoch_seed(1, &Secret32::from_slice(&[1; 32]).expect("32 bytes"));
        contents.put_epoch_seed(2, &Secret32::from_slice(&[2; 32]).expect("32 bytes"));
        let entries = encoded(&contents);

        let decode = |entries: &[&[u8]]| {
            let mut contents = Contents::default();
            entries.iter().try_for_each(|entry| contents.decode_next(entry))
        };
        decode(&[&entries[0], &entries[1]]).expect("in order");
        decode(&[&entries[1], &entries[0]]).expect_err("out of order");
        decode(&[&entries[0], &entries[0]]).expect_err("twice");
        let mut unknown = entries[0].clone();
        unknown[0] = 8;
        decode(&[&unknown]).expect_err("unknown section");
        decode(&[&entries[0][..entries[0].len() - 1]]).expect_err("a seed of 31 bytes");
        decode(&[&[][..]]).expect_err("empty");
    }

    proptest! {
        #[test]
        fn what_is_encoded_is_decoded_the_same(
            epochs in proptest::collection::btree_map(any::<u32>(), any::<[u8; 32]>(), 0..6),
            keys in proptest::collection::vec(any::<[u8; 32]>(), 0..6),
            settings in proptest::collection::btree_map("[a-z0-9._-]{1,64}", any::<Vec<u8>>(), 0..6),
        ) {
            let mut contents = Contents::default();
            for (epoch, seed) in &epochs {
                contents.put_epoch_seed(*epoch, &Secret32::from_slice(seed).expect("32 bytes"));
            }
            for key in &keys {
                let key = Secret32::from_slice(key).expect("32 bytes");
                contents.put_message_key(&MessageId::random(), &key);
            }
            for (name, value) in &settings {
                contents.put_setting(&name.parse().expect("valid"), value).expect("fits");
            }
            let entries = encoded(&contents);
            let mut decoded = Contents::default();
            for entry in &entries {
                decoded.decode_next(entry).expect("decodes");
            }
            prop_assert_eq!(encoded(&decoded), entries);
            prop_assert!(decoded.epochs().eq(epochs.keys().copied()));
            prop_assert_eq!(decoded.message_keys().count(), keys.len());
        }

        #[test]
        fn whatever_is_accepted_encodes_to_the_same_bytes(entry in any::<Vec<u8>>()) {
            let mut contents = Contents::default();
            if contents.decode_next(&entry).is_ok() {
                prop_assert_eq!(encoded(&contents), vec![entry]);
            }
        }
    }
}
