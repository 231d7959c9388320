use samverkan_proto::code::Roles;
use samverkan_proto::ids::{DeviceId, MailboxName, TlsKeyHash};
use samverkan_proto::statement::manifest::Device;

use super::*;
use crate::directory::testlog::{Member, NOW_MS, TestLog, signer};
use crate::session::model::Step;
use crate::session::office::{Silent, two_desks_and_another};

/// Somebody who reads what is told.
#[derive(Default)]
struct Reader(Vec<Difference>);

impl Progress for Reader {
    fn begin(&mut self, _: Step, _: u64) {}

    fn advance(&mut self, _: u64) {}

    fn own_news(&mut self, news: &[Difference]) -> bool {
        self.0.extend_from_slice(news);
        true
    }
}

fn set_readers(log: &mut TestLog, member: &mut Member, readers: &[DeviceId]) {
    log.change(member, |fields| {
        fields.mailboxes[0].readers = readers.to_vec();
        fields.mailboxes[0].readers.sort_unstable();
    });
}

#[test]
fn a_device_that_came_in_is_told_first_whatever_was_changed_around_it() {
    let (mut log, mut one, mut desk, _) = two_desks_and_another();
    desk.synchronise(&log);
    desk.session.tell_own_news(&mut Reader::default()).expect("it begins with what it finds");
    let (honest, thief) = (desk.member.device.device_id(), one.member.device.device_id());
    for _ in 0..3 {
        set_readers(&mut log, &mut one.member, &[honest]);
        set_readers(&mut log, &mut one.member, &[honest, thief]);
    }
    let key = TlsKeyHash::parse(&[77; 32]).expect("a hash");
    let device = Device::new(*signer(77).public_key(), key, Roles::READER, NOW_MS, NOW_MS + 1);
    log.change(&mut one.member, |fields| fields.devices.push(device.clone()));
    set_readers(&mut log, &mut one.member, &[honest]);
    desk.synchronise(&log);
    let mut reader = Reader::default();
    desk.session.tell_own_news(&mut reader).expect("told");
    assert_eq!(reader.0[0], Difference::DeviceAdded(device.id(), Roles::READER));
    assert_eq!(reader.0.len(), 3, "each once: {:?}", reader.0);
}

#[test]
fn a_reader_that_came_and_went_is_told() {
    let (mut log, mut one, mut desk, _) = two_desks_and_another();
    desk.synchronise(&log);
    desk.session.tell_own_news(&mut Reader::default()).expect("it begins with what it finds");
    let (honest, thief) = (desk.member.device.device_id(), one.member.device.device_id());
    set_readers(&mut log, &mut one.member, &[honest]);
    desk.synchronise(&log);
    desk.session.tell_own_news(&mut Reader::default()).expect("told");
    let before = one.member.manifest.clone();

    set_readers(&mut log, &mut one.member, &[honest, thief]);
    set_readers(&mut log, &mut one.member, &[honest]);
    assert_eq!(differences(&before, &one.member.manifest), [], "nothing is otherwise in the end");
    desk.synchronise(&log);
    assert_eq!(desk.session.untold_serial(), Some(one.member.manifest.serial()));
    desk.session.tell_own_news(&mut Silent).expect("nobody was there to read it");
    let mut reader = Reader::default();
    desk.session.tell_own_news(&mut reader).expect("told");
    let mailbox: MailboxName = "mottagning".parse().expect("a name");
    let news = [Difference::ReaderAdded(mailbox.clone(), thief), Difference::ReaderRemoved(mailbox, thief)];
    assert_eq!(reader.0, news);
    assert_eq!(desk.session.untold_serial(), None, "once");
}
