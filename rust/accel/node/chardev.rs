// SPDX-License-Identifier: GPL-2.0

//! Class, char-device region and file operations.
//!
//! The operations belong to the core: an open file pins this module and never a driver's.

use kernel::{
    bindings, container_of,
    error::{
        from_result,
        to_result, //
    },
    ffi::{
        c_int,
        c_long,
        c_uint,
        c_ulong, //
    },
    fs::{
        file::flags,
        File, //
    },
    module::this_module,
    prelude::*,
    str::as_char_ptr_in_const_context,
    sync::{
        atomic::{
            Atomic,
            Relaxed, //
        },
        Arc,
        ArcBorrow, //
    },
    types::{
        ForeignOwnable,
        Opaque, //
    },
};

use super::{
    dispatch,
    fdinfo,
    mapping,
    sysfs::{
        self,
        OwnAttributes, //
    }, //
};
use crate::{
    base::{
        minor::MAX_MINORS,
        state::State,
        wait, //
    },
    device::{
        file::{
            OpenFile,
            Role, //
        },
        ops::DriverOps,
        reset::quiesce::QuiesceReason,
        trace,
        uevent,
        Attributes,
        Core,
        Node,
        Passthroughs, //
    },
    sys::ffi::{
        self,
        Shared, //
    },
    LocalModule, //
};

const NAME: &CStr = c"accelerator";

/// Reading is looking, writing is using: a group may be let in by udev.
const NODE_MODE: bindings::umode_t = 0o664;

static CLASS: Shared<bindings::class> = Shared::new(bindings::class {
    name: as_char_ptr_in_const_context(NAME),
    dev_groups: sysfs::groups(),
    dev_uevent: Some(uevent::add_variables),
    devnode: Some(devnode),
    shutdown_pre: Some(shut_down),
    ..pin_init::zeroed()
});

static FOPS: Shared<bindings::file_operations> = Shared::new(bindings::file_operations {
    owner: this_module::<LocalModule>().as_ptr(),
    open: Some(open),
    release: Some(release),
    unlocked_ioctl: Some(ioctl),
    compat_ioctl: bindings::compat_ptr_ioctl,
    read: Some(read),
    poll: Some(poll),
    mmap: Some(mapping::mmap),
    #[cfg(CONFIG_TRANSPARENT_HUGEPAGE)]
    get_unmapped_area: Some(bindings::thp_get_unmapped_area),
    show_fdinfo: Some(fdinfo::show),
    ..pin_init::zeroed()
});

/// The first device number of the region, once there is one.
static REGION: Atomic<u32> = Atomic::new(0);

/// Returns the class of all devices.
pub(crate) fn class() -> *const bindings::class {
    CLASS.get()
}

/// Returns what a device of the driver that `ops` is of needs for its node.
pub(crate) fn node(ops: &DriverOps) -> Result<Node> {
    let attributes = OwnAttributes::new(ops.info.name, ops.attributes)?;
    Ok(Node {
        class: class(),
        first_number: REGION.load(Relaxed),
        operations: FOPS.get(),
        attributes: attributes.map(|attributes| attributes as KBox<dyn Attributes>),
        passthroughs: Passthroughs::new(),
    })
}

/// The registered class; there is one.
pub(crate) struct Class(());

impl Class {
    pub(crate) fn new() -> Result<Self> {
        // SAFETY: The class is static and not registered yet: only the module's init gets here.
        to_result(unsafe { bindings::class_register(class()) })?;
        Ok(Self(()))
    }
}

impl Drop for Class {
    fn drop(&mut self) {
        // SAFETY: The class is registered, and without drivers there are no devices.
        unsafe { bindings::class_unregister(class()) };
    }
}

/// The registered region of device numbers; there is one.
pub(crate) struct Region(bindings::dev_t);

impl Region {
    pub(crate) fn new() -> Result<Self> {
        let mut first = 0;
        // SAFETY: `first` is valid for writes and the name is static.
        to_result(unsafe {
            bindings::alloc_chrdev_region(&mut first, 0, MAX_MINORS as u32, NAME.as_char_ptr())
        })?;
        REGION.store(first, Relaxed);
        Ok(Self(first))
    }
}

impl Drop for Region {
    fn drop(&mut self) {
        // SAFETY: The region was registered by `new()`.
        unsafe { bindings::unregister_chrdev_region(self.0, MAX_MINORS as u32) };
    }
}

/// Has a device cease to work for good, as the system shuts down, or another kernel is to run.
///
/// Devices on a bus are told later than those of a class on them, and only here devices of all
/// buses are. Processes may still run: their calls fail. The driver core holds the lock of the
/// device on the bus, as in a removal.
///
/// # Safety
///
/// To be called by the driver core, for a device of ours.
unsafe extern "C" fn shut_down(dev: *mut bindings::device) -> c_int {
    // SAFETY: The device is part of a `Core`.
    let core = unsafe { &*container_of!(Opaque::cast_from(dev), Core, dev) };
    core.quiesce_for_bus(QuiesceReason::ShutDown);
    0
}

/// Places the nodes below `/dev/accelerator`.
///
/// The driver core takes null for indifference: the node would be `/dev/accelN` when it is made,
/// and would stay when it is deleted. So there has to be memory for the few bytes of the name.
///
/// # Safety
///
/// To be called by the driver core.
unsafe extern "C" fn devnode(
    dev: *const bindings::device,
    mode: *mut bindings::umode_t,
) -> *mut c_char {
    // SAFETY: The driver core passes a valid device, and null or a valid pointer to a mode. It
    // frees the returned string.
    unsafe {
        if let Some(mode) = mode.as_mut() {
            *mode = NODE_MODE;
        }
        bindings::kasprintf(
            bindings::GFP_KERNEL | (1 << bindings::___GFP_NOFAIL_BIT),
            c"accelerator/%s".as_char_ptr(),
            bindings::dev_name(dev),
        )
    }
}

/// Opens a node.
///
/// # Safety
///
/// To be called by the VFS.
unsafe extern "C" fn open(inode: *mut bindings::inode, file: *mut bindings::file) -> c_int {
    from_result(|| {
        // SAFETY: The VFS passes a valid inode, whose char device is one that `Core::new()` has set
        // up and which is referenced during this call; it is part of a `Core`, referenced by it.
        let core = unsafe {
            let cdev = (*inode).__bindgen_anon_5.i_cdev;
            &*container_of!(Opaque::cast_from(cdev), Core, cdev)
        };
        // SAFETY: The VFS passes a valid file.
        let flags = unsafe { File::from_raw_file(file) }.flags();
        let role = match flags & flags::O_ACCMODE {
            flags::O_RDONLY => Role::Observer,
            flags::O_RDWR => Role::User,
            _ => return Err(EINVAL),
        };

        let open = OpenFile::new(core, role, flags);
        trace::open(core, role, open.as_deref());
        let open = open.map_err(wait::restart)?;
        // SAFETY: Nobody else knows the file before this call has returned.
        unsafe {
            (*file).f_mapping = open.core.space.as_raw();
            (*file).private_data = open.into_foreign();
            Ok(bindings::stream_open(inode, file))
        }
    })
}

/// Closes the last descriptor of a file.
///
/// # Safety
///
/// To be called by the VFS, for a file that `open` has opened.
unsafe extern "C" fn release(_inode: *mut bindings::inode, file: *mut bindings::file) -> c_int {
    // SAFETY: `open` has stored it, and this is the last call for the file.
    let open = unsafe { Arc::<OpenFile>::from_foreign((*file).private_data) };
    trace::release(&open);
    open.release();
    0
}

/// Returns what a file is: that of ours, and that of the VFS.
///
/// # Safety
///
/// To be called for the VFS, for a file that `open` has opened, and that is not released before the
/// result is gone.
#[inline(always)]
unsafe fn opened<'a>(file: *mut bindings::file) -> (ArcBorrow<'a, OpenFile>, &'a File) {
    // SAFETY: `open` has stored it, and `release` has not been called yet.
    let open = unsafe { Arc::<OpenFile>::borrow((*file).private_data) };
    // SAFETY: The VFS passes a valid file.
    (open, unsafe { File::from_raw_file(file) })
}

/// Returns whether the callers of a file do not want to wait.
fn is_nonblocking(file: &File) -> bool {
    file.flags() & flags::O_NONBLOCK != 0
}

/// Runs an ioctl.
///
/// # Safety
///
/// To be called by the VFS, for a file that `open` has opened.
unsafe extern "C" fn ioctl(file: *mut bindings::file, cmd: c_uint, arg: c_ulong) -> c_long {
    // SAFETY: Same requirements.
    let (open, file) = unsafe { opened(file) };
    if trace::ioctls() {
        return traced_ioctl(&open, file, cmd, arg);
    }
    untraced_ioctl(&open, file, cmd, arg)
}

/// Runs an ioctl that somebody wants to know about.
#[cold]
#[inline(never)]
fn traced_ioctl(open: &OpenFile, file: &File, cmd: c_uint, arg: c_ulong) -> c_long {
    let name = dispatch::name(open, cmd);
    // What it is if the array is not terminated, which it is.
    let name = CStr::from_bytes_until_nul(&name).unwrap_or(c"-");

    trace::ioctl_begin(open, cmd, name);
    let begin_ns = ffi::monotonic_ns();
    let ret = untraced_ioctl(open, file, cmd, arg);
    let duration_ns = ffi::monotonic_ns() - begin_ns;
    // CAST: An errno is a small number.
    trace::ioctl_end(open, cmd, name, ret as c_int, duration_ns);
    ret
}

/// Runs an ioctl.
fn untraced_ioctl(open: &OpenFile, file: &File, cmd: c_uint, arg: c_ulong) -> c_long {
    let nonblock = || is_nonblocking(file);
    match dispatch::ioctl(open, nonblock, cmd, UserPtr::from_addr(arg)) {
        Ok(()) => 0,
        // CAST: An errno is a small number.
        Err(e) => wait::restart(e).to_errno() as c_long,
    }
}

/// Reads events.
///
/// # Safety
///
/// To be called by the VFS, for a file that `open` has opened.
unsafe extern "C" fn read(
    file: *mut bindings::file,
    to: *mut c_char,
    len: usize,
    _position: *mut bindings::loff_t,
) -> isize {
    // SAFETY: Same requirements.
    let (open, file) = unsafe { opened(file) };
    let to = UserPtr::from_ptr(to.cast());

    let events = &open.core.events;
    match events.read(&open.events, to, len, is_nonblocking(file)) {
        // CAST: The VFS bounds lengths by `isize::MAX`.
        Ok(read) => read as isize,
        // CAST: An errno is a small number.
        Err(e) => wait::restart(e).to_errno() as isize,
    }
}

/// Returns whether the driver has something for a file to ask for.
fn driver_is_ready(open: &OpenFile) -> bool {
    if open.role != Role::User {
        return false;
    }
    open.call_running().is_some_and(|call| {
        let fns = call.ops().features.file;
        // SAFETY: The call was admitted to a device of this driver, and comes from a user.
        fns.is_some_and(|fns| unsafe { (fns.poll)(&call) })
    })
}

/// Tells pollers that there are events to read, what the driver says, and that the device is gone,
/// or wedged if they are users.
///
/// They are only in the queue of the file, which no interrupt walks.
///
/// # Safety
///
/// To be called by the VFS, for a file that `open` has opened.
unsafe extern "C" fn poll(
    file: *mut bindings::file,
    table: *mut bindings::poll_table,
) -> bindings::__poll_t {
    // SAFETY: Same requirements.
    let (open, _) = unsafe { opened(file) };

    // SAFETY: The VFS passes a valid file and table. The queue lives as long as the file, which
    // leaves it before it is released.
    unsafe { bindings::poll_wait(file, open.events.wait.as_raw(), table) };

    let mut ready = 0;
    if open.core.events.has_unread(&open.events) || driver_is_ready(&open) {
        ready |= bindings::POLLIN | bindings::POLLRDNORM;
    }
    match open.core.gate.state() {
        State::Gone => ready |= bindings::POLLHUP | bindings::POLLERR,
        // Observers can still wait for what becomes of it.
        State::Wedged if open.role == Role::User => ready |= bindings::POLLERR,
        State::Running | State::Resetting | State::Wedged => (),
    }
    ready
}
