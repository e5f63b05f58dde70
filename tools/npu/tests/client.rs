// SPDX-License-Identifier: GPL-2.0

//! The program, with a client of vfio-user: what QEMU does for a guest.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::fs::FileExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command as Process, Stdio};
use std::time::Duration;

use fastrand::Rng;
use npu::command::{code, Command, Record};
use npu::memory::local;
use npu::registers::*;
use rustix::event::{eventfd, poll, EventfdFlags, PollFd, PollFlags};
use rustix::fs::{ftruncate, memfd_create, MemfdFlags, Timespec};
use vfio_bindings::bindings::vfio::{
    VFIO_IRQ_SET_ACTION_TRIGGER, VFIO_IRQ_SET_DATA_EVENTFD, VFIO_PCI_BAR0_REGION_INDEX,
    VFIO_PCI_BAR2_REGION_INDEX, VFIO_PCI_BAR4_REGION_INDEX, VFIO_PCI_CONFIG_REGION_INDEX,
    VFIO_PCI_MSIX_IRQ_INDEX,
};
use vfio_user::Client;
use zerocopy::IntoBytes;

/// Where the host's memory is for the device, and how much there is.
const BASE: u64 = 0x12_3400_0000;
const BYTES: u64 = 4 << 20;
/// Parts of the host's memory.
const IMAGE: u64 = 0;
const RING: u64 = 1 << 20;
const RECORDS: u64 = (1 << 20) + 0x1000;
const DATA: u64 = 2 << 20;
/// Offsets in device memory.
const SECOND: u64 = 8 << 20;

const PATIENCE: Timespec = Timespec {
    tv_sec: 60,
    tv_nsec: 0,
};

/// A folder that goes with the test.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("npu-{name}-{}", std::process::id()));
        std::fs::create_dir(&path).unwrap();
        Self(path)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// The program, which is ended with the test, however that ends.
struct Program(Child);

impl Program {
    fn serve(folder: &Folder, arguments: &[&str]) -> Self {
        let mut child = Process::new(env!("CARGO_BIN_EXE_npu"))
            .arg("serve")
            .arg("--socket")
            .arg(folder.path("socket"))
            .arg("--control")
            .arg(folder.path("control"))
            .args(arguments)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let output = child.stdout.take().unwrap();
        BufReader::new(output).read_line(&mut line).unwrap();
        assert_eq!(line, "ready\n");
        Self(child)
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What a guest and its machine are.
struct Host {
    client: Client,
    memory: File,
    events: Vec<File>,
}

impl Host {
    /// Connects, lets the device use memory, and takes 17 interrupts.
    fn connect(socket: &Path) -> Self {
        let mut client = Client::new(socket).unwrap();
        let memory = File::from(memfd_create("host", MemfdFlags::CLOEXEC).unwrap());
        ftruncate(&memory, BYTES).unwrap();
        client.dma_map(0, BASE, BYTES, memory.as_raw_fd()).unwrap();
        // Memory space and bus master.
        client
            .region_write(VFIO_PCI_CONFIG_REGION_INDEX, 4, &[6, 0])
            .unwrap();
        let events: Vec<File> = (0..SOURCE_COUNT)
            .map(|_| eventfd(0, EventfdFlags::CLOEXEC).unwrap().into())
            .collect();
        let descriptors: Vec<_> = events.iter().map(AsRawFd::as_raw_fd).collect();
        let flags = VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER;
        // A server of this crate takes 16 descriptors in a message.
        for (start, part) in (0..).step_by(16).zip(descriptors.chunks(16)) {
            let count = part.len() as u32;
            client
                .set_irqs(VFIO_PCI_MSIX_IRQ_INDEX, flags, start, count, part)
                .unwrap();
        }
        let mut host = Self {
            client,
            memory,
            events,
        };
        for source in 0..SOURCE_COUNT as u64 {
            host.write(IRQ_ROUTE + 4 * source, source as u32);
        }
        host.write(IRQ_ENABLE, u32::MAX);
        host
    }

    fn read(&mut self, offset: u64) -> u32 {
        let mut data = [0; 4];
        self.client
            .region_read(VFIO_PCI_BAR0_REGION_INDEX, offset, &mut data)
            .unwrap();
        u32::from_le_bytes(data)
    }

    fn write(&mut self, offset: u64, value: u32) {
        self.client
            .region_write(VFIO_PCI_BAR0_REGION_INDEX, offset, &value.to_le_bytes())
            .unwrap();
    }

    /// Waits for the interrupt of a source, and acknowledges it.
    fn wait(&mut self, source: usize) {
        let event = &mut self.events[source];
        let mut ready = [PollFd::new(event, PollFlags::IN)];
        assert_eq!(poll(&mut ready, Some(&PATIENCE)), Ok(1), "source {source}");
        let mut count = [0; 8];
        event.read_exact(&mut count).unwrap();
        assert_eq!(u64::from_ne_bytes(count), 1, "source {source}");
        self.write(IRQ_PENDING, 1 << source);
    }

    /// Gives a command to the mailbox; returns its answer.
    fn ask(&mut self, code: u16, arguments: &[u32]) -> u32 {
        for (at, argument) in (MAILBOX_ARGUMENT..).step_by(4).zip(arguments) {
            self.write(at, *argument);
        }
        self.write(MAILBOX_COMMAND, code.into());
        self.wait(0);
        assert_eq!(self.read(MAILBOX_STATUS), MAILBOX_DONE);
        self.read(MAILBOX_REPLY)
    }

    fn boot(&mut self, image: &[u8]) {
        self.memory.write_all_at(image, IMAGE).unwrap();
        let at = BASE + IMAGE;
        let arguments = [at as u32, (at >> 32) as u32, image.len() as u32];
        assert_eq!(self.ask(MAILBOX_LOAD, &arguments), 0x0002_0304);
        self.ask(MAILBOX_START, &[]);
        assert_eq!(self.read(STATUS), STATE_READY);
    }

    /// Enables a context.
    fn enable(&mut self, index: u64) {
        let block = CONTEXT_BLOCKS + CONTEXT_STRIDE * index;
        for (register, at) in [(RING_BASE_LO, RING), (RECORD_BASE_LO, RECORDS)] {
            self.write(block + register, (BASE + at) as u32);
            self.write(block + register + 4, ((BASE + at) >> 32) as u32);
        }
        self.write(block + RING_ORDER, 4);
        self.write(block + CTX_CONTROL, CTX_ENABLE);
    }

    /// Has a context execute the command in the first entry of its ring.
    fn execute(&mut self, index: u64, command: &Command) {
        self.memory.write_all_at(command.as_bytes(), RING).unwrap();
        let at = DOORBELL_STRIDE * index;
        self.client
            .region_write(VFIO_PCI_BAR2_REGION_INDEX, at, &[1, 0, 0, 0])
            .unwrap();
    }

    fn record(&self) -> Record {
        let mut data = [0; 16];
        self.memory.read_exact_at(&mut data, RECORDS).unwrap();
        Record::from_bytes(data)
    }
}

fn make_image(folder: &Folder) -> Vec<u8> {
    let path = folder.path("image");
    let status = Process::new(env!("CARGO_BIN_EXE_npu"))
        .args(["firmware", "--version", "2.3.4", "--output"])
        .arg(&path)
        .status()
        .unwrap();
    assert!(status.success());
    std::fs::read(path).unwrap()
}

#[test]
fn a_product_is_computed_over_the_socket() {
    let folder = Folder::new("product");
    let mut program = Program::serve(&folder, &[]);
    let mut host = Host::connect(&folder.path("socket"));
    assert_eq!(host.read(ID), ID_VALUE);
    host.boot(&make_image(&folder));
    host.enable(3);

    let mut random = Rng::with_seed(2026);
    let [rows, inner, columns] = [200, 120, 90];
    let a: Vec<u8> = (0..rows * inner).map(|_| random.u8(..)).collect();
    let b: Vec<u8> = (0..inner * columns).map(|_| random.u8(..)).collect();
    host.memory.write_all_at(&a, DATA).unwrap();
    // The client maps device memory; the other part is in the host's.
    let region = host.client.region(VFIO_PCI_BAR4_REGION_INDEX).unwrap();
    assert_eq!(region.size, MEMORY_BYTES);
    let mapped = region.file_offset.as_ref().unwrap();
    assert_eq!(mapped.start(), 0);
    mapped.file().write_all_at(&b, SECOND).unwrap();

    host.execute(
        3,
        &Command {
            code: code::MATMUL.into(),
            sequence: 77.into(),
            source: (BASE + DATA).into(),
            second: local(SECOND).into(),
            destination: (BASE + DATA + (1 << 20)).into(),
            rows: (rows as u16).into(),
            inner: (inner as u16).into(),
            columns: (columns as u16).into(),
            ..Command::default()
        },
    );
    host.wait(13);
    let wanted = Record {
        address: 0,
        sequence: 77,
        status: 0,
        phase: true,
    };
    assert_eq!(host.record(), wanted);
    let mut seen = vec![0; rows * columns * 4];
    let at = DATA + (1 << 20);
    host.memory.read_exact_at(&mut seen, at).unwrap();
    for (index, sum) in seen.chunks_exact(4).enumerate() {
        let (row, column) = (index / columns, index % columns);
        let wanted: i32 = (0..inner)
            .map(|at| (a[row * inner + at], b[at * columns + column]))
            .map(|(left, right)| i32::from(left as i8) * i32::from(right as i8))
            .sum();
        assert_eq!(sum, wanted.to_le_bytes(), "row {row}, column {column}");
    }

    drop(host);
    assert!(program.0.wait().unwrap().success());
    assert!(!folder.path("socket").exists());
    assert!(!folder.path("control").exists());
}

/// Gives an order, as a test does with a shell.
fn order(control: &mut UnixStream, line: &str) -> String {
    writeln!(control, "{line}").unwrap();
    let mut answer = String::new();
    BufReader::new(control).read_line(&mut answer).unwrap();
    answer.trim_end().to_owned()
}

#[test]
fn faults_are_ordered_over_the_control_socket() {
    let folder = Folder::new("faults");
    let _program = Program::serve(&folder, &["--revision", "a", "--serial", "5"]);
    let mut host = Host::connect(&folder.path("socket"));
    assert_eq!((host.read(REVISION), host.read(SERIAL_LO)), (0x10, 5));
    host.boot(&make_image(&folder));
    host.enable(0);

    let mut control = UnixStream::connect(folder.path("control")).unwrap();
    let patience = Some(Duration::from_secs(60));
    control.set_read_timeout(patience).unwrap();
    let mistake = "error: not a number that is possible here";
    assert_eq!(order(&mut control, "hang 9"), mistake);
    assert_eq!(order(&mut control, "hang 0"), "ok");
    host.execute(0, &Command::default());
    assert_eq!(order(&mut control, "spurious 16"), "ok");
    host.wait(16);
    assert_eq!(order(&mut control, "crash"), "ok");
    host.wait(2);
    host.wait(0);
    assert_eq!(host.read(ERROR), ERROR_FIRMWARE);
    assert_eq!(host.read(STATUS), STATE_CRASHED);

    // The client resets the function, as a machine does.
    host.client.reset().unwrap();
    assert_eq!(host.read(STATUS), STATE_ROM);

    assert_eq!(order(&mut control, "remove"), "ok");
    assert_eq!(host.read(ID), u32::MAX);
}

#[test]
fn a_signal_ends_the_program() {
    let folder = Folder::new("signal");
    let mut program = Program::serve(&folder, &[]);
    let id = rustix::process::Pid::from_child(&program.0);
    rustix::process::kill_process(id, rustix::process::Signal::TERM).unwrap();
    assert!(program.0.wait().unwrap().success());
    assert!(!folder.path("socket").exists());
    assert!(!folder.path("control").exists());
}
