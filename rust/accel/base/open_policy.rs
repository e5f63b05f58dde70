// SPDX-License-Identifier: GPL-2.0

//! Whom a device admits as a user.
//!
//! Only decides; who is there is for [`Files`](crate::device::file::Files) to know.

use kernel::prelude::*;

use crate::sys::uapi;

/// How many files may have a device open in the role of a user at the same time.
///
/// Counts open file descriptions, so a process that forks, or passes its descriptor on, has still
/// opened the device once. Observers are not counted, and are always admitted.
///
/// # Examples
///
/// ```
/// use accel::OpenPolicy;
///
/// /// Two users at a time.
/// const TWO: OpenPolicy = OpenPolicy::Limited(2);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OpenPolicy {
    /// Any number.
    Shared,
    /// One.
    Exclusive,
    /// This many.
    Limited(u32),
    /// This many for each effective user id.
    PerUser(u32),
}

/// The users that are there when another one asks to be admitted.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct CurrentUsers {
    /// All of them.
    pub(crate) all: u32,
    /// Those with the effective user id of the one that asks.
    pub(crate) of_same_uid: u32,
}

impl OpenPolicy {
    /// Checks that the policy admits anybody.
    pub(crate) const fn check(self) {
        if let Self::Limited(0) | Self::PerUser(0) = self {
            panic!("an open policy that admits nobody");
        }
    }

    /// Decides whether another user is admitted. If not, returns `EBUSY`.
    pub(crate) fn admit(self, current: CurrentUsers) -> Result {
        let full = match self {
            Self::Shared => false,
            Self::Exclusive => current.all >= 1,
            Self::Limited(limit) => current.all >= limit,
            Self::PerUser(limit) => current.of_same_uid >= limit,
        };
        if full {
            return Err(EBUSY);
        }
        Ok(())
    }

    /// Returns the policy as user space knows it: a constant, and a limit, zero if there is none.
    pub(crate) fn to_uapi(self) -> (u32, u32) {
        match self {
            Self::Shared => (uapi::ACCEL_OPEN_SHARED, 0),
            Self::Exclusive => (uapi::ACCEL_OPEN_EXCLUSIVE, 1),
            Self::Limited(limit) => (uapi::ACCEL_OPEN_LIMITED, limit),
            Self::PerUser(limit) => (uapi::ACCEL_OPEN_PER_USER, limit),
        }
    }
}

#[cfg(CONFIG_RUST_ACCEL_KUNIT_TEST)]
#[kunit_tests(accel_open_policy)]
mod tests {
    use super::*;

    #[test]
    fn shared_admits_everybody() {
        assert_eq!(OpenPolicy::Shared.admit(present(0, 0)), Ok(()));
        assert_eq!(
            OpenPolicy::Shared.admit(present(u32::MAX, u32::MAX)),
            Ok(())
        );
    }

    #[test]
    fn exclusive_admits_one() {
        assert_eq!(OpenPolicy::Exclusive.admit(present(0, 0)), Ok(()));
        assert_eq!(OpenPolicy::Exclusive.admit(present(1, 0)), Err(EBUSY));
        assert_eq!(OpenPolicy::Exclusive.admit(present(1, 1)), Err(EBUSY));
    }

    #[test]
    fn limited_admits_so_many() {
        assert_eq!(OpenPolicy::Limited(3).admit(present(2, 2)), Ok(()));
        assert_eq!(OpenPolicy::Limited(3).admit(present(3, 0)), Err(EBUSY));
    }

    #[test]
    fn per_user_admits_so_many_of_each() {
        assert_eq!(OpenPolicy::PerUser(2).admit(present(100, 1)), Ok(()));
        assert_eq!(OpenPolicy::PerUser(2).admit(present(100, 2)), Err(EBUSY));
        assert_eq!(OpenPolicy::PerUser(2).admit(present(2, 2)), Err(EBUSY));
    }

    fn present(all: u32, of_same_uid: u32) -> CurrentUsers {
        CurrentUsers { all, of_same_uid }
    }
}
