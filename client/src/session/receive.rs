//! Receiving: verify, keep, acknowledge; take receipts about what was sent.
//!
//! Items are taken in batches: each message is verified and its attachments fetched, then the batch's keys go to the
//! keystore and its messages to disk, and only then one signed batch of receipts goes to the hub. A crash anywhere
//! means that the hub hands the same items over again, and what was signed before answers them. A message whose
//! attachments can not be fetched is left to the hub, alone: whatever came with it is taken, and then the reason told.

use std::collections::BTreeSet;
use std::pin::{Pin, pin};
use std::time::Duration;

use bytes::Bytes;
use samverkan_envelope::open::Memory as _;
use samverkan_proto::ids::{MessageId, ThreadId};
use samverkan_proto::limits::MAX_DEVICE_BATCH;
use samverkan_proto::statement::batch;
use samverkan_proto::statement::header::Header;
use samverkan_proto::statement::receipt::DeviceReceipt;
use samverkan_proto::statement::safety::CaseReference;
use samverkan_proto::v1::receive_response::Item;
use samverkan_proto::v1::{Acknowledge, Delivery};

use super::incoming::{Known, Opened};
use super::inflow::{Inflow, Next};
use super::mail::{Kept, add_once};
use super::model::{Direction, Notice, Progress, Received};
use super::stops::Order;
use super::{Session, TRIES, TRY_AGAIN, trust};
use crate::connect::{CALL_TIMEOUT, Link};
use crate::error::{Class, Code, Error, Result};
use crate::home::ProfileLock;
use crate::msg;
use crate::secret::Secret32;
use crate::text::Args;

/// How many items the hub may send before it is given more credit; also the largest batch.
const CREDIT: u32 = 32;
const _: () = assert!(CREDIT <= MAX_DEVICE_BATCH as u32, "one signature covers a batch");
/// How long an unfinished batch waits for its next item.
const BATCH_PATIENCE: Duration = Duration::from_millis(200);
/// How long nothing comes before `watch` asks what has changed in the log.
const LOOK_EVERY: Duration = Duration::from_secs(20);
/// How long `watch` waits before it connects again.
const RECONNECT: Duration = Duration::from_secs(5);

/// What came, until it is settled.
#[derive(Default)]
struct Batch {
    opened: Vec<Opened>,
    /// Receipts that were signed before, for messages that came again.
    again: Vec<Bytes>,
    events: Vec<Bytes>,
    /// Orders to stop whose signatures hold.
    orders: Vec<Order>,
    events_through: u64,
    items: u32,
    caught_up: bool,
    /// Nothing came for as long as was waited.
    quiet: bool,
    /// Another process is fetching attachments: what comes from here on is left to it, or to the next time.
    elsewhere: bool,
    /// How many messages were left to the hub because their attachments could not be fetched, and why the first of them.
    unfetched: u32,
    why_unfetched: Option<Error>,
    /// What ended the taking of items. What came before is kept and acknowledged all the same.
    failed: Option<Error>,
}

impl Session {
    /// Takes everything that waits, after sending what waits here. A connection that is lost on the way is opened
    /// again; attachments go on where they were cut.
    ///
    /// # Errors
    /// What connecting fails with, or the network when trying again does not help; what was taken until then is kept. Why the
    /// attachments of a message could not be fetched, when everything else was taken.
    pub async fn receive(&mut self, progress: &mut dyn Progress) -> Result<Received> {
        let mut received = Received::default();
        let mut link = self.connect(progress).await?;
        for _ in 1..TRIES {
            match self.receive_all(&mut link, &mut received, progress).await {
                Err(error) if error.code().class() == Class::Transient => {
                    tokio::time::sleep(TRY_AGAIN).await;
                    link = self.connect(progress).await?;
                }
                other => return self.after_receiving(link, other, received, progress).await,
            }
        }
        let outcome = self.receive_all(&mut link, &mut received, progress).await;
        self.after_receiving(link, outcome, received, progress).await
    }

    /// What came may let something be told that could not before.
    async fn after_receiving(
        &mut self,
        link: Link,
        outcome: Result<()>,
        received: Received,
        progress: &mut dyn Progress,
    ) -> Result<Received> {
        outcome?;
        self.announce_forwards(&mut Some(link), progress).await?;
        Ok(received)
    }

    async fn receive_all(
        &mut self,
        link: &mut Link,
        received: &mut Received,
        progress: &mut dyn Progress,
    ) -> Result<()> {
        // What is wrong with a message that waits must not keep away what has come.
        let doubt = self.flush_outbox(link, progress).await?;
        let mut inflow = Inflow::open(link, CREDIT).await?;
        self.give_pending(&mut inflow).await?;
        let mut why_unfetched = None;
        loop {
            let mut batch = self.gather(link, &mut inflow, Some(CALL_TIMEOUT), progress).await;
            if batch.quiet {
                let cause = Args::none().because(&msg!("cause-no-answer"));
                return Err(Error::with(Code::HubUnreachable, cause));
            }
            let is_over = batch.caught_up || batch.elsewhere;
            received.elsewhere |= batch.elsewhere;
            why_unfetched = why_unfetched.or(batch.why_unfetched.take());
            self.settle(link, &mut inflow, batch, received).await?;
            if is_over {
                // What has come may say that nobody can open something.
                let late = self.send_what_follows(link, received, progress).await?;
                return doubt.or(late).or(why_unfetched).map_or(Ok(()), Err);
            }
        }
    }

    /// Takes what comes next, waiting for it; what came is kept.
    pub(super) async fn receive_more(&mut self, progress: &mut dyn Progress) -> Result<()> {
        let mut link = self.connect(progress).await?;
        let mut inflow = Inflow::open(&link, CREDIT).await?;
        self.give_pending(&mut inflow).await?;
        let mut taken = false;
        while !taken {
            let batch = self.gather(&mut link, &mut inflow, None, progress).await;
            let elsewhere = batch.elsewhere;
            taken = batch.items > batch.unfetched;
            self.settle(&link, &mut inflow, batch, &mut Received::default()).await?;
            if elsewhere {
                return Err(self.busy());
            }
        }
        Ok(())
    }

    /// Receives until `stop` is ready, and calls `notify` when something came; what is being kept then is kept and told first. A lost
    /// connection is opened again. Certificate and keys are seen to when their time comes.
    ///
    /// # Errors
    /// Whatever trying again does not mend. What is wrong with one message alone is told when it stops.
    pub async fn watch(
        &mut self,
        progress: &mut dyn Progress,
        notify: &mut dyn FnMut(Notice),
        stop: impl Future<Output = ()>,
    ) -> Result<()> {
        let mut stop = pin!(stop);
        let mut told = None;
        loop {
            match self.watch_once(progress, notify, &mut told, stop.as_mut()).await {
                // Connecting anew does what is due; what was gathered and not settled comes again.
                Ok(Ended::Due) => continue,
                Ok(Ended::Stopped) => return Ok(()),
                Err(error) if error.code().class() == Class::Transient => {}
                Err(error) => return Err(error),
            }
            tokio::select! {
                () = &mut stop => return Ok(()),
                () = tokio::time::sleep(RECONNECT) => {}
            }
        }
    }

    async fn watch_once(
        &mut self,
        progress: &mut dyn Progress,
        notify: &mut dyn FnMut(Notice),
        told: &mut Option<u64>,
        mut stop: Pin<&mut impl Future<Output = ()>>,
    ) -> Result<Ended> {
        let mut link = self.connect(progress).await?;
        self.notify_of_own_change(notify, told);
        let mut left = self.flush_outbox(&mut link, progress).await?;
        let mut inflow = Inflow::open(&link, CREDIT).await?;
        self.give_pending(&mut inflow).await?;
        let (clock, duty_ms) = (self.clock.clone(), self.next_duty_ms()?);
        loop {
            // What was gathered and not settled is still the hub's.
            let mut batch = tokio::select! {
                () = &mut stop => return left.map_or(Ok(Ended::Stopped), Err),
                () = clock.sleep_until(duty_ms) => return Ok(Ended::Due),
                batch = self.gather(&mut link, &mut inflow, Some(LOOK_EVERY), progress) => batch,
            };
            if batch.quiet {
                self.synchronise(&link).await?;
                self.notify_of_own_change(notify, told);
                left = left.or(self.look_around(&mut link, progress).await?);
                continue;
            }
            let elsewhere = batch.elsewhere;
            let why_unfetched = batch.why_unfetched.take();
            let mut received = Received::default();
            self.settle(&link, &mut inflow, batch, &mut received).await?;
            for (happened, notice) in [
                (!received.threads.is_empty() || received.stopped > 0, Notice::Arrived),
                (received.receipts > 0, Notice::Receipt),
                (received.refused + received.held > 0, Notice::Refused),
            ] {
                if happened {
                    notify(notice);
                }
            }
            let doubt = self.send_what_follows(&mut link, &received, progress).await?;
            left = left.or(doubt);
            if elsewhere {
                return Err(self.busy());
            }
            match why_unfetched {
                // Worth another try, over a new connection.
                Some(error) if error.code().class() == Class::Transient => return Err(error),
                why => left = left.or(why),
            }
        }
    }

    /// Says that others have changed the organisation, before a device of theirs is given anything. The next command says what it was; until
    /// then once is enough.
    fn notify_of_own_change(&self, notify: &mut dyn FnMut(Notice), told: &mut Option<u64>) {
        let untold = self.untold_serial();
        if untold.is_some() && untold != *told {
            *told = untold;
            notify(Notice::OwnChanged);
        }
    }

    /// What the log says anew is acted on: colleagues who came get what is kept, and what nobody can open any more is sealed again.
    async fn look_around(&mut self, link: &mut Link, progress: &mut dyn Progress) -> Result<Option<Error>> {
        self.check_own_place()?;
        self.share_with_later_devices(link).await?;
        self.flush_outbox(link, progress).await
    }

    /// Sends what has to be sealed because of what has come: again, what nobody can open, and the answers to orders to stop.
    async fn send_what_follows(
        &mut self,
        link: &mut Link,
        received: &Received,
        progress: &mut dyn Progress,
    ) -> Result<Option<Error>> {
        let again = if received.receipts > 0 { self.reseal_unreadable()? } else { 0 };
        let answers = if received.stopped > 0 { self.seal_stop_answers()? } else { 0 };
        if again + answers == 0 {
            return Ok(None);
        }
        self.flush_outbox(link, progress).await
    }

    /// Hands in the receipts that are owed, over a call of its own.
    pub(super) async fn settle_pending(&mut self, link: &Link) -> Result<()> {
        let mut inflow = Inflow::open(link, 1).await?;
        self.give_pending(&mut inflow).await
    }

    /// Takes items until a batch is full, the queue was empty, nothing came for a moment, or something fails.
    async fn gather(
        &mut self,
        link: &mut Link,
        inflow: &mut Inflow,
        patience: Option<Duration>,
        progress: &mut dyn Progress,
    ) -> Batch {
        let mut batch = Batch::default();
        while batch.items < CREDIT && !batch.caught_up {
            let patience = if batch.items > 0 { Some(BATCH_PATIENCE) } else { patience };
            match self.gather_next(link, inflow, patience, &mut batch, progress).await {
                Ok(true) => {}
                Ok(false) => break,
                Err(error) => {
                    batch.failed = Some(error);
                    break;
                }
            }
        }
        batch
    }

    /// Takes the next item into a batch; gives false when the batch ends before it.
    async fn gather_next(
        &mut self,
        link: &mut Link,
        inflow: &mut Inflow,
        patience: Option<Duration>,
        batch: &mut Batch,
        progress: &mut dyn Progress,
    ) -> Result<bool> {
        match inflow.next(patience).await? {
            Next::Item(Item::Delivery(delivery)) => {
                self.take_delivery(link, &delivery, batch, progress).await?;
                if batch.elsewhere {
                    return Ok(false);
                }
                batch.items += 1;
            }
            Next::Item(Item::Event(event)) => {
                batch.items += 1;
                batch.events_through = batch.events_through.max(event.cursor);
                batch.events.push(event.receipt);
            }
            Next::Item(Item::Stop(stop)) => {
                let order = self.verify_stop(link, &stop).await?;
                batch.items += 1;
                batch.events_through = batch.events_through.max(stop.cursor);
                batch.orders.extend(order);
            }
            Next::Item(Item::CaughtUp(_)) => batch.caught_up = true,
            // Every acknowledgement was answered before more was read.
            Next::Item(Item::Acknowledged(_)) => {}
            Next::Quiet => {
                batch.quiet = batch.items == 0;
                return Ok(false);
            }
        }
        Ok(true)
    }

    async fn take_delivery(
        &mut self,
        link: &mut Link,
        delivery: &Delivery,
        batch: &mut Batch,
        progress: &mut dyn Progress,
    ) -> Result<()> {
        if let Ok(header) = Header::parse(&delivery.header) {
            let id = header.fields().message_id;
            if batch.opened.iter().filter_map(Opened::kept).any(|kept| kept.id() == id) {
                return Ok(());
            }
            if let Some(kept) = self.mail.get(&id).filter(|kept| kept.header.hh() == header.hh()) {
                batch.again.extend(kept.given.iter().chain(&kept.pending).cloned());
                return Ok(());
            }
        }
        match self.open_delivery(link, delivery, &batch.opened, progress).await? {
            Opened::Elsewhere => batch.elsewhere = true,
            Opened::Unfetched(error) => {
                tracing::warn!(
                    code = error.code().as_str(),
                    "attachments can not be fetched; the message is left to the hub"
                );
                batch.unfetched += 1;
                batch.why_unfetched.get_or_insert(error);
            }
            opened => batch.opened.push(opened),
        }
        Ok(())
    }

    /// Settles what came, and only then gives what ended it.
    async fn settle(
        &mut self,
        link: &Link,
        inflow: &mut Inflow,
        mut batch: Batch,
        received: &mut Received,
    ) -> Result<()> {
        let failed = batch.failed.take();
        let settled = self.settle_items(link, inflow, batch, received).await;
        failed.map_or(settled, Err)
    }

    /// Puts a batch on disk, acknowledges it, and gives credit for as many items again.
    async fn settle_items(
        &mut self,
        link: &Link,
        inflow: &mut Inflow,
        batch: Batch,
        received: &mut Received,
    ) -> Result<()> {
        let (events_through, items) = (batch.events_through, batch.items);
        let (given, again) = self.keep_batch(batch, received)?;
        // Once every reader that the hub knows of has acknowledged, there is nothing left to give.
        let came: Vec<MessageId> = given.by_message.iter().map(|(id, _)| *id).collect();
        self.share_what_came(link, &came).await?;
        let receipts: Vec<Bytes> = given.receipts.iter().chain(&again).cloned().collect();
        self.acknowledge(inflow, receipts, events_through).await?;
        self.mark_given(&given.by_message)?;
        if items > 0 { inflow.credit(items).await } else { Ok(()) }
    }

    /// Puts a batch on disk, with the receipts about it; gives those, and the ones that were signed before.
    fn keep_batch(&mut self, batch: Batch, received: &mut Received) -> Result<(Signed, Vec<Bytes>)> {
        let held = self.begin()?;
        let Batch { opened, mut again, events, orders, .. } = batch;
        // Another process may have kept some of it since it was opened.
        let opened = self.only_new(opened, &mut again);
        let receipts: Vec<DeviceReceipt> = opened.iter().filter_map(Opened::receipt).copied().collect();
        let proofs = self.sign_receipts(&receipts)?;
        let by_message = self.keep_opened(&held, opened, &proofs, received)?;
        for event in events {
            match self.take_event(event) {
                Ok(is_new) => received.receipts += usize::from(is_new),
                // It will never fit, and until it is acknowledged the hub says nothing of what came after it.
                Err(error) if error.code() == Code::ContentTooLarge => {
                    tracing::warn!("a receipt was left out: there are too many about one message");
                    received.left_out += 1;
                }
                Err(error) => return Err(error),
            }
        }
        for (id, _) in &by_message {
            let early = self.early_orders(id);
            for order in &early {
                self.take_stop(&held, order, received)?;
            }
            if !early.is_empty() {
                self.forget_missed(&held, id)?;
            }
        }
        // After what came with them: the message that an order is about may be among it.
        for order in &orders {
            self.take_stop(&held, order, received)?;
        }
        Ok((Signed { receipts: proofs, by_message }, again))
    }

    /// Keeps what was opened as a batch does; gives the receipts about it.
    #[cfg(test)]
    pub(super) fn keep_alone(&mut self, opened: Vec<Opened>, received: &mut Received) -> Result<Vec<Bytes>> {
        let batch = Batch { opened, ..Batch::default() };
        Ok(self.keep_batch(batch, received)?.0.receipts)
    }

    /// Leaves out what is kept already, and shows nothing twice.
    fn only_new(&self, opened: Vec<Opened>, again: &mut Vec<Bytes>) -> Vec<Opened> {
        let known = Known { mail: &self.mail, in_batch: &[] };
        let mut new = Vec::with_capacity(opened.len());
        for one in opened {
            let Opened::Good { mut kept, receipt } = one else {
                new.push(one);
                continue;
            };
            let fields = kept.header.fields();
            if let Some(before) = self.mail.get(&kept.id()) {
                again.extend(before.given.iter().chain(&before.pending).cloned());
            } else if kept.direction == Direction::In
                && known.was_shown(&fields.sender_org, &kept.body.send_id)
            {
                new.push(Opened::Repeated(receipt));
            } else {
                if kept.direction == Direction::Out {
                    kept.resends = self.mail.newest_sending(&kept.body.send_id).map(Kept::id);
                }
                new.push(Opened::Good { kept, receipt });
            }
        }
        new
    }

    /// Keeps what was found good, each message with the proof of its own receipt; gives both.
    pub(super) fn keep_opened(
        &mut self,
        held: &ProfileLock,
        opened: Vec<Opened>,
        proofs: &[Bytes],
        received: &mut Received,
    ) -> Result<Vec<(MessageId, Vec<Bytes>)>> {
        let mut proofs = proofs.iter();
        let mut good = Vec::new();
        for one in opened {
            match one {
                Opened::Good { mut kept, .. } => {
                    kept.pending.extend(proofs.next().cloned());
                    good.push(kept);
                }
                Opened::Untrusted(receipt) => {
                    if receipt.is_some() {
                        proofs.next();
                    }
                    received.refused += 1;
                }
                Opened::Repeated(_) => drop(proofs.next()),
                Opened::Held => received.held += 1,
                Opened::Unfetched(_) | Opened::Elsewhere => {}
            }
        }
        for kept in &good {
            self.keystore.contents_mut().put_message_key(&kept.id(), &Secret32::random()?);
            trust::meet(self.keystore.contents_mut(), &self.directory, &kept.header.fields().sender_org)?;
        }
        if !good.is_empty() {
            self.keystore.commit(held)?;
        }
        let ids = good.iter().map(|kept| (kept.id(), kept.pending.clone())).collect();
        let mut threads: BTreeSet<ThreadId> = BTreeSet::new();
        for kept in good {
            if kept.direction == Direction::In && threads.insert(kept.body.thread_id) {
                received.threads.push(CaseReference::of_thread(&kept.body.thread_id));
            }
            self.mail.put(self.keystore.contents(), *kept)?;
        }
        Ok(ids)
    }

    /// Hands in every receipt that is owed from before.
    async fn give_pending(&mut self, inflow: &mut Inflow) -> Result<()> {
        let owing: Vec<(MessageId, Vec<Bytes>)> = self
            .mail
            .iter()
            .filter(|kept| !kept.pending.is_empty())
            .map(|kept| (kept.id(), kept.pending.clone()))
            .collect();
        for part in owing.chunks(CREDIT as usize) {
            let receipts: Vec<Bytes> = part.iter().flat_map(|(_, pending)| pending.iter().cloned()).collect();
            for receipts in receipts.chunks(CREDIT as usize) {
                self.acknowledge(inflow, receipts.to_vec(), 0).await?;
            }
            self.mark_given(part)?;
        }
        Ok(())
    }

    /// Hands receipts in. One that the hub refuses for good is not worth repeating; a transient refusal is an error.
    async fn acknowledge(
        &self,
        inflow: &mut Inflow,
        receipts: Vec<Bytes>,
        events_through: u64,
    ) -> Result<()> {
        if receipts.is_empty() && events_through == 0 {
            return Ok(());
        }
        let mut parts: Vec<Vec<Bytes>> =
            receipts.chunks(usize::from(MAX_DEVICE_BATCH)).map(<[Bytes]>::to_vec).collect();
        if parts.is_empty() {
            parts.push(Vec::new());
        }
        for (index, receipts) in parts.into_iter().enumerate() {
            let events_through = if index == 0 { events_through } else { 0 };
            let failures = inflow.acknowledge(Acknowledge { receipts, events_through }).await?;
            for failure in failures.iter().filter_map(|failure| failure.failure.as_ref()) {
                let error = Error::from(failure);
                tracing::warn!(code = error.code().as_str(), "the hub does not take a receipt");
                if error.code().class() == Class::Transient {
                    return Err(error);
                }
            }
        }
        Ok(())
    }

    /// Writes down that the hub has taken these receipts about these messages.
    fn mark_given(&mut self, given: &[(MessageId, Vec<Bytes>)]) -> Result<()> {
        if given.is_empty() {
            return Ok(());
        }
        let _held = self.begin()?;
        for (id, receipts) in given {
            self.mail.change(self.keystore.contents(), id, |kept| {
                kept.pending.retain(|pending| !receipts.contains(pending));
                for receipt in receipts {
                    add_once(&mut kept.given, receipt.clone());
                }
            })?;
        }
        Ok(())
    }

    /// Signs this device's receipts with one signature; a proof each.
    pub(super) fn sign_receipts(&self, receipts: &[DeviceReceipt]) -> Result<Vec<Bytes>> {
        if receipts.is_empty() {
            return Ok(Vec::new());
        }
        let defect = |_| Error::new(Code::ProgramDefect);
        let signed = batch::sign_batch(receipts, &self.device).map_err(defect)?;
        (0..)
            .zip(receipts)
            .map(|(index, receipt)| {
                let proof =
                    batch::proof(receipt, index, &signed.leaf_hashes, &signed.key_id, &signed.signature);
                proof.map(Bytes::from).map_err(defect)
            })
            .collect()
    }
}

/// Why a connection that was watched is given up.
enum Ended {
    /// The caller wants to stop.
    Stopped,
    /// A certificate or keys are due.
    Due,
}

/// Receipts that were signed for a batch.
struct Signed {
    /// All of them.
    receipts: Vec<Bytes>,
    /// Those about messages that are kept, with which they stand until the hub has taken them.
    by_message: Vec<(MessageId, Vec<Bytes>)>,
}

#[cfg(test)]
mod tests;
