// SPDX-License-Identifier: GPL-2.0

//! The device as a server of vfio-user.

use std::fs::File;
use std::io;
use std::path::Path;

use vfio_bindings::bindings::vfio::{
    vfio_region_info, vfio_region_sparse_mmap_area, VFIO_IRQ_INFO_EVENTFD,
    VFIO_IRQ_SET_ACTION_MASK, VFIO_IRQ_SET_ACTION_TRIGGER, VFIO_IRQ_SET_ACTION_UNMASK,
    VFIO_IRQ_SET_DATA_EVENTFD, VFIO_PCI_BAR0_REGION_INDEX, VFIO_PCI_BAR2_REGION_INDEX,
    VFIO_PCI_BAR4_REGION_INDEX, VFIO_PCI_CONFIG_REGION_INDEX, VFIO_PCI_ERR_IRQ_INDEX,
    VFIO_PCI_MSIX_IRQ_INDEX, VFIO_PCI_MSI_IRQ_INDEX, VFIO_PCI_NUM_IRQS, VFIO_PCI_NUM_REGIONS,
    VFIO_REGION_INFO_FLAG_MMAP, VFIO_REGION_INFO_FLAG_READ, VFIO_REGION_INFO_FLAG_WRITE,
};
use vfio_user::{
    DmaMapFlags, DmaUnmapFlags, Error, IrqInfo, Server, ServerBackend, ServerRegion, SparseArea,
};
use vm_memory::FileOffset;

use crate::client::{Action, Kind};
use crate::config_space::{CONFIG_BYTES, DOORBELLS_BYTES, MSI_VECTORS, REGISTERS_BYTES};
use crate::device::Region;
use crate::machine::Machine;
use crate::registers::MEMORY_BYTES;

/// Makes the socket at which the client connects.
pub fn bind(path: &Path, machine: &Machine, vectors: u16) -> Result<Server, Error> {
    let irqs = (0..VFIO_PCI_NUM_IRQS).map(|index| IrqInfo {
        index,
        flags: VFIO_IRQ_INFO_EVENTFD,
        count: match index {
            VFIO_PCI_MSI_IRQ_INDEX => MSI_VECTORS.into(),
            VFIO_PCI_MSIX_IRQ_INDEX => vectors.into(),
            // QEMU warns if there is none.
            VFIO_PCI_ERR_IRQ_INDEX => 1,
            _ => 0,
        },
    });
    let regions = (0..VFIO_PCI_NUM_REGIONS).map(|index| region_info(index, machine));
    Server::new(path, true, irqs.collect(), regions.collect())
}

fn region_info(index: u32, machine: &Machine) -> ServerRegion {
    let mut info = vfio_region_info {
        argsz: size_of::<vfio_region_info>() as u32,
        index,
        size: region(index).map_or(0, size),
        ..Default::default()
    };
    if info.size > 0 {
        info.flags = VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE;
    }
    if region(index) != Some(Region::Memory) {
        return ServerRegion {
            region_info: info,
            sparse_areas: Vec::new(),
            mmap_fd: None,
        };
    }
    info.flags |= VFIO_REGION_INFO_FLAG_MMAP;
    // The crate sends the descriptor only with a list of areas.
    let whole = vfio_region_sparse_mmap_area {
        offset: 0,
        size: info.size,
    };
    ServerRegion {
        region_info: info,
        sparse_areas: vec![SparseArea { area: whole }],
        mmap_fd: Some(machine.look(|device| device.memory().descriptor())),
    }
}

fn region(index: u32) -> Option<Region> {
    Some(match index {
        VFIO_PCI_CONFIG_REGION_INDEX => Region::Config,
        VFIO_PCI_BAR0_REGION_INDEX => Region::Registers,
        VFIO_PCI_BAR2_REGION_INDEX => Region::Doorbells,
        VFIO_PCI_BAR4_REGION_INDEX => Region::Memory,
        _ => return None,
    })
}

fn size(region: Region) -> u64 {
    match region {
        Region::Config => CONFIG_BYTES,
        Region::Registers => REGISTERS_BYTES,
        Region::Doorbells => DOORBELLS_BYTES,
        Region::Memory => MEMORY_BYTES,
    }
}

/// The region with that index, if the access is in it.
fn checked(index: u32, offset: u64, length: usize) -> io::Result<Region> {
    let region = region(index).ok_or_else(invalid)?;
    let end = offset.checked_add(length as u64).ok_or_else(invalid)?;
    if end <= size(region) {
        Ok(region)
    } else {
        Err(invalid())
    }
}

fn invalid() -> io::Error {
    io::ErrorKind::InvalidInput.into()
}

/// What the server calls, in the thread that serves.
#[derive(Debug)]
pub struct Backend<'a> {
    /// The device.
    pub machine: &'a Machine,
}

impl ServerBackend for Backend<'_> {
    fn region_read(&mut self, index: u32, offset: u64, data: &mut [u8]) -> io::Result<()> {
        let region = checked(index, offset, data.len())?;
        self.machine
            .look(|device| device.read(region, offset, data));
        Ok(())
    }

    fn region_write(&mut self, index: u32, offset: u64, data: &[u8]) -> io::Result<()> {
        let region = checked(index, offset, data.len())?;
        self.machine
            .change(|device, _| device.write(region, offset, data));
        Ok(())
    }

    fn dma_map(
        &mut self,
        flags: DmaMapFlags,
        offset: u64,
        address: u64,
        size: u64,
        file: Option<File>,
    ) -> io::Result<()> {
        // Without a file, it is something that only the client itself can access.
        let Some(file) = file else { return Ok(()) };
        self.machine
            .change(|_, client| client.map(flags, FileOffset::new(file, offset), address, size))
    }

    fn dma_unmap(&mut self, flags: DmaUnmapFlags, address: u64, size: u64) -> io::Result<()> {
        self.machine.change(|_, client| {
            if flags.contains(DmaUnmapFlags::UNMAP_ALL) {
                client.unmap_all();
            } else {
                client.unmap(address, size);
            }
        });
        Ok(())
    }

    fn reset(&mut self) -> io::Result<()> {
        self.machine.change(|device, _| device.reset_with_config());
        Ok(())
    }

    fn set_irqs(
        &mut self,
        index: u32,
        flags: u32,
        start: u32,
        count: u32,
        events: Vec<File>,
    ) -> io::Result<()> {
        let kind = match index {
            VFIO_PCI_MSI_IRQ_INDEX => Kind::Msi,
            VFIO_PCI_MSIX_IRQ_INDEX => Kind::Msix,
            // It would stop the guest, and is never sent.
            VFIO_PCI_ERR_IRQ_INDEX => return Ok(()),
            // There are none of the other kinds, so nothing is to be done to them.
            _ if count == 0 => return Ok(()),
            _ => return Err(invalid()),
        };
        let action = if flags & VFIO_IRQ_SET_ACTION_MASK != 0 {
            Action::Mask
        } else if flags & VFIO_IRQ_SET_ACTION_UNMASK != 0 {
            Action::Unmask
        } else if flags & VFIO_IRQ_SET_ACTION_TRIGGER == 0 {
            return Err(invalid());
        } else if flags & VFIO_IRQ_SET_DATA_EVENTFD != 0 {
            Action::Assign
        } else {
            Action::Trigger
        };
        self.machine.change(|_, client| {
            if action == Action::Trigger && count == 0 {
                client.disable(kind);
                return Ok(());
            }
            let done = client.act(kind, action, start, count, events);
            done.then_some(()).ok_or_else(invalid)
        })
    }
}
