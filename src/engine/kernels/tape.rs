//! Where kernels meet burn: tensors of `flex` in and out without a copy, and nodes of burn's autodiff whose gradients are
//! kernels too.

use std::fmt::Debug;
use std::marker::PhantomData;

use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::NoCheckpointing;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::{Autodiff, AutodiffBackend, BackendTypes, DispatchAutodiffContext, Flex};
use burn::tensor::Tensor;
use burn_flex::FlexTensor;

type Tracked = <Autodiff<Flex> as BackendTypes>::FloatTensorPrimitive;

/// A tensor as a kernel takes it or gives it.
pub(crate) enum Held {
    /// Outside autodiff.
    Plain(FlexTensor),
    /// Inside.
    Tracked(Tracked),
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
            tensor.ok().map(Held::Tracked)
        }
    }

    /// As burn's tensor; the rank is `D`.
    pub(crate) fn tensor<const D: usize>(self) -> Tensor<D> {
        match self {
            Held::Plain(tensor) => Tensor::from_primitive::<Flex>(tensor),
            Held::Tracked(tensor) => Tensor::from_primitive::<Autodiff<Flex>>(tensor),
        }
    }

    /// Whether gradients may flow through it.
    pub(crate) fn is_tracked(&self) -> bool {
        match self {
            Held::Plain(_) => false,
            Held::Tracked(tensor) => tensor.is_tracked(),
        }
    }

    /// Its numbers.
    pub(crate) fn plain(&self) -> &FlexTensor {
        match self {
            Held::Plain(tensor) => tensor,
            Held::Tracked(tensor) => tensor.primitive(),
        }
    }

    fn tracked(self) -> Tracked {
        match self {
            Held::Plain(tensor) => Autodiff::<Flex>::from_inner(tensor),
            Held::Tracked(tensor) => tensor,
        }
    }
}

/// What an operation keeps for its gradient.
pub(crate) trait Rule<const N: usize>: Clone + Debug + Send + 'static {
    /// The gradients of the inputs that are wanted, of the result's.
    fn backward(self, dy: FlexTensor, wanted: [bool; N]) -> [Option<FlexTensor>; N];
}

struct Step<R>(PhantomData<fn() -> R>);

impl<R> Debug for Step<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Step")
    }
}

impl<R: Rule<N>, const N: usize> Backward<Flex, N> for Step<R> {
    type State = R;

    fn backward(self, ops: Ops<R, N>, grads: &mut Gradients, _checkpointer: &mut Checkpointer) {
        let dy = grads.consume::<Flex>(&ops.node);
        let wanted = ops.parents.each_ref().map(Option::is_some);
        let gradients = ops.state.backward(dy, wanted);
        for (parent, gradient) in ops.parents.into_iter().zip(gradients) {
            if let (Some(parent), Some(gradient)) = (parent, gradient) {
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
    let nodes = inputs.map(|input| input.tracked().node());
    let prepared = Step::<R>(PhantomData)
        .prepare::<NoCheckpointing>(nodes)
        .compute_bound()
        .stateful();
    Held::Tracked(match prepared {
        OpsKind::Tracked(prepared) => prepared.finish(rule, output),
        OpsKind::UnTracked(prepared) => prepared.finish(output),
    })
}
