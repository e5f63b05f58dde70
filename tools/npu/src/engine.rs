// SPDX-License-Identifier: GPL-2.0

//! Computation, without a device around it.

/// An operation of VECTOR.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// a + b
    Add,
    /// a - b
    Subtract,
    /// a * b
    Multiply,
    /// The lesser one.
    Minimum,
    /// The greater one.
    Maximum,
}

impl Operation {
    /// By its number in a command.
    pub fn from_number(number: u32) -> Option<Self> {
        Some(match number {
            0 => Self::Add,
            1 => Self::Subtract,
            2 => Self::Multiply,
            3 => Self::Minimum,
            4 => Self::Maximum,
            _ => return None,
        })
    }

    fn integers(self, a: i32, b: i32) -> i32 {
        match self {
            Self::Add => a.wrapping_add(b),
            Self::Subtract => a.wrapping_sub(b),
            Self::Multiply => a.wrapping_mul(b),
            Self::Minimum => a.min(b),
            Self::Maximum => a.max(b),
        }
    }

    fn floats(self, a: f32, b: f32) -> f32 {
        match self {
            Self::Add => a + b,
            Self::Subtract => a - b,
            Self::Multiply => a * b,
            Self::Minimum => a.min(b),
            Self::Maximum => a.max(b),
        }
    }

    /// Replaces each word of `a` by the result with that of `b`.
    pub fn apply(self, number: Number, a: &mut [u8], b: &[u8]) {
        for (a, b) in a.chunks_exact_mut(4).zip(b.chunks_exact(4)) {
            let (left, right) = (word(a), word(b));
            let result = match number {
                Number::I32 => self.integers(left as i32, right as i32) as u32,
                Number::F32 => self
                    .floats(f32::from_bits(left), f32::from_bits(right))
                    .to_bits(),
            };
            a.copy_from_slice(&result.to_le_bytes());
        }
    }
}

/// What the words of VECTOR are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Number {
    /// Signed integers.
    I32,
    /// Floating point numbers.
    F32,
}

fn word(bytes: &[u8]) -> u32 {
    u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]])
}

/// What MATMUL makes of its sums.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Output {
    /// Words, as they are.
    I32,
    /// Bytes, after a shift.
    I8 {
        /// By how many bits.
        shift: u8,
    },
}

impl Output {
    /// Bytes of a result.
    pub fn bytes(self) -> usize {
        match self {
            Self::I32 => 4,
            Self::I8 { .. } => 1,
        }
    }

    fn put(self, sums: &[i32], into: &mut Vec<u8>) {
        match self {
            Self::I32 => into.extend(sums.iter().flat_map(|sum| sum.to_le_bytes())),
            Self::I8 { shift } => into.extend(sums.iter().map(|sum| requantize(*sum, shift) as u8)),
        }
    }
}

/// Divides by 1 << shift, rounds halves up, and limits.
fn requantize(sum: i32, shift: u8) -> i8 {
    let half = (1_i64 << shift) >> 1;
    let rounded = (i64::from(sum) + half) >> shift;
    rounded.clamp(i8::MIN.into(), i8::MAX.into()) as i8
}

/// Multiplies rows of `a`, each with `inner` numbers, with `b`, which has `inner` rows.
///
/// The rows are gone through in an order in which `b` is read forwards.
pub fn matmul(a: &[u8], b: &[u8], inner: usize, columns: usize, output: Output) -> Vec<u8> {
    let mut result = Vec::with_capacity(a.len() / inner * columns * output.bytes());
    let mut sums = vec![0_i32; columns];
    for row in a.chunks_exact(inner) {
        sums.fill(0);
        for (factor, others) in row.iter().zip(b.chunks_exact(columns)) {
            let factor = i32::from(*factor as i8);
            for (sum, other) in sums.iter_mut().zip(others) {
                *sum += factor * i32::from(*other as i8);
            }
        }
        output.put(&sums, &mut result);
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;
    use fastrand::Rng;

    fn bytes(words: &[u32]) -> Vec<u8> {
        words.iter().flat_map(|word| word.to_le_bytes()).collect()
    }

    fn apply(operation: u32, number: Number, a: &[u32], b: &[u32]) -> Vec<u8> {
        let mut result = bytes(a);
        let operation = Operation::from_number(operation).unwrap();
        operation.apply(number, &mut result, &bytes(b));
        result
    }

    #[test]
    fn integers_wrap_around() {
        let a = [i32::MAX as u32, i32::MIN as u32, 7];
        let b = [1, 1, -3_i32 as u32];
        let results: [[u32; 3]; 5] = [
            [i32::MIN as u32, i32::MIN as u32 + 1, 4],
            [i32::MAX as u32 - 1, i32::MAX as u32, 10],
            [i32::MAX as u32, i32::MIN as u32, -21_i32 as u32],
            [1, i32::MIN as u32, -3_i32 as u32],
            [i32::MAX as u32, 1, 7],
        ];
        for (operation, wanted) in results.iter().enumerate() {
            let result = apply(operation as u32, Number::I32, &a, &b);
            assert_eq!(result, bytes(wanted), "operation {operation}");
        }
        assert_eq!(Operation::from_number(5), None);
    }

    #[test]
    fn floats_prefer_numbers() {
        let bits = |values: [f32; 2]| values.map(f32::to_bits);
        let (a, b) = (bits([1.5, f32::NAN]), bits([-2.0, 4.0]));
        for (operation, wanted) in [(3, [-2.0, 4.0]), (4, [1.5, 4.0])] {
            let result = apply(operation, Number::F32, &a, &b);
            assert_eq!(result, bytes(&bits(wanted)));
        }
        for (operation, wanted) in [(0, -0.5_f32), (1, 3.5), (2, -3.0)] {
            let result = apply(operation, Number::F32, &a[..1], &b[..1]);
            assert_eq!(result, bytes(&[wanted.to_bits()]));
        }
    }

    #[test]
    fn requantisation_rounds_and_limits() {
        let cases = [
            (5, 0, 5),
            (200, 0, 127),
            (-200, 0, -128),
            (3, 1, 2),
            (-3, 1, -1),
            (1, 1, 1),
            (-1, 1, 0),
            (255, 1, 127),
            (i32::MAX, 31, 1),
            (i32::MIN, 31, -1),
            (i32::MIN, 24, -128),
        ];
        for (sum, shift, wanted) in cases {
            assert_eq!(requantize(sum, shift), wanted, "{sum} >> {shift}");
        }
    }

    /// As the definition says it.
    fn plain(a: &[u8], b: &[u8], [rows, inner, columns]: [usize; 3]) -> Vec<i32> {
        let mut result = vec![0; rows * columns];
        for row in 0..rows {
            for column in 0..columns {
                result[row * columns + column] = (0..inner)
                    .map(|at| {
                        let left = a[row * inner + at] as i8;
                        let right = b[at * columns + column] as i8;
                        i32::from(left) * i32::from(right)
                    })
                    .sum();
            }
        }
        result
    }

    #[test]
    fn products_are_those_of_the_definition() {
        let mut random = Rng::with_seed(15);
        for _ in 0..60 {
            let sizes @ [rows, inner, columns] = [0; 3].map(|_| random.usize(1..40));
            let a: Vec<u8> = (0..rows * inner).map(|_| random.u8(..)).collect();
            let b: Vec<u8> = (0..inner * columns).map(|_| random.u8(..)).collect();
            let wanted = plain(&a, &b, sizes);
            let words: Vec<u8> = wanted.iter().flat_map(|sum| sum.to_le_bytes()).collect();
            assert_eq!(matmul(&a, &b, inner, columns, Output::I32), words);
            let shift = random.u8(0..12);
            let small: Vec<u8> = wanted
                .iter()
                .map(|sum| (f64::from(*sum) / f64::from(1 << shift) + 0.5).floor())
                .map(|value| value.clamp(-128.0, 127.0) as i8 as u8)
                .collect();
            assert_eq!(matmul(&a, &b, inner, columns, Output::I8 { shift }), small);
        }
    }

    #[test]
    fn the_greatest_sums_fit() {
        let (a, b) = ([0x80; 1024], [0x80; 1024]);
        let result = matmul(&a, &b, 1024, 1, Output::I32);
        assert_eq!(result, (1_i32 << 24).to_le_bytes());
    }
}
