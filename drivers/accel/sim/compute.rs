// SPDX-License-Identifier: GPL-2.0

//! What the accelerator computes.

use accel::{
    buffer::{
        Access,
        Buffer,
        VMap, //
    },
    prelude::*, //
};

use crate::{
    sim_uapi::{
        Operand,
        Submit,
        ACCEL_SIM_ADD,
        ACCEL_SIM_MATMUL,
        ACCEL_SIM_MAX_STEPS,
        ACCEL_SIM_MULTIPLY, //
    },
    Sim, //
};

/// How many numbers are computed at a time.
const CHUNK: usize = 64;

enum Op {
    Vector(fn(i32, i32) -> i32),
    MatMul { m: usize, k: usize },
}

/// A part of a buffer.
struct Part {
    buffer: Buffer<Sim>,
    offset: usize,
}

impl Part {
    fn new(ctx: &Context<'_, Sim>, operand: &Operand, len: u64) -> Result<Self> {
        if operand.reserved != 0 {
            return Err(EINVAL);
        }
        let buffer = ctx.buffer(operand.handle)?;
        let end = operand.offset.checked_add(len).ok_or(EINVAL)?;
        if end > buffer.size() as u64 {
            return Err(EINVAL);
        }
        Ok(Self {
            buffer,
            // CAST: At most the size of the buffer.
            offset: operand.offset as usize,
        })
    }
}

/// A part of a buffer that a computation may access.
struct View {
    buffer: Buffer<Sim>,
    map: VMap,
    offset: usize,
}

impl View {
    fn new(part: Part, map: VMap) -> Self {
        Self {
            buffer: part.buffer,
            map,
            offset: part.offset,
        }
    }

    /// Reads numbers of 32 bits, from number `first` on.
    fn read_i32(&self, first: usize, to: &mut [i32]) -> Result {
        self.map
            .read(self.offset + first * size_of::<i32>(), to.as_mut_bytes())
    }

    fn write_i32(&self, first: usize, from: &[i32]) -> Result {
        self.map
            .write(self.offset + first * size_of::<i32>(), from.as_bytes())
    }

    /// Reads numbers of 8 bits.
    fn read_i8(&self, first: usize, to: &mut [i8]) -> Result {
        self.map.read(self.offset + first, to.as_mut_bytes())
    }
}

/// A computation whose operands are known to be there.
pub(crate) struct Computation {
    op: Op,
    n: usize,
    a: View,
    b: View,
    result: View,
}

impl Computation {
    /// Checks what was submitted, and maps its buffers. Returns `EINVAL` if it makes no sense or is
    /// too large, `ENOENT` if there is no such buffer.
    pub(crate) fn new<'a>(
        ctx: Context<'a, Sim>,
        args: &Submit,
    ) -> Result<(Context<'a, Sim>, Self)> {
        let op = match args.op {
            ACCEL_SIM_ADD => Op::Vector(i32::wrapping_add),
            ACCEL_SIM_MULTIPLY => Op::Vector(i32::wrapping_mul),
            ACCEL_SIM_MATMUL => Op::MatMul {
                m: args.m as usize,
                k: args.k as usize,
            },
            _ => return Err(EINVAL),
        };
        let [m, n, k] = [args.m, args.n, args.k].map(u64::from);
        let (steps, a, b, result) = match op {
            Op::Vector(_) if m != 0 || k != 0 => return Err(EINVAL),
            Op::Vector(_) => (Some(n), n * 4, n * 4, n * 4),
            Op::MatMul { .. } => ((m * n).checked_mul(k), m * k, k * n, m * n),
        };
        // What is small enough has no product that is too large.
        match steps {
            Some(1..=ACCEL_SIM_MAX_STEPS) => (),
            _ => return Err(EINVAL),
        }
        let result = match op {
            Op::Vector(_) => result,
            Op::MatMul { .. } => result * 4,
        };
        let a = Part::new(&ctx, &args.a, a)?;
        let b = Part::new(&ctx, &args.b, b)?;
        let result = Part::new(&ctx, &args.result, result)?;
        let memories = [&*a.buffer, &*b.buffer, &*result.buffer];
        let deadline = Deadline::in_ms(Deadline::MAX_MS);
        let (ctx, maps) = ctx.when_mapped(&memories, deadline, |ctx| {
            let [a, b, result] = memories;
            Ok((
                a.vmap_for_work(ctx)?,
                b.vmap_for_work(ctx)?,
                result.vmap_for_work(ctx)?,
            ))
        })?;
        let maps = maps.ready()?;
        let computation = Self {
            op,
            n: args.n as usize,
            a: View::new(a, maps.0),
            b: View::new(b, maps.1),
            result: View::new(result, maps.2),
        };
        Ok((ctx, computation))
    }

    /// Returns the buffers, and what is done with each.
    pub(crate) fn buffers(&self) -> [(&Buffer<Sim>, Access); 3] {
        [
            (&self.a.buffer, Access::Read),
            (&self.b.buffer, Access::Read),
            (&self.result.buffer, Access::Write),
        ]
    }

    /// Computes, as long as `goes_on` says that it may. Returns `None` if it did not to the end.
    pub(crate) fn run(&self, goes_on: impl Fn() -> bool) -> Option<Result> {
        for row in 0..self.rows() {
            for first in (0..self.n).step_by(CHUNK) {
                if !goes_on() {
                    return None;
                }
                let len = CHUNK.min(self.n - first);
                if let Err(error) = self.chunk(row, first, len) {
                    return Some(Err(error));
                }
            }
        }
        Some(Ok(()))
    }

    fn rows(&self) -> usize {
        match self.op {
            Op::Vector(_) => 1,
            Op::MatMul { m, .. } => m,
        }
    }

    /// Computes `len` numbers of a row, at most [`CHUNK`], from number `first` on.
    fn chunk(&self, row: usize, first: usize, len: usize) -> Result {
        let mut result = [0i32; CHUNK];
        match self.op {
            Op::Vector(f) => self.combine(f, first, &mut result[..len])?,
            Op::MatMul { k, .. } => self.multiply(row, k, first, &mut result[..len])?,
        }
        self.result.write_i32(row * self.n + first, &result[..len])
    }

    /// Computes numbers of a vector.
    fn combine(&self, f: fn(i32, i32) -> i32, first: usize, result: &mut [i32]) -> Result {
        let mut b = [0; CHUNK];
        let b = &mut b[..result.len()];
        self.a.read_i32(first, result)?;
        self.b.read_i32(first, b)?;
        for (result, b) in result.iter_mut().zip(b) {
            *result = f(*result, *b);
        }
        Ok(())
    }

    /// Computes numbers of a row of a product of matrices.
    fn multiply(&self, row: usize, k: usize, first: usize, sums: &mut [i32]) -> Result {
        for i in 0..k {
            let (mut a, mut b) = ([0], [0; CHUNK]);
            let b = &mut b[..sums.len()];
            self.a.read_i8(row * k + i, &mut a)?;
            self.b.read_i8(i * self.n + first, b)?;
            for (sum, b) in sums.iter_mut().zip(b) {
                *sum = sum.wrapping_add(i32::from(a[0]) * i32::from(*b));
            }
        }
        Ok(())
    }
}
