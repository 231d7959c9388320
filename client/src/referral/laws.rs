//! The law of steps; see [`crate::laws`].

use samverkan_envelope::body::{Body, Field};
use samverkan_proto::code::{Class, Kind};
use samverkan_proto::ids::{SendId, ThreadId};

use super::chain::{Chain, FIELD};
use super::wire::{FORM, Read, read, write};
use super::{Side, State, fold};

/// Input: `u8 which kind | lines of "name value"`, the fields of a body. A step that is read is written the same, and a referral with it
/// has it once; so has a chain one spelling.
pub fn step(input: &[u8]) {
    let Some((kind, lines)) = input.split_first() else { return };
    let Ok(lines) = std::str::from_utf8(lines) else { return };
    let field = |line: &str| {
        let (name, value) = line.split_once(' ').unwrap_or((line, ""));
        Field { name: name.to_owned(), value: value.to_owned() }
    };
    let fields: Vec<Field> = lines.lines().map(field).collect();
    if let Some(chain) = fields.iter().find(|field| field.name == FIELD).map(|field| &field.value) {
        assert!(Chain::read(chain).is_none_or(|read| read.write() == *chain), "it is written in two ways");
    }
    let body = Body {
        kind: Kind::ALL[usize::from(*kind) % Kind::ALL.len()],
        send_id: SendId::random(),
        thread_id: ThreadId::random(),
        in_reply_to: None,
        form: FORM.to_owned(),
        fields,
        subject: String::new(),
        text: String::new(),
        attachments: Vec::new(),
        consents: Vec::new(),
        checkpoint: Vec::new(),
    };
    for side in Side::ALL {
        let Read::Step(step) = read(&body, *side) else { continue };
        assert!(write(&step.act, &step.after) == body.fields, "it is written in two ways");
        let referral = fold(Class::Referral, State::Received, [step.clone(), step.clone()]);
        assert!(referral.history.len() == 1 && referral.newest().contains(&step.id));
    }
}
