// SPDX-License-Identifier: GPL-2.0

//! Text in columns, one line a row, easy for eyes and for awk.

use std::fmt::Display;

use comfy_table::{presets, Table};

/// What stands for something that is not known, or empty.
const NOTHING: &str = "-";

/// Text of something that may be missing.
pub fn cell(value: Option<impl Display>) -> String {
    let text = value.map(|value| value.to_string()).unwrap_or_default();
    match text.is_empty() {
        true => NOTHING.to_owned(),
        false => text,
    }
}

/// A table with these headings, each line behind an indentation.
pub fn table<const N: usize>(
    indent: &str,
    headings: [&str; N],
    rows: impl IntoIterator<Item = [String; N]>,
) -> String {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING);
    table.set_header(headings);
    table.add_rows(rows);
    lines(indent, table)
}

/// Names with their values, each line behind an indentation.
pub fn fields<const N: usize>(indent: &str, fields: [(&str, String); N]) -> String {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING);
    table.add_rows(fields.map(|(name, value)| [name.to_owned(), value]));
    lines(indent, table)
}

fn lines(indent: &str, mut table: Table) -> String {
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    let line = |line: &str| format!("{indent}{}\n", line.trim_end());
    table.lines().map(|text| line(&text)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned() {
        let rows = [["a", "1"], ["long", "22"]].map(|row| row.map(str::to_owned));
        assert_eq!(
            table("  ", ["NAME", "N"], rows),
            "  NAME  N\n  a     1\n  long  22\n"
        );
    }

    #[test]
    fn an_empty_table_has_its_heading() {
        assert_eq!(table("", ["NAME", "N"], []), "NAME  N\n");
    }

    #[test]
    fn fields_are_aligned() {
        let values = [("a", "1".to_owned()), ("long", "x y".to_owned())];
        assert_eq!(fields("    ", values), "    a     1\n    long  x y\n");
    }

    #[test]
    fn what_is_missing_or_empty_is_a_dash() {
        assert_eq!(cell(None::<u32>), "-");
        assert_eq!(cell(Some("")), "-");
        assert_eq!(cell(Some(0)), "0");
    }
}
