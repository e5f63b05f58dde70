// SPDX-License-Identifier: GPL-2.0

//! How far the DMA engine of the "edu" device reaches.
//!
//! The device has as many bits of address as QEMU was told, which none of its registers says. Of an
//! address with more, it ignores the upper ones, and works on the memory of somebody else. So what
//! the parameter `dma_bits` says is put to the test.

use accel::{
    pci,
    prelude::*, //
};
use kernel::{
    dma::{
        Coherent,
        DataDirection, //
    },
    io::Io, //
};

use crate::{
    edu_dma,
    edu_registers::Registers, //
};

/// How many pieces of memory to look at for one with a high address.
const ATTEMPTS: usize = 8;

const WORD: u32 = 0x6564_7521;

/// Returns a word at as high an address as can be had.
fn highest(pdev: &pci::Device<'_>) -> Result<Coherent<u32>> {
    let new = || Coherent::<u32>::zeroed(pdev.as_ref(), GFP_KERNEL);
    let mut words = KVec::with_capacity(ATTEMPTS, GFP_KERNEL)?;
    words.push(new()?, GFP_KERNEL)?;
    while words.len() < ATTEMPTS {
        // All at a time, or each would be the same.
        let Ok(word) = new() else { break };
        words.push(word, GFP_KERNEL)?;
    }
    let word = words.into_iter().max_by_key(Coherent::dma_address);
    word.ok_or(ENOMEM)
}

/// Has the engine read a word at a high address, and write it there. To be called in `probe`, with
/// the device as a master of the bus. Returns `EIO` if it does not arrive.
///
/// An engine that does not reach the address writes what it has just read from elsewhere back
/// there.
pub(crate) fn check(pdev: &pci::Device<'_>, bar: &Registers<'_>) -> Result {
    use DataDirection::{FromDevice, ToDevice};

    let word = highest(pdev)?;
    let address = word.dma_address();
    // CAST: Addresses have at most 32 bits.
    let move_word = |direction| edu_dma::move_word(bar, address as u32, direction);
    (&word).write_val(WORD);
    let moved = move_word(ToDevice).and_then(|()| {
        (&word).write_val(!WORD);
        move_word(FromDevice)
    });
    if let Err(error) = moved {
        dev_err!(pdev, "DMA does not end\n");
        // The engine may still write to it.
        core::mem::forget(word);
        return Err(error);
    }
    if (&word).read_val() != WORD {
        dev_err!(
            pdev,
            "DMA does not reach {address:#x}: the device has fewer bits of address than dma_bits\n"
        );
        return Err(EIO);
    }
    Ok(())
}
