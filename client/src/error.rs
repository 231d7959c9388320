//! The client's error: a stable code, a class, one plain sentence, the next step, an exit code.
//!
//! Each module has its own enum of reasons; the `From` implementations at the end are the only place where a reason
//! becomes a [`Code`]. The sentences live in `locales/<language>/errors.ftl` under `error-<code>`, with the next
//! step in the attribute `.next`.

use serde::Serialize;

use crate::exit::Exit;
use crate::msg;
use crate::text::{Args, Text};

pub(crate) mod cause;
mod reasons;
mod wire;

/// What kind of trouble an error is, as on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// Trying the same again later may work.
    Transient,
    /// The same will fail the same way.
    Permanent,
    /// A person has to do something first.
    ActionNeeded,
}

/// Declares the codes once: variant, spelling, class and exit code.
macro_rules! codes {
    ($($(#[$doc:meta])+ $variant:ident = $name:literal, $class:ident, $exit:ident;)+) => {
        /// The stable name of an error. Where the wire has an `ErrorReason` for it, the spelling is the same.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Code { $($(#[$doc])+ $variant,)+ }

        impl Code {
            /// Every code.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// The spelling scripts match on.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            /// What kind of trouble it is.
            #[must_use]
            pub const fn class(self) -> Class {
                match self { $(Self::$variant => Class::$class,)+ }
            }

            /// How the program ends.
            #[must_use]
            pub const fn exit(self) -> Exit {
                match self { $(Self::$variant => Exit::$exit,)+ }
            }
        }
    };
}

codes! {
    /// A defect of this program.
    ProgramDefect = "PROGRAM_DEFECT", Permanent, Unexpected;
    /// The operating system gave no randomness.
    NoRandomness = "NO_RANDOMNESS", Permanent, Unexpected;
    /// The operating system did not keep others from reading this process's memory.
    MemoryUnprotected = "MEMORY_UNPROTECTED", Permanent, Unexpected;
    /// The person pressed Ctrl-C.
    Interrupted = "INTERRUPTED", ActionNeeded, Interrupted;
    /// The person was asked whether to send it, and did not say yes.
    NotConfirmed = "NOT_CONFIRMED", ActionNeeded, Interrupted;
    /// The person was asked whether to change the organisation, and did not say yes.
    ChangeNotConfirmed = "CHANGE_NOT_CONFIRMED", ActionNeeded, Interrupted;
    /// The person was asked whether to take something back, and did not say yes.
    StopNotConfirmed = "STOP_NOT_CONFIRMED", ActionNeeded, Interrupted;
    /// Whoever read the output went away. Ends quietly.
    OutputClosed = "OUTPUT_CLOSED", Permanent, Done;
    /// The output can not be written.
    OutputFailed = "OUTPUT_FAILED", ActionNeeded, Unexpected;
    /// Binary output would go to a terminal.
    OutputIsTerminal = "OUTPUT_IS_TERMINAL", ActionNeeded, Usage;

    /// There is no command on the command line.
    CommandMissing = "COMMAND_MISSING", ActionNeeded, Usage;
    /// There is no such command.
    UnknownCommand = "UNKNOWN_COMMAND", ActionNeeded, Usage;
    /// The command takes no such argument.
    UnknownArgument = "UNKNOWN_ARGUMENT", ActionNeeded, Usage;
    /// An argument that the command needs is missing.
    ArgumentMissing = "ARGUMENT_MISSING", ActionNeeded, Usage;
    /// An argument's value is not one it takes.
    ArgumentInvalid = "ARGUMENT_INVALID", ActionNeeded, Usage;
    /// Two arguments exclude each other.
    ArgumentConflict = "ARGUMENT_CONFLICT", ActionNeeded, Usage;
    /// A duration is not one.
    DurationInvalid = "DURATION_INVALID", ActionNeeded, Usage;
    /// A profile is to stay unlocked for too long.
    UnlockTooLong = "UNLOCK_TOO_LONG", ActionNeeded, Usage;
    /// A date is not one.
    DateInvalid = "DATE_INVALID", ActionNeeded, Usage;
    /// A point in time is not one, or has not come yet.
    TimeInvalid = "TIME_INVALID", ActionNeeded, Usage;
    /// A name for a mailbox has letters that it may not have.
    MailboxNameInvalid = "MAILBOX_NAME_INVALID", ActionNeeded, Usage;
    /// A place is not a municipality's code.
    PlaceInvalid = "PLACE_INVALID", ActionNeeded, Usage;
    /// A safety number is not sixty digits.
    SafetyNumberMalformed = "SAFETY_NUMBER_MALFORMED", ActionNeeded, Usage;
    /// The input is longer than anything it can be for.
    InputTooLarge = "INPUT_TOO_LARGE", ActionNeeded, Usage;
    /// What was given is not text.
    InputNotText = "INPUT_NOT_TEXT", ActionNeeded, Usage;
    /// Stdin is to be two things at once.
    StdinTwice = "STDIN_TWICE", ActionNeeded, Usage;
    /// The file that an option names can not be read.
    InputFileUnusable = "INPUT_FILE_UNUSABLE", ActionNeeded, Usage;
    /// A file can not be attached.
    AttachmentUnusable = "ATTACHMENT_UNUSABLE", ActionNeeded, Usage;
    /// A file is no JSON object.
    FileNotJson = "FILE_NOT_JSON", ActionNeeded, Usage;
    /// A file has a field that is not known.
    FieldUnknown = "FIELD_UNKNOWN", ActionNeeded, Usage;
    /// A field of a file has a value that it does not take.
    FieldInvalid = "FIELD_INVALID", ActionNeeded, Usage;
    /// There is no such form.
    FormUnknown = "FORM_UNKNOWN", ActionNeeded, NotFound;
    /// A form is for messages of another class.
    FormNotForClass = "FORM_NOT_FOR_CLASS", ActionNeeded, Usage;
    /// A form lacks an answer that it demands.
    FormFieldMissing = "FORM_FIELD_MISSING", ActionNeeded, Usage;
    /// An answer is not one that its form takes.
    FormFieldInvalid = "FORM_FIELD_INVALID", ActionNeeded, Usage;
    /// An answer is to no question of its form.
    FormFieldUnknown = "FORM_FIELD_UNKNOWN", ActionNeeded, Usage;
    /// A form about violence does not say how the person may be contacted.
    SafeContactMissing = "SAFE_CONTACT_MISSING", ActionNeeded, Refused;
    /// A case says how the person may be contacted, and nobody here has accepted it.
    ContactRuleNotAccepted = "CONTACT_RULE_NOT_ACCEPTED", ActionNeeded, Refused;
    /// The personal data of a case are protected, so nothing of it leaves this organisation.
    ProtectedIdentity = "PROTECTED_IDENTITY", ActionNeeded, Refused;
    /// The person took the consent back under which a case was told.
    ConsentIsWithdrawn = "CONSENT_IS_WITHDRAWN", ActionNeeded, Refused;
    /// There is no such section of law.
    SectionUnknown = "SECTION_UNKNOWN", ActionNeeded, NotFound;
    /// A section of law supports another legal basis, or applies at another time.
    SectionDoesNotApply = "SECTION_DOES_NOT_APPLY", ActionNeeded, Usage;
    /// A reference was misread.
    ReferenceInvalid = "REFERENCE_INVALID", ActionNeeded, Usage;
    /// A mailbox is not written as one.
    MailboxInvalid = "MAILBOX_INVALID", ActionNeeded, Usage;
    /// Stdin or the terminal can not be read.
    InputUnreadable = "INPUT_UNREADABLE", ActionNeeded, Usage;
    /// There is no such help topic.
    TopicUnknown = "TOPIC_UNKNOWN", ActionNeeded, NotFound;

    /// No variable says where things are kept.
    HomeNotSet = "HOME_NOT_SET", ActionNeeded, NotSetUp;
    /// A variable that should hold an absolute path does not.
    HomeNotAbsolute = "HOME_NOT_ABSOLUTE", ActionNeeded, NotSetUp;
    /// The profile's folder can not be made or read.
    HomeUnusable = "HOME_UNUSABLE", ActionNeeded, NotSetUp;
    /// There is no such profile.
    ProfileMissing = "PROFILE_MISSING", ActionNeeded, NotSetUp;
    /// Another process is using the profile.
    ProfileBusy = "PROFILE_BUSY", Transient, Conflict;
    /// A profile name breaks the rules.
    ProfileNameInvalid = "PROFILE_NAME_INVALID", ActionNeeded, Usage;

    /// A file does not exist.
    FileMissing = "FILE_MISSING", ActionNeeded, NotFound;
    /// A file exists and is not overwritten.
    FileExists = "FILE_EXISTS", ActionNeeded, Conflict;
    /// A file or folder is a link, of another kind, or another user's.
    FileUnsafe = "FILE_UNSAFE", ActionNeeded, NotSetUp;
    /// Others can read or change a file or folder.
    FileExposed = "FILE_EXPOSED", ActionNeeded, NotSetUp;
    /// A file is longer than its kind may be.
    FileTooLarge = "FILE_TOO_LARGE", Permanent, Usage;
    /// The disk is full.
    DiskFull = "DISK_FULL", ActionNeeded, Unexpected;
    /// The operating system refused a file for another reason.
    FileUnusable = "FILE_UNUSABLE", ActionNeeded, Unexpected;
    /// A sealed file is damaged, or is not the one it should be.
    FileDamaged = "FILE_DAMAGED", Permanent, Integrity;
    /// What is to be sealed is too long for a sealed file.
    ContentTooLarge = "CONTENT_TOO_LARGE", Permanent, Usage;

    /// A passphrase is needed and there is no terminal to ask on.
    PassphraseNeeded = "PASSPHRASE_NEEDED", ActionNeeded, Locked;
    /// The passphrase is empty.
    PassphraseEmpty = "PASSPHRASE_EMPTY", ActionNeeded, Usage;
    /// The new passphrase is too short.
    PassphraseTooShort = "PASSPHRASE_TOO_SHORT", ActionNeeded, Usage;
    /// The passphrase is longer than 1 KiB.
    PassphraseTooLong = "PASSPHRASE_TOO_LONG", ActionNeeded, Usage;
    /// The passphrase is not UTF-8 text, or holds a NUL or a line end.
    PassphraseNotText = "PASSPHRASE_NOT_TEXT", ActionNeeded, Usage;
    /// The two passphrases typed differ.
    PassphraseMismatch = "PASSPHRASE_MISMATCH", ActionNeeded, Usage;
    /// The file or descriptor with the passphrase can not be read.
    PassphraseUnreadable = "PASSPHRASE_UNREADABLE", ActionNeeded, Usage;
    /// The passphrase does not open the keystore.
    WrongPassphrase = "WRONG_PASSPHRASE", ActionNeeded, Locked;

    /// There is no keystore in the profile.
    KeystoreMissing = "KEYSTORE_MISSING", ActionNeeded, NotSetUp;
    /// The keystore's bytes are not what was written.
    KeystoreDamaged = "KEYSTORE_DAMAGED", Permanent, Integrity;
    /// The keystore is of a version this program does not know.
    KeystoreVersion = "KEYSTORE_VERSION", ActionNeeded, NotSetUp;
    /// The keystore asks for an absurdly cheap or costly key derivation.
    KeystoreCost = "KEYSTORE_COST", Permanent, Integrity;
    /// There is not enough memory to derive the key.
    KeystoreMemory = "KEYSTORE_MEMORY", Transient, Unexpected;
    /// Another process changed the keystore meanwhile.
    KeystoreChanged = "KEYSTORE_CHANGED", Transient, Conflict;
    /// The keystore has no room for more.
    KeystoreFull = "KEYSTORE_FULL", ActionNeeded, Conflict;

    /// A recovery kit is not written as it should be.
    KitInvalid = "KIT_INVALID", ActionNeeded, Usage;
    /// The recovery kit is of another organisation than the one that was named.
    KitForOther = "KIT_FOR_OTHER", ActionNeeded, Refused;
    /// The words of a recovery kit belong to another organisation.
    KitMismatch = "KIT_MISMATCH", Permanent, Integrity;

    /// The hub can not be reached.
    HubUnreachable = "HUB_UNREACHABLE", Transient, HubUnreachable;
    /// What answers is not a hub of this kind.
    NotAHub = "NOT_A_HUB", ActionNeeded, HubUnreachable;
    /// The hub's certificate is not the one agreed on.
    HubNotTrusted = "HUB_NOT_TRUSTED", ActionNeeded, Integrity;
    /// The hub's certificate is out of date, by this computer's clock.
    HubCertificateOutOfDate = "HUB_CERTIFICATE_OUT_OF_DATE", ActionNeeded, HubUnreachable;
    /// The hub's keys are not the pinned ones.
    HubKeysChanged = "HUB_KEYS_CHANGED", ActionNeeded, Integrity;
    /// The hub refuses this device's certificate.
    CertificateRefused = "CERTIFICATE_REFUSED", ActionNeeded, Refused;
    /// The hub speaks other protocol versions.
    ProtocolVersion = "PROTOCOL_VERSION", ActionNeeded, NotSetUp;
    /// The hub broke the protocol.
    HubMisbehaved = "HUB_MISBEHAVED", ActionNeeded, Integrity;
    /// This computer's clock is wrong.
    ClockWrong = "CLOCK_WRONG", ActionNeeded, NotSetUp;
    /// Text is not an invitation.
    InviteMalformed = "INVITE_MALFORMED", ActionNeeded, Usage;
    /// This profile is a member already.
    AlreadyJoined = "ALREADY_JOINED", Permanent, Conflict;
    /// An unfinished try to join used another invitation.
    InviteOther = "INVITE_OTHER", ActionNeeded, Conflict;
    /// The invitation is for another organisation than the one that was named.
    InviteForOther = "INVITE_FOR_OTHER", ActionNeeded, Refused;
    /// Both copies of the recovery kit would be one file.
    KitCopiesSame = "KIT_COPIES_SAME", ActionNeeded, Usage;
    /// This device asked for membership, and no admin has approved it yet.
    MembershipWaits = "MEMBERSHIP_WAITS", ActionNeeded, NotSetUp;
    /// Only an admin's device may do this.
    AdminOnly = "ADMIN_ONLY", ActionNeeded, Refused;
    /// A request for membership is gone, or there is none of that number.
    MemberRequestUnknown = "MEMBER_REQUEST_UNKNOWN", ActionNeeded, NotFound;
    /// A request for membership was not made by whoever holds the invitation.
    MemberRequestForged = "MEMBER_REQUEST_FORGED", ActionNeeded, Integrity;
    /// No device of the own organisation is called so.
    MemberUnknown = "MEMBER_UNKNOWN", ActionNeeded, NotFound;
    /// More than one device of the own organisation is called so.
    MemberAmbiguous = "MEMBER_AMBIGUOUS", ActionNeeded, Usage;
    /// A device would be called something that it can not.
    LabelInvalid = "LABEL_INVALID", ActionNeeded, Usage;
    /// A device that does not read is to read a mailbox.
    RolesContradict = "ROLES_CONTRADICT", ActionNeeded, Usage;
    /// The own organisation has no such mailbox.
    MailboxUnknown = "MAILBOX_UNKNOWN", ActionNeeded, NotFound;
    /// The own organisation has such a mailbox.
    MailboxExists = "MAILBOX_EXISTS", ActionNeeded, Conflict;
    /// As many devices read a mailbox as may.
    MailboxFull = "MAILBOX_FULL", ActionNeeded, Refused;
    /// The organisation would have no admin left.
    LastAdmin = "LAST_ADMIN", ActionNeeded, Refused;
    /// A mailbox would have no reader left.
    LastReader = "LAST_READER", ActionNeeded, Refused;
    /// The organisation would have no mailbox left.
    LastMailbox = "LAST_MAILBOX", ActionNeeded, Refused;
    /// There can not be so many signatures.
    ThresholdInvalid = "THRESHOLD_INVALID", ActionNeeded, Usage;
    /// Everything is as it is asked to be.
    NothingToChange = "NOTHING_TO_CHANGE", ActionNeeded, Conflict;
    /// The organisation's entry has no room for more.
    TooManyInManifest = "TOO_MANY_IN_MANIFEST", ActionNeeded, Refused;
    /// This device's signature does not count for the change.
    SignersMissing = "SIGNERS_MISSING", ActionNeeded, Refused;
    /// A file is no proposal for the own organisation.
    ProposalInvalid = "PROPOSAL_INVALID", ActionNeeded, Integrity;
    /// The organisation has changed since a proposal was made.
    ProposalOutdated = "PROPOSAL_OUTDATED", ActionNeeded, Conflict;
    /// This device has signed a proposal before.
    ProposalSigned = "PROPOSAL_SIGNED", ActionNeeded, Conflict;
    /// The own organisation has no such agreement, or several.
    AgreementUnknown = "AGREEMENT_UNKNOWN", ActionNeeded, NotFound;
    /// Terms that can not be written down.
    AgreementInvalid = "AGREEMENT_INVALID", ActionNeeded, Usage;
    /// A file is no agreement of the own organisation.
    AgreementFileInvalid = "AGREEMENT_FILE_INVALID", ActionNeeded, Integrity;
    /// Another version of the agreement stands by now, or it has ended.
    AgreementOutdated = "AGREEMENT_OUTDATED", ActionNeeded, Conflict;
    /// The log has a key of this device that this device did not make.
    DeviceCopied = "DEVICE_COPIED", ActionNeeded, Integrity;
    /// A handle belongs to another organisation than the one whose safety number was compared.
    KeyChanged = "KEY_CHANGED", ActionNeeded, Refused;
    /// A recipient's recovery kit was used, and nobody here has called since.
    RecoveryUnconfirmed = "RECOVERY_UNCONFIRMED", ActionNeeded, Refused;
    /// Safety numbers were not compared in a way that proves anything.
    ComparisonWorthless = "COMPARISON_WORTHLESS", ActionNeeded, Refused;
    /// The hub's log contradicts itself, or what was believed before.
    LogForked = "LOG_FORKED", ActionNeeded, Integrity;
    /// The hub has not vouched for the newest state of its log for more than a day.
    LogStale = "LOG_STALE", ActionNeeded, Integrity;
    /// A log does not keep its rules, or does not add up to what the hub signed.
    LogInvalid = "LOG_INVALID", ActionNeeded, Integrity;
    /// The hub was out of reach for so long that nothing may be sealed for what was known of it.
    LogNotRefreshed = "LOG_NOT_REFRESHED", Transient, HubUnreachable;

    /// A message that came can not be trusted, for whatever reason.
    MessageUntrusted = "MESSAGE_UNTRUSTED", ActionNeeded, Integrity;
    /// A message has no recipient.
    RecipientMissing = "RECIPIENT_MISSING", ActionNeeded, Usage;
    /// A message goes to the mailbox it comes from.
    RecipientIsSender = "RECIPIENT_IS_SENDER", ActionNeeded, Usage;
    /// No device of a recipient has a key for this week.
    RecipientHasNoKey = "RECIPIENT_HAS_NO_KEY", ActionNeeded, Refused;
    /// A message has more than 16 recipients.
    TooManyRecipients = "TOO_MANY_RECIPIENTS", ActionNeeded, Usage;
    /// The recipients have more than 64 devices together.
    TooManyDevices = "TOO_MANY_DEVICES", ActionNeeded, Usage;
    /// It is not said which of several own mailboxes a message comes from.
    MailboxAmbiguous = "MAILBOX_AMBIGUOUS", ActionNeeded, Usage;
    /// A message can not come from a mailbox that this device does not read.
    MailboxNotOwn = "MAILBOX_NOT_OWN", ActionNeeded, Refused;
    /// A message has no legal basis and needs one.
    BasisMissing = "BASIS_MISSING", ActionNeeded, Usage;
    /// A follow-up has a legal basis, which it must not.
    BasisNotAllowed = "BASIS_NOT_ALLOWED", ActionNeeded, Usage;
    /// The basis is consent and no consent is named.
    ConsentMissing = "CONSENT_MISSING", ActionNeeded, Refused;
    /// There is no consent of that name.
    ConsentUnknown = "CONSENT_UNKNOWN", ActionNeeded, NotFound;
    /// The consent is not for this recipient or purpose.
    ConsentDoesNotCover = "CONSENT_DOES_NOT_COVER", ActionNeeded, Refused;
    /// A consent breaks a rule.
    ConsentInvalid = "CONSENT_INVALID", ActionNeeded, Usage;
    /// A message is to wait for longer than 30 days.
    KeepTooLong = "KEEP_TOO_LONG", ActionNeeded, Usage;
    /// A message has more than 16 attachments.
    TooManyAttachments = "TOO_MANY_ATTACHMENTS", ActionNeeded, Usage;
    /// What a picture tells beside itself can not be taken away.
    PictureNotCleaned = "PICTURE_NOT_CLEANED", ActionNeeded, Usage;
    /// A file changed while it was sealed.
    AttachmentChanged = "ATTACHMENT_CHANGED", Transient, Conflict;
    /// There is no attachment of that number.
    AttachmentUnknown = "ATTACHMENT_UNKNOWN", ActionNeeded, NotFound;
    /// The hub can not be reached, and a sealed message waits.
    WaitsInOutbox = "WAITS_IN_OUTBOX", Transient, HubUnreachable;
    /// What was waited for did not happen in time.
    WaitTimedOut = "WAIT_TIMED_OUT", Transient, WaitTimedOut;
    /// A message ended before it got where it was waited for.
    EndedOtherwise = "ENDED_OTHERWISE", Permanent, Conflict;
    /// Nothing in a case ended undelivered, so nothing can be sent again or discarded.
    NothingUndelivered = "NOTHING_UNDELIVERED", ActionNeeded, Conflict;
    /// A step is not possible in the state that a referral is in.
    NotInThisState = "NOT_IN_THIS_STATE", ActionNeeded, Conflict;
    /// This side has taken as many steps in a case as count.
    TooManySteps = "TOO_MANY_STEPS", ActionNeeded, Conflict;
    /// A step is the other side's to take.
    NotYourStep = "NOT_YOUR_STEP", ActionNeeded, Refused;
    /// A concern report can not be decided about.
    ReportNotDeclinable = "REPORT_NOT_DECLINABLE", ActionNeeded, Refused;
    /// Somebody is to get a referral who had it before.
    ForwardLoop = "FORWARD_LOOP", ActionNeeded, Refused;
    /// A referral was passed on as often as it may be.
    ForwardTooLong = "FORWARD_TOO_LONG", ActionNeeded, Refused;
    /// No handle is left under which a referral may be passed on.
    NoSpareHandle = "NO_SPARE_HANDLE", ActionNeeded, Refused;
    /// This device has only what followed in a case, and not what it began with.
    FirstMessageMissing = "FIRST_MESSAGE_MISSING", ActionNeeded, NotFound;
    /// Nothing in a case can be taken back.
    NothingToRecall = "NOTHING_TO_RECALL", ActionNeeded, Conflict;
    /// Nothing in a case waits for an answer to a withdrawn consent.
    NothingToStop = "NOTHING_TO_STOP", ActionNeeded, Conflict;
    /// The hub does not say that it took the withdrawal of a consent.
    WithdrawalUnconfirmed = "WITHDRAWAL_UNCONFIRMED", ActionNeeded, Refused;
    /// Something in a case is to be used no more: it was taken back, or the consent for it was withdrawn.
    MessageStopped = "MESSAGE_STOPPED", ActionNeeded, Refused;
    /// What was taken back, or said to that, waits until the hub can be reached.
    StopWaits = "STOP_WAITS", Transient, HubUnreachable;
    /// A field of a message breaks a rule.
    MessageInvalid = "MESSAGE_INVALID", ActionNeeded, Usage;
    /// No case has that reference.
    CaseUnknown = "CASE_UNKNOWN", ActionNeeded, NotFound;
    /// More than one case has that reference.
    CaseAmbiguous = "CASE_AMBIGUOUS", ActionNeeded, NotFound;
    /// A receipt of the hub does not hold.
    ReceiptInvalid = "RECEIPT_INVALID", ActionNeeded, Integrity;
    /// An evidence bundle can not be read.
    EvidenceInvalid = "EVIDENCE_INVALID", ActionNeeded, Integrity;

    // What the hub says, spelled as in ErrorReason.

    /// The call needs a client certificate.
    CertificateRequired = "CERTIFICATE_REQUIRED", ActionNeeded, NotSetUp;
    /// No manifest names this device's key.
    DeviceUnknown = "DEVICE_UNKNOWN", ActionNeeded, NotSetUp;
    /// The organisation has revoked this device.
    DeviceRevoked = "DEVICE_REVOKED", Permanent, Refused;
    /// The organisation's recovery kit was used, which revoked this device.
    OrganisationRecovered = "ORGANISATION_RECOVERED", ActionNeeded, Refused;
    /// This device's time, or its certificate, has run out.
    DeviceExpired = "DEVICE_EXPIRED", ActionNeeded, Refused;
    /// The operator has not confirmed the own organisation yet.
    OrganisationPending = "ORGANISATION_PENDING", ActionNeeded, Refused;
    /// The own organisation is suspended.
    OrganisationSuspended = "ORGANISATION_SUSPENDED", ActionNeeded, Refused;
    /// The own organisation was removed.
    OrganisationRemoved = "ORGANISATION_REMOVED", Permanent, Refused;
    /// Only the operator may do this.
    OperatorOnly = "OPERATOR_ONLY", Permanent, Refused;
    /// The invitation does not work.
    InviteInvalid = "INVITE_INVALID", ActionNeeded, Refused;
    /// The statement names another organisation or device than the caller.
    SenderMismatch = "SENDER_MISMATCH", Permanent, Refused;
    /// The device lacks the role, or does not read the mailbox.
    RoleMissing = "ROLE_MISSING", ActionNeeded, Refused;
    /// This kind of organisation may not use that legal basis.
    LegalBasisNotAvailable = "LEGAL_BASIS_NOT_AVAILABLE", Permanent, Refused;
    /// The hub's policy asks for an agreement, and there is none with a recipient.
    AgreementMissing = "AGREEMENT_MISSING", ActionNeeded, Refused;
    /// There is one, for other mailboxes, classes or legal bases.
    AgreementDoesNotCover = "AGREEMENT_DOES_NOT_COVER", ActionNeeded, Refused;
    /// It begins later.
    AgreementNotYetValid = "AGREEMENT_NOT_YET_VALID", ActionNeeded, Refused;
    /// Its time is over.
    AgreementExpired = "AGREEMENT_EXPIRED", ActionNeeded, Refused;
    /// A party has ended it.
    AgreementEnded = "AGREEMENT_ENDED", ActionNeeded, Refused;
    /// The hub does not take an agreement.
    AgreementRefused = "AGREEMENT_REFUSED", ActionNeeded, Refused;
    /// Neither sender nor recipient.
    NotAParty = "NOT_A_PARTY", Permanent, Refused;
    /// A field of a call is not valid.
    InvalidField = "INVALID_FIELD", Permanent, Unexpected;
    /// The directory changed while the message was sealed.
    StaleDirectory = "STALE_DIRECTORY", Transient, Conflict;
    /// A recipient is not known.
    RecipientUnknown = "RECIPIENT_UNKNOWN", Permanent, NotFound;
    /// A recipient is suspended.
    RecipientSuspended = "RECIPIENT_SUSPENDED", ActionNeeded, Refused;
    /// A recipient was removed.
    RecipientRemoved = "RECIPIENT_REMOVED", Permanent, Refused;
    /// A message's time of creation is too far from the hub's clock.
    ClockOutOfRange = "CLOCK_OUT_OF_RANGE", ActionNeeded, NotSetUp;
    /// A message has expired.
    MessageExpired = "MESSAGE_EXPIRED", Permanent, Conflict;
    /// An attachment has not been uploaded.
    BlobMissing = "BLOB_MISSING", Transient, Conflict;
    /// A consent is not registered.
    ConsentHandleUnknown = "CONSENT_HANDLE_UNKNOWN", ActionNeeded, Refused;
    /// A consent has expired.
    ConsentHandleExpired = "CONSENT_HANDLE_EXPIRED", ActionNeeded, Refused;
    /// A consent was used already.
    ConsentHandleUsed = "CONSENT_HANDLE_USED", ActionNeeded, Refused;
    /// A consent was withdrawn.
    ConsentWithdrawn = "CONSENT_WITHDRAWN", ActionNeeded, Refused;
    /// The same identifier was used for other bytes.
    IdempotencyConflict = "IDEMPOTENCY_CONFLICT", Permanent, Conflict;
    /// A message has been purged.
    MessageGone = "MESSAGE_GONE", Permanent, NotFound;
    /// A message is not known.
    MessageUnknown = "MESSAGE_UNKNOWN", Permanent, NotFound;
    /// An attachment is not known.
    BlobUnknown = "BLOB_UNKNOWN", Permanent, NotFound;
    /// A position lies beyond the end.
    OffsetOutOfRange = "OFFSET_OUT_OF_RANGE", Permanent, Unexpected;
    /// Another upload of the same attachment is running.
    UploadInProgress = "UPLOAD_IN_PROGRESS", Transient, Conflict;
    /// The manifest does not follow from the one before it.
    ManifestRefused = "MANIFEST_REFUSED", ActionNeeded, Refused;
    /// An epoch key is for another time, or another key exists.
    EpochKeyRefused = "EPOCH_KEY_REFUSED", Permanent, Conflict;
    /// A receipt is not this device's to give.
    ReceiptRefused = "RECEIPT_REFUSED", Permanent, Refused;
    /// A message is too large.
    MessageTooLarge = "MESSAGE_TOO_LARGE", Permanent, Usage;
    /// An organisation is not known.
    OrganisationUnknown = "ORGANISATION_UNKNOWN", Permanent, NotFound;
    /// The organisation's state does not allow this.
    StateConflict = "STATE_CONFLICT", ActionNeeded, Conflict;
    /// The handle is taken.
    HandleTaken = "HANDLE_TAKEN", ActionNeeded, Conflict;
    /// The organisation number is taken.
    NumberTaken = "NUMBER_TAKEN", ActionNeeded, Conflict;
    /// The safety number is not this organisation's.
    SafetyNumberWrong = "SAFETY_NUMBER_WRONG", ActionNeeded, Integrity;
    /// An operator must sign this.
    OperatorSignatureRequired = "OPERATOR_SIGNATURE_REQUIRED", ActionNeeded, Refused;
    /// An operator's action does not count.
    ActionRefused = "ACTION_REFUSED", ActionNeeded, Refused;
    /// The hub is busy.
    Busy = "BUSY", Transient, HubUnreachable;
    /// The hub has no room.
    StorageFull = "STORAGE_FULL", Transient, HubUnreachable;
    /// The organisation's share of the hub is used up.
    QuotaExceeded = "QUOTA_EXCEEDED", ActionNeeded, Refused;
    /// Too many calls.
    RateLimited = "RATE_LIMITED", Transient, HubUnreachable;
    /// The hub is stopping.
    Draining = "DRAINING", Transient, HubUnreachable;
    /// The hub's disk failed.
    StoreFailed = "STORE_FAILED", Transient, HubUnreachable;
    /// A record on the hub is damaged.
    RecordDamaged = "RECORD_DAMAGED", ActionNeeded, Integrity;
    /// The hub failed.
    Internal = "INTERNAL", Transient, HubUnreachable;
    /// The hub gave a call up.
    DeadlineExceeded = "DEADLINE_EXCEEDED", Transient, HubUnreachable;
    /// The hub was restored and waits for the end of its log.
    LogBehind = "LOG_BEHIND", Transient, HubUnreachable;
}

impl Code {
    /// The code with this spelling.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|code| code.as_str() == name)
    }

    /// The name of the sentence in the Fluent files.
    #[must_use]
    pub fn message_id(self) -> String {
        format!("error-{}", self.as_str().to_ascii_lowercase().replace('_', "-"))
    }
}

/// An error as a person or a script gets to see it.
///
/// It holds no secret and nothing of a message's content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    code: Code,
    args: Args,
}

/// The result of anything that can fail towards a person.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// An error whose sentence needs no values.
    #[must_use]
    pub const fn new(code: Code) -> Self {
        Self { code, args: Args::none() }
    }

    /// An error with the values its sentence is filled in with.
    #[must_use]
    pub const fn with(code: Code, args: Args) -> Self {
        Self { code, args }
    }

    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> Code {
        self.code
    }

    /// How the program ends.
    #[must_use]
    pub const fn exit(&self) -> Exit {
        self.code.exit()
    }

    /// The error in a language.
    #[must_use]
    pub fn explain(&self, text: &Text) -> Explained {
        let id = self.code.message_id();
        let say = |attribute| text.lookup(&id, attribute, &self.args).unwrap_or_default();
        let (message, next, exit) = (say(None), say(Some("next")), self.exit().code());
        let whole =
            Args::none().text("code", self.code.as_str()).text("message", &message).text("next", &next);
        let line = text.get(msg!("explained"), &whole.number("exit", exit));
        Explained { code: self.code.as_str(), class: self.code.class(), message, next, exit, line }
    }
}

impl std::fmt::Display for Error {
    /// The code alone; [`Error::explain`] has the sentence.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.code.as_str())
    }
}

impl std::error::Error for Error {}

/// An error put into words; this is also its JSON form.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Explained {
    /// The stable code.
    pub code: &'static str,
    /// What kind of trouble it is.
    pub class: Class,
    /// One plain sentence.
    pub message: String,
    /// What to do next.
    pub next: String,
    /// The exit code of the program.
    pub exit: u8,
    /// All of it on one line for people.
    #[serde(skip)]
    line: String,
}

impl std::fmt::Display for Explained {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.line)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::text::Language;

    #[test]
    fn every_code_has_one_spelling_in_capitals() {
        let spellings: HashSet<&str> = Code::ALL.iter().map(|code| code.as_str()).collect();
        assert_eq!(spellings.len(), Code::ALL.len());
        for spelling in spellings {
            assert!(spelling.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_'), "{spelling}");
        }
    }

    #[test]
    fn an_error_reads_as_code_sentence_next_step_and_exit() {
        let explained = Error::new(Code::WrongPassphrase).explain(&Text::of(Language::English));
        assert_eq!(
            explained.to_string(),
            "error [WRONG_PASSPHRASE] That passphrase does not open the keystore. Nothing was changed. \
             next: try again; if it is lost, begin anew on an empty profile with samverkan recover and the recovery kit (exit 5)"
        );
        let json = serde_json::to_value(&explained).expect("serialises");
        assert_eq!(json["code"], "WRONG_PASSPHRASE");
        assert_eq!(json["class"], "action_needed");
        assert_eq!(json["exit"], 5);
    }
}
