//! What a person does with the hub, in the words of the field: the commands call this and nothing below it.
//!
//! A session is an opened profile. It connects when a method needs the hub, says `Hello`, synchronises the directory, publishes epoch
//! keys that are due, destroys those that are over, and sends what waits in the outbox; methods that read local state never connect.
//!
//! | method (on `Session`) | what it does |
//! |---|---|
//! | `Session::open(profile, passphrase)` | unlocks the keystore; loads directory and threads; no network |
//! | `directory()` | the synchronised copy of the log, to search and to show |
//! | `async refresh(&mut self, progress)` | connect, synchronise, publish and destroy keys, flush the outbox |
//! | `obstacles(&self, &Draft) -> Vec<Obstacle>` | every reason a send would be refused; no personal data needed |
//! | `async send(&mut self, Draft, progress) -> Sent` | seal, keep in the outbox, upload, submit, check the receipt |
//! | `async receive(&mut self, progress) -> Received` | everything that waits: verify, keep, acknowledge; take receipts |
//! | `async watch(&mut self, notify)` | receive until cancelled; calls `notify` with each [`Notice`] |
//! | `async reply(&mut self, &CaseRef, Reply, progress) -> Sent` | a follow-up in the thread, and the receipt that says so |
//! | `inbox(&self) -> Vec<ThreadLine>`, `sent(&self) -> Vec<ThreadLine>` | the threads others began, and those begun here |
//! | `thread(&self, &CaseRef) -> Thread` | every message of a thread, opened |
//! | `attachment(&self, &CaseRef, number, &mut dyn Write)` | one verified attachment in the clear |
//! | `track(&self, &CaseRef) -> Track` | what is proven about each message of the thread, by whom, when |
//! | `async wait(&mut self, &CaseRef, Stage) -> Track` | receive until a stage is reached; the caller sets the time limit |
//! | `evidence(&self, &CaseRef) -> Evidence` | the bundle that `receipts --verify` reads; `Evidence::verify(bytes, pins) -> Verdict` is offline |
//! | `async record_consent(&mut self, ConsentDraft) -> RecordedConsent` | registers handles, keeps the openings sealed |
//! | `consents(&self) -> Vec<RecordedConsent>` | what was recorded and is not used up or over |
//! | `verify_organisation(&mut self, &Handle, &SafetyNumber)` | writes down that the safety number was compared |
//!
//! `join` is its own pipeline in `join.rs`, since there is no session before it. The types that cross this boundary are in [`model`].

pub mod model;
