// SPDX-License-Identifier: GPL-2.0

//! Parts of buffers that stay mapped for a device between pieces of work.
//!
//! ```text
//!   keep_for_device()          begin()               dropped
//!   ----------------> nothing --------> in use -------------> idle, mapped
//!                        ^                ^        begin()      |
//!                        |                '---------------------|
//!                        '--------------------------------------'
//!                         the exporter takes the memory back
//! ```
//!
//! A [`DeviceMap`] is for one piece of work: as long as there is one, the device works. Whoever
//! exports memory may have to wait for that, but not until user space closes a handle. So what a
//! driver keeps for longer is a [`KeptMap`], which gives the memory back as soon as it is idle.

use core::ops::{
    Deref,
    Range, //
};
use kernel::{
    dma::DataDirection,
    new_mutex,
    prelude::*,
    sync::{
        Arc,
        Mutex, //
    },
};

use super::DeviceMap;
use crate::memory::{
    caller::Caller,
    object::{
        Backing,
        Object, //
    }, //
};

/// A part of a buffer that stays mapped for a device, as long as nobody takes the memory back.
pub struct KeptMap {
    kept: Arc<Kept>,
}

/// What an import knows of a [`KeptMap`].
#[pin_data]
pub(in crate::memory) struct Kept {
    object: Arc<Object>,
    range: Range<usize>,
    direction: DataDirection,
    /// Locked before the reservation.
    #[pin]
    current: Mutex<Option<Arc<Shared>>>,
}

/// What is mapped, for all pieces of work that are under way.
#[pin_data]
struct Shared {
    map: DeviceMap,
    /// How many these are.
    #[pin]
    users: Mutex<usize>,
}

impl Kept {
    /// Gives the memory back, when the last piece of work that is under way is done.
    pub(in crate::memory) fn release(&self) {
        let current = self.current.lock().take();
        // Not with the lock held, under which others wait for the reservation.
        drop(current);
    }
}

impl KeptMap {
    pub(crate) fn new(
        object: Arc<Object>,
        range: Range<usize>,
        direction: DataDirection,
    ) -> Result<Self> {
        let kept = Arc::pin_init(
            pin_init!(Kept {
                object,
                range,
                direction,
                current <- new_mutex!(None),
            }),
            GFP_KERNEL_ACCOUNT,
        )?;
        if let Backing::Imported(import) = kept.object.backing() {
            import.kept.insert(&kept)?;
        }
        Ok(Self { kept })
    }

    /// Begins a piece of work of the device of `caller`. See [`Self::begin`].
    pub(crate) fn begin_for(&self, caller: &dyn Caller) -> Result<MapInUse> {
        let kept = &self.kept;
        let mut current = kept.current.lock();
        if let Some(shared) = current.as_ref().filter(|shared| !shared.map.is_lost()) {
            return Ok(MapInUse::new(shared.clone()));
        }
        // What is idle counts as a user of the mapping that was taken back.
        drop(current.take());
        let object = kept.object.clone();
        let map = DeviceMap::new(caller, object, kept.range.clone(), kept.direction)?;
        // A copy is one of what the buffer has now.
        let is_kept = !map.is_copy();
        let shared = Arc::pin_init(
            pin_init!(Shared {
                map,
                users <- new_mutex!(0),
            }),
            GFP_KERNEL_ACCOUNT,
        )?;
        if is_kept {
            *current = Some(shared.clone());
        }
        drop(current);
        Ok(MapInUse::new(shared))
    }
}

impl Drop for KeptMap {
    fn drop(&mut self) {
        if let Backing::Imported(import) = self.kept.object.backing() {
            import.kept.remove(&self.kept);
        }
        self.kept.release();
    }
}

/// A [`DeviceMap`] that a device works on, until this is dropped.
pub struct MapInUse {
    shared: Arc<Shared>,
}

impl MapInUse {
    fn new(shared: Arc<Shared>) -> Self {
        let mut users = shared.users.lock();
        if *users == 0 {
            shared.map.sync_for_device();
        }
        *users += 1;
        drop(users);
        Self { shared }
    }
}

impl Deref for MapInUse {
    type Target = DeviceMap;

    fn deref(&self) -> &DeviceMap {
        &self.shared.map
    }
}

impl Drop for MapInUse {
    fn drop(&mut self) {
        let mut users = self.shared.users.lock();
        *users -= 1;
        if *users == 0 {
            self.shared.map.sync_for_cpu();
        }
    }
}
