// SPDX-License-Identifier: GPL-2.0

//! What the drivers' commands show. A result that there is not is [`None`];
//! then there is no text either, but the JSON document is complete.

use serde::Serialize;

use crate::output::Report;

/// The result of `accelctl edu factorial`.
#[derive(Debug, Serialize)]
pub struct Factorial {
    /// Path of the node, if one was found.
    pub device: Option<String>,
    /// The argument.
    pub n: u32,
    /// n!
    pub factorial: Option<u32>,
}

impl Report for Factorial {
    fn text(&self) -> String {
        line(self.factorial, |factorial| {
            format!("{}! = {factorial}", self.n)
        })
    }
}

/// The result of `accelctl edu liveness`.
#[derive(Debug, Serialize)]
pub struct Liveness {
    /// Path of the node, if one was found.
    pub device: Option<String>,
    /// What the device was to invert.
    pub value: u32,
    /// What it replied.
    pub reply: Option<u32>,
}

impl Report for Liveness {
    fn text(&self) -> String {
        line(self.reply, |reply| {
            format!("liveness of {:#010x} = {reply:#010x}", self.value)
        })
    }
}

/// The result of `accelctl minimal add`.
#[derive(Debug, Serialize)]
pub struct Add {
    /// Path of the node, if one was found.
    pub device: Option<String>,
    /// First addend.
    pub a: u32,
    /// Second addend.
    pub b: u32,
    /// Their sum, modulo 2^32.
    pub sum: Option<u32>,
}

impl Report for Add {
    fn text(&self) -> String {
        let (a, b) = (self.a, self.b);
        // Else the line would look wrong.
        let modulo = match a.checked_add(b) {
            Some(_) => "",
            None => " (modulo 2^32)",
        };
        line(self.sum, |sum| format!("{a} + {b} = {sum}{modulo}"))
    }
}

/// The result of `accelctl sim add`.
#[derive(Debug, Serialize)]
pub struct AddVectors {
    /// Path of the node, if one was found.
    pub device: Option<String>,
    /// The length of the vectors.
    pub n: u32,
    /// How many of the sums are wrong.
    pub wrong: Option<u32>,
}

impl Report for AddVectors {
    fn text(&self) -> String {
        line(self.wrong, |wrong| {
            format!("{} sums, {wrong} of them wrong", self.n)
        })
    }
}

/// The result of `accelctl sim matmul`.
#[derive(Debug, Serialize)]
pub struct Matmul {
    /// Path of the node, if one was found.
    pub device: Option<String>,
    /// Rows of the first matrix.
    pub m: u32,
    /// Columns of the first matrix, and rows of the second.
    pub k: u32,
    /// Columns of the second matrix.
    pub n: u32,
    /// How many numbers of the product are wrong.
    pub wrong: Option<u32>,
}

impl Report for Matmul {
    fn text(&self) -> String {
        let Self { m, n, .. } = self;
        line(self.wrong, |wrong| {
            format!("product of {m} x {n} numbers, {wrong} of them wrong")
        })
    }
}

/// A line about a result, if there is one.
fn line(result: Option<u32>, text: impl FnOnce(u32) -> String) -> String {
    result.map(|result| text(result) + "\n").unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::tests::json;
    use serde_json::json as document;

    #[test]
    fn factorial() {
        let mut report = Factorial {
            device: Some("/dev/accelerator/accel0".into()),
            n: 12,
            factorial: Some(479_001_600),
        };
        assert_eq!(report.text(), "12! = 479001600\n");
        let mut expected = document!({
            "schema": 1,
            "device": "/dev/accelerator/accel0",
            "n": 12,
            "factorial": 479_001_600,
        });
        assert_eq!(json(&report), expected);

        report.factorial = None;
        expected["factorial"] = document!(null);
        assert_eq!(report.text(), "");
        assert_eq!(json(&report), expected);
    }

    #[test]
    fn liveness() {
        let report = Liveness {
            device: None,
            value: 0x1234,
            reply: Some(!0x1234),
        };
        assert_eq!(report.text(), "liveness of 0x00001234 = 0xffffedcb\n");
        let expected =
            document!({ "schema": 1, "device": null, "value": 0x1234, "reply": !0x1234_u32 });
        assert_eq!(json(&report), expected);
    }

    #[test]
    fn add() {
        let report = Add {
            device: None,
            a: 2,
            b: 3,
            sum: Some(5),
        };
        assert_eq!(report.text(), "2 + 3 = 5\n");
        let expected = document!({ "schema": 1, "device": null, "a": 2, "b": 3, "sum": 5 });
        assert_eq!(json(&report), expected);

        let report = Add {
            device: None,
            a: u32::MAX,
            b: 1,
            sum: Some(0),
        };
        assert_eq!(report.text(), "4294967295 + 1 = 0 (modulo 2^32)\n");
    }

    #[test]
    fn add_vectors() {
        let report = AddVectors {
            device: None,
            n: 12,
            wrong: Some(0),
        };
        assert_eq!(report.text(), "12 sums, 0 of them wrong\n");
        let expected = document!({ "schema": 1, "device": null, "n": 12, "wrong": 0 });
        assert_eq!(json(&report), expected);
    }

    #[test]
    fn matmul() {
        let report = Matmul {
            device: None,
            m: 2,
            k: 3,
            n: 4,
            wrong: Some(1),
        };
        assert_eq!(report.text(), "product of 2 x 4 numbers, 1 of them wrong\n");
        let expected =
            document!({ "schema": 1, "device": null, "m": 2, "k": 3, "n": 4, "wrong": 1 });
        assert_eq!(json(&report), expected);
    }
}
