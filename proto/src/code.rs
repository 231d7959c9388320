//! The numbered code points of PROTOCOL.md section 4.

use crate::fault::{Fault, InvalidField};

macro_rules! codes {
    ($(#[doc = $doc:literal])* $name:ident, $field:literal { $($(#[doc = $vdoc:literal])* $variant:ident = $code:literal $text:literal,)* }) => {
        $(#[doc = $doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum $name { $($(#[doc = $vdoc])* $variant = $code,)* }

        impl $name {
            /// Every code point of the table.
            pub const ALL: &[$name] = &[$($name::$variant,)*];

            /// The number in the table.
            #[must_use]
            pub const fn code(self) -> u8 {
                self as u8
            }

            /// The name in the table, in capitals and underscores.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $($name::$variant => $text,)* }
            }
        }

        impl TryFrom<u8> for $name {
            type Error = InvalidField;

            fn try_from(code: u8) -> Result<Self, InvalidField> {
                match code { $($code => Ok($name::$variant),)* _ => Err(Fault::UnknownCode.in_field($field)) }
            }
        }

        impl TryFrom<u32> for $name {
            type Error = InvalidField;

            fn try_from(code: u32) -> Result<Self, InvalidField> {
                u8::try_from(code).map_err(|_| Fault::UnknownCode.in_field($field))?.try_into()
            }
        }

        impl std::str::FromStr for $name {
            type Err = InvalidField;

            fn from_str(text: &str) -> Result<Self, InvalidField> {
                match text { $($text => Ok($name::$variant),)* _ => Err(Fault::UnknownCode.in_field($field)) }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.name())
            }
        }
    };
}

codes!(
    /// What the hub sees of a message's purpose.
    Class, "class" {
    /// A person is passed on to help.
    Referral = 1 "REFERRAL",
    /// A concern for a child (orosanmälan): can not be declined.
    ConcernReport = 2 "CONCERN_REPORT",
    /// A question about a person.
    InformationRequest = 3 "INFORMATION_REQUEST",
    /// Anything that follows; what it is, is sealed.
    FollowUp = 4 "FOLLOW_UP",
});

codes!(
    /// What a message is, inside the seal.
    Kind, "kind" {
    /// Goes with class REFERRAL.
    Referral = 1 "REFERRAL",
    /// Goes with class CONCERN_REPORT.
    ConcernReport = 2 "CONCERN_REPORT",
    /// Goes with class INFORMATION_REQUEST.
    InformationRequest = 3 "INFORMATION_REQUEST",
    /// More about an earlier message (komplettering).
    Supplement = 16 "SUPPLEMENT",
    /// An answer in words.
    Reply = 17 "REPLY",
    /// Accepted, declined, and the like.
    Decision = 18 "DECISION",
    /// How it goes (återkoppling).
    Feedback = 19 "FEEDBACK",
    /// How it ended.
    Outcome = 20 "OUTCOME",
    /// The person takes the consent back.
    ConsentWithdrawal = 21 "CONSENT_WITHDRAWAL",
    /// A message between programs.
    Notice = 22 "NOTICE",
});

impl Kind {
    /// The visible class that this kind goes with.
    #[must_use]
    pub const fn class(self) -> Class {
        match self {
            Self::Referral => Class::Referral,
            Self::ConcernReport => Class::ConcernReport,
            Self::InformationRequest => Class::InformationRequest,
            Self::Supplement
            | Self::Reply
            | Self::Decision
            | Self::Feedback
            | Self::Outcome
            | Self::ConsentWithdrawal
            | Self::Notice => Class::FollowUp,
        }
    }
}

codes!(
    /// The legal ground a message is sent on.
    LegalBasis, "basis" {
    /// The person agreed (samtycke).
    Consent = 1 "CONSENT",
    /// A duty to report (anmälningsskyldighet).
    DutyToReport = 2 "DUTY_TO_REPORT",
    /// A duty to disclose (uppgiftsskyldighet).
    DutyToDisclose = 3 "DUTY_TO_DISCLOSE",
    /// A ground in the secrecy act.
    SecrecyActGround = 4 "SECRECY_ACT_GROUND",
    /// Anyone may report a concern (frivillig anmälan).
    VoluntaryReport = 5 "VOLUNTARY_REPORT",
    /// Life or health is at stake.
    VitalInterest = 6 "VITAL_INTEREST",
});

codes!(
    /// How soon somebody must act.
    Urgency, "urgency" {
    /// In ordinary time.
    Routine = 1 "ROUTINE",
    /// Within a working day.
    Soon = 2 "SOON",
    /// Now.
    Acute = 3 "ACUTE",
});

codes!(
    /// How a recipient mailbox takes part in a message.
    RecipientKind, "kind" {
    /// Begins a group.
    Primary = 0 "PRIMARY",
    /// Takes over for the primary before it when no reader there can decrypt.
    Alternate = 1 "ALTERNATE",
});

codes!(
    /// Why a device was revoked.
    RevocationReason, "revocation_reason" {
    /// Nobody knows where it is.
    Lost = 1 "LOST",
    /// Somebody else may have its keys.
    Compromised = 2 "COMPROMISED",
    /// The member no longer works there.
    MemberLeft = 3 "MEMBER_LEFT",
    /// Another device took over.
    Replaced = 4 "REPLACED",
});

codes!(
    /// Where an organisation stands in the registry.
    OrganisationState, "state" {
    /// Has an open invite; known to the hub alone.
    Invited = 1 "INVITED",
    /// Joined; its safety number is not confirmed.
    Pending = 2 "PENDING",
    /// May be found, send and receive.
    Active = 3 "ACTIVE",
    /// Cut off for now.
    Suspended = 4 "SUSPENDED",
    /// Cut off for good.
    Removed = 5 "REMOVED",
});

codes!(
    /// What an organisation is.
    OrganisationKind, "organisation_kind" {
    /// A police authority.
    Police = 1 "POLICE",
    /// Municipal social services.
    SocialServices = 2 "SOCIAL_SERVICES",
    /// Health care.
    HealthCare = 3 "HEALTH_CARE",
    /// Dental care.
    DentalCare = 4 "DENTAL_CARE",
    /// A prosecutor.
    Prosecutor = 5 "PROSECUTOR",
    /// A school.
    School = 6 "SCHOOL",
    /// Another public authority.
    OtherAuthority = 7 "OTHER_AUTHORITY",
    /// A volunteer group; outside the secrecy act.
    Volunteer = 8 "VOLUNTEER",
    /// Anything else.
    Other = 9 "OTHER",
});

codes!(
    /// What a device says about a message.
    DeviceReceiptType, "receipt_type" {
    /// Decrypted, verified and on disk.
    Delivered = 1 "DELIVERED",
    /// Can not be opened.
    CannotDecrypt = 2 "CANNOT_DECRYPT",
    /// Opened, and refused by a rule.
    Refused = 3 "REFUSED",
    /// A sealed answer exists.
    Answered = 4 "ANSWERED",
});

codes!(
    /// What the hub says about a message.
    HubReceiptType, "receipt_type" {
    /// On disk; the hub takes responsibility.
    SubmissionAccepted = 1 "SUBMISSION_ACCEPTED",
    /// The bytes went to a device of the recipient mailbox.
    HandedOver = 2 "HANDED_OVER",
    /// Will be removed unread.
    Expiring = 3 "EXPIRING",
    /// Was removed unread.
    ExpiredUndelivered = 4 "EXPIRED_UNDELIVERED",
    /// The hub serves the ciphertext no longer.
    Purged = 5 "PURGED",
    /// The day key is destroyed.
    Shredded = 6 "SHREDDED",
    /// The recipient was suspended or removed before delivery.
    Returned = 7 "RETURNED",
    /// No reader can open it.
    Undecryptable = 8 "UNDECRYPTABLE",
    /// No reader took it, and at least one refused it by a rule.
    Refused = 9 "REFUSED",
    /// The sender took it back.
    Recalled = 11 "RECALLED",
});

codes!(
    /// Why the hub serves a message no longer (hub receipt type 5).
    PurgeReason, "reason" {
    /// Every reader has it.
    Delivered = 1 "DELIVERED",
    /// Its time was up.
    Expired = 2 "EXPIRED",
    /// The consent was withdrawn.
    Withdrawn = 3 "WITHDRAWN",
    /// The sender took it back.
    Recalled = 4 "RECALLED",
    /// The recipient was suspended.
    Suspended = 5 "SUSPENDED",
    /// The recipient was removed.
    Removed = 6 "REMOVED",
    /// Delivered, and the time for further readers lapsed.
    Lapsed = 7 "LAPSED",
});

codes!(
    /// Why a consent was withdrawn (SVKD).
    WithdrawalReason, "reason" {
    /// The person withdrew it.
    PersonWithdrew = 1 "PERSON_WITHDREW",
    /// It was recorded in error.
    RecordedInError = 2 "RECORDED_IN_ERROR",
});

codes!(
    /// Why a message went back undelivered (hub receipt type 7).
    ReturnReason, "reason" {
    /// The recipient was suspended.
    Suspended = 1 "SUSPENDED",
    /// The recipient was removed.
    Removed = 2 "REMOVED",
});

codes!(
    /// Why a device can not decrypt (device receipt type 2).
    CannotDecryptReason, "reason" {
    /// Key, content or signature fail.
    CannotOpen = 1 "CANNOT_OPEN",
    /// The epoch key was destroyed on schedule, or lost.
    KeyDestroyed = 2 "KEY_DESTROYED",
    /// An attachment does not verify.
    AttachmentDamaged = 3 "ATTACHMENT_DAMAGED",
});

codes!(
    /// Why a device refuses what it opened (device receipt type 3).
    RefusalReason, "reason" {
    /// The body's schema is newer than the program.
    SchemaTooNew = 1 "SCHEMA_TOO_NEW",
    /// The body does not fit the header.
    ContentMismatch = 2 "CONTENT_MISMATCH",
    /// The consent does not cover it.
    ConsentMismatch = 3 "CONSENT_MISMATCH",
    /// Past its time.
    Expired = 4 "EXPIRED",
    /// The sender was not valid when it was accepted.
    SenderNotValid = 5 "SENDER_NOT_VALID",
});

codes!(
    /// What an agreed passing-on is for.
    ConsentPurpose, "purpose" {
    /// To get help.
    Referral = 1 "REFERRAL",
    /// To let organisations speak with each other.
    InformationExchange = 2 "INFORMATION_EXCHANGE",
});

codes!(
    /// How a consent was given.
    ConsentHow, "how" {
    /// On paper.
    InWriting = 1 "IN_WRITING",
    /// Said.
    Verbally = 2 "VERBALLY",
    /// By a signature on a screen.
    Electronically = 3 "ELECTRONICALLY",
});

codes!(
    /// What a log leaf records.
    LeafType, "leaf_type" {
    /// A signed manifest.
    Manifest = 1 "MANIFEST",
    /// Epoch keys of one device.
    EpochKeys = 2 "EPOCH_KEYS",
    /// A client certificate was issued.
    Certificate = 3 "CERTIFICATE",
    /// The hub's own keys.
    HubKeys = 4 "HUB_KEYS",
    /// The operator's entry for an organisation.
    Organisation = 5 "ORGANISATION",
    /// What an operator did, with a signature.
    Action = 7 "ACTION",
    /// An agreement between two organisations.
    Agreement = 8 "AGREEMENT",
});

codes!(
    /// What an operator of the hub does.
    ActionType, "action.type" {
    /// Writes an organisation down and makes its invite.
    Invite = 1 "INVITE",
    /// Takes an invite back that nobody has used.
    Withdraw = 2 "WITHDRAW",
    /// Admits an organisation whose safety number was compared.
    Confirm = 3 "CONFIRM",
    /// Cuts an organisation off.
    Suspend = 4 "SUSPEND",
    /// Lets a suspended organisation back in.
    Resume = 5 "RESUME",
    /// Cuts an organisation off for good.
    Remove = 6 "REMOVE",
    /// Takes an operator's key in.
    AddOperator = 7 "ADD_OPERATOR",
    /// Takes an operator's key out.
    RemoveOperator = 8 "REMOVE_OPERATOR",
    /// From now on two operators must sign what cuts somebody off.
    RequireTwo = 9 "REQUIRE_TWO",
    /// From now on one operator is enough for everything.
    RequireOne = 10 "REQUIRE_ONE",
    /// Says which classes are sent on an agreement alone.
    SetPolicy = 12 "SET_POLICY",
});

codes!(
    /// What a version of an agreement does.
    AgreementType, "agreement.type" {
    /// States what may be sent.
    Terms = 1 "TERMS",
    /// Ends it, until a later version states terms again.
    End = 2 "END",
});

/// What a device may do: any of [`Roles::ADMIN`], [`Roles::HANDLER`], [`Roles::READER`], at least one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Roles(u8);

impl Roles {
    /// Signs manifests.
    pub const ADMIN: Self = Self(1);
    /// Sends.
    pub const HANDLER: Self = Self(2);
    /// Reads.
    pub const READER: Self = Self(4);
    /// All three, as the first device of an organisation has them.
    pub const ALL: Self = Self(7);

    /// The bits, as they stand in a manifest.
    #[must_use]
    pub const fn bits(self) -> u8 {
        self.0
    }

    /// Whether every role of `other` is among these.
    #[must_use]
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

impl std::ops::BitOr for Roles {
    type Output = Self;

    /// The roles of both.
    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl TryFrom<u8> for Roles {
    type Error = InvalidField;

    fn try_from(bits: u8) -> Result<Self, InvalidField> {
        if (1..=7).contains(&bits) { Ok(Self(bits)) } else { Err(Fault::UnknownCode.in_field("roles")) }
    }
}

macro_rules! bit_set {
    ($(#[doc = $doc:literal])* $name:ident of $code:ident, $most:literal, $field:literal) => {
        $(#[doc = $doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(u8);

        impl $name {
            /// None of them.
            pub const NONE: Self = Self(0);
            /// All of them.
            pub const ALL: Self = Self($most);

            /// The bits: the one with the value `1 << (n - 1)` stands for code point n.
            #[must_use]
            pub const fn bits(self) -> u8 {
                self.0
            }

            /// The set with these bits, which may be none.
            ///
            /// # Errors
            /// `unknown_code` for a bit that stands for nothing.
            pub fn from_bits(bits: u8, field: &'static str) -> Result<Self, InvalidField> {
                if bits <= $most { Ok(Self(bits)) } else { Err(Fault::UnknownCode.in_field(field)) }
            }

            /// Whether `one` is among them.
            #[must_use]
            pub const fn contains(self, one: $code) -> bool {
                self.0 & Self::bit(one) != 0
            }

            /// Those that are among them, by code point.
            pub fn iter(self) -> impl Iterator<Item = $code> {
                $code::ALL.iter().copied().filter(move |one| self.contains(*one))
            }

            /// A code point without a bit stands for nothing here.
            const fn bit(one: $code) -> u8 {
                (1 << (one.code() - 1)) & $most
            }
        }

        impl FromIterator<$code> for $name {
            fn from_iter<I: IntoIterator<Item = $code>>(all: I) -> Self {
                Self(all.into_iter().fold(0, |bits, one| bits | Self::bit(one)))
            }
        }

        /// Of a statement, which names at least one.
        impl TryFrom<u8> for $name {
            type Error = InvalidField;

            fn try_from(bits: u8) -> Result<Self, InvalidField> {
                if bits == 0 { Err(Fault::UnknownCode.in_field($field)) } else { Self::from_bits(bits, $field) }
            }
        }
    };
}

bit_set!(
    /// Classes that begin something: REFERRAL, CONCERN_REPORT, INFORMATION_REQUEST. A FOLLOW_UP has no bit.
    Classes of Class, 7, "classes");
bit_set!(
    /// Legal bases.
    Bases of LegalBasis, 63, "bases");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_hold_what_was_put_in_and_a_follow_up_is_in_none() {
        for bits in 0..=u8::MAX {
            assert_eq!(Classes::try_from(bits).is_ok(), (1..=7).contains(&bits));
            assert_eq!(Bases::try_from(bits).is_ok(), (1..=63).contains(&bits));
            assert_eq!(Classes::from_bits(bits, "classes").is_ok(), bits <= 7);
            if let Ok(set) = Bases::from_bits(bits, "bases") {
                assert_eq!(set.iter().collect::<Bases>(), set);
                assert_eq!(set.iter().count(), bits.count_ones() as usize);
            }
        }
        let named: Classes = Class::ALL.iter().copied().collect();
        assert_eq!((named, named.bits()), (Classes::ALL, 7));
        assert!(!named.contains(Class::FollowUp) && named.contains(Class::InformationRequest));
        assert_eq!(Bases::from_iter([LegalBasis::VitalInterest]).bits(), 32);
        assert!(!Bases::NONE.contains(LegalBasis::Consent));
    }

    #[test]
    fn every_code_outside_its_table_is_refused() {
        for code in 0..=u8::MAX {
            assert_eq!(Class::try_from(code).is_ok(), (1..=4).contains(&code));
            assert_eq!(Kind::try_from(code).is_ok(), matches!(code, 1..=3 | 16..=22));
            assert_eq!(LegalBasis::try_from(code).is_ok(), (1..=6).contains(&code));
            assert_eq!(Roles::try_from(code).is_ok(), (1..=7).contains(&code));
        }
        assert!(Kind::try_from(257u32).is_err());
    }

    #[test]
    fn names_parse_back() {
        for basis in LegalBasis::ALL {
            assert_eq!(basis.name().parse(), Ok(*basis));
        }
    }
}
