// SPDX-License-Identifier: GPL-2.0

//! What accel_sim is given to compute, and what the result has to be.

/// Two vectors of `n` numbers, whose sums overflow here and there.
pub fn vectors(n: u32) -> [Vec<i32>; 2] {
    let vector = |factor: u32| (0..n).map(|i| i.wrapping_mul(factor) as i32).collect();
    [vector(0x9e37_79b1), vector(0x85eb_ca77)]
}

/// The sum of two vectors, modulo 2^32.
pub fn add(a: &[i32], b: &[i32]) -> Vec<i32> {
    let pairs = a.iter().zip(b);
    pairs.map(|(a, b)| a.wrapping_add(*b)).collect()
}

/// A matrix of `m` rows and `k` columns, and one of `k` rows and `n` columns.
pub fn matrices([m, k, n]: [u32; 3]) -> [Vec<i8>; 2] {
    let matrix = |size, factor: u32| {
        (0..size)
            .map(|i: u32| i.wrapping_mul(factor) as i8)
            .collect()
    };
    [matrix(m * k, 37), matrix(k * n, 101)]
}

/// The product of two matrices, modulo 2^32.
pub fn matmul(size: [u32; 3], a: &[i8], b: &[i8]) -> Vec<i32> {
    let [_, k, n] = size.map(|size| size as usize);
    let mut product = Vec::new();
    for row in a.chunks_exact(k) {
        for column in 0..n {
            let numbers = row.iter().zip(b[column..].iter().step_by(n));
            let steps = numbers.map(|(&a, &b)| i32::from(a) * i32::from(b));
            product.push(steps.fold(0, i32::wrapping_add));
        }
    }
    product
}

/// In how many numbers two results of the same length differ.
pub fn differences(a: &[i32], b: &[i32]) -> u32 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).filter(|(a, b)| a != b).count() as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_wrap_around() {
        let sums = add(&[1, i32::MAX, i32::MIN], &[2, 1, -1]);
        assert_eq!(sums, [3, i32::MIN, i32::MAX]);
        let [a, b] = vectors(1000);
        assert!(a.iter().zip(&b).any(|(a, b)| a.checked_add(*b).is_none()));
    }

    #[test]
    fn a_product_is_that_of_rows_and_columns() {
        let product = matmul([2, 3, 2], &[1, 2, 3, -4, 5, -6], &[1, -2, 3, 4, 5, 6]);
        assert_eq!(product, [22, 24, -19, -8]);
        let [a, b] = matrices([3, 5, 7]);
        assert_eq!((a.len(), b.len()), (15, 35));
        assert_eq!(matmul([3, 5, 7], &a, &b).len(), 21);
    }

    #[test]
    fn differences_are_counted() {
        assert_eq!(differences(&[1, 2, 3], &[1, 2, 3]), 0);
        assert_eq!(differences(&[1, 2, 3], &[0, 2, -3]), 2);
    }
}
