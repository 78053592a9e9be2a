//! Where kernels meet burn: tensors of `flex` in and out without a copy, and nodes of burn's autodiff whose gradients are
//! kernels too.

use std::fmt::Debug;
use std::marker::PhantomData;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::NoCheckpointing;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::{Autodiff, AutodiffBackend, BackendTypes, DispatchAutodiffContext, Flex};
use burn::tensor::Tensor;
use burn_flex::FlexTensor;

use super::each;
use super::map::{alike, dense, laid_like, numbers, row_major, sum};
use super::simd::Isa;

type Tracked = <Autodiff<Flex> as BackendTypes>::FloatTensorPrimitive;

/// A tensor as a kernel takes it or gives it.
pub(crate) enum Held {
    /// Outside autodiff.
    Plain(FlexTensor),
    /// Inside; where others read it too, what they leave for its gradient.
    Tracked(Tracked, Option<Left>),
}

/// Gradients of a value that wait for the operation that is to add its own and pass the sum on.
#[derive(Clone, Debug, Default)]
pub(crate) struct Left(Arc<Mutex<Option<FlexTensor>>>);

impl Left {
    fn lock(&self) -> MutexGuard<'_, Option<FlexTensor>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a gradient to those that wait.
    fn add(&self, gradient: FlexTensor) {
        let mut sum = self.lock();
        *sum = Some(match sum.take() {
            Some(sum) => plus(sum, gradient),
            None => gradient,
        });
    }

    fn take(&self) -> Option<FlexTensor> {
        self.lock().take()
    }

    /// Whether nothing waits.
    pub(crate) fn is_empty(&self) -> bool {
        self.lock().is_none()
    }
}

/// A value that several operations read. The sum of their gradients is made by the first of them, in place and on all threads, since
/// burn adds maps with their channels last one number after the other.
///
/// The first operation records with [`Held::leave`]; the others read the value through [`Fork::pass`], whose node stands above the
/// first operation's in the tape, so that its gradient is there before it is wanted.
pub(crate) struct Fork {
    left: Left,
    first: Tracked,
}

impl Fork {
    /// Of what the first operation gave; `None` outside autodiff.
    pub(crate) fn new<const D: usize>(left: Left, first: Tensor<D>) -> Option<Self> {
        match Held::of(first)? {
            Held::Tracked(first, _) if first.is_tracked() => Some(Self { left, first }),
            _ => None,
        }
    }

    /// The value for another operation.
    pub(crate) fn pass(&self, value: Held) -> Held {
        let output = value.plain().clone();
        let rule = Pass(self.left.clone());
        record(
            [value, Held::Tracked(self.first.clone(), None)],
            rule,
            output,
        )
    }
}

/// Leaves the gradient for the first operation that reads the value.
#[derive(Clone, Debug)]
struct Pass(Left);

impl Rule<2> for Pass {
    fn backward(self, dy: FlexTensor, _wanted: [bool; 2]) -> [Option<FlexTensor>; 2] {
        self.0.add(dy);
        [None, None]
    }
}

impl Held {
    /// `None` where the tensor is not on `flex`.
    pub(crate) fn of<const D: usize>(tensor: Tensor<D>) -> Option<Self> {
        let dispatch = tensor.into_dispatch();
        if dispatch.autodiff == DispatchAutodiffContext::Disabled {
            let tensor = Tensor::<D>::from_dispatch(dispatch);
            tensor.try_into_primitive::<Flex>().ok().map(Held::Plain)
        } else {
            let tensor = Tensor::<D>::from_dispatch(dispatch);
            let tensor = tensor.try_into_primitive::<Autodiff<Flex>>();
            tensor.ok().map(|tensor| Held::Tracked(tensor, None))
        }
    }

    /// As burn's tensor; the rank is `D`.
    pub(crate) fn tensor<const D: usize>(self) -> Tensor<D> {
        match self {
            Held::Plain(tensor) => Tensor::from_primitive::<Flex>(tensor),
            Held::Tracked(tensor, _) => Tensor::from_primitive::<Autodiff<Flex>>(tensor),
        }
    }

    /// Whether gradients may flow through it.
    pub(crate) fn is_tracked(&self) -> bool {
        match self {
            Held::Plain(_) => false,
            Held::Tracked(tensor, _) => tensor.is_tracked(),
        }
    }

    /// Its numbers.
    pub(crate) fn plain(&self) -> &FlexTensor {
        match self {
            Held::Plain(tensor) => tensor,
            Held::Tracked(tensor, _) => tensor.primitive(),
        }
    }

    fn tracked(self) -> Tracked {
        match self {
            Held::Plain(tensor) => Autodiff::<Flex>::from_inner(tensor),
            Held::Tracked(tensor, _) => tensor,
        }
    }

    /// Lets the operation that it goes into add what is left for it to its gradient.
    pub(crate) fn leave(&mut self, left: Left) {
        if let Held::Tracked(_, own) = self {
            *own = Some(left);
        }
    }
}

/// What an operation keeps for its gradient.
pub(crate) trait Rule<const N: usize>: Clone + Debug + Send + 'static {
    /// The gradients of the inputs that are wanted, of the result's.
    fn backward(self, dy: FlexTensor, wanted: [bool; N]) -> [Option<FlexTensor>; N];

    /// The same; what others left for the inputs' gradients may be taken and added to.
    fn backward_onto(
        self,
        dy: FlexTensor,
        wanted: [bool; N],
        _left: &mut [Option<FlexTensor>; N],
    ) -> [Option<FlexTensor>; N] {
        self.backward(dy, wanted)
    }
}

struct Step<R>(PhantomData<fn() -> R>);

impl<R> Debug for Step<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Step")
    }
}

impl<R: Rule<N>, const N: usize> Backward<Flex, N> for Step<R> {
    type State = (R, [Option<Left>; N]);

    fn backward(
        self,
        ops: Ops<Self::State, N>,
        grads: &mut Gradients,
        _checkpointer: &mut Checkpointer,
    ) {
        let dy = grads.consume::<Flex>(&ops.node);
        let wanted = ops.parents.each_ref().map(Option::is_some);
        let (rule, left) = ops.state;
        let mut left = left.map(|left| left.and_then(|left| left.take()));
        let gradients = rule.backward_onto(dy, wanted, &mut left);
        for ((parent, gradient), left) in ops.parents.into_iter().zip(gradients).zip(left) {
            let Some(parent) = parent else { continue };
            let gradient = match (gradient, left) {
                (Some(own), Some(left)) => Some(plus(own, left)),
                (own, left) => own.or(left),
            };
            if let Some(gradient) = gradient {
                grads.register::<Flex>(parent.id, gradient);
            }
        }
    }
}

/// Records an operation that has given `output`. Nothing is kept where no input is inside autodiff.
pub(crate) fn record<R: Rule<N>, const N: usize>(
    inputs: [Held; N],
    rule: R,
    output: FlexTensor,
) -> Held {
    if inputs.iter().all(|input| matches!(input, Held::Plain(_))) {
        return Held::Plain(output);
    }
    let left = inputs.each_ref().map(|input| match input {
        Held::Tracked(_, left) => left.clone(),
        Held::Plain(_) => None,
    });
    let nodes = inputs.map(|input| input.tracked().node());
    let prepared = Step::<R>(PhantomData)
        .prepare::<NoCheckpointing>(nodes)
        .compute_bound()
        .stateful();
    let output = match prepared {
        OpsKind::Tracked(prepared) => prepared.finish((rule, left), output),
        OpsKind::UnTracked(prepared) => prepared.finish(output),
    };
    Held::Tracked(output, None)
}

/// The same for an operation of `[x, weight]` or `[x, weight, bias]`; `None` where it has neither number of inputs.
pub(crate) fn record_biased<R: Rule<2> + Rule<3>>(
    inputs: Vec<Held>,
    rule: R,
    output: FlexTensor,
) -> Option<Held> {
    Some(match <[Held; 3]>::try_from(inputs) {
        Ok(inputs) => record(inputs, rule, output),
        Err(inputs) => record(<[Held; 2]>::try_from(inputs).ok()?, rule, output),
    })
}

/// `a + b`, into the memory of one of them where nobody else reads it.
fn plus(a: FlexTensor, b: FlexTensor) -> FlexTensor {
    let (mut a, mut b) = (dense(a), dense(b));
    if !a.is_unique() && b.is_unique() {
        (a, b) = (b, a);
    }
    b = laid_like(b, &a);
    if !alike(&a, &b) {
        (a, b) = (row_major(a), row_major(b));
    }
    if a.is_unique() {
        let start = a.layout().start_offset();
        let end = start + a.layout().num_elements();
        let into = &mut a.storage_mut::<f32>()[start..end];
        each::add_to(Isa::best(), into, numbers(&b));
        return a;
    }
    sum(&a, &b)
}
