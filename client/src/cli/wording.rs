//! Help from the Fluent files: `help-<command>` says what a command does, its attributes what each argument is, and
//! `.example` shows a command line. A test sees that each command and argument has its words, and each word its use.

use clap::builder::PossibleValue;
use clap::{Arg, Command};

use super::exits;
use crate::msg;
use crate::text::{Args, Text};

/// The heading of a help page, its usage, arguments, example and exit codes.
const LAYOUT: &str = "{about}\n\n{usage-heading} {usage}\n\n{all-args}{after-help}";

/// The tree with its help filled in.
pub(super) fn dress(tree: Command, text: &Text) -> Command {
    dress_one(tree, &[], text)
}

fn dress_one(command: Command, path: &[&str], text: &Text) -> Command {
    let id = message_id(path);
    let say = |attribute: Option<&str>| text.lookup(&id, attribute, &Args::none()).unwrap_or_default();
    let heading = |id| text.get(id, &Args::none());
    let (options, arguments) = (heading(msg!("heading-options")), heading(msg!("heading-arguments")));
    let everywhere = heading(msg!("heading-options-everywhere"));
    let usage = heading(msg!("heading-usage"));
    command
        .about(say(None))
        .after_help(after_help(&say(Some("example")), path, text))
        .subcommand_help_heading(heading(msg!("heading-commands")))
        .help_template(LAYOUT.replace("{usage-heading}", &usage))
        .mut_args(|arg| {
            let help = say(Some(&attribute(arg.get_id().as_str())));
            let help = [help, values(&arg, text)].concat();
            // What the command is about comes first; what every command takes stands apart below it.
            let heading = match (arg.is_positional(), arg.is_global_set()) {
                (true, _) => &arguments,
                (false, true) => &everywhere,
                (false, false) => &options,
            };
            let takes_value = arg.get_action().takes_values();
            let arg = arg.help(help).help_heading(heading.clone());
            // What clap would say of the values is in English whatever the language.
            if takes_value { arg.hide_possible_values(true).hide_default_value(true) } else { arg }
        })
        .mut_subcommands(|sub| {
            let name = sub.get_name().to_owned();
            dress_one(sub, &[path, &[name.as_str()]].concat(), text)
        })
}

/// Which values an argument takes and which is taken if none is given, when that can be said.
fn values(arg: &Arg, text: &Text) -> String {
    let possible = arg.get_possible_values();
    let shown: Vec<&str> =
        possible.iter().filter(|one| !one.is_hide_set()).map(PossibleValue::get_name).collect();
    let default: Vec<_> = arg.get_default_values().iter().map(|value| value.to_string_lossy()).collect();
    let takes_value = arg.get_action().takes_values();
    let say = |id, values: String| format!(" {}", text.get(id, &Args::none().text("values", values)));
    let mut words = String::new();
    if takes_value && !default.is_empty() {
        words.push_str(&say(msg!("value-default"), default.join(", ")));
    }
    if takes_value && !shown.is_empty() {
        words.push_str(&say(msg!("value-one-of"), shown.join(", ")));
    }
    words
}

fn after_help(example: &str, path: &[&str], text: &Text) -> String {
    let heading = |id| text.get(id, &Args::none());
    let indented: Vec<String> = example.lines().map(|line| format!("  {line}")).collect();
    let exits = exits::lines(exits::of(path), text).join("\n");
    format!(
        "{}\n{}\n\n{}\n{exits}",
        heading(msg!("heading-example")),
        indented.join("\n"),
        heading(msg!("heading-exit-codes"))
    )
}

/// The name of a command's message.
pub(crate) fn message_id(path: &[&str]) -> String {
    [&["help"], path].concat().join("-")
}

/// The name of an argument's words.
pub(super) fn attribute(id: &str) -> String {
    id.replace('_', "-")
}

/// The names of the messages of all commands.
#[cfg(test)]
pub(crate) fn message_ids() -> Vec<String> {
    let mut ids = Vec::new();
    let tree = <super::commands::Cli as clap::CommandFactory>::command();
    super::commands::walk(&tree, &mut |path, _| ids.push(message_id(path)));
    ids
}
