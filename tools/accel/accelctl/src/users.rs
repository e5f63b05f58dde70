// SPDX-License-Identifier: GPL-2.0

//! Names of user ids.

use std::collections::BTreeMap;

/// The users that this system knows by itself, without asking a directory
/// service.
#[derive(Debug, Default)]
pub struct Users(BTreeMap<u32, String>);

impl Users {
    /// Those of `/etc/passwd`; none if it cannot be read, since names are only
    /// a convenience.
    pub fn of_this_system() -> Self {
        let file = std::fs::read("/etc/passwd").unwrap_or_default();
        Self::parse(&String::from_utf8_lossy(&file))
    }

    /// Those of a file in the format of passwd(5). The first of several names
    /// counts, as in getpwuid(3).
    pub fn parse(file: &str) -> Self {
        let mut names = BTreeMap::new();
        for (name, uid) in file.lines().filter_map(user) {
            names.entry(uid).or_insert_with(|| name.to_owned());
        }
        Self(names)
    }

    /// The name of a user, if it is known.
    pub fn name(&self, uid: u32) -> Option<&str> {
        self.0.get(&uid).map(String::as_str)
    }
}

/// Takes the name and the id out of a line.
fn user(line: &str) -> Option<(&str, u32)> {
    let mut fields = line.split(':');
    let name = fields.next().filter(|name| !name.is_empty())?;
    let uid = fields.nth(1)?.parse().ok()?;
    Some((name, uid))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_have_names() {
        let users = Users::parse(
            "root:x:0:0:root:/root:/bin/bash\n\
             alice:x:1000:1000::/home/alice:/bin/sh\n",
        );
        assert_eq!(users.name(0), Some("root"));
        assert_eq!(users.name(1000), Some("alice"));
        assert_eq!(users.name(1001), None);
    }

    #[test]
    fn the_first_name_counts() {
        let users = Users::parse("root:x:0:0:::\ntoor:x:0:0:::\n");
        assert_eq!(users.name(0), Some("root"));
    }

    #[test]
    fn other_lines_are_passed_over() {
        let users = Users::parse("\n# no user\n+::::::\n:x:5:5:::\nbob:x\neve:x:-1:1:::\n");
        assert!(users.0.is_empty(), "{users:?}");
    }
}
