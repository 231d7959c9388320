//! Every target by name.
//!
//! | file | whose parsers |
//! |---|---|
//! | `statements.rs`, `signed.rs`, `log.rs`, `texts.rs` | `samverkan-proto`: what both ends parse |
//! | `envelope.rs` | `samverkan-envelope`: what is inside a seal |
//! | `device.rs` | `samverkan-client`: its own files, and texts from elsewhere |
//! | `hub.rs` | `samverkan-hub`: requests, the journal and its records, its configuration |

mod device;
mod envelope;
mod hub;
mod log;
mod signed;
mod statements;
mod texts;

use std::alloc::System;

use cap::Cap;

#[global_allocator]
static MEMORY: Cap<System> = Cap::new(System, usize::MAX);

/// What any target may take beyond a multiple of its input: buffers of fixed size, and the two segments of an attachment.
const BASE: usize = 4 << 20;
/// How many bytes of memory a byte of input may take, all that was given back counted in.
const PER_BYTE: usize = 256;

/// One parser with its law.
pub struct Target {
    /// Its name, and that of its corpus.
    pub name: &'static str,
    /// The law, in a line.
    pub law: &'static str,
    /// The longest input that is worth trying, in bytes.
    pub max_len: usize,
    run: fn(&[u8]),
}

impl Target {
    /// Holds the law against `bytes`, and the memory that this took against its bound.
    ///
    /// # Panics
    /// When the law does not hold.
    pub fn check(&self, bytes: &[u8]) {
        let before = MEMORY.total_allocated();
        (self.run)(bytes);
        let taken = MEMORY.total_allocated() - before;
        assert!(
            taken <= BASE + PER_BYTE * bytes.len(),
            "{taken} bytes of memory for {} of input",
            bytes.len()
        );
    }
}

/// Every target, in the order of the protocol.
#[must_use]
pub fn targets() -> &'static [Target] {
    TARGETS
}

/// The target of this name.
#[must_use]
pub fn target(name: &str) -> Option<&'static Target> {
    TARGETS.iter().find(|target| target.name == name)
}

const fn of(name: &'static str, max_len: usize, run: fn(&[u8]), law: &'static str) -> Target {
    Target { name, law, max_len, run }
}

const TARGETS: &[Target] = &[
    of(
        "header",
        6_000,
        statements::header,
        "one encoding; rebuilt from its fields it is the same; its lists are within their bounds",
    ),
    of(
        "manifest",
        8_192,
        statements::manifest,
        "one encoding; rebuilt from its fields it is the same; a changed one does not verify",
    ),
    of(
        "epoch_key",
        1_400,
        statements::epoch_key,
        "one length; its window is its week's; verifies under its device's key alone",
    ),
    of(
        "device_receipt",
        1_024,
        signed::device_receipt,
        "one encoding; verifies as signed, and with no bit changed",
    ),
    of(
        "hub_receipt",
        1_024,
        signed::hub_receipt,
        "one encoding; verifies as signed, and with no bit changed",
    ),
    of("consent", 512, signed::consent, "one encoding; verifies as signed, and with no bit changed"),
    of("recall", 512, signed::recall, "one encoding; verifies as signed, and with no bit changed"),
    of("withdrawal", 512, signed::withdrawal, "one encoding; verifies as signed, and with no bit changed"),
    of(
        "withdrawal_receipt",
        1_024,
        signed::withdrawal_receipt,
        "one encoding, of no other hub receipt; verifies as signed, and with no bit changed",
    ),
    of("rewrap", 1_500, signed::rewrap, "one encoding; verifies as signed, and with no bit changed"),
    of("renewal", 512, signed::renewal, "one encoding; verifies as signed, and with no bit changed"),
    of(
        "membership",
        512,
        signed::membership,
        "one encoding; verifies under its own secret, and with no bit changed",
    ),
    of(
        "operator_action",
        512,
        log::operator_action,
        "one encoding; nobody who fuzzes has a key; signed a second time it verifies, and with no bit changed",
    ),
    of(
        "agreement",
        4_096,
        log::agreement,
        "one encoding; rebuilt from its fields it is the same; nobody signs it twice, and with a bit changed it is another",
    ),
    of("log_leaf", 4_096, log::leaf, "one encoding; a record opens under its own hash alone"),
    of("log_proof", 2_048, log::proof, "a tree's own proofs hold, and no others"),
    of("checkpoint", 1_024, log::checkpoint, "one form; signed it verifies, and with no bit changed"),
    of("invite", 512, texts::invite, "one spelling"),
    of("member_invite", 512, texts::member_invite, "one spelling"),
    of("names", 512, texts::names, "identifiers, names and addresses print as they were written"),
    of("wrap", 1_200, envelope::wrap, "opens exactly if it is genuine"),
    of(
        "content",
        4_200,
        envelope::content,
        "opens exactly if it is genuine; sealed by a hostile sender, exactly if it is well formed",
    ),
    of("body", 4_096, envelope::body_of, "one encoding; its lists are in order and within their bounds"),
    of("consent_record", 2_048, envelope::consent_record, "one encoding; its lists are within their bounds"),
    of(
        "blob",
        1_024,
        envelope::blob,
        "opens exactly if it is genuine, in any pieces; goes on after an error; nothing false leaves",
    ),
    of(
        "requests",
        4_096,
        hub::requests,
        "read, written and read the same; what the services take fits together",
    ),
    of("refusal", 1_024, hub::refusal, "what a client reads is what a hub could have sent"),
    of("certificate_request", 2_048, hub::certificate_request, "taken within 8 KiB, with one key"),
    of(
        "journal_segment",
        1_024,
        hub::journal_segment,
        "damaged anywhere: nothing comes back that was not written; no batch before the damage is cut off",
    ),
    of(
        "journal_frames",
        2_048,
        hub::journal_frames,
        "frames of any content are recovered without a hole, and only by their digests",
    ),
    of("record_head", 2_048, hub::record_head, "one encoding; its key fits the index"),
    of("clean_mark", 2_048, hub::clean_mark, "believed with its digest alone; written as it was read"),
    of("config", 2_048, hub::config, "within its bounds, or explained"),
    of("keystore", 2_048, device::keystore, "one encoding; what was sealed opens, and with no byte changed"),
    of(
        "sealed_file",
        512,
        device::sealed_file,
        "what was sealed opens, with no byte changed and under no other label",
    ),
    of("kept_message", 4_096, device::kept_message, "written as it was read"),
    of("outgoing_message", 4_096, device::outgoing_message, "handed in with the same bytes every time"),
    of("step", 2_048, device::step, "one spelling; a referral has it once"),
    of("answers", 2_048, device::answers, "what a form takes is written in one way, and taken alone too"),
    of(
        "picture",
        2_048,
        device::picture,
        "one that was cleaned is of the same kind, and has nothing left to take away",
    ),
    of("log_copy", 2_048, device::log_copy, "what is read stands at the file's beginning"),
    of("recovery_kit", 1_024, device::recovery_kit, "printed and read the same"),
    of(
        "foreign_text",
        1_024,
        device::foreign_text,
        "a name becomes one harmless component, a text does nothing to a terminal",
    ),
];
