// SPDX-License-Identifier: GPL-2.0

//! The lifecycle of devices: a node comes and goes with its device, and whoever uses it finds out.

use kernel::prelude::*;

#[kunit_tests(accel_lifecycle)]
mod tests {
    use super::*;
    use crate::{
        node::Node,
        scene::{
            self,
            later, //
        },
        test_state::{
            self,
            Alive, //
        },
        TestDriver,
        ADD,
        STIR,
        WAIT, //
    };
    use accel::{
        faux::Registration,
        Fault, //
    };
    use kernel::time::{
        delay::fsleep,
        Delta,
        Instant,
        Monotonic, //
    };

    #[test]
    fn unregister_with_an_open_file_1000_times() -> Result {
        for round in 0..1000 {
            let device = device()?;
            let user = Node::open_user(device.device().minor())?;
            let observer = Node::open_observer(device.device().minor())?;
            assert_eq!(user.ioctl(ADD, [16, round, 1, 0])?[3], round + 1);
            assert_eq!(observer.ioctl(ADD, [16, 1, 1, 0]), Err(EACCES));
            assert_eq!(test_state::alive(), Alive { data: 1, files: 1 });

            drop(device);
            assert_eq!(test_state::alive(), Alive { data: 0, files: 0 });
            assert_eq!(user.ioctl(ADD, [16, 1, 1, 0]), Err(ENODEV));
            assert_eq!(user.ioctl(0, [16, 1, 1, 0]), Err(ENODEV));
            assert_eq!(observer.ioctl(ADD, [16, 1, 1, 0]), Err(ENODEV));
        }
        Ok(())
    }

    #[test]
    fn state_of_a_file_goes_when_it_is_closed() -> Result {
        let device = device()?;
        let first = Node::open_user(device.device().minor())?;
        let second = Node::open_user(device.device().minor())?;
        assert_eq!(test_state::alive(), Alive { data: 1, files: 2 });
        drop(first);
        assert_eq!(test_state::alive(), Alive { data: 1, files: 1 });
        drop(second);
        assert_eq!(test_state::alive(), Alive { data: 1, files: 0 });
        Ok(())
    }

    #[test]
    fn two_devices_do_not_share_their_fate() -> Result {
        let first = device()?;
        let second = device()?;
        let first_user = Node::open_user(first.device().minor())?;
        let second_user = Node::open_user(second.device().minor())?;
        assert!(first.device().minor() != second.device().minor());

        drop(first);
        assert_eq!(first_user.ioctl(ADD, [16, 1, 1, 0]), Err(ENODEV));
        assert_eq!(second_user.ioctl(ADD, [16, 1, 1, 0])?[3], 2);
        assert_eq!(test_state::alive(), Alive { data: 1, files: 1 });
        Ok(())
    }

    #[test]
    fn a_minor_is_not_reused_while_a_file_is_open() -> Result {
        let device_1 = device()?;
        let minor = device_1.device().minor();
        let user = Node::open_user(minor)?;
        drop(device_1);

        let device_2 = device()?;
        assert!(device_2.device().minor() != minor);
        drop(user);
        let device_3 = device()?;
        assert_eq!(device_3.device().minor(), minor);
        Ok(())
    }

    #[test]
    fn the_node_goes_with_the_device() -> Result {
        let device = device()?;
        let minor = device.device().minor();
        drop(device);
        assert_eq!(Node::open_user(minor).err(), Some(ENOENT));
        Ok(())
    }

    #[test]
    fn a_failing_probe_leaves_nothing() -> Result {
        let minor = device()?.device().minor();
        test_state::fail_next_probe();
        assert_eq!(device().err(), Some(EIO));
        assert_eq!(test_state::alive(), Alive { data: 0, files: 0 });
        assert_eq!(Node::open_user(minor).err(), Some(ENOENT));
        assert_eq!(device()?.device().minor(), minor);
        Ok(())
    }

    #[test]
    fn a_failing_open_leaves_nothing() -> Result {
        let device = device()?;
        test_state::fail_next_open();
        let minor = device.device().minor();
        assert_eq!(Node::open_user(minor).err(), Some(EIO));
        assert_eq!(test_state::alive(), Alive { data: 1, files: 0 });
        let user = Node::open_user(minor)?;
        assert_eq!(user.ioctl(ADD, [16, 1, 1, 0])?[3], 2);
        Ok(())
    }

    #[test]
    fn a_wait_times_out() -> Result {
        let device = device()?;
        let user = Node::open_user(device.device().minor())?;
        let begin = Instant::<Monotonic>::now();
        assert_eq!(user.ioctl(WAIT, [16, 50, 0, 0]), Err(ETIMEDOUT));
        assert!(begin.elapsed() >= Delta::from_millis(50));
        Ok(())
    }

    #[test]
    fn a_wait_times_out_for_who_is_woken_all_the_time() -> Result {
        let device = device()?;
        let user = Node::open_user(device.device().minor())?;
        assert_eq!(user.ioctl(STIR, [16, 50, 1000, 0]), Err(ETIMEDOUT));
        Ok(())
    }

    #[test]
    fn a_sleeper_wakes_when_the_device_goes() -> Result {
        expect_to_wake(0, ENODEV, drop)
    }

    #[test]
    fn who_goes_to_sleep_as_the_device_goes_wakes() -> Result {
        expect_to_wake(200, ENODEV, drop)
    }

    #[test]
    fn a_sleeper_wakes_when_the_device_is_wedged() -> Result {
        expect_to_wake(0, EIO, wedge)
    }

    #[test]
    fn who_goes_to_sleep_as_the_device_is_wedged_wakes() -> Result {
        expect_to_wake(200, EIO, wedge)
    }

    fn wedge(device: Registration<TestDriver>) {
        device.device().reset(Fault::hardware(1));
        // The driver has no reset.
        fsleep(Delta::from_secs(1));
    }

    /// Sleeps in an ioctl, after `busy_ms` milliseconds of work, and has something happen to the
    /// device after 50; expects the ioctl to return `error` soon.
    fn expect_to_wake(busy_ms: u32, error: Error, happen: fn(Registration<TestDriver>)) -> Result {
        let device = device()?;
        let user = Node::open_user(device.device().minor())?;
        later(move || happen(device))?;

        let begin = Instant::<Monotonic>::now();
        assert_eq!(user.ioctl(WAIT, [16, 60_000, busy_ms, 0]), Err(error));
        assert!(begin.elapsed() < Delta::from_secs(10));
        // It may still be happening, in the other thread.
        while test_state::alive() != (Alive { data: 0, files: 0 }) {
            fsleep(Delta::from_millis(1));
        }
        Ok(())
    }

    fn device() -> Result<Registration<TestDriver>> {
        scene::device("lifecycle")
    }
}
