//! Spectra of features: Gram matrices, eigenvalues, and how many of them count. In f64, sums in a fixed order whatever the threads.

use rayon::prelude::*;

/// Records whose products are summed at once.
const BLOCK: usize = 256;
/// A matrix of fewer rows is not worth a second thread.
const MANY: usize = 192;
/// Added to each share, as RankMe and LiDAR do, so that its logarithm exists.
const EPSILON: f64 = 1e-7;
/// Turns of the QL iteration for one eigenvalue before it is taken as it is; a few are needed.
const TURNS: usize = 64;

/// A dot product in four sums side by side, so that its order is fixed and the loop is wide.
fn dot(a: &[f64], b: &[f64]) -> f64 {
    const LANES: usize = 4;
    let mut sums = [0.0; LANES];
    let (pairs, rest) = (a.chunks_exact(LANES), b.chunks_exact(LANES));
    let tail = pairs.remainder().iter().zip(rest.remainder());
    let tail: f64 = tail.map(|(x, y)| x * y).sum();
    for (a, b) in pairs.zip(rest) {
        for lane in 0..LANES {
            sums[lane] += a[lane] * b[lane];
        }
    }
    (sums[0] + sums[2]) + (sums[1] + sums[3]) + tail
}

/// `Xᵀ X` of rows `[n, d]`: `[d, d]`.
pub(super) fn gram(rows: &[f32], d: usize) -> Vec<f64> {
    let mut gram = vec![0.0; d * d];
    let mut turned = vec![0.0; d * BLOCK];
    for block in rows.chunks(BLOCK * d.max(1)) {
        let n = block.len() / d.max(1);
        for (record, row) in block.chunks_exact(d).enumerate() {
            for (feature, x) in row.iter().enumerate() {
                turned[feature * BLOCK + record] = f64::from(*x);
            }
        }
        let feature = |i: usize| &turned[i * BLOCK..i * BLOCK + n];
        gram.par_chunks_exact_mut(d)
            .enumerate()
            .for_each(|(i, sums)| {
                for (j, sum) in sums.iter_mut().enumerate().skip(i) {
                    *sum += dot(feature(i), feature(j));
                }
            });
    }
    for i in 0..d {
        for j in 0..i {
            gram[i * d + j] = gram[j * d + i];
        }
    }
    gram
}

/// Singular values of rows `[n, d]`, in no order: as many as the smaller of both.
pub(super) fn singular_values(rows: &[f32], d: usize) -> Vec<f64> {
    let n = rows.len() / d.max(1);
    let (matrix, size) = match n < d {
        true => {
            let rows: Vec<f64> = rows.iter().map(|x| f64::from(*x)).collect();
            (products(&rows, d), n)
        }
        false => (gram(rows, d), d),
    };
    let squares = eigenvalues(matrix, size).into_iter();
    // rounding leaves some of zero a little below it
    squares.map(|square| square.max(0.0).sqrt()).collect()
}

/// `A Aᵀ` of rows `[n, d]`: `[n, n]`.
pub(super) fn products(rows: &[f64], d: usize) -> Vec<f64> {
    let n = rows.len() / d.max(1);
    let mut products = vec![0.0; n * n];
    let row = |i: usize| &rows[i * d..(i + 1) * d];
    let all = products.par_chunks_exact_mut(n.max(1)).enumerate();
    all.for_each(|(i, products)| {
        for (j, product) in products.iter_mut().enumerate() {
            *product = dot(row(i), row(j));
        }
    });
    products
}

/// The lower triangle L of a symmetric positive matrix `[n, n]` with `L Lᵀ` = it (Cholesky). `None`: it is not positive.
pub(super) fn cholesky(mut matrix: Vec<f64>, n: usize) -> Option<Vec<f64>> {
    for j in 0..n {
        let (own, below) = matrix[j * n..].split_at_mut(n);
        let left = own[j] - dot(&own[..j], &own[..j]);
        if left.is_nan() || left <= 0.0 {
            return None;
        }
        let root = left.sqrt();
        own[j] = root;
        own[j + 1..].fill(0.0);
        let own = &own[..j];
        let one = |row: &mut [f64]| row[j] = (row[j] - dot(&row[..j], own)) / root;
        match n - j > MANY {
            true => below.par_chunks_exact_mut(n).for_each(one),
            false => below.chunks_exact_mut(n).for_each(one),
        }
    }
    Some(matrix)
}

/// Solves `L y = x` for each row x of `[m, n]`, in its place, L a lower triangle `[n, n]`.
pub(super) fn solve_lower(lower: &[f64], n: usize, rows: &mut [f64]) {
    rows.par_chunks_exact_mut(n.max(1)).for_each(|row| {
        for i in 0..n {
            let known = dot(&lower[i * n..i * n + i], &row[..i]);
            row[i] = (row[i] - known) / lower[i * n + i];
        }
    });
}

/// Eigenvalues of a symmetric matrix `[n, n]`, in no order.
pub(super) fn eigenvalues(matrix: Vec<f64>, n: usize) -> Vec<f64> {
    let (diagonal, beside) = tridiagonal(matrix, n);
    of_tridiagonal(diagonal, beside)
}

/// Householder's reduction of a symmetric matrix to three diagonals with the same eigenvalues: the middle one, and the one beside it.
fn tridiagonal(mut a: Vec<f64>, n: usize) -> (Vec<f64>, Vec<f64>) {
    let mut diagonal = Vec::with_capacity(n);
    let mut beside = Vec::with_capacity(n.saturating_sub(1));
    for k in 0..n {
        diagonal.push(a[k * n + k]);
        let m = n - k - 1;
        if m == 0 {
            break;
        }
        // the column below the diagonal is mirrored onto its first entry: H = 1 - 2 v vᵀ
        let mut v: Vec<f64> = a[k * n + k + 1..(k + 1) * n].to_vec();
        let norm = dot(&v, &v).sqrt();
        let far = dot(&v[1..], &v[1..]);
        if far == 0.0 {
            beside.push(v[0]);
            continue;
        }
        let image = if v[0] > 0.0 { -norm } else { norm };
        beside.push(image);
        v[0] -= image;
        let length = (v[0] * v[0] + far).sqrt();
        v.iter_mut().for_each(|x| *x /= length);
        let row = |i: usize| &a[(k + 1 + i) * n + k + 1..(k + 2 + i) * n];
        let mut w: Vec<f64> = match m > MANY {
            true => (0..m).into_par_iter().map(|i| dot(row(i), &v)).collect(),
            false => (0..m).map(|i| dot(row(i), &v)).collect(),
        };
        // H A H = A - 2 v wᵀ - 2 w vᵀ with w = A v - (vᵀ A v) v
        let along = dot(&w, &v);
        w.iter_mut().zip(&v).for_each(|(w, v)| *w -= along * v);
        let update = |(i, row): (usize, &mut [f64])| {
            let (vi, wi) = (2.0 * v[i], 2.0 * w[i]);
            let row = &mut row[k + 1..];
            for ((x, v), w) in row.iter_mut().zip(&v).zip(&w) {
                *x -= vi * w + wi * v;
            }
        };
        let rows = &mut a[(k + 1) * n..];
        match m > MANY {
            true => rows.par_chunks_exact_mut(n).enumerate().for_each(update),
            false => rows.chunks_exact_mut(n).enumerate().for_each(update),
        }
    }
    (diagonal, beside)
}

/// Eigenvalues of a symmetric matrix of three diagonals: QL turns with Wilkinson's shift (Golub & Van Loan, section 8.3).
fn of_tridiagonal(mut d: Vec<f64>, mut e: Vec<f64>) -> Vec<f64> {
    let n = d.len();
    e.push(0.0);
    for low in 0..n {
        for _ in 0..TURNS {
            // the block that hangs together ends where the entry beside the diagonal is nothing beside its neighbours
            let mut high = low;
            while high + 1 < n {
                let near = d[high].abs() + d[high + 1].abs();
                if e[high].abs() <= f64::EPSILON * near {
                    break;
                }
                high += 1;
            }
            if high == low {
                break;
            }
            let half = (d[low + 1] - d[low]) / (2.0 * e[low]);
            let root = half.hypot(1.0);
            let shift = d[low] - e[low] / (half + root.copysign(half));
            let mut bulge = d[high] - shift;
            let (mut sine, mut cosine, mut moved) = (1.0, 1.0, 0.0);
            let mut parted = false;
            for i in (low..high).rev() {
                let (off, next) = (sine * e[i], cosine * e[i]);
                let length = off.hypot(bulge);
                e[i + 1] = length;
                if length == 0.0 {
                    d[i + 1] -= moved;
                    e[high] = 0.0;
                    parted = true;
                    break;
                }
                (sine, cosine) = (off / length, bulge / length);
                let gap = d[i + 1] - moved;
                let turned = (d[i] - gap) * sine + 2.0 * cosine * next;
                moved = sine * turned;
                d[i + 1] = gap + moved;
                bulge = cosine * turned - next;
            }
            if !parted {
                d[low] -= moved;
                e[low] = bulge;
                e[high] = 0.0;
            }
        }
    }
    d
}

/// `exp(-Σ p ln p)` with p each value's share of their sum and a little more: how many values count (Roy & Vetterli, 2007). `all`: so many
/// there are, those that are not given being 0. Values that are all 0 count as one: nothing is told apart.
pub(super) fn effective_count(values: &[f64], all: usize) -> f64 {
    let total: f64 = values.iter().sum();
    let share = |value: f64| match total > 0.0 {
        true => value / total + EPSILON,
        // NaN stays NaN
        false => total * 0.0 + EPSILON,
    };
    let term = |p: f64| -p * p.ln();
    let given: f64 = values.iter().map(|value| term(share(*value))).sum();
    let absent = all.saturating_sub(values.len()) as f64 * term(EPSILON);
    (given + absent).exp()
}
