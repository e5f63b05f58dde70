// SPDX-License-Identifier: GPL-2.0

//! Who keeps a device from admitting another user.

use std::path::Path;

use accel::uapi::{ClientRole, InfoClient, InfoDriver, OpenPolicy};
use accel::Device;
use rustix::process::geteuid;

use crate::clients::Client;
use crate::info::Driver;
use crate::users::Users;

/// Asks a device, as an observer, for its policy and for those who are in our
/// way. Returns [`None`] if nobody is.
pub fn ask(node: &Path) -> Result<Option<String>, accel::Error> {
    let device = Device::open_observer(node)?;
    let driver = device.info_one::<InfoDriver>()?;
    let clients = device.info::<InfoClient>()?;
    let own_uid = geteuid().as_raw();
    Ok(describe(
        driver,
        &clients,
        own_uid,
        &Users::of_this_system(),
    ))
}

fn describe(
    driver: InfoDriver,
    clients: &[InfoClient],
    own_uid: u32,
    users: &Users,
) -> Option<String> {
    let policy = driver.open_policy;
    let holders: Vec<_> = clients
        .iter()
        .filter(|client| is_in_the_way(client, policy, own_uid))
        .map(|client| Client::new(client, users).describe())
        .collect();
    let policy = Driver::from(driver).policy();
    let names = holders.join(", ");
    (!holders.is_empty()).then(|| format!("its policy is \"{policy}\", and it is held by {names}"))
}

/// Whether the policy counts a client when we want to become a user.
fn is_in_the_way(client: &InfoClient, policy: OpenPolicy, own_uid: u32) -> bool {
    let counts = policy != OpenPolicy::PER_USER || client.uid == own_uid;
    client.role == ClientRole::USER && counts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clients::tests::{hidden, users, visible};

    fn held(open_policy: OpenPolicy, clients: &[InfoClient], own_uid: u32) -> Option<String> {
        let driver = InfoDriver {
            open_policy,
            open_limit: match open_policy {
                OpenPolicy::EXCLUSIVE => 1,
                _ => 2,
            },
            ..InfoDriver::default()
        };
        describe(driver, clients, own_uid, &users())
    }

    fn stranger() -> InfoClient {
        InfoClient {
            role: ClientRole::USER,
            ..hidden()
        }
    }

    #[test]
    fn the_holders_are_named_with_the_policy() {
        assert_eq!(
            held(OpenPolicy::EXCLUSIVE, &[visible()], 1000).unwrap(),
            "its policy is \"exclusive\", and it is held by train it (pid 412) of alice"
        );
        assert_eq!(
            held(OpenPolicy::LIMITED, &[visible(), stranger()], 1000).unwrap(),
            "its policy is \"limited 2\", and it is held by train it (pid 412) of alice, \
             a process of uid 1001"
        );
    }

    #[test]
    fn per_user_only_ones_own_count() {
        let clients = [visible(), stranger(), visible()];
        assert_eq!(
            held(OpenPolicy::PER_USER, &clients, 1000).unwrap(),
            "its policy is \"per user 2\", and it is held by train it (pid 412) of alice, \
             train it (pid 412) of alice"
        );
        assert_eq!(held(OpenPolicy::PER_USER, &clients, 7), None);
    }

    #[test]
    fn observers_are_in_nobodys_way() {
        assert_eq!(held(OpenPolicy::EXCLUSIVE, &[hidden()], 1000), None);
    }
}
