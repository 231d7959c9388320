//! A result in lines for people: sentences from the Fluent files, fields, blocks and tables.
//!
//! Whatever comes from elsewhere is escaped here; a page holds no other control character than the line end, and
//! the colours that the terminal can show.

use anstyle::Style;
use unicode_width::UnicodeWidthStr;

use crate::escape;
use crate::text::{Args, MessageId, Text};

/// How a page is laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    /// Lines instead of tables, for screen readers.
    pub plain: bool,
    /// Whether the terminal shows colours.
    pub colour: bool,
}

/// What a line means to the reader, shown in colour where there is any; the words say it too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// Nothing special.
    Neutral,
    /// A title.
    Strong,
    /// All is well.
    Good,
    /// Somebody should look.
    Warning,
}

impl Tone {
    const fn style(self) -> Style {
        match self {
            Self::Neutral => Style::new(),
            Self::Strong => Style::new().bold(),
            Self::Good => anstyle::AnsiColor::Green.on_default(),
            Self::Warning => anstyle::AnsiColor::Yellow.on_default().bold(),
        }
    }
}

/// Lines being put together.
pub struct Page<'a> {
    text: &'a Text,
    layout: Layout,
    out: String,
}

impl<'a> Page<'a> {
    /// An empty page.
    #[must_use]
    pub fn new(text: &'a Text, layout: Layout) -> Self {
        Self { text, layout, out: String::new() }
    }

    /// What was put together, each line ended.
    #[must_use]
    pub fn finish(self) -> String {
        self.out
    }

    /// The language the page is in.
    #[must_use]
    pub fn text(&self) -> &'a Text {
        self.text
    }

    /// A sentence.
    pub fn say(&mut self, id: MessageId, args: &Args) -> &mut Self {
        self.say_in(Tone::Neutral, id, args)
    }

    /// A sentence in a tone.
    pub fn say_in(&mut self, tone: Tone, id: MessageId, args: &Args) -> &mut Self {
        let sentence = self.text.get(id, args);
        for line in sentence.lines() {
            let line = self.toned(tone, line);
            self.push_line(&line);
        }
        self
    }

    /// An empty line.
    pub fn blank(&mut self) -> &mut Self {
        self.push_line("");
        self
    }

    /// A label and a value of any origin, on one line.
    pub fn field(&mut self, label: MessageId, value: &str) -> &mut Self {
        let line = format!("{}: {}", self.text.get(label, &Args::none()), escape::line(value));
        self.push_line(&line);
        self
    }

    /// Text of any origin that may have several lines, set off from the rest.
    pub fn block(&mut self, foreign: &str) -> &mut Self {
        for line in escape::block(foreign).lines() {
            let line = format!("  {line}");
            self.push_line(line.trim_end());
        }
        self
    }

    /// One line of any origin, as it is but for escapes.
    pub fn line(&mut self, value: &str) -> &mut Self {
        let line = escape::line(value).into_owned();
        self.push_line(&line);
        self
    }

    /// Rows under headings; in a plain layout every cell is a line of its own with its heading.
    pub fn table(&mut self, headings: &[MessageId], rows: &[Vec<String>]) -> &mut Self {
        let headings: Vec<String> = headings.iter().map(|id| self.text.get(*id, &Args::none())).collect();
        let rows: Vec<Vec<String>> =
            rows.iter().map(|row| row.iter().map(|cell| escape::line(cell).into_owned()).collect()).collect();
        if self.layout.plain {
            self.list(&headings, &rows)
        } else {
            self.columns(&headings, &rows)
        }
        self
    }

    fn list(&mut self, headings: &[String], rows: &[Vec<String>]) {
        for (number, row) in rows.iter().enumerate() {
            if number > 0 {
                self.blank();
            }
            for (heading, cell) in headings.iter().zip(row).filter(|(_, cell)| !cell.is_empty()) {
                self.push_line(&format!("{heading}: {cell}"));
            }
        }
    }

    fn columns(&mut self, headings: &[String], rows: &[Vec<String>]) {
        let cells_of = |column: usize| rows.iter().filter_map(move |row| row.get(column));
        let widths: Vec<usize> = headings
            .iter()
            .enumerate()
            .map(|(column, heading)| {
                cells_of(column).chain([heading]).map(|cell| cell.width()).max().unwrap_or_default()
            })
            .collect();
        let padded = |row: &[String]| {
            let cells = row.iter().zip(&widths);
            let cells = cells
                .map(|(cell, width)| format!("{cell}{}", " ".repeat(width.saturating_sub(cell.width()))));
            cells.collect::<Vec<String>>().join("  ").trim_end().to_owned()
        };
        let title = self.toned(Tone::Strong, &padded(headings));
        self.push_line(&title);
        for row in rows {
            self.push_line(&padded(row));
        }
    }

    fn toned(&self, tone: Tone, line: &str) -> String {
        let style = tone.style();
        if self.layout.colour { format!("{style}{line}{style:#}") } else { line.to_owned() }
    }

    fn push_line(&mut self, line: &str) {
        self.out.push_str(line);
        self.out.push('\n');
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::Language;

    /// Stands in for a message of the files; a missing one shows its name.
    const HEADING: MessageId = MessageId::named("name");

    fn page_of(layout: Layout, fill: impl FnOnce(&mut Page<'_>)) -> String {
        let text = Text::of(Language::English);
        let mut page = Page::new(&text, layout);
        fill(&mut page);
        page.finish()
    }

    const TABLES: Layout = Layout { plain: false, colour: false };

    #[test]
    fn columns_line_up_whatever_the_script() {
        let rows = [vec!["日本".to_owned(), "x".to_owned()], vec!["åäö".to_owned(), "y".to_owned()]];
        let page = page_of(TABLES, |page| {
            page.table(&[HEADING, HEADING], &rows);
        });
        assert_eq!(page, "name  name\n日本  x\nåäö   y\n");
    }

    #[test]
    fn a_plain_table_is_lines_with_their_headings() {
        let rows = [vec!["a".to_owned(), String::new()], vec!["b".to_owned(), "c".to_owned()]];
        let page = page_of(Layout { plain: true, ..TABLES }, |page| {
            page.table(&[HEADING, HEADING], &rows);
        });
        assert_eq!(page, "name: a\n\nname: b\nname: c\n");
    }

    #[test]
    fn foreign_text_can_not_add_lines_or_sequences() {
        let page = page_of(TABLES, |page| {
            page.field(HEADING, "a\nb\x1b[2J").block("one\r\ntwo\x07").line("c\rd");
            page.table(&[HEADING], &[vec!["x\ny".to_owned()]]);
        });
        assert_eq!(page, "name: a\\x0ab\\x1b[2J\n  one\n  two\\x07\nc\\x0dd\nname\nx\\x0ay\n");
    }

    #[test]
    fn colour_is_there_only_when_asked_for() {
        let say = |page: &mut Page<'_>| {
            page.say_in(Tone::Warning, HEADING, &Args::none());
        };
        assert_eq!(page_of(TABLES, say), "name\n");
        assert!(page_of(Layout { colour: true, ..TABLES }, say).contains("\x1b["));
    }
}
