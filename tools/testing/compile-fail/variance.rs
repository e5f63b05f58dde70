// SPDX-License-Identifier: GPL-2.0

//! What belongs to a driver stays with it. The cases beside it take it for that of another driver,
//! whose type is a supertype or a subtype.

#![forbid(unsafe_code)]

#[allow(unused_imports, reason = "each case uses one of them")]
use accel::{
    buffer::{
        Buffer,
        BufferTable,
        Memory, //
    },
    engine::EngineId,
    faux,
    info::{
        Topic,
        TopicTable, //
    },
    prelude::*,
    Attribute,
    AttributeTable,
    DebugFile,
    DebugTable,
    Features, //
};
use core::marker::PhantomData;

/// Drivers, two of which differ in a lifetime.
struct Driver<F>(PhantomData<F>);

type Sub = Driver<for<'a> fn(&'a u8)>;
#[allow(dead_code, reason = "for the cases")]
type Super = Driver<fn(&'static u8)>;

type Kind<T> = Option<T>;

impl<F: Send + Sync + 'static> AccelDriver for Driver<F> {
    type Data = CovariantForLt!(());
    const INFO: DriverInfo = DriverInfo {
        name: "variance",
        version: "1",
        user_space_url: "tools/variance",
        user_space_license: "GPL-2.0",
        documentation_url: "Documentation/variance",
    };
    const OPEN_POLICY: OpenPolicy = OpenPolicy::Shared;
    const IOCTLS: IoctlTable<Self> = IoctlTable::new(&[]);
}

/// Takes what belongs to one driver for what belongs to the other.
#[allow(dead_code, reason = "it is enough that it compiles")]
fn take(one: Kind<Sub>) -> Kind<Sub> {
    one
}
