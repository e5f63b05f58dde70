// SPDX-License-Identifier: GPL-2.0

//! How a command ends: what it prints, and its exit status.

use std::fmt::Display;
use std::io::{self, Write};
use std::process::ExitCode;

use serde::Serialize;

use crate::problem::Problem;

/// Version of the JSON documents. It changes when a member is removed or means
/// something else, not when one is added.
pub const SCHEMA: u32 = 1;

/// What a command found out, from which both text and JSON are made.
pub trait Report: Serialize {
    /// The text, of whole lines.
    fn text(&self) -> String;
}

/// What a command did.
#[derive(Debug)]
pub struct Outcome<R> {
    /// What it found out; without what it could not.
    pub report: R,
    /// What is worth saying without being an error.
    pub notice: Option<String>,
    /// Why the report is not complete.
    pub problems: Vec<Problem>,
}

impl<R> Outcome<R> {
    /// Makes another report of this one.
    pub fn map<T>(self, report: impl FnOnce(R) -> T) -> Outcome<T> {
        Outcome {
            report: report(self.report),
            notice: self.notice,
            problems: self.problems,
        }
    }
}

/// A JSON document.
#[derive(Serialize)]
struct Document<'a, R> {
    schema: u32,
    #[serde(flatten)]
    report: &'a R,
}

/// Prints an outcome and returns the exit status for it.
pub fn finish<R: Report>(outcome: &Outcome<R>, json: bool) -> ExitCode {
    if let Some(notice) = &outcome.notice {
        message(notice);
    }
    for problem in &outcome.problems {
        message(problem);
    }
    let written = render(&outcome.report, json).and_then(|text| print(&text));
    if let Err(error) = written {
        message(format_args!("standard output: {error}"));
        return ExitCode::FAILURE;
    }
    match outcome.problems.is_empty() {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}

/// Prints lines as they come, and returns the exit status. What passes them on
/// is told to stop when nobody reads them any more.
pub fn stream<E: Display>(
    follow: impl FnOnce(&mut dyn FnMut(&str) -> bool) -> Result<(), E>,
) -> ExitCode {
    let mut written = Ok(());
    let result = follow(&mut |line| {
        let mut stdout = io::stdout().lock();
        written = writeln!(stdout, "{line}").and_then(|()| stdout.flush());
        written.is_ok()
    });
    match written {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            message(format_args!("standard output: {error}"));
            return ExitCode::FAILURE;
        }
        _ => {}
    }
    if let Err(error) = result {
        message(error);
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

/// Makes all that goes to standard output.
fn render<R: Report>(report: &R, json: bool) -> io::Result<String> {
    if !json {
        return Ok(report.text());
    }
    let schema = SCHEMA;
    let mut text = serde_json::to_string_pretty(&Document { schema, report })?;
    text.push('\n');
    Ok(text)
}

/// Writes to standard output. A reader that has seen enough is no error; Rust
/// programs ignore SIGPIPE, so it shows here.
fn print(text: &str) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    let written = stdout.write_all(text.as_bytes());
    match written.and_then(|()| stdout.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

/// Writes a line to standard error, unlike eprintln!() without a panic if that
/// is closed; there is nobody left to tell.
fn message(text: impl Display) {
    let _ = writeln!(io::stderr(), "accelctl: {text}");
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use serde_json::Value;
    use std::str::FromStr;

    /// The JSON document of a report, parsed.
    pub fn json(report: &impl Report) -> Value {
        serde_json::from_str(&render(report, true).unwrap()).unwrap()
    }

    /// Checks that all that is in the JSON document is in the text, too.
    pub fn assert_agreement(report: &impl Report) {
        let mut document = json(report);
        document.as_object_mut().unwrap().remove("schema");
        let text = report.text();
        let words: Vec<_> = text.split([' ', '\n', ',']).collect();
        let mut leaves = Vec::new();
        collect("", &document, &mut leaves);
        assert!(!leaves.is_empty());
        for (name, leaf) in leaves {
            let found = match &leaf {
                Value::Null => words.contains(&"-"),
                Value::String(string) if string.is_empty() => words.contains(&"-"),
                Value::String(string) => text.contains(string.as_str()),
                Value::Number(number) => {
                    let number = i128::from_str(&number.to_string()).unwrap();
                    let found = |form: &String| words.contains(&form.as_str());
                    forms(number).iter().any(found) || measured(&words, &name, number)
                }
                other => panic!("no text is known for {other}"),
            };
            assert!(found, "{name} {leaf} is not in the text:\n{text}");
        }
    }

    /// The ways in which a number may be written.
    fn forms(number: i128) -> [String; 4] {
        [
            format!("{number}"),
            format!("{number:#x}"),
            format!("{number:#06x}"),
            format!("{number:#010x}"),
        ]
    }

    /// Whether a number is there in a larger unit than that of its name.
    fn measured(words: &[&str], name: &str, number: i128) -> bool {
        let unit = name.rsplit('_').next().unwrap_or_default();
        let number = number as f64;
        words.windows(2).any(|pair| {
            let factor = match (unit, pair[1]) {
                ("hz", "kHz") | ("ns", "µs") | ("mc", "°C") | ("mv", "V") | ("ma", "A") => 1e3,
                ("hz", "MHz") | ("ns", "ms") | ("uw", "W") => 1e6,
                ("hz", "GHz") | ("ns", "s") => 1e9,
                ("bytes", "KiB") => 1024.0,
                ("bytes", "MiB") => 1024.0 * 1024.0,
                ("bytes", "GiB") => 1024.0 * 1024.0 * 1024.0,
                _ => return false,
            };
            let rounded = pair[0].parse::<f64>();
            rounded.is_ok_and(|it| (it * factor - number).abs() <= 0.0005 * factor)
        })
    }

    fn collect(name: &str, value: &Value, leaves: &mut Vec<(String, Value)>) {
        match value {
            Value::Array(values) => values.iter().for_each(|it| collect(name, it, leaves)),
            Value::Object(members) => members
                .iter()
                .for_each(|(name, it)| collect(name, it, leaves)),
            leaf => leaves.push((name.to_owned(), leaf.clone())),
        }
    }

    #[derive(Serialize)]
    struct Sample {
        number: u32,
    }

    impl Report for Sample {
        fn text(&self) -> String {
            format!("the number is {}\n", self.number)
        }
    }

    #[test]
    fn a_json_document_has_a_schema() {
        let text = render(&Sample { number: 5 }, true).unwrap();
        assert_eq!(text, "{\n  \"schema\": 1,\n  \"number\": 5\n}\n");
    }

    #[test]
    fn text_is_printed_as_it_is() {
        let text = render(&Sample { number: 5 }, false).unwrap();
        assert_eq!(text, "the number is 5\n");
    }
}
