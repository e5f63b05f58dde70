// SPDX-License-Identifier: GPL-2.0

//! The driver `accel_sim`, an accelerator in software, `include/uapi/accel/sim.h`.

use rustix::io::Errno;
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

use crate::buffer::Buffer;
use crate::{Device, Error};

/// The name that the driver gives in topic DRIVER.
pub const DRIVER: &str = "accel_sim";

/// [`Submit::op`]: adds vectors.
pub const ADD: u32 = 0;
/// [`Submit::op`]: multiplies vectors, number by number.
pub const MULTIPLY: u32 = 1;
/// [`Submit::op`]: multiplies matrices.
pub const MATMUL: u32 = 2;

/// The largest job, in multiplications or additions of numbers.
pub const MAX_STEPS: u32 = 0x40_0000;
/// How long a job may take, in milliseconds: far longer than the largest.
const TIMEOUT_MS: u32 = 60_000;

/// How many jobs of an open file can be on their way.
pub const MAX_JOBS: u32 = 64;

/// [`Submit::flags`]: the job waits for [`Submit::in_fence`].
pub const IN_FENCE: u32 = 0x1;
/// [`Submit::flags`]: the job gets a sync_file, [`Submit::out_fence`].
pub const OUT_FENCE: u32 = 0x2;

/// Where in a buffer something is, `struct accel_sim_operand`.
#[derive(Debug, Default, Clone, Copy, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C, align(8))]
pub struct Operand {
    /// Bytes from its beginning.
    pub offset: u64,
    /// Of the buffer.
    pub handle: u32,
    /// Must be zero.
    pub reserved: u32,
}

/// Argument of `ACCEL_SIM_IOC_SUBMIT`, `struct accel_sim_submit`.
#[derive(Debug, Default, Clone, Copy, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C, align(8))]
pub struct Submit {
    /// Set by [`Device::call`](crate::Device::call).
    pub size: u32,
    /// In: [`ADD`], [`MULTIPLY`] or [`MATMUL`].
    pub op: u32,
    /// In: a combination of [`IN_FENCE`] and [`OUT_FENCE`].
    pub flags: u32,
    /// In: descriptor of a sync_file; zero without [`IN_FENCE`].
    pub in_fence: i32,
    /// In: the first operand.
    pub a: Operand,
    /// In: the second operand.
    pub b: Operand,
    /// In: where the result goes.
    pub result: Operand,
    /// In: rows of `a` and of the result; zero for vectors.
    pub m: u32,
    /// In: length of vectors; columns of `b` and of the result.
    pub n: u32,
    /// In: columns of `a` and rows of `b`; zero for vectors.
    pub k: u32,
    /// In: must be zero. Out: descriptor of a sync_file; zero without
    /// [`OUT_FENCE`].
    pub out_fence: i32,
    /// In: must be zero. Out: number of the job in this open file.
    pub job: u64,
}

/// Argument of `ACCEL_SIM_IOC_WAIT`, `struct accel_sim_wait`.
#[derive(Debug, Default, Clone, Copy, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C, align(8))]
pub struct Wait {
    /// Set by [`Device::call`](crate::Device::call).
    pub size: u32,
    /// In: how long to wait, in milliseconds; zero to return at once.
    pub timeout_ms: u32,
    /// In: number of a job.
    pub job: u64,
    /// In: must be zero. Out: zero if the job was done, or a negative error
    /// number that says why it was not.
    pub error: i32,
    /// Must be zero.
    pub reserved: u32,
    /// In: the time of CLOCK_MONOTONIC at which to give up, in nanoseconds; zero
    /// to go by `timeout_ms`. Out, with `EINTR`: that time.
    pub deadline_ns: u64,
}

/// Lets the device add vectors of the same length, number by number, modulo
/// 2^32.
///
/// # Errors
///
/// [`Error::Refused`] with `EINVAL` if they have no numbers, or more than
/// [`MAX_STEPS`]; `ETIMEDOUT`, `EINTR`, or one of the general errors and those of
/// [`Buffer::new`].
///
/// # Panics
///
/// If the lengths differ.
pub fn add(device: &Device, a: &[i32], b: &[i32]) -> Result<Vec<i32>, Error> {
    assert_eq!(a.len(), b.len());
    let job = Submit {
        op: ADD,
        // More is refused, as is what is not the length any more.
        n: a.len().try_into().unwrap_or(u32::MAX),
        ..Submit::default()
    };
    let what = format!("sum of vectors of {} numbers", a.len());
    run(device, job, [a.as_bytes(), b.as_bytes()], a.len()).map_err(|error| {
        error
            .asked(what)
            .advise(Errno::INVAL, advice(a.len() as u64))
    })
}

/// Lets the device multiply a matrix of `m` rows and `k` columns with one of `k`
/// rows and `n` columns. All are row by row, the result too.
///
/// # Errors
///
/// As [`add`], with `m * k * n` in place of the length.
///
/// # Panics
///
/// If `a` or `b` have another size.
pub fn matmul(device: &Device, [m, k, n]: [u32; 3], a: &[i8], b: &[i8]) -> Result<Vec<i32>, Error> {
    let [rows, inner, columns] = [m, k, n].map(|size| size as usize);
    assert_eq!((a.len(), b.len()), (rows * inner, inner * columns));
    let job = Submit {
        op: MATMUL,
        m,
        k,
        n,
        ..Submit::default()
    };
    let what = format!("product of {m} x {k} and {k} x {n} numbers");
    let steps = [m, k, n].map(u64::from).into_iter();
    let steps = steps.fold(1, u64::saturating_mul);
    run(device, job, [a.as_bytes(), b.as_bytes()], rows * columns)
        .map_err(|error| error.asked(what).advise(Errno::INVAL, advice(steps)))
}

fn advice(steps: u64) -> Option<String> {
    (steps > MAX_STEPS.into()).then(|| format!("a job has at most {MAX_STEPS} steps"))
}

/// Does a job on two operands, and returns so many results.
fn run(
    device: &Device,
    mut job: Submit,
    [a, b]: [&[u8]; 2],
    results: usize,
) -> Result<Vec<i32>, Error> {
    let mut result = vec![0; results];
    let bytes = result.as_mut_slice().as_mut_bytes();
    // One after the other in one buffer.
    let (second, third) = (a.len(), a.len() + b.len());
    let buffer = Buffer::new(device, third + bytes.len())?;
    buffer.write(0, a);
    buffer.write(second, b);
    [job.a, job.b, job.result] = [0, second, third].map(|offset| Operand {
        offset: offset as u64,
        handle: buffer.handle(),
        reserved: 0,
    });

    device.call(&mut job)?;
    let mut wait = Wait {
        job: job.job,
        timeout_ms: TIMEOUT_MS,
        ..Wait::default()
    };
    device.call(&mut wait)?;
    if wait.error != 0 {
        let errno = Errno::from_raw_os_error(wait.error.saturating_neg());
        return Err(device.refused("job".to_owned(), errno, None));
    }
    buffer.read(third, bytes);
    Ok(result)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::buffer::{Close, Create, MmapOffset};
    use crate::simulation::Simulation;
    use rustix::fs::{memfd_create, MemfdFlags};
    use std::fs::File;
    use std::os::unix::fs::FileExt;
    use std::sync::atomic::{AtomicI32, Ordering::SeqCst};
    use std::sync::Arc;

    /// A device whose jobs have this error. Counts the buffers that there are,
    /// of which it has one at most.
    fn device(error: i32, buffers: Arc<AtomicI32>) -> Device {
        let file = File::from(memfd_create("accel-sim", MemfdFlags::CLOEXEC).unwrap());
        let memory = file.try_clone().unwrap();
        let mut kernel = Simulation::command(move |nr, bytes| {
            match nr {
                0x01 => {
                    let create = Create::mut_from_bytes(bytes).unwrap();
                    assert_eq!((create.region, create.flags, create.handle), (0, 0, 0));
                    file.set_len(create.bytes).unwrap();
                    create.handle = 7;
                    assert_eq!(buffers.fetch_add(1, SeqCst), 0);
                }
                0x03 => {
                    assert_eq!(Close::ref_from_bytes(bytes).unwrap().handle, 7);
                    assert_eq!(buffers.fetch_sub(1, SeqCst), 1);
                }
                0x04 => assert_eq!(MmapOffset::ref_from_bytes(bytes).unwrap().handle, 7),
                0x40 => {
                    let submit = Submit::mut_from_bytes(bytes).unwrap();
                    compute(&file, submit);
                    submit.job = 5;
                }
                0x41 => {
                    let wait = Wait::mut_from_bytes(bytes).unwrap();
                    assert_eq!((wait.job, wait.timeout_ms), (5, TIMEOUT_MS));
                    wait.error = error;
                }
                _ => return Err(Errno::NOTTY),
            }
            Ok(())
        });
        kernel.memory = Some(memory);
        Device::new("accel2".into(), Box::new(kernel))
    }

    /// Subtracts vectors; of matrices it takes the first numbers only.
    fn compute(file: &File, job: &Submit) {
        let operands = [job.a, job.b, job.result];
        assert!(operands.iter().all(|it| it.handle == 7 && it.reserved == 0));
        assert_eq!((job.flags, job.in_fence, job.out_fence), (0, 0, 0));
        let [a, b, result] = operands.map(|it| it.offset);
        match job.op {
            ADD => {
                assert_eq!((job.m, job.k), (0, 0));
                for i in (0..u64::from(job.n)).map(|i| i * 4) {
                    let (mut x, mut y) = ([0; 4], [0; 4]);
                    file.read_exact_at(&mut x, a + i).unwrap();
                    file.read_exact_at(&mut y, b + i).unwrap();
                    let difference = i32::from_ne_bytes(x) - i32::from_ne_bytes(y);
                    let bytes = difference.to_ne_bytes();
                    file.write_all_at(&bytes, result + i).unwrap();
                }
            }
            MATMUL => {
                let (mut x, mut y) = ([0], [0]);
                file.read_exact_at(&mut x, a).unwrap();
                file.read_exact_at(&mut y, b).unwrap();
                let product = i32::from(x[0] as i8) * i32::from(y[0] as i8);
                let last = u64::from(job.m * job.n - 1) * 4;
                let bytes = product.to_ne_bytes();
                file.write_all_at(&bytes, result + last).unwrap();
            }
            op => panic!("{op}"),
        }
    }

    #[test]
    fn add_passes_the_vectors_and_returns_the_result() {
        let buffers = Arc::new(AtomicI32::new(0));
        let device = device(0, buffers.clone());
        let difference = add(&device, &[9, 8, -7], &[1, 10, 5]).unwrap();
        assert_eq!(difference, [8, -2, -12]);
        assert_eq!(buffers.load(SeqCst), 0);
    }

    #[test]
    fn matmul_passes_the_matrices_and_returns_the_result() {
        let device = device(0, Arc::default());
        let (a, b) = ([-3; 2 * 3], [5; 3 * 4]);
        let product = matmul(&device, [2, 3, 4], &a, &b).unwrap();
        assert_eq!(product, [0, 0, 0, 0, 0, 0, 0, -15]);
    }

    #[test]
    fn a_job_that_fails_says_so() {
        let buffers = Arc::new(AtomicI32::new(0));
        let device = device(-Errno::IO.raw_os_error(), buffers.clone());
        let error = add(&device, &[1], &[2]).unwrap_err().to_string();
        let expected = "accel2: sum of vectors of 1 numbers: input/output error (EIO)";
        assert_eq!(error, expected);
        assert_eq!(buffers.load(SeqCst), 0);
    }

    #[test]
    fn what_is_too_large_has_advice() {
        let kernel = Simulation::command(|_, _| Err(Errno::INVAL));
        let device = Device::new("accel2".into(), Box::new(kernel));
        let error = |[m, k, n]: [u32; 3]| {
            let a = vec![0; (m * k) as usize];
            let b = vec![0; (k * n) as usize];
            matmul(&device, [m, k, n], &a, &b).unwrap_err().to_string()
        };
        assert!(error([1024, 4, 1025]).ends_with("(EINVAL): a job has at most 4194304 steps"));
        assert!(error([1024, 4, 1024]).ends_with("(EINVAL)"));
    }
}
