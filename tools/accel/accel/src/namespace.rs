// SPDX-License-Identifier: GPL-2.0

//! Where devices are found.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use rustix::io::Errno;

use crate::Error;

/// The two folders in which devices appear.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Namespace {
    class: PathBuf,
    nodes: PathBuf,
}

/// A device that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// N of accelN.
    pub minor: u32,
    /// Path of the node.
    pub node: PathBuf,
    /// Whether the node is there. In a container, the class has all devices, and there
    /// are nodes of those only that the container was given.
    pub has_node: bool,
}

/// The folders of this system.
impl Default for Namespace {
    fn default() -> Self {
        Self::under(Path::new("/"))
    }
}

impl Namespace {
    /// The folders of the system whose root folder this is.
    pub fn under(root: &Path) -> Self {
        Self {
            class: root.join("sys/class/accelerator"),
            nodes: root.join("dev/accelerator"),
        }
    }

    /// Path of the node of a device.
    pub fn node(&self, minor: u32) -> PathBuf {
        self.nodes.join(format!("accel{minor}"))
    }

    /// All devices, by minor number.
    ///
    /// These are the members of the class and all nodes: a container may have
    /// a node but no `/sys`, and a node may be missing when there is no devtmpfs
    /// or udev.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] if a folder cannot be read. It is not an error if it
    /// does not exist, which only means that the framework is not loaded.
    pub fn devices(&self) -> Result<Vec<Entry>, Error> {
        let mut found = BTreeMap::new();
        for (folder, has_node) in [(&self.class, false), (&self.nodes, true)] {
            for minor in minors(folder)? {
                found.insert(minor, has_node);
            }
        }
        let entry = |(minor, has_node)| Entry {
            minor,
            node: self.node(minor),
            has_node,
        };
        Ok(found.into_iter().map(entry).collect())
    }
}

/// The minor numbers of all accelN in a folder.
fn minors(folder: &Path) -> Result<Vec<u32>, Error> {
    let refused = |error: std::io::Error| Error::Refused {
        node: folder.to_owned(),
        request: "looking for devices".to_owned(),
        errno: Errno::from_io_error(&error).unwrap_or(Errno::IO),
        advice: None,
    };
    let entries = match std::fs::read_dir(folder) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        other => other.map_err(refused)?,
    };
    let mut minors = Vec::new();
    for entry in entries {
        let name = entry.map_err(refused)?.file_name();
        minors.extend(name.to_str().and_then(minor));
    }
    Ok(minors)
}

/// N, if this is the name of a device, accelN.
fn minor(name: &str) -> Option<u32> {
    let digits = name.strip_prefix("accel")?;
    let minor = digits.parse().ok()?;
    // "accel007" and "accel+7" parse as well, but are not how the kernel writes it.
    (name == format!("accel{minor}")).then_some(minor)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    /// A root folder of its own for each test, gone with the value.
    struct Root(PathBuf);

    impl Root {
        fn new(name: &str) -> Self {
            let name = format!("accel-namespace-{name}-{}", std::process::id());
            let path = std::env::temp_dir().join(name);
            fs::create_dir_all(&path).unwrap();
            Self(path)
        }

        fn add(&self, path: &str) {
            fs::create_dir_all(self.0.join(path)).unwrap();
        }
    }

    impl Drop for Root {
        fn drop(&mut self) {
            fs::remove_dir_all(&self.0).unwrap();
        }
    }

    #[test]
    fn only_canonical_names_are_devices() {
        assert_eq!(minor("accel0"), Some(0));
        assert_eq!(minor("accel1048575"), Some(1_048_575));
        for name in [
            "accel", "accel00", "accel+1", "accel-1", "accel1p", "card0", "xaccel0",
        ] {
            assert_eq!(minor(name), None, "{name}");
        }
    }

    #[test]
    fn without_folders_there_are_no_devices() {
        let root = Root::new("empty");
        assert_eq!(Namespace::under(&root.0).devices().unwrap(), []);
    }

    #[test]
    fn devices_come_from_both_folders_in_order() {
        let root = Root::new("both");
        for path in [
            "sys/class/accelerator/accel10",
            "sys/class/accelerator/accel2",
        ] {
            root.add(path);
        }
        for path in [
            "dev/accelerator/accel2",
            "dev/accelerator/accel0",
            "dev/accelerator/by-path",
        ] {
            root.add(path);
        }
        let devices = Namespace::under(&root.0).devices().unwrap();
        let found: Vec<_> = devices.iter().map(|entry| entry.minor).collect();
        assert_eq!(found, [0, 2, 10]);
        let have_nodes: Vec<_> = devices.iter().map(|entry| entry.has_node).collect();
        assert_eq!(have_nodes, [true, true, false]);
        assert_eq!(devices[2].node, root.0.join("dev/accelerator/accel10"));
    }

    #[test]
    fn a_folder_that_cannot_be_read_is_an_error() {
        let root = Root::new("file");
        root.add("dev");
        fs::write(root.0.join("dev/accelerator"), "").unwrap();
        let error = Namespace::under(&root.0).devices().unwrap_err();
        assert_eq!(error.errno(), Some(Errno::NOTDIR));
    }

    #[test]
    fn the_default_is_this_system() {
        let node = Namespace::default().node(3);
        assert_eq!(node, Path::new("/dev/accelerator/accel3"));
    }
}
