// SPDX-License-Identifier: GPL-2.0

//! Orders of the control socket: the faults that the device can be told to have.

use std::str::{FromStr, SplitWhitespace};
use std::time::Duration;

use thiserror::Error;

use crate::interrupts::Source;
use crate::registers::CONTEXT_COUNT;

/// An order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// The commands of a context do not end.
    Hang(usize),
    /// No context goes on, nor is reset.
    HangAll,
    /// The firmware crashes.
    Crash,
    /// The next record of a context has another sequence number.
    Wrong(usize),
    /// The next record of a context is written twice.
    Duplicate(usize),
    /// A message without a cause.
    Spurious(Source),
    /// The next messages of a source are not sent.
    Lose(Source, u32),
    /// The device does not answer any more.
    Remove,
    /// Everything takes longer.
    Slow(Duration),
    /// Inverts bits of device memory: offset and length.
    Corrupt(u64, u64),
    /// Makes device memory unreadable: offset and length.
    Poison(u64, u64),
    /// The least temperature, in 1/1000 degree.
    Heat(i32),
    /// Shows the state.
    Status,
}

/// What is wrong with an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Mistake {
    /// No such order.
    #[error("no such order")]
    Unknown,
    /// A word is missing.
    #[error("a word is missing")]
    Missing,
    /// There are too many words.
    #[error("too many words")]
    TooMany,
    /// A number is wrong.
    #[error("not a number that is possible here")]
    Number,
    /// Device memory has no such part.
    #[error("device memory has no such part")]
    Part,
}

impl FromStr for Order {
    type Err = Mistake;

    fn from_str(line: &str) -> Result<Self, Mistake> {
        let mut words = line.split_whitespace();
        let order = match words.next().ok_or(Mistake::Missing)? {
            "hang" => match words.clone().next() {
                Some("all") => {
                    words.next();
                    Self::HangAll
                }
                _ => Self::Hang(context(&mut words)?),
            },
            "crash" => Self::Crash,
            "wrong" => Self::Wrong(context(&mut words)?),
            "duplicate" => Self::Duplicate(context(&mut words)?),
            "spurious" => Self::Spurious(source(&mut words)?),
            "lose" => Self::Lose(source(&mut words)?, number(&mut words)?),
            "remove" => Self::Remove,
            "slow" => Self::Slow(Duration::from_millis(u64::from(number::<u32>(&mut words)?))),
            "corrupt" => Self::Corrupt(number(&mut words)?, number(&mut words)?),
            "poison" => Self::Poison(number(&mut words)?, number(&mut words)?),
            "heat" => Self::Heat(number(&mut words)?),
            "status" => Self::Status,
            _ => return Err(Mistake::Unknown),
        };
        match words.next() {
            None => Ok(order),
            Some(_) => Err(Mistake::TooMany),
        }
    }
}

fn number<T: FromStr>(words: &mut SplitWhitespace<'_>) -> Result<T, Mistake> {
    let word = words.next().ok_or(Mistake::Missing)?;
    word.parse().map_err(|_| Mistake::Number)
}

fn context(words: &mut SplitWhitespace<'_>) -> Result<usize, Mistake> {
    let index = number(words)?;
    if index < CONTEXT_COUNT {
        Ok(index)
    } else {
        Err(Mistake::Number)
    }
}

fn source(words: &mut SplitWhitespace<'_>) -> Result<Source, Mistake> {
    Source::new(number(words)?).ok_or(Mistake::Number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_are_words() {
        let cases = [
            ("hang 3", Order::Hang(3)),
            ("hang all", Order::HangAll),
            ("crash", Order::Crash),
            ("wrong 0", Order::Wrong(0)),
            (" duplicate  1 ", Order::Duplicate(1)),
            ("spurious 0", Order::Spurious(Source::MANAGEMENT)),
            ("lose 16 2", Order::Lose(Source::notify(3), 2)),
            ("remove", Order::Remove),
            ("slow 20", Order::Slow(Duration::from_millis(20))),
            ("corrupt 4096 8", Order::Corrupt(4096, 8)),
            ("poison 0 64", Order::Poison(0, 64)),
            ("heat -5", Order::Heat(-5)),
            ("status", Order::Status),
        ];
        for (line, order) in cases {
            assert_eq!(line.parse(), Ok(order), "{line}");
        }
    }

    #[test]
    fn mistakes_are_told() {
        let cases = [
            ("", Mistake::Missing),
            ("explode", Mistake::Unknown),
            ("hang", Mistake::Missing),
            ("hang 4", Mistake::Number),
            ("hang all 1", Mistake::TooMany),
            ("crash now", Mistake::TooMany),
            ("spurious 17", Mistake::Number),
            ("lose 1", Mistake::Missing),
            ("slow -1", Mistake::Number),
            ("heat warm", Mistake::Number),
        ];
        for (line, mistake) in cases {
            assert_eq!(line.parse::<Order>(), Err(mistake), "{line}");
        }
    }
}
