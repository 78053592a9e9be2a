//! Tensors of `flex` as slices. A map `[n, c, h, w]` lies in memory with its channels last, `[n, h, w, c]`: every other
//! operation of burn sees the same tensor, only its strides differ, so maps need no conversion between kernels and may go
//! anywhere.

use burn::tensor::{Bytes, DType, Shape, TensorData};
use burn_flex::FlexTensor;
use burn_flex::Layout;

use super::each;
use super::memory::{Shared, filled, tasks};
use super::product::transpose;
use super::simd::Isa;

/// Whether the kernels know its numbers.
pub(crate) fn is_f32(tensor: &FlexTensor) -> bool {
    tensor.dtype() == DType::F32
}

/// The sizes.
pub(crate) fn shape(tensor: &FlexTensor) -> Vec<usize> {
    tensor.layout().shape().iter().copied().collect()
}

/// The same numbers in row-major order.
pub(crate) fn row_major(tensor: FlexTensor) -> FlexTensor {
    if tensor.is_contiguous() {
        tensor
    } else {
        tensor.to_contiguous()
    }
}

/// The numbers of a tensor that is dense in memory, in the order they lie.
pub(crate) fn numbers(tensor: &FlexTensor) -> &[f32] {
    let start = tensor.layout().start_offset();
    &tensor.storage::<f32>()[start..start + tensor.layout().num_elements()]
}

/// A row-major tensor.
pub(crate) fn tensor(data: Vec<f32>, shape: &[usize]) -> FlexTensor {
    FlexTensor::from_data(TensorData::new(data, shape.to_vec()))
}

/// A tensor of the layout of another one, which is dense.
pub(crate) fn tensor_like(data: Vec<f32>, like: &FlexTensor) -> FlexTensor {
    let layout = like.layout();
    let layout = Layout::new(layout.shape().clone(), layout.strides().to_vec(), 0);
    FlexTensor::new(Bytes::from_elems(data), layout, DType::F32)
}

/// A map `[n, c, h, w]` of numbers that lie as `[n, h, w, c]`.
pub(crate) fn map(data: Vec<f32>, [n, c, h, w]: [usize; 4]) -> FlexTensor {
    let strides = [h * w * c, 1, w * c, c].map(|stride| stride as isize);
    let layout = Layout::new(Shape::from([n, c, h, w]), strides.to_vec(), 0);
    FlexTensor::new(Bytes::from_elems(data), layout, DType::F32)
}

/// Sizes of a map.
pub(crate) fn sides(tensor: &FlexTensor) -> Option<[usize; 4]> {
    shape(tensor).try_into().ok()
}

/// a + b of two tensors that lie alike.
pub(crate) fn sum(a: &FlexTensor, b: &FlexTensor) -> FlexTensor {
    let sum = filled(numbers(a).len(), |out| {
        each::add(Isa::best(), numbers(a), numbers(b), out);
    });
    tensor_like(sum, a)
}

/// Whether two dense tensors lie in memory alike.
pub(crate) fn alike(a: &FlexTensor, b: &FlexTensor) -> bool {
    a.layout().shape() == b.layout().shape() && order(a) == order(b) && order(a).is_some()
}

/// The order of the dimensions in memory, outermost first and those of size 1 left out; `None` where the numbers are not dense.
fn order(tensor: &FlexTensor) -> Option<Vec<usize>> {
    let (sizes, strides) = (tensor.layout().shape(), tensor.layout().strides());
    let mut order: Vec<usize> = (0..strides.len()).filter(|d| sizes[*d] != 1).collect();
    order.sort_by_key(|d| std::cmp::Reverse(strides[*d]));
    let mut expected = 1;
    for d in order.iter().rev() {
        if strides[*d] != expected {
            return None;
        }
        expected *= sizes[*d] as isize;
    }
    Some(order)
}

/// A dense tensor: itself, or a row-major copy.
pub(crate) fn dense(tensor: FlexTensor) -> FlexTensor {
    match order(&tensor) {
        Some(_) => tensor,
        None => tensor.to_contiguous(),
    }
}

/// A tensor in the layout of another one, copied only where it differs.
pub(crate) fn laid_like(tensor: FlexTensor, like: &FlexTensor) -> FlexTensor {
    if alike(&tensor, like) {
        return tensor;
    }
    match order(like) {
        Some(order) if order.as_slice() == [0, 2, 3, 1] => channels_last(tensor),
        _ => row_major(tensor),
    }
}

/// A map with its channels last; copied only where they are not.
pub(crate) fn channels_last(tensor: FlexTensor) -> FlexTensor {
    let Some([n, c, h, w]) = sides(&tensor) else {
        return tensor;
    };
    let lies = order(&tensor);
    if lies.is_some_and(|order| order.is_sorted_by_key(|d| [0, 3, 1, 2][*d])) {
        return tensor;
    }
    let strides: Vec<isize> = tensor.layout().strides().to_vec();
    let planes = strides[3] == 1 && strides[2] == w as isize && strides[1] == (h * w) as isize;
    let from = Shared::of(tensor.storage::<f32>());
    let start = tensor.layout().start_offset() as isize;
    let data = filled(n * c * h * w, |out| {
        let out = Shared::new(out.as_mut_ptr());
        tasks(n, |n| {
            let from = from.at(0).wrapping_offset(start + n as isize * strides[0]);
            let to = out.at(n * c * h * w);
            // SAFETY: the layout says where the numbers are; each task writes its own picture.
            unsafe {
                if planes {
                    transpose(from, h * w, to, c, c, h * w);
                    return;
                }
                for y in 0..h {
                    for x in 0..w {
                        let from = from.offset(y as isize * strides[2] + x as isize * strides[3]);
                        for i in 0..c {
                            *to.add((y * w + x) * c + i) = *from.offset(i as isize * strides[1]);
                        }
                    }
                }
            }
        });
    });
    map(data, [n, c, h, w])
}
