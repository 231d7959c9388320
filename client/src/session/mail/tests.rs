//! What it costs to keep a lot.

use std::time::{Duration, Instant};

use samverkan_envelope::body::Body;
use samverkan_proto::statement::header::{Header, HeaderFields};

use super::*;
use crate::session::office::{Office, Silent, referral, two_offices};

/// Keeps a message as often as this, each time in a thread of its own.
async fn multiply(office: &mut Office, messages: usize) {
    let sent = office.session.send(referral(), &mut Silent).await.expect("sealed");
    let template = office.session.mail.get(&sent.message).expect("kept").clone();
    let ids: Vec<MessageId> = (1..messages).map(|_| MessageId::random()).collect();
    let held = office.lock();
    for id in &ids {
        office.session.keystore.contents_mut().put_message_key(id, &Secret32::random().expect("random"));
    }
    office.session.keystore.commit(&held).expect("committed");
    for id in ids {
        let fields = HeaderFields { message_id: id, ..template.header.fields().clone() };
        let body = Body { thread_id: ThreadId::random(), ..template.body.clone() };
        let kept = Kept { header: Header::new(fields).expect("a header"), body, ..template.clone() };
        office.session.mail.put(office.session.keystore.contents(), kept).expect("kept");
    }
}

/// Two thousand are opened and listed in 70 ms, unoptimised on two cores, so there is no index beside them. The bound is far
/// above that; it notices when the work for one message begins to grow with the number of all.
#[tokio::test]
async fn many_messages_open_and_list_at_once() {
    const MESSAGES: usize = 300;
    let (_, mut one, _) = two_offices();
    multiply(&mut one, MESSAGES).await;
    let began = Instant::now();
    one.reload();
    let (listed, to_act_on) = (one.session.sent().len(), one.session.cases_to_act_on());
    assert_eq!((listed, to_act_on, one.session.damaged_messages()), (MESSAGES, 0, 0));
    assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
}
