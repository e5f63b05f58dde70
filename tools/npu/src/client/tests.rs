// SPDX-License-Identifier: GPL-2.0

//! Mappings and vectors, with files of the kernel.

use std::io::Read;

use rustix::event::{eventfd, EventfdFlags};
use rustix::fs::{ftruncate, memfd_create, MemfdFlags};

use super::*;

const PAGE: u64 = 4096;

fn memory(pages: u64) -> File {
    let file = File::from(memfd_create("host", MemfdFlags::CLOEXEC).unwrap());
    ftruncate(&file, pages * PAGE).unwrap();
    file
}

fn part(file: &File, page: u64) -> FileOffset {
    FileOffset::new(file.try_clone().unwrap(), page * PAGE)
}

fn event() -> File {
    eventfd(0, EventfdFlags::NONBLOCK).unwrap().into()
}

fn clone(files: &[File]) -> Vec<File> {
    files.iter().map(|file| file.try_clone().unwrap()).collect()
}

/// How often it was signalled.
fn count(mut event: &File) -> u64 {
    let mut data = [0; 8];
    let was_signalled = event.read_exact(&mut data).is_ok();
    if was_signalled {
        u64::from_ne_bytes(data)
    } else {
        0
    }
}

#[test]
fn accesses_go_over_adjacent_mappings() {
    let file = memory(3);
    let mut client = Client::new(0, 0);
    let both = DmaMapFlags::READ_WRITE;
    client.map(both, part(&file, 2), 0x1000, PAGE).unwrap();
    client.map(both, part(&file, 0), 0x2000, PAGE).unwrap();
    client.write(0x1ffe, b"abcd").unwrap();
    let mut data = [0; 4];
    client.read(0x1ffe, &mut data).unwrap();
    assert_eq!(&data, b"abcd");
    client.publish(0x2008, 0x0807_0605_0403_0201).unwrap();
    let mut data = [0; 3];
    client.read(0x2008, &mut data).unwrap();
    assert_eq!(data, [1, 2, 3]);

    let error = DmaError { address: 0x3000 };
    assert_eq!(client.write(0x2ffe, &[0; 4]), Err(error));
    let error = DmaError { address: 0xfff };
    assert_eq!(client.read(0xfff, &mut data), Err(error));
}

#[test]
fn mappings_have_rights() {
    let file = memory(1);
    let mut client = Client::new(0, 0);
    client
        .map(DmaMapFlags::READ, part(&file, 0), 0, PAGE)
        .unwrap();
    assert_eq!(client.read(0, &mut [0; 4]), Ok(()));
    let error = DmaError { address: 0 };
    assert_eq!(client.write(0, &[0; 4]), Err(error));
    assert_eq!(client.publish(0, 0), Err(error));
}

#[test]
fn impossible_mappings_are_refused() {
    let file = memory(2);
    let mut client = Client::new(0, 0);
    let mut map = |page, address, size| {
        let flags = DmaMapFlags::READ_WRITE;
        client.map(flags, part(&file, page), address, size).is_ok()
    };
    assert!(!map(0, 0, 0));
    assert!(!map(1, 0, 2 * PAGE));
    assert!(!map(0, u64::MAX - 1, PAGE));
    assert!(map(0, 0x4000, 2 * PAGE));
    assert!(!map(0, 0x4000, PAGE));
    assert!(!map(0, 0x5000, PAGE));
    assert!(!map(0, 0x3000, 2 * PAGE));
    assert!(map(0, 0x3000, PAGE));
}

#[test]
fn what_is_unmapped_is_gone() {
    let file = memory(1);
    let mut client = Client::new(0, 0);
    for address in [0x1000, 0x2000, 0x3000] {
        let flags = DmaMapFlags::READ_WRITE;
        client.map(flags, part(&file, 0), address, PAGE).unwrap();
    }
    let can_read = |client: &Client, address| client.read(address, &mut [0]).is_ok();
    client.unmap(0x1000, 2 * PAGE);
    assert!(!can_read(&client, 0x1000) && !can_read(&client, 0x2000));
    assert!(can_read(&client, 0x3000));
    client.unmap_all();
    assert!(!can_read(&client, 0x3000));
}

#[test]
fn vectors_have_events() {
    let mut client = Client::new(32, 17);
    let events: Vec<File> = (0..17).map(|_| event()).collect();
    assert!(client.act(Kind::Msix, Action::Assign, 0, 16, clone(&events[..16])));
    assert!(client.act(Kind::Msix, Action::Assign, 16, 1, clone(&events[16..])));
    assert!(!client.act(Kind::Msix, Action::Assign, 17, 1, Vec::new()));
    client.interrupt(16);
    client.interrupt(16);
    client.interrupt(3);
    client.interrupt(17);
    assert_eq!(count(&events[16]), 2);
    assert_eq!(count(&events[3]), 1);
    assert_eq!(count(&events[0]), 0);

    // Without descriptors, vectors lose theirs.
    assert!(client.act(Kind::Msix, Action::Assign, 3, 1, Vec::new()));
    client.interrupt(3);
    assert_eq!(count(&events[3]), 0);
}

#[test]
fn masked_vectors_wait() {
    let mut client = Client::new(1, 0);
    let events = [event()];
    assert!(client.act(Kind::Msi, Action::Assign, 0, 1, clone(&events)));
    assert!(client.act(Kind::Msi, Action::Mask, 0, 1, Vec::new()));
    client.interrupt(0);
    client.interrupt(0);
    assert_eq!(count(&events[0]), 0);
    assert!(client.act(Kind::Msi, Action::Unmask, 0, 1, Vec::new()));
    assert_eq!(count(&events[0]), 1);
    assert!(client.act(Kind::Msi, Action::Trigger, 0, 1, Vec::new()));
    assert_eq!(count(&events[0]), 1);
    client.disable(Kind::Msi);
    client.interrupt(0);
    assert_eq!(count(&events[0]), 0);
}
