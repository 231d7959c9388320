//! What has happened to a message, in a fixed layout that fits an index value.

/// Groups, and recipient mailboxes, of one message.
const MAX_TO: usize = samverkan_proto::limits::MAX_TO as usize;

/// Where one group stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(u8)]
pub enum GroupState {
    /// Nobody has said anything final.
    #[default]
    Open = 0,
    /// A reader has it, decrypted, verified and on disk.
    Delivered = 1,
    /// Every reader refused it or can not open it, at least one refused.
    Refused = 2,
    /// No reader can open it.
    Undecryptable = 3,
    /// Every mailbox of the group was suspended or removed first.
    Returned = 4,
    /// Its time was up.
    Expired = 5,
    /// The sender took it back first.
    Recalled = 6,
    /// The consent was withdrawn first.
    Withdrawn = 7,
}

impl GroupState {
    const fn from_byte(byte: u8) -> Option<Self> {
        Some(match byte {
            0 => Self::Open,
            1 => Self::Delivered,
            2 => Self::Refused,
            3 => Self::Undecryptable,
            4 => Self::Returned,
            5 => Self::Expired,
            6 => Self::Recalled,
            7 => Self::Withdrawn,
            _ => return None,
        })
    }
}

/// What has happened to a message since it was accepted. Bitmaps over wraps have bit i for `wraps[i]`, those over mailboxes bit k for `to[k]`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Marks {
    /// Wraps whose device the bytes went to.
    pub handed: u64,
    /// Wraps whose device delivered.
    pub delivered: u64,
    /// Wraps whose device can not decrypt.
    pub cannot: u64,
    /// Wraps whose device refused by a rule.
    pub refused: u64,
    /// Wraps whose device answered.
    pub answered: u64,
    /// Wraps whose device was revoked, or left the mailboxes it was wrapped for.
    pub revoked: u64,
    /// Mailboxes that may be handed the message: primaries, and alternates once released.
    pub open: u16,
    /// Mailboxes whose organisation was suspended or removed first.
    pub cut: u16,
    /// One state a group, in header order.
    pub groups: [GroupState; MAX_TO],
    /// When the newest group was delivered; 0 = none.
    pub delivered_ms: u64,
    /// The rule a reader named last (a code point of `RefusalReason`); 0 = none.
    pub refusal: u8,
    /// The ciphertext is gone.
    pub purged: bool,
    /// The sender has taken it back, before or after somebody had it.
    pub recalled: bool,
    /// A consent that it names was withdrawn, before or after somebody had it.
    pub withdrawn: bool,
}

/// The last stored byte.
const PURGED: u8 = 1;
const RECALLED: u8 = 2;
const WITHDRAWN: u8 = 4;

/// Stored marks that are not marks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the stored marks of a message are malformed")]
pub struct MarksError;

impl Marks {
    /// Length of the stored form.
    pub const LEN: usize = 6 * 8 + 2 * 2 + MAX_TO + 8 + 1 + 1;

    /// The stored form, big-endian, in the order of the fields.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(Self::LEN);
        for map in [self.handed, self.delivered, self.cannot, self.refused, self.answered, self.revoked] {
            bytes.extend_from_slice(&map.to_be_bytes());
        }
        bytes.extend_from_slice(&self.open.to_be_bytes());
        bytes.extend_from_slice(&self.cut.to_be_bytes());
        bytes.extend(self.groups.map(|group| group as u8));
        bytes.extend_from_slice(&self.delivered_ms.to_be_bytes());
        bytes.push(self.refusal);
        let flags = [(self.purged, PURGED), (self.recalled, RECALLED), (self.withdrawn, WITHDRAWN)];
        bytes.push(flags.into_iter().filter(|(is_set, _)| *is_set).fold(0, |flags, (_, flag)| flags | flag));
        bytes
    }

    /// Reads the stored form.
    ///
    /// # Errors
    /// [`MarksError`] for any other bytes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, MarksError> {
        let mut rest = bytes;
        let mut maps = [0; 6];
        for map in &mut maps {
            *map = u64::from_be_bytes(take(&mut rest)?);
        }
        let [handed, delivered, cannot, refused, answered, revoked] = maps;
        let open = u16::from_be_bytes(take(&mut rest)?);
        let cut = u16::from_be_bytes(take(&mut rest)?);
        let mut groups = [GroupState::Open; MAX_TO];
        for (group, byte) in groups.iter_mut().zip(take::<MAX_TO>(&mut rest)?) {
            *group = GroupState::from_byte(byte).ok_or(MarksError)?;
        }
        let delivered_ms = u64::from_be_bytes(take(&mut rest)?);
        let [refusal, flags] = take(&mut rest)?;
        if !rest.is_empty() || flags > PURGED | RECALLED | WITHDRAWN {
            return Err(MarksError);
        }
        let has = |flag| flags & flag != 0;
        Ok(Self {
            handed,
            delivered,
            cannot,
            refused,
            answered,
            revoked,
            open,
            cut,
            groups,
            delivered_ms,
            refusal,
            purged: has(PURGED),
            recalled: has(RECALLED),
            withdrawn: has(WITHDRAWN),
        })
    }
}

fn take<const N: usize>(rest: &mut &[u8]) -> Result<[u8; N], MarksError> {
    let (head, tail) = rest.split_first_chunk().ok_or(MarksError)?;
    *rest = tail;
    Ok(*head)
}
