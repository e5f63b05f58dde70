// SPDX-License-Identifier: GPL-2.0

//! How records are read with `ACCEL_IOC_INFO`.

use rustix::io::Errno;

use crate::ioctl::Port;
use crate::uapi::{Info, Record};

/// What can go wrong.
#[derive(Debug, PartialEq)]
pub(crate) enum Failure {
    /// The kernel refused.
    Errno(Errno),
    /// The kernel did something that the interface rules out.
    Protocol(&'static str),
}

/// More than any device can have to tell, so that a wrong answer does not eat
/// all memory. In bytes.
const LIMIT: usize = 16 << 20;

/// Reads all records of a topic in one piece, so that they belong together.
///
/// The number that the kernel gives when asked for the size can be outdated
/// when the records are fetched. Therefore there is always room for at least
/// one more than expected, and only an array that did not become full is known
/// to be complete.
pub(crate) fn read<R: Record>(port: &dyn Port) -> Result<Vec<R>, Failure> {
    const { assert!(size_of::<R>() > 0, "a record has members") };
    let mut room = ask::<R>(port, &mut [])?.expected.saturating_add(1);
    loop {
        let len = room.saturating_mul(size_of::<R>());
        if len > LIMIT {
            return Err(Failure::Protocol("claims to have over 16 MiB of records"));
        }
        let mut bytes = vec![0; len];
        let answer = ask::<R>(port, &mut bytes)?;
        if answer.count > room {
            return Err(Failure::Protocol("claims more records than there is room"));
        }
        if answer.count < room {
            return Ok(parse(&bytes, answer.count));
        }
        room = answer.expected.saturating_add(1).max(2 * room);
    }
}

/// What the kernel said, in records.
struct Answer {
    /// How many it wrote.
    count: usize,
    /// How many there are, a hint.
    expected: usize,
}

/// Asks once.
fn ask<R: Record>(port: &dyn Port, records: &mut [u8]) -> Result<Answer, Failure> {
    let mut request = Info {
        topic: R::TOPIC,
        record_size: size_of::<R>() as u32,
        ..Info::default()
    };
    port.info(&mut request, records).map_err(Failure::Errno)?;
    let expected = request.data_len / size_of::<R>() as u64;
    Ok(Answer {
        count: request.count as usize,
        expected: usize::try_from(expected).unwrap_or(usize::MAX),
    })
}

/// Takes the first `count` records out of an array.
fn parse<R: Record>(bytes: &[u8], count: usize) -> Vec<R> {
    bytes
        .chunks_exact(size_of::<R>())
        .take(count)
        .filter_map(|record| R::read_from_bytes(record).ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulation::Simulation;
    use crate::uapi::Topic;
    use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

    /// A record whose parts show what was cut and what was filled up.
    #[derive(Debug, Clone, PartialEq, FromBytes, IntoBytes, Immutable, KnownLayout)]
    #[repr(C)]
    struct Pair {
        first: u32,
        second: u32,
    }

    impl Record for Pair {
        const TOPIC: Topic = Topic(0x8000);
    }

    fn words(records: &[&[u32]]) -> Simulation {
        let bytes = |record: &&[u32]| record.as_bytes().to_vec();
        Simulation::new(Pair::TOPIC, records.iter().map(bytes).collect())
    }

    fn pair(first: u32, second: u32) -> Pair {
        Pair { first, second }
    }

    #[test]
    fn reads_records_of_the_same_size() {
        let kernel = words(&[&[1, 2], &[3, 4]]);
        assert_eq!(read(&kernel), Ok(vec![pair(1, 2), pair(3, 4)]));
    }

    #[test]
    fn cuts_larger_records() {
        let kernel = words(&[&[1, 2, 90], &[3, 4, 91], &[5, 6, 92]]);
        assert_eq!(read(&kernel), Ok(vec![pair(1, 2), pair(3, 4), pair(5, 6)]));
    }

    #[test]
    fn fills_up_smaller_records() {
        let kernel = words(&[&[1], &[2], &[3]]);
        assert_eq!(read(&kernel), Ok(vec![pair(1, 0), pair(2, 0), pair(3, 0)]));
    }

    #[test]
    fn does_not_trust_the_length() {
        // Counted in the kernel's record size, so that the first array is too
        // small by half.
        let mut kernel = words(&[&[1], &[2], &[3], &[4], &[5]]);
        kernel.length_in_kernel_records = true;
        let records = read::<Pair>(&kernel).unwrap();
        assert_eq!(records.len(), 5);
        assert_eq!(records[4], pair(5, 0));
    }

    #[test]
    fn no_records_are_not_an_error() {
        assert_eq!(read::<Pair>(&words(&[])), Ok(vec![]));
    }

    #[test]
    fn asks_again_if_records_appear() {
        let kernel = words(&[&[1, 2]]);
        kernel.grow(3);
        // The second record fills the spare room, so that the array must grow;
        // the third is there by the time it has.
        assert_eq!(read(&kernel), Ok(vec![pair(1, 2); 3]));
        assert_eq!(kernel.calls(), 3);
    }

    #[test]
    fn fewer_records_than_announced_are_complete() {
        let mut kernel = words(&[&[1, 2], &[3, 4], &[5, 6]]);
        kernel.shrink_to = Some(1);
        assert_eq!(read(&kernel), Ok(vec![pair(1, 2)]));
        assert_eq!(kernel.calls(), 2);
    }

    #[test]
    fn passes_on_the_error_of_an_unknown_topic() {
        let kernel = Simulation::new(Topic(7), vec![]);
        assert_eq!(read::<Pair>(&kernel), Err(Failure::Errno(Errno::INVAL)));
    }

    #[test]
    fn refuses_an_absurd_length() {
        let mut kernel = words(&[&[1, 2]]);
        kernel.length = Some(u64::MAX);
        let problem = Failure::Protocol("claims to have over 16 MiB of records");
        assert_eq!(read::<Pair>(&kernel), Err(problem));
    }

    #[test]
    fn refuses_a_count_beyond_the_array() {
        let mut kernel = words(&[&[1, 2]]);
        kernel.count = Some(1000);
        let problem = Failure::Protocol("claims more records than there is room");
        assert_eq!(read::<Pair>(&kernel), Err(problem));
    }
}
