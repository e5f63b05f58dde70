// SPDX-License-Identifier: GPL-2.0

//! Handles of a driver's own: what an open file has of a device besides buffers.

use kernel::{
    new_mutex,
    prelude::*,
    sync::{
        Arc,
        Mutex, //
    }, //
};

/// Handles of other kinds than buffers have this bit set.
const NO_BUFFER: u32 = 1 << 31;
/// Where the number of the kind is.
const KIND_SHIFT: u32 = 24;
const MAX_KIND: u8 = 127;

/// What an open file has of a kind of its driver's own, such as contexts or queues, by handles that
/// user space knows.
///
/// Lives in the driver's [`FileOps::File`](crate::FileOps::File), and is emptied when the file is
/// closed: by [`CloseOps::close`](crate::CloseOps::close), with the hardware at hand, see
/// [`Self::pop`], and else when it is dropped with the `File`. Both are after the last call by the
/// file; the first is before the data of its buffers goes, the second after that.
///
/// A handle says of which `KIND` it is, 0 to 127, and none is that of a buffer: so who mistakes one
/// for another gets `ENOENT`. Of a kind, the lowest number that is free is used first.
///
/// # Examples
///
/// ```
/// use accel::{prelude::*, CloseOps, Features, FileOps, HandleTable};
///
/// # struct Npu;
/// /// A context of the hardware.
/// struct HardwareContext {
///     number: u32,
/// }
///
/// /// What an open file has: at most 4 contexts.
/// #[pin_data]
/// struct Opened {
///     #[pin]
///     contexts: HandleTable<HardwareContext, 0>,
/// }
///
/// uapi_struct! {
///     struct Handle {
///         size: u32,
///         handle: u32,
///     }
/// }
///
/// fn create(ctx: Context<'_, Npu>, args: &mut Handle) -> Result {
///     args.handle = ctx.file().contexts.insert(|_handle| {
///         // Sets it up in the hardware.
///         Ok(HardwareContext { number: 1 })
///     })?;
///     Ok(())
/// }
///
/// fn destroy(ctx: Context<'_, Npu>, args: &mut Handle) -> Result {
///     let context = ctx.file().contexts.remove(args.handle)?;
///     stop(&context);
///     Ok(())
/// }
///
/// /// Stops a context, and waits a limited time until it has ceased.
/// fn stop(context: &HardwareContext) {
///     let _ = context.number;
/// }
///
/// impl FileOps for Npu {
///     type File = Opened;
///
///     fn open(_ctx: &Context<'_, Self, Observer>) -> impl PinInit<Opened, Error> {
///         try_pin_init!(Opened {
///             contexts <- HandleTable::new(4),
///         })
///     }
/// }
///
/// impl CloseOps for Npu {
///     fn close(ctx: &Context<'_, Self>) {
///         while let Some((_handle, context)) = ctx.file().contexts.pop() {
///             stop(&context);
///         }
///     }
/// }
///
/// impl AccelDriver for Npu {
///     const IOCTLS: IoctlTable<Self> = IoctlTable::new(&[
///         Ioctl::new(0x40, "NPU_IOC_CREATE", create, "Creates a context").powered(),
///         Ioctl::new(0x41, "NPU_IOC_DESTROY", destroy, "Destroys a context").powered(),
///     ]);
///     const FEATURES: Features<Self> = Features::none().file().close();
/// #   type Data = CovariantForLt!(());
/// #   const INFO: DriverInfo = DriverInfo {
/// #       name: "npu",
/// #       version: "1",
/// #       user_space_url: "https://npu.example",
/// #       user_space_license: "GPL-2.0",
/// #       documentation_url: "https://npu.example/registers",
/// #   };
/// #   const OPEN_POLICY: OpenPolicy = OpenPolicy::Shared;
/// }
/// ```
#[pin_data]
pub struct HandleTable<V: Send + Sync + 'static, const KIND: u8> {
    max: usize,
    #[pin]
    slots: Mutex<KVec<Slot<V>>>,
}

enum Slot<V> {
    Free,
    /// What it is to have is being made.
    Claimed,
    Taken(Arc<V>),
}

impl<V> Slot<V> {
    fn take(&mut self) -> Option<Arc<V>> {
        match core::mem::replace(self, Self::Free) {
            Self::Taken(value) => Some(value),
            // What is being made is not to be had.
            before => {
                *self = before;
                None
            }
        }
    }
}

impl<V: Send + Sync + 'static, const KIND: u8> HandleTable<V, KIND> {
    const FIRST: u32 = {
        assert!(KIND <= MAX_KIND, "a kind of handles is a number up to 127");
        NO_BUFFER | (KIND as u32) << KIND_SHIFT
    };

    /// Makes an empty table. A file can have up to `max` handles of this kind, 2 to the 24th at
    /// most.
    pub fn new(max: u32) -> impl PinInit<Self> {
        pin_init!(Self {
            max: max.min(1 << KIND_SHIFT) as usize,
            slots <- new_mutex!(KVec::new()),
        })
    }

    /// Makes a value, and returns its handle, which `make` is told. Nobody finds the value before
    /// `make` has returned.
    ///
    /// Returns `ENOSPC` if the file has as many as it can have, or the error of `make`; then the
    /// handle is free again.
    pub fn insert<I>(&self, make: impl FnOnce(u32) -> I) -> Result<u32>
    where
        I: PinInit<V, Error>,
    {
        let index = self.claim()?;
        // CAST: Below `max`.
        let handle = Self::FIRST | index as u32;
        let value = Arc::pin_init(make(handle), GFP_KERNEL_ACCOUNT);
        let mut slots = self.slots.lock();
        slots[index] = match &value {
            Ok(value) => Slot::Taken(value.clone()),
            Err(_) => Slot::Free,
        };
        value.map(|_| handle)
    }

    /// Returns what a handle stands for, or `ENOENT`.
    pub fn get(&self, handle: u32) -> Result<Arc<V>> {
        match self.slots.lock().get(Self::index(handle)?) {
            Some(Slot::Taken(value)) => Ok(value.clone()),
            _ => Err(ENOENT),
        }
    }

    /// Gives a handle up, and returns what it stood for, or `ENOENT`. Others may still have
    /// references, from [`Self::get`].
    pub fn remove(&self, handle: u32) -> Result<Arc<V>> {
        let index = Self::index(handle)?;
        let mut slots = self.slots.lock();
        slots.get_mut(index).and_then(Slot::take).ok_or(ENOENT)
    }

    /// Gives up the handle with the highest number, and returns it and what it stood for; `None` if
    /// there is no handle.
    pub fn pop(&self) -> Option<(u32, Arc<V>)> {
        let mut slots = self.slots.lock();
        let mut taken = slots.iter_mut().enumerate().rev();
        // CAST: Below `max`.
        taken.find_map(|(index, slot)| Some((Self::FIRST | index as u32, slot.take()?)))
    }

    /// Claims the lowest number that is free.
    fn claim(&self) -> Result<usize> {
        let mut slots = self.slots.lock();
        if let Some(index) = slots.iter().position(|slot| matches!(slot, Slot::Free)) {
            slots[index] = Slot::Claimed;
            return Ok(index);
        }
        if slots.len() >= self.max {
            return Err(ENOSPC);
        }
        slots.push(Slot::Claimed, GFP_KERNEL_ACCOUNT)?;
        Ok(slots.len() - 1)
    }

    /// Returns the number in a handle of this kind, or `ENOENT`.
    fn index(handle: u32) -> Result<usize> {
        match handle & !((1 << KIND_SHIFT) - 1) {
            kind if kind == Self::FIRST => Ok((handle ^ kind) as usize),
            _ => Err(ENOENT),
        }
    }
}

#[cfg(CONFIG_RUST_ACCEL_KUNIT_TEST)]
#[kunit_tests(accel_handle_table)]
mod tests {
    use super::*;

    type Table = HandleTable<u32, 3>;

    const FIRST: u32 = 0x8300_0000;

    fn table(max: u32) -> Result<Pin<KBox<Table>>> {
        KBox::pin_init(Table::new(max), GFP_KERNEL)
    }

    #[test]
    fn the_lowest_free_number_is_first() -> Result {
        let table = table(3)?;
        for number in 0..3 {
            assert_eq!(table.insert(|handle| Ok(handle))?, FIRST + number);
        }
        assert_eq!(table.insert(|_| Ok(0)).err(), Some(ENOSPC));
        assert_eq!(*table.remove(FIRST + 1)?, FIRST + 1);
        assert_eq!(table.get(FIRST + 1).err(), Some(ENOENT));
        assert_eq!(table.remove(FIRST + 1).err(), Some(ENOENT));
        assert_eq!(table.insert(|_| Ok(7))?, FIRST + 1);
        assert_eq!(*table.get(FIRST + 1)?, 7);
        Ok(())
    }

    #[test]
    fn a_handle_is_of_one_kind() -> Result {
        let table = table(1)?;
        let handle = table.insert(|_| Ok(1))?;
        for other in [
            0,
            1,
            handle & !NO_BUFFER,
            handle + (1 << KIND_SHIFT),
            u32::MAX,
        ] {
            assert_eq!(table.get(other).err(), Some(ENOENT));
        }
        assert_eq!(*table.get(handle)?, 1);
        Ok(())
    }

    #[test]
    fn what_is_being_made_is_not_found() -> Result {
        let table = table(2)?;
        table.insert(|handle| {
            assert_eq!(table.get(handle).err(), Some(ENOENT));
            assert_eq!(table.remove(handle).err(), Some(ENOENT));
            assert!(table.pop().is_none());
            Ok(1)
        })?;
        assert_eq!(table.insert(|_| Err::<u32, _>(EIO)).err(), Some(EIO));
        assert_eq!(table.insert(|_| Ok(2))?, FIRST + 1);
        Ok(())
    }

    #[test]
    fn all_are_given_up() -> Result {
        let table = table(4)?;
        for number in 0..4 {
            table.insert(|_| Ok(number))?;
        }
        table.remove(FIRST + 2)?;
        let kept = table.get(FIRST)?;
        for number in [3, 1, 0] {
            let (handle, value) = table.pop().ok_or(ENOENT)?;
            assert_eq!((handle, *value), (FIRST + number, number));
        }
        assert!(table.pop().is_none());
        assert_eq!(*kept, 0);
        Ok(())
    }
}
