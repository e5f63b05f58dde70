// SPDX-License-Identifier: GPL-2.0

//! Firmware images: what the boot ROM checks, and how to make one.

use zerocopy::little_endian::{U16, U32};
use zerocopy::{FromBytes, FromZeros, Immutable, IntoBytes, KnownLayout};

use crate::registers::Revision;

/// Bytes of the header.
pub const HEADER_BYTES: usize = size_of::<Header>();
/// The most bytes that a payload can have.
pub const MAX_PAYLOAD: usize = 1 << 20;
/// The first version that is accepted, 1.0.0.
pub const FIRST_VERSION: u32 = 1 << 16;

const MAGIC: [u8; 4] = *b"NPUF";
const HEADER_VERSION: u16 = 1;
const CHECKED_BYTES: usize = HEADER_BYTES - 4;

/// What an image begins with.
#[repr(C)]
#[derive(Debug, Clone, FromBytes, Immutable, IntoBytes, KnownLayout)]
struct Header {
    magic: [u8; 4],
    header_version: U16,
    header_size: U16,
    revisions: U32,
    version: U32,
    payload_size: U32,
    payload_crc: U32,
    name: [u8; 32],
    reserved: U32,
    header_crc: U32,
}

const _: () = assert!(HEADER_BYTES == 64);

/// Why an image is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// No image, or of another header version.
    Magic,
    /// The header is damaged.
    HeaderCrc,
    /// The size is not that of the header.
    Length,
    /// The payload is damaged.
    PayloadCrc,
    /// For another revision of the device.
    Revision,
    /// Before [`FIRST_VERSION`].
    TooOld,
}

/// Checks an image as the boot ROM does; returns its version.
pub fn check(image: &[u8], revision: Revision) -> Result<u32, Refusal> {
    let (header, payload) = Header::ref_from_prefix(image).map_err(|_| Refusal::Length)?;
    if header.magic != MAGIC
        || header.header_version != HEADER_VERSION
        || usize::from(header.header_size) != HEADER_BYTES
    {
        return Err(Refusal::Magic);
    }
    if crc32fast::hash(&image[..CHECKED_BYTES]) != header.header_crc.get() || header.reserved != 0 {
        return Err(Refusal::HeaderCrc);
    }
    if header.payload_size.get() as usize != payload.len() || !is_payload_size(payload.len()) {
        return Err(Refusal::Length);
    }
    if crc32fast::hash(payload) != header.payload_crc.get() {
        return Err(Refusal::PayloadCrc);
    }
    if header.revisions.get() & revision.firmware_bit() == 0 {
        return Err(Refusal::Revision);
    }
    if header.version.get() < FIRST_VERSION {
        return Err(Refusal::TooOld);
    }
    Ok(header.version.get())
}

fn is_payload_size(bytes: usize) -> bool {
    (4..=MAX_PAYLOAD).contains(&bytes) && bytes % 4 == 0
}

/// What an image is made of.
#[derive(Debug)]
pub struct Image<'a> {
    /// A bit for each revision that it is for.
    pub revisions: u32,
    /// Major, minor and patch.
    pub version: u32,
    /// At most 32 bytes are kept.
    pub name: &'a str,
    /// The program.
    pub payload: &'a [u8],
}

impl Image<'_> {
    /// The bytes of the image; none if the payload has a size that no device takes.
    pub fn to_bytes(&self) -> Option<Vec<u8>> {
        if !is_payload_size(self.payload.len()) {
            return None;
        }
        let mut header = Header::new_zeroed();
        header.magic = MAGIC;
        header.header_version = HEADER_VERSION.into();
        header.header_size = (HEADER_BYTES as u16).into();
        header.revisions = self.revisions.into();
        header.version = self.version.into();
        header.payload_size = (self.payload.len() as u32).into();
        header.payload_crc = crc32fast::hash(self.payload).into();
        for (to, from) in header.name.iter_mut().zip(self.name.bytes()) {
            *to = from;
        }
        header.header_crc = crc32fast::hash(&header.as_bytes()[..CHECKED_BYTES]).into();
        Some([header.as_bytes(), self.payload].concat())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAYLOAD: &[u8] = b"program.";

    fn image(revisions: u32, version: u32) -> Vec<u8> {
        let image = Image {
            revisions,
            version,
            name: "test",
            payload: PAYLOAD,
        };
        image.to_bytes().unwrap()
    }

    /// Sets bytes of the header, and its checksum to what is right then.
    fn with(at: usize, bytes: &[u8]) -> Vec<u8> {
        let mut image = image(3, FIRST_VERSION);
        image[at..at + bytes.len()].copy_from_slice(bytes);
        let crc = crc32fast::hash(&image[..CHECKED_BYTES]);
        image[CHECKED_BYTES..HEADER_BYTES].copy_from_slice(&crc.to_le_bytes());
        image
    }

    #[test]
    fn a_good_image_has_its_version() {
        let image = image(2, 0x0002_0304);
        assert_eq!(check(&image, Revision::B), Ok(0x0002_0304));
        assert_eq!(check(&image, Revision::A), Err(Refusal::Revision));
    }

    #[test]
    fn the_layout_is_that_of_the_datasheet() {
        let image = image(3, 0x0001_0203);
        assert_eq!(&image[..4], b"NPUF");
        assert_eq!(&image[4..8], &[1, 0, 64, 0]);
        assert_eq!(&image[8..12], &[3, 0, 0, 0]);
        assert_eq!(&image[12..16], &[3, 2, 1, 0]);
        assert_eq!(&image[16..20], &[8, 0, 0, 0]);
        assert_eq!(&image[24..29], b"test\0");
        assert_eq!(image.len(), 64 + PAYLOAD.len());
    }

    #[test]
    fn each_damage_is_told_apart() {
        let good = image(3, FIRST_VERSION);
        let check = |image: &[u8]| check(image, Revision::B);
        assert_eq!(check(&good[..63]), Err(Refusal::Length));
        assert_eq!(check(&good[..64]), Err(Refusal::Length));
        assert_eq!(check(&good[..68]), Err(Refusal::Length));
        assert_eq!(check(&with(0, b"X")), Err(Refusal::Magic));
        assert_eq!(check(&with(4, &[2])), Err(Refusal::Magic));
        assert_eq!(check(&with(6, &[65])), Err(Refusal::Magic));
        assert_eq!(check(&with(56, &[1])), Err(Refusal::HeaderCrc));
        assert_eq!(check(&with(16, &[4])), Err(Refusal::Length));
        assert_eq!(check(&with(12, &[255, 255, 0])), Err(Refusal::TooOld));
        for at in 8..good.len() {
            let mut image = good.clone();
            image[at] ^= 0x10;
            let wanted = if at < HEADER_BYTES {
                Refusal::HeaderCrc
            } else {
                Refusal::PayloadCrc
            };
            assert_eq!(check(&image), Err(wanted), "byte {at}");
        }
    }

    #[test]
    fn payloads_have_words() {
        for bytes in [0, 3, 5, MAX_PAYLOAD + 4] {
            let image = Image {
                revisions: 1,
                version: FIRST_VERSION,
                name: "",
                payload: &vec![0; bytes],
            };
            assert!(image.to_bytes().is_none(), "{bytes}");
        }
    }
}
