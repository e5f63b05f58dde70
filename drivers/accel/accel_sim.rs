// SPDX-License-Identifier: GPL-2.0

//! An accelerator in software, that adds and multiplies. It shows how a driver takes work and does
//! it later: buffers, a queue, fences, poll.
//!
//! To run it: `insmod accel_sim.ko`, with `devices=N` for several.

#![forbid(unsafe_code)]

#[path = "sim/compute.rs"]
mod compute;
#[path = "sim/queue.rs"]
mod queue;
mod sim_uapi;

use accel::{
    buffer::{
        BufferTable,
        Limits,
        MemoryOps,
        Regions, //
    },
    engine::{
        Engine,
        EngineClass,
        EngineId,
        EngineTable, //
    },
    faux,
    fence::{
        Fence,
        FenceCallback,
        SyncFile, //
    },
    prelude::*,
    Features,
    FileOps,
    WorkOps, //
};
use kernel::{
    device,
    str::CString,
    sync::Arc, //
};

use self::{
    compute::Computation,
    queue::{
        Jobs,
        Queue, //
    },
    sim_uapi::{
        Submit,
        Wait,
        ACCEL_SIM_IN_FENCE,
        ACCEL_SIM_OUT_FENCE, //
    },
};

struct Sim;

struct Data {
    queue: Arc<Queue>,
}

/// What does the jobs.
const PROCESSOR: EngineId<Sim> = EngineId::row::<0>();

/// How much memory a device has of its own.
const MEMORY: usize = 4 << 20;

fn submit(ctx: Context<'_, Sim>, args: &mut Submit) -> Result {
    let waits = args.flags & ACCEL_SIM_IN_FENCE != 0;
    if args.flags & !(ACCEL_SIM_IN_FENCE | ACCEL_SIM_OUT_FENCE) != 0
        || !waits && args.in_fence != 0
        || args.out_fence != 0
        || args.job != 0
    {
        return Err(EINVAL);
    }
    let (ctx, computation) = Computation::new(ctx, args)?;
    let asked = match waits {
        true => {
            let fence = Fence::from_fd(args.in_fence)?;
            let callback = FenceCallback::new(ctx.device(), fence);
            Some(KBox::pin_init(callback, GFP_KERNEL_ACCOUNT)?)
        }
        false => None,
    };

    let out = ctx.file().submit(&ctx, computation, asked, |fence| {
        let out = args.flags & ACCEL_SIM_OUT_FENCE != 0;
        out.then(|| SyncFile::new(fence)).transpose()
    })?;
    args.job = out.job;
    if let Some(file) = out.extra {
        args.out_fence = file.fd();
        file.install();
    }
    ctx.device().queue_background();
    Ok(())
}

fn wait(ctx: Context<'_, Sim>, args: &mut Wait) -> Result {
    if args.error != 0 || args.reserved != 0 {
        return Err(EINVAL);
    }
    let fence = ctx.file().find(args.job)?;
    let (ctx, status) =
        Deadline::restartable(args.timeout_ms, &mut args.deadline_ns, |deadline| {
            let (ctx, wake) = ctx.wait_fence(&fence, deadline)?;
            Ok((ctx, wake.ready()?))
        })?;
    args.error = status.map_or_else(|e| e.to_errno(), |()| 0);
    ctx.file().seen(args.job);
    Ok(())
}

impl AccelDriver for Sim {
    type Data = CovariantForLt!(Data);
    const INFO: DriverInfo = DriverInfo {
        name: "accel_sim",
        version: "1",
        user_space_url: "tools/testing/selftests/accel",
        user_space_license: "GPL-2.0",
        documentation_url: "include/uapi/accel/sim.h",
    };
    const OPEN_POLICY: OpenPolicy = OpenPolicy::Shared;
    const BUFFERS: BufferTable<Self> = BufferTable::system(Limits::NONE);
    const IOCTLS: IoctlTable<Self> = IoctlTable::new(&[
        Ioctl::new(0x40, "ACCEL_SIM_IOC_SUBMIT", submit, "Submits a job"),
        Ioctl::new(0x41, "ACCEL_SIM_IOC_WAIT", wait, "Waits for a job"),
    ]);
    const ENGINES: EngineTable = EngineTable::new(&[Engine {
        name: "processor",
        class: EngineClass::Compute,
        count: 1,
    }]);
    const FEATURES: Features<Self> = Features::none().file().memory().work();
}

impl MemoryOps for Sim {
    fn memory(_data: &Data, regions: &mut Regions<'_>) -> Result {
        regions.add_carve_out(c"device", MEMORY)
    }
}

impl WorkOps for Sim {
    fn stop(ctx: &Context<'_, Self, Observer>) {
        ctx.data().queue.stop();
    }

    fn background(ctx: &Context<'_, Self, Observer>) {
        // One at a time, so that a removal does not wait for more than that.
        if ctx.data().queue.run_next(ctx.device()) {
            ctx.device().queue_background();
            ctx.device().queue_clean_up();
        }
    }

    fn clean_up(ctx: &Context<'_, Self, Observer>) {
        ctx.data().queue.clean_up();
    }
}

impl FileOps for Sim {
    type File = Jobs;

    fn open(ctx: &Context<'_, Self, Observer>) -> impl PinInit<Jobs, Error> {
        Jobs::new(ctx.device(), ctx.data().queue.clone())
    }

    fn poll(ctx: &Context<'_, Self>) -> bool {
        ctx.file().has_unseen()
    }
}

impl faux::Driver for Sim {
    fn probe(_dev: &device::Device<device::Bound>) -> impl PinInit<Data, Error> + '_ {
        Ok(Data {
            queue: Arc::pin_init(Queue::new(), GFP_KERNEL)?,
        })
    }
}

accel::check_features!(Sim);

module! {
    type: SimModule,
    name: "accel_sim",
    authors: ["The accel developers"],
    description: "An accelerator in software",
    license: "GPL",
    params: {
        devices: u32 {
            default: 1,
            description: "How many devices there are, accel_sim.N (default: 1)",
        },
    },
}

struct SimModule {
    _devices: KVec<faux::Registration<Sim>>,
}

impl kernel::Module for SimModule {
    fn init(_module: &'static ThisModule) -> Result<Self> {
        let mut devices = KVec::new();
        for n in 0..module_parameters::devices.value() {
            let name = CString::try_from_fmt(fmt!("accel_sim.{n}"))?;
            devices.push(faux::Registration::new(&name)?, GFP_KERNEL)?;
        }
        Ok(Self { _devices: devices })
    }
}
