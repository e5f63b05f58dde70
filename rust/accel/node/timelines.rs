// SPDX-License-Identifier: GPL-2.0

//! The ioctls on timelines.
//!
//! To wait for a point is to wait for user space, so that is done outside of the gate.

use kernel::{
    fs::file::flags::O_CLOEXEC,
    prelude::*,
    sync::Arc,
    uaccess::UserSlice, //
};

use crate::{
    base::{
        eventfd::EventFd,
        fence::{
            Fence,
            SyncFile, //
        },
        sync_timeline::{
            self,
            PointStatus,
            SyncTimeline,
            Table,
            WaitSet, //
        },
        wait::{
            points::{
                Stage,
                Target, //
            },
            Deadline, //
        }, //
    },
    device::{
        call::Call,
        file::OpenFile, //
    },
    sys::uapi::{
        accel_timeline_attach,
        accel_timeline_close,
        accel_timeline_create,
        accel_timeline_eventfd,
        accel_timeline_export,
        accel_timeline_import,
        accel_timeline_point,
        accel_timeline_query,
        accel_timeline_signal,
        accel_timeline_sync_file,
        accel_timeline_wait,
        flags::{
            TimelineFlag,
            TimelineFlags, //
        },
        ACCEL_TIMELINE_MAX_WAIT, //
    }, //
};

/// How many points are copied from user space at a time.
const BATCH: usize = 16;

/// Returns the timelines of the file of a call, or `ENOENT` if it has none.
fn table<'a>(call: &Call<'a>) -> Result<&'a Table> {
    call.file.and_then(OpenFile::timelines).ok_or(ENOENT)
}

/// Returns a timeline of the file of a call, or `ENOENT`.
fn timeline(call: &Call<'_>, handle: u32) -> Result<Arc<SyncTimeline>> {
    table(call)?.get(handle)
}

/// Gives a timeline a handle in the file of a call.
fn insert(call: &Call<'_>, timeline: Arc<SyncTimeline>) -> Result<u32> {
    let file = call.file.ok_or(EOPNOTSUPP)?;
    file.timelines_or_new()?.insert(timeline)
}

/// Returns which stage `flags` mean.
fn stage(flags: TimelineFlags) -> Stage {
    match flags.contains(TimelineFlag::Submitted) {
        true => Stage::Submitted,
        false => Stage::Signalled,
    }
}

/// Handles `ACCEL_IOC_TIMELINE_CREATE`.
pub(super) fn create(call: Call<'_>, args: &mut accel_timeline_create) -> Result {
    if args.flags != 0 || args.handle != 0 || args.reserved != 0 {
        return Err(EINVAL);
    }
    let timeline = Arc::pin_init(SyncTimeline::new(args.value), GFP_KERNEL_ACCOUNT)?;
    args.handle = insert(&call, timeline)?;
    Ok(())
}

/// Handles `ACCEL_IOC_TIMELINE_CLOSE`.
pub(super) fn close(call: Call<'_>, args: &mut accel_timeline_close) -> Result {
    let timeline = table(&call)?.remove(args.handle)?;
    drop(call);
    drop(timeline);
    Ok(())
}

/// Handles `ACCEL_IOC_TIMELINE_QUERY`.
pub(super) fn query(call: Call<'_>, args: &mut accel_timeline_query) -> Result {
    let results = args.value | args.submitted | args.failed_point;
    if results != 0 || args.error != 0 || args.reserved != 0 {
        return Err(EINVAL);
    }
    let timeline = timeline(&call, args.handle)?;
    timeline.refresh();
    let progress = timeline.progress();
    args.value = progress.signalled;
    args.submitted = progress.submitted;
    if let Some(failure) = timeline.failure() {
        args.failed_point = failure.point;
        args.error = failure.error.to_errno().unsigned_abs();
    }
    Ok(())
}

/// Handles `ACCEL_IOC_TIMELINE_SIGNAL`.
pub(super) fn signal(call: Call<'_>, args: &mut accel_timeline_signal) -> Result {
    timeline(&call, args.handle)?.signal(args.point)
}

/// Handles `ACCEL_IOC_TIMELINE_WAIT`.
pub(super) fn wait(call: Call<'_>, args: &mut accel_timeline_wait) -> Result {
    let flags = TimelineFlags::try_from(args.flags)?;
    if args.index != 0 || args.reserved != 0 || args.count == 0 {
        return Err(EINVAL);
    }
    if args.count > ACCEL_TIMELINE_MAX_WAIT {
        return Err(E2BIG);
    }
    let file = call.file.ok_or(EOPNOTSUPP)?;
    let table = table(&call)?;
    drop(call);

    let all = flags.contains(TimelineFlag::All);
    let mut set = WaitSet::with_capacity(args.count as usize, stage(flags), all)?;
    read_points(table, &mut set, args)?;
    args.index = Deadline::restartable(args.timeout_ms, &mut args.deadline_ns, |deadline| {
        set.wait(deadline, &file.core.wait, || file.check_usable())
    })?;
    Ok(())
}

/// Reads the points that a call waits for.
fn read_points(table: &Table, set: &mut WaitSet, args: &accel_timeline_wait) -> Result {
    const NONE: accel_timeline_point = accel_timeline_point {
        handle: 0,
        reserved: 0,
        point: 0,
    };
    let address = usize::try_from(args.points_ptr).map_err(|_| EFAULT)?;
    let mut left = args.count as usize;
    let bytes = left * size_of::<accel_timeline_point>();
    let mut reader = UserSlice::new(UserPtr::from_addr(address), bytes).reader();
    let mut batch = [NONE; BATCH];
    while left != 0 {
        let points = &mut batch[..left.min(BATCH)];
        reader.read_slice(points.as_mut_bytes())?;
        table.add_to(set, points)?;
        left -= points.len();
    }
    Ok(())
}

/// Handles `ACCEL_IOC_TIMELINE_EXPORT`.
pub(super) fn export(call: Call<'_>, args: &mut accel_timeline_export) -> Result {
    if args.flags & !O_CLOEXEC != 0 || args.fd != 0 {
        return Err(EINVAL);
    }
    args.fd = sync_timeline::export(timeline(&call, args.handle)?, args.flags)?;
    Ok(())
}

/// Handles `ACCEL_IOC_TIMELINE_IMPORT`.
pub(super) fn import(call: Call<'_>, args: &mut accel_timeline_import) -> Result {
    if args.flags != 0 || args.handle != 0 {
        return Err(EINVAL);
    }
    args.handle = insert(&call, sync_timeline::import(args.fd)?)?;
    Ok(())
}

/// Handles `ACCEL_IOC_TIMELINE_ATTACH`.
pub(super) fn attach(call: Call<'_>, args: &mut accel_timeline_attach) -> Result {
    if args.flags != 0 {
        return Err(EINVAL);
    }
    let timeline = timeline(&call, args.handle)?;
    timeline.attach(args.point, &Fence::from_fd(args.fd)?)
}

/// Handles `ACCEL_IOC_TIMELINE_SYNC_FILE`.
pub(super) fn sync_file(call: Call<'_>, args: &mut accel_timeline_sync_file) -> Result {
    if args.flags != 0 || args.fd != 0 {
        return Err(EINVAL);
    }
    let fence = match timeline(&call, args.handle)?.status(args.point)? {
        PointStatus::Signalled => Fence::signalled()?,
        PointStatus::Pending(fence) => fence,
        PointStatus::NotSubmitted => return Err(EAGAIN),
    };
    let file = SyncFile::new(&fence)?;
    args.fd = file.fd();
    file.install();
    Ok(())
}

/// Handles `ACCEL_IOC_TIMELINE_EVENTFD`.
pub(super) fn eventfd(call: Call<'_>, args: &mut accel_timeline_eventfd) -> Result {
    let flags = TimelineFlags::try_from(args.flags)?;
    if flags.contains(TimelineFlag::All) {
        return Err(EINVAL);
    }
    let timeline = timeline(&call, args.handle)?;
    let target = Target {
        point: args.point,
        stage: stage(flags),
    };
    timeline.watch(target, EventFd::get(args.fd)?)
}
