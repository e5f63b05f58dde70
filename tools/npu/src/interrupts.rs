// SPDX-License-Identifier: GPL-2.0

//! Interrupt sources: which are pending, enabled, and routed to which vector.

use crate::registers::SOURCE_COUNT;

const SOURCES: u32 = (1 << SOURCE_COUNT) - 1;

/// An interrupt source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Source(u8);

impl Source {
    /// The mailbox, and errors of the device.
    pub const MANAGEMENT: Self = Self(0);

    /// The source with that number.
    pub fn new(number: usize) -> Option<Self> {
        (number < SOURCE_COUNT).then_some(Self(number as u8))
    }

    /// Completions of a context.
    pub fn completion(context: usize) -> Self {
        Self::of_context(context, 1)
    }

    /// A context has halted.
    pub fn halt(context: usize) -> Self {
        Self::of_context(context, 2)
    }

    /// The ring of a context is empty.
    pub fn drained(context: usize) -> Self {
        Self::of_context(context, 3)
    }

    /// A command asks for it.
    pub fn notify(context: usize) -> Self {
        Self::of_context(context, 4)
    }

    fn of_context(context: usize, which: usize) -> Self {
        Self((4 * context + which) as u8)
    }

    fn bit(self) -> u32 {
        1 << self.0
    }

    fn index(self) -> usize {
        self.0.into()
    }
}

/// The registers of interrupts. What is to be sent is collected in
/// [`Interrupts::take_messages()`].
#[derive(Debug)]
pub struct Interrupts {
    pending: u32,
    enabled: u32,
    routes: [u8; SOURCE_COUNT],
    lost: [u32; SOURCE_COUNT],
    vectors: u16,
    messages: Vec<u16>,
}

impl Interrupts {
    /// Those of a device with that number of vectors.
    pub fn new(vectors: u16) -> Self {
        Self {
            pending: 0,
            enabled: 0,
            routes: [0; SOURCE_COUNT],
            lost: [0; SOURCE_COUNT],
            vectors,
            messages: Vec::new(),
        }
    }

    /// A function reset.
    pub fn reset(&mut self) {
        *self = Self::new(self.vectors);
    }

    /// Something has happened.
    pub fn raise(&mut self, source: Source) {
        self.change(|registers| registers.pending |= source.bit());
    }

    /// The sources of a context that is reset.
    pub fn clear_context(&mut self, context: usize) {
        let sources = 0b1111 << (4 * context + 1);
        self.pending &= !sources;
    }

    /// A message without a cause.
    pub fn send_spurious(&mut self, source: Source) {
        self.messages.push(self.routes[source.index()].into());
    }

    /// The next messages of the source are not sent.
    pub fn lose(&mut self, source: Source, count: u32) {
        self.lost[source.index()] = count;
    }

    /// What is to be sent now.
    pub fn take_messages(&mut self) -> Vec<u16> {
        std::mem::take(&mut self.messages)
    }

    /// Reads `IRQ_PENDING`.
    pub fn pending(&self) -> u32 {
        self.pending
    }

    /// Writes `IRQ_PENDING`.
    pub fn acknowledge(&mut self, sources: u32) {
        self.pending &= !sources;
    }

    /// Reads `IRQ_ENABLE`.
    pub fn enabled(&self) -> u32 {
        self.enabled
    }

    /// Writes `IRQ_ENABLE`.
    pub fn enable(&mut self, sources: u32) {
        self.change(|registers| registers.enabled = sources & SOURCES);
    }

    /// Writes `IRQ_FORCE`.
    pub fn force(&mut self, sources: u32) {
        self.change(|registers| registers.pending |= sources & SOURCES);
    }

    /// Reads a word of `IRQ_ROUTE`.
    pub fn route(&self, source: Source) -> u32 {
        self.routes[source.index()].into()
    }

    /// Writes a word of `IRQ_ROUTE`.
    pub fn set_route(&mut self, source: Source, vector: u32) {
        let exists = vector < self.vectors.into();
        self.routes[source.index()] = if exists { vector as u8 } else { 0 };
    }

    /// Sends messages for the sources that become both pending and enabled.
    fn change(&mut self, change: impl FnOnce(&mut Self)) {
        let before = self.pending & self.enabled;
        change(self);
        let new = self.pending & self.enabled & !before;
        for index in (0..SOURCE_COUNT).filter(|index| new & (1 << index) != 0) {
            match &mut self.lost[index] {
                0 => self.messages.push(self.routes[index].into()),
                lost => *lost -= 1,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn enabled(sources: u32) -> Interrupts {
        let mut interrupts = Interrupts::new(17);
        interrupts.enable(sources);
        interrupts
    }

    #[test]
    fn a_source_sends_again_once_it_is_acknowledged() {
        let mut interrupts = enabled(SOURCES);
        let source = Source::completion(2);
        interrupts.set_route(source, 9);
        interrupts.raise(source);
        interrupts.raise(source);
        assert_eq!(interrupts.take_messages(), [9]);
        assert_eq!(interrupts.pending(), 1 << 9);
        interrupts.acknowledge(1 << 9);
        assert!(interrupts.take_messages().is_empty());
        interrupts.raise(source);
        assert_eq!(interrupts.take_messages(), [9]);
    }

    #[test]
    fn enabling_sends_what_is_pending() {
        let mut interrupts = enabled(0);
        interrupts.raise(Source::MANAGEMENT);
        interrupts.raise(Source::notify(3));
        assert!(interrupts.take_messages().is_empty());
        interrupts.set_route(Source::notify(3), 16);
        interrupts.enable(u32::MAX);
        assert_eq!(interrupts.enabled(), SOURCES);
        assert_eq!(interrupts.take_messages(), [0, 16]);
    }

    #[test]
    fn routes_end_with_the_vectors() {
        let mut interrupts = Interrupts::new(5);
        for (vector, route) in [(4, 4), (5, 0), (3, 3), (u32::MAX, 0)] {
            interrupts.set_route(Source::halt(0), vector);
            assert_eq!(interrupts.route(Source::halt(0)), route);
        }
    }

    #[test]
    fn forcing_sets_existing_sources_only() {
        let mut interrupts = enabled(SOURCES);
        interrupts.force(u32::MAX);
        assert_eq!(interrupts.pending(), SOURCES);
        assert_eq!(interrupts.take_messages().len(), SOURCE_COUNT);
    }

    #[test]
    fn lost_messages_leave_their_bits() {
        let mut interrupts = enabled(SOURCES);
        let source = Source::drained(1);
        interrupts.lose(source, 2);
        for _ in 0..2 {
            interrupts.raise(source);
            assert_eq!(interrupts.pending(), source.bit());
            assert!(interrupts.take_messages().is_empty());
            interrupts.acknowledge(source.bit());
        }
        interrupts.raise(source);
        assert_eq!(interrupts.take_messages(), [0]);
    }

    #[test]
    fn spurious_messages_have_no_bits() {
        let mut interrupts = enabled(0);
        interrupts.set_route(Source::halt(3), 12);
        interrupts.send_spurious(Source::halt(3));
        assert_eq!(interrupts.pending(), 0);
        assert_eq!(interrupts.take_messages(), [12]);
    }

    #[test]
    fn a_context_has_four_sources() {
        let mut interrupts = enabled(0);
        interrupts.force(SOURCES);
        interrupts.clear_context(1);
        assert_eq!(interrupts.pending(), SOURCES & !0b1_1110_0000);
        assert_eq!(Source::completion(1).bit(), 1 << 5);
        assert_eq!(Source::notify(1).bit(), 1 << 8);
        assert_eq!(Source::new(17), None);
    }
}
