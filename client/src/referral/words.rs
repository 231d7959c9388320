//! States, reasons and sides by their stable names.

/// Declares an enum whose values have a stable name each.
macro_rules! words {
    ($(#[$doc:meta])+ $name:ident { $($(#[$vdoc:meta])+ $variant:ident = $text:literal,)+ }) => {
        $(#[$doc])+
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[$vdoc])+ $variant,)+ }

        impl $name {
            /// Every one.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// The stable name.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $text,)+ }
            }

            /// The one with exactly this name.
            #[must_use]
            pub fn from_name(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|word| word.name() == name)
            }
        }
    };
}

words! {
    /// What a referral has come to. In brackets the status of a FHIR R4 Task.
    State {
        /// On its way; nobody has said that it arrived \[requested\].
        Sent = "SENT",
        /// Decrypted, verified and kept at the recipient \[received\].
        Received = "RECEIVED",
        /// A person looks at it, for the first time or again \[received\].
        InReview = "IN_REVIEW",
        /// The recipient has asked, and the sender is to answer \[on-hold\].
        InfoRequested = "INFO_REQUESTED",
        /// The recipient will take it later \[on-hold\].
        Waitlisted = "WAITLISTED",
        /// The recipient takes it \[accepted\].
        Accepted = "ACCEPTED",
        /// The recipient does not take it \[rejected\].
        Declined = "DECLINED",
        /// The recipient has passed it on to another mailbox \[rejected, and a new Task based on it\].
        ReferredOnward = "REFERRED_ONWARD",
        /// The person was contacted for the first time \[in-progress\].
        InProgress = "IN_PROGRESS",
        /// Done \[completed\].
        Completed = "COMPLETED",
        /// Ended without help, for a reason \[failed\].
        Failed = "FAILED",
        /// The sender took it back \[cancelled\].
        Recalled = "RECALLED",
        /// The person took the consent back \[cancelled\].
        ConsentWithdrawn = "CONSENT_WITHDRAWN",
        /// Nobody fetched it in time \[cancelled\].
        Expired = "EXPIRED",
        /// The sender says that it should never have been sent \[entered-in-error\].
        EnteredInError = "ENTERED_IN_ERROR",
    }
}

impl State {
    /// Whether the recipient has not decided yet.
    #[must_use]
    pub const fn is_undecided(self) -> bool {
        matches!(self, Self::Sent | Self::Received | Self::InReview | Self::InfoRequested | Self::Waitlisted)
    }

    /// Whether somebody is still to do something about it.
    #[must_use]
    pub const fn is_open(self) -> bool {
        self.is_undecided() || matches!(self, Self::Accepted | Self::InProgress)
    }

    /// Whether the sender has ended it for good, so that the recipient can not take it up again.
    #[must_use]
    pub const fn is_taken_back(self) -> bool {
        matches!(self, Self::Recalled | Self::ConsentWithdrawn | Self::EnteredInError)
    }

    /// Whether the recipient is the one whose turn it is: it has said nothing yet, or what it asked for is there.
    #[must_use]
    pub const fn waits_for_recipient(self) -> bool {
        matches!(self, Self::Sent | Self::Received | Self::InReview)
    }

    /// How little it asks for attention at the sender: of several recipients the lowest is told on one line.
    #[must_use]
    pub const fn calm(self) -> u8 {
        match self {
            Self::InfoRequested => 0,
            Self::Expired => 1,
            Self::Declined => 2,
            Self::Failed => 3,
            Self::Sent => 4,
            Self::Received => 5,
            Self::InReview => 6,
            Self::Waitlisted => 7,
            Self::ReferredOnward => 8,
            Self::Accepted => 9,
            Self::InProgress => 10,
            Self::ConsentWithdrawn => 11,
            Self::Recalled => 12,
            Self::EnteredInError => 13,
            Self::Completed => 14,
        }
    }
}

words! {
    /// Why a referral is declined, or failed.
    Reason {
        /// There is no room for more.
        NoCapacity = "NO_CAPACITY",
        /// The person does not belong to whom the service is for.
        NotEligible = "NOT_ELIGIBLE",
        /// The person lives elsewhere.
        OutOfArea = "OUT_OF_AREA",
        /// There is no such service here.
        ServiceNotProvided = "SERVICE_NOT_PROVIDED",
        /// The person gets help here already.
        AlreadyKnown = "ALREADY_KNOWN",
        /// What is needed was not told.
        MissingInformation = "MISSING_INFORMATION",
        /// Somebody here is too close to the case (jäv).
        ConflictOfInterest = "CONFLICT_OF_INTEREST",
        /// There is no safe way to reach the person.
        UnsafeToContact = "UNSAFE_TO_CONTACT",
        /// Nobody could be reached.
        CouldNotContact = "COULD_NOT_CONTACT",
        /// The person does not want it.
        PersonDeclined = "PERSON_DECLINED",
        /// The same was referred before.
        Duplicate = "DUPLICATE",
        /// Nobody here speaks the language.
        LanguageNotAvailable = "LANGUAGE_NOT_AVAILABLE",
        /// It was meant for somebody else.
        WrongRecipient = "WRONG_RECIPIENT",
        /// None of these; the text says more.
        Other = "OTHER",
    }
}

words! {
    /// Who took a step.
    Side {
        /// The mailbox that the referral came from.
        Sender = "sender",
        /// A mailbox of the group that it went to.
        Recipient = "recipient",
    }
}
