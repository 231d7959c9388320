//! The goals of a file of figures as a table in Markdown, so that nobody has to copy a number.

use serde_json::Value;

/// One row for each figure of each goal, after a head and what the figures were measured with.
///
/// `None` for a document that is not one of `compare`'s.
#[must_use]
pub fn table(document: &Value) -> Option<String> {
    let machine = &document["machine"];
    let mut table = format!(
        "`{}`, commit {}, {} profile, {} s, on {} cores of {} with {} MiB, Linux {}\n\n\
         | # | goal | figure | median | least | most | asked | met |\n|---|---|---|---|---|---|---|---|\n",
        document["command"].as_str()?,
        document["commit"].as_str()?,
        document["profile"].as_str()?,
        document["seconds"].as_u64()?,
        machine["cores"].as_u64()?,
        machine["processor"].as_str()?,
        machine["memory_mib"].as_u64()?,
        machine["kernel"].as_str()?,
    );
    for goal in document["goals"].as_array()? {
        for (place, part) in goal["parts"].as_array()?.iter().enumerate() {
            table.push_str(&row(goal, part, place == 0)?);
        }
    }
    Some(table)
}

/// The goal is named in its first row alone.
fn row(goal: &Value, part: &Value, first: bool) -> Option<String> {
    let (id, name) = (goal["id"].as_u64()?, goal["goal"].as_str()?);
    let (id, name) = if first { (id.to_string(), name) } else { (String::new(), "") };
    let figure = |name: &str| part[name].as_f64();
    let (value, min, max) = (figure("value")?, figure("min")?, figure("max")?);
    let (what, reach) = (part["what"].as_str()?, part["reach"].as_str()?);
    let met = if part["met"].as_bool()? { "yes" } else { "**no**" };
    Some(format!("| {id} | {name} | {what} | {value} | {min} | {max} | {reach} | {met} |\n"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::loadgen::compare::goal::{Goal, Part, Reach};
    use crate::loadgen::machine::Heading;

    #[test]
    fn every_figure_has_a_row() {
        let part = |what, bound| Part::new(what, &[1.5, 2.5, 1.25], Reach::AtLeast(bound));
        let goal = Goal::new(1, "full cycle", vec![part("× E", 1.0), part("each", 40.0)]);
        let mut document = serde_json::to_value(Heading::now()).expect("JSON");
        document["seconds"] = 12.into();
        document["goals"] = serde_json::to_value([goal]).expect("JSON");
        let table = table(&document).expect("a table");
        assert!(table.contains("| 1 | full cycle | × E | 1.5 | 1.25 | 2.5 | ≥ 1 | yes |"), "{table}");
        assert!(table.ends_with("|  |  | each | 1.5 | 1.25 | 2.5 | ≥ 40 | **no** |\n"), "{table}");
    }

    #[test]
    fn something_else_has_no_table() {
        assert_eq!(table(&serde_json::json!({ "cycles": 500 })), None);
    }
}
