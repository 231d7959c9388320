//! The model is told of every kind of broken promise, and says so; and of a kept one, and is silent.

use super::*;
use crate::wire::Member;
use crate::wire::member::organisation_number;

const SENDER: ClientIndex = 0;
const READER: ClientIndex = 1;
const STRANGER: ClientIndex = 2;

struct Known {
    model: Model,
    parcel: Arc<Parcel>,
    reader: [u8; 16],
}

impl Known {
    /// A message from the first to the second of three organisations, handed in and not answered.
    fn new() -> Self {
        let members: Vec<Member> = (0..3).map(member).collect();
        let mut model = Model::new(members.iter().map(|member| (member.device().id(), member.org())));
        let parcel = Arc::new(Parcel::new(&members[SENDER], &[&members[READER]]));
        model.submitting(SENDER, &parcel);
        Self { model, parcel, reader: members[READER].device().id() }
    }

    /// The same, answered with a receipt.
    fn answered() -> Self {
        let mut told = Self::new();
        told.model.receipt(told.id(), RECEIPT);
        told
    }

    /// The same, shown to its reader, whose acknowledgement was confirmed.
    fn over() -> Self {
        let mut told = Self::answered();
        told.shown();
        told.model.saying(READER, &[told.id()]);
        told.model.heard(READER, &[told.id()]);
        told
    }

    fn id(&self) -> Id {
        self.parcel.header.message_id
    }

    fn delivery(&self) -> Delivery {
        Delivery {
            cursor: 1,
            header: self.parcel.header_bytes().into(),
            wrap: self.parcel.wraps.clone().into(),
            content: self.parcel.content.clone().into(),
            submission_receipt: RECEIPT.to_vec().into(),
            rewrap: Default::default(),
        }
    }

    fn shown(&mut self) {
        let delivery = self.delivery();
        self.model.delivery(READER, &delivery);
    }

    /// An event as the hub words it: purged, handed over, delivered.
    fn event(&self, n: usize) -> Vec<u8> {
        let (magic, kind, device_at, len): (&[u8; 4], u8, usize, usize) =
            [(b"SVKS", 5, 152, 220), (b"SVKS", 2, 152, 220), (b"SVKR", 1, 72, 160)][n];
        let mut proof = vec![0; len];
        proof[..4].copy_from_slice(magic);
        proof[6] = kind;
        proof[8..24].copy_from_slice(&self.id());
        if n > 0 {
            proof[device_at..device_at + 16].copy_from_slice(&self.reader);
        }
        proof
    }

    #[track_caller]
    fn found(&self, lost: u64, duplicated: u64, silent: u64) {
        let mut report = Report::begin("kill".to_owned(), 1);
        self.model.tell(&mut report);
        let counted = (report.lost, report.duplicated, report.silent);
        assert_eq!(counted, (lost, duplicated, silent), "{:?}", report.told());
    }
}

const RECEIPT: &[u8] = b"the receipt";

fn member(n: u32) -> Member {
    let mut member = Member::new(&format!("exempel-{n}"), &organisation_number(n));
    let org = member.org();
    let _statements = member.devices[0].make_epoch_keys(org, 1);
    member
}

#[test]
fn a_message_that_is_shown_until_it_is_acknowledged_is_no_finding() {
    let mut told = Known::answered();
    for _ in 0..2 {
        told.shown();
        told.model.caught_up(READER, &BTreeSet::from([told.id()]));
    }
    let mut told = Known::over();
    told.model.caught_up(READER, &BTreeSet::new());
    told.model.gone(told.id());
    for n in 0..3 {
        told.model.event(SENDER, n as u64 + 1, &told.event(n));
    }
    told.model.finish();
    told.found(0, 0, 0);
    assert_eq!((told.model.acknowledged(), told.model.delivered()), (1, 1));
    assert!(told.model.is_over(&told.id()));
}

#[test]
fn an_acknowledged_message_that_does_not_wait_is_lost() {
    let mut told = Known::answered();
    told.model.caught_up(READER, &BTreeSet::new());
    told.found(1, 0, 0);
}

#[test]
fn a_message_that_is_gone_before_it_was_read_is_lost() {
    let mut told = Known::answered();
    told.model.gone(told.id());
    told.found(1, 0, 0);
}

#[test]
fn a_message_that_only_its_reader_saw_counts_as_acknowledged() {
    let mut told = Known::new();
    told.shown();
    assert_eq!(told.model.acknowledged(), 1);
    told.model.caught_up(READER, &BTreeSet::new());
    told.found(1, 0, 0);
}

#[test]
fn a_message_that_comes_after_its_acknowledgement_was_confirmed_is_a_duplicate() {
    let mut told = Known::over();
    told.shown();
    told.found(0, 1, 0);
}

#[test]
fn an_acknowledgement_in_doubt_is_decided_by_what_waits() {
    let mut told = Known::answered();
    told.shown();
    told.model.saying(READER, &[told.id()]);
    // It is shown again: the hub had not taken the acknowledgement, and a loss would be one still.
    told.shown();
    told.model.caught_up(READER, &BTreeSet::from([told.id()]));
    told.found(0, 0, 0);
    told.model.caught_up(READER, &BTreeSet::new());
    told.found(1, 0, 0);

    let mut told = Known::answered();
    told.shown();
    told.model.saying(READER, &[told.id()]);
    // It is not shown again: the hub has taken it, and may not show it any more.
    told.model.caught_up(READER, &BTreeSet::new());
    told.found(0, 0, 0);
    told.shown();
    told.found(0, 1, 0);
}

#[test]
fn two_receipts_of_one_message_are_found() {
    let mut told = Known::answered();
    told.model.receipt(told.id(), b"another");
    told.found(0, 0, 1);
}

#[test]
fn other_bytes_and_other_readers_are_found() {
    let mut told = Known::answered();
    let mut delivery = told.delivery();
    delivery.content = vec![0; told.parcel.content.len()].into();
    told.model.delivery(READER, &delivery);
    let delivery = told.delivery();
    told.model.delivery(STRANGER, &delivery);
    told.model.event(STRANGER, 1, &told.event(0));
    told.found(0, 0, 3);
}

#[test]
fn an_event_that_does_not_come_is_lost_and_one_that_comes_again_a_duplicate() {
    let mut told = Known::over();
    told.model.event(SENDER, 1, &told.event(0));
    told.model.event(SENDER, 2, &told.event(1));
    told.model.finish();
    told.found(1, 0, 0);
    // Shown again until it is taken, not after that, and never at another place.
    told.model.event(SENDER, 1, &told.event(0));
    told.found(1, 0, 0);
    told.model.events_taken(SENDER, 1);
    told.model.event(SENDER, 1, &told.event(0));
    told.found(1, 1, 0);
    told.model.event(SENDER, 3, &told.event(1));
    told.found(1, 2, 0);
}

#[test]
fn receipts_that_go_backwards_are_found() {
    let mut told = Known::answered();
    let (waiting, delivered) = (MessageState::Waiting as i32, MessageState::Delivered as i32);
    told.model.status(told.id(), &[RECEIPT], waiting);
    told.model.status(told.id(), &[RECEIPT, b"more"], delivered);
    told.found(0, 0, 0);
    told.model.status(told.id(), &[RECEIPT], delivered);
    told.found(0, 0, 1);
    told.model.status(told.id(), &[RECEIPT, b"more"], waiting);
    told.found(0, 0, 2);
}
