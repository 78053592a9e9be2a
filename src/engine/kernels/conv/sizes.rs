//! The sizes of a convolution.

/// Pictures, channels, sides, and how the kernel goes over them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Conv {
    /// Pictures.
    pub(crate) n: usize,
    /// Channels, height and width of the input.
    pub(crate) c: usize,
    pub(crate) h: usize,
    pub(crate) w: usize,
    /// Channels of the result.
    pub(crate) k: usize,
    /// Sides of the kernel.
    pub(crate) kh: usize,
    pub(crate) kw: usize,
    pub(crate) stride: usize,
    pub(crate) padding: usize,
    pub(crate) groups: usize,
}

impl Conv {
    /// Height of the result.
    pub(crate) fn oh(&self) -> usize {
        (self.h + 2 * self.padding - self.kh) / self.stride + 1
    }

    /// Width of the result.
    pub(crate) fn ow(&self) -> usize {
        (self.w + 2 * self.padding - self.kw) / self.stride + 1
    }

    /// Numbers of the result.
    pub(crate) fn output(&self) -> usize {
        self.n * self.oh() * self.ow() * self.k
    }

    /// Numbers of the input.
    pub(crate) fn input(&self) -> usize {
        self.n * self.h * self.w * self.c
    }

    /// Numbers of the weight.
    pub(crate) fn weight(&self) -> usize {
        self.k * (self.c / self.groups) * self.kh * self.kw
    }
}
