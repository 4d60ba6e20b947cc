"""The two inner loops of the solver as vector code: products of rows and W, and steps into W."""

from llvmlite import ir
from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic

LANES = 8
"""Floats in a vector; arrays of outputs are padded to a multiple of it."""

VECTOR = ir.VectorType(ir.FloatType(), LANES)


def each_feature(n_vectors, *, is_sum):
    """Return ``f(lo, hi, indices, data, W, column, x)`` over ``n_vectors * LANES`` outputs.

    The outputs are those from ``column`` on. For ``p`` in ``lo .. hi - 1`` it adds
    ``data[p] * W[indices[p]]`` to ``x`` (``is_sum``), or ``data[p] * x`` to ``W[indices[p]]``. From
    a loop over outputs numba makes vector code that goes back to memory for ``x`` at every feature;
    here ``x`` stays in registers, which takes half to two thirds of the time.
    """

    @intrinsic
    def over_features(typing_context, lo, hi, indices, data, W, column, x):
        def generate(context, builder, signature, arguments):
            lo, hi, indices, data, W, column, x = (
                context.make_array(kind)(context, builder, argument)
                if isinstance(kind, types.Array)
                else argument
                for kind, argument in zip(signature.args, arguments, strict=True)
            )
            multiply_add = cgutils.get_or_insert_function(
                builder.module, ir.FunctionType(VECTOR, [VECTOR] * 3), "llvm.fmuladd.v8f32"
            )
            x_at = vectors_at(builder, x.data, column, n_vectors)
            kept = [cgutils.alloca_once_value(builder, load(builder, at)) for at in x_at]
            width = builder.extract_value(W.shape, 1)
            with cgutils.for_range(builder, builder.sub(hi, lo)) as loop:
                p = builder.add(lo, loop.index)
                row = builder.zext(builder.load(builder.gep(indices.data, [p])), p.type)
                value = broadcast(builder, builder.load(builder.gep(data.data, [p])))
                first = builder.add(builder.mul(row, width), column)
                for w_at, k_at in zip(
                    vectors_at(builder, W.data, first, n_vectors), kept, strict=True
                ):
                    w, k = load(builder, w_at), builder.load(k_at)
                    if is_sum:
                        builder.store(builder.call(multiply_add, [value, w, k]), k_at)
                    else:
                        builder.store(builder.call(multiply_add, [value, k, w]), w_at).align = 4
            if is_sum:
                for at, k_at in zip(x_at, kept, strict=True):
                    builder.store(builder.load(k_at), at).align = 4
            return context.get_dummy_value()

        return types.void(types.int64, types.int64, indices, data, W, types.int64, x), generate

    return over_features


def vectors_at(builder, pointer, first, n_vectors):
    """Return pointers to ``n_vectors`` vectors from float ``first`` on."""
    start = builder.bitcast(builder.gep(pointer, [first]), VECTOR.as_pointer())
    return [builder.gep(start, [ir.IntType(64)(n)]) for n in range(n_vectors)]


def load(builder, pointer):
    """Return the vector at ``pointer``, which need not be aligned."""
    vector = builder.load(pointer)
    vector.align = 4
    return vector


def broadcast(builder, value):
    """Return a vector that holds ``value`` everywhere."""
    undefined, zero = ir.Constant(VECTOR, ir.Undefined), ir.IntType(32)(0)
    first = builder.insert_element(undefined, value, zero)
    zeros = ir.Constant(ir.VectorType(ir.IntType(32), LANES), [0] * LANES)
    return builder.shuffle_vector(first, undefined, zeros)


sum_64, sum_32, sum_16, sum_8 = (each_feature(n, is_sum=True) for n in (8, 4, 2, 1))
add_64, add_32, add_16, add_8 = (each_feature(n, is_sum=False) for n in (8, 4, 2, 1))


@njit(cache=True, nogil=True)
def add_products(lo, hi, indices, data, W, x):
    """Add to ``x`` (as many as columns of W) all ``data[p] * W[indices[p]]``, ``lo <= p < hi``."""
    column = 0
    while x.shape[0] - column >= 64:
        sum_64(lo, hi, indices, data, W, column, x)
        column += 64
    if x.shape[0] - column >= 32:
        sum_32(lo, hi, indices, data, W, column, x)
        column += 32
    if x.shape[0] - column >= 16:
        sum_16(lo, hi, indices, data, W, column, x)
        column += 16
    if x.shape[0] - column >= 8:
        sum_8(lo, hi, indices, data, W, column, x)


@njit(cache=True, nogil=True)
def add_to_rows(lo, hi, indices, data, W, x):
    """Add ``data[p] * x`` to each ``W[indices[p]]``, ``lo <= p < hi``."""
    column = 0
    while x.shape[0] - column >= 64:
        add_64(lo, hi, indices, data, W, column, x)
        column += 64
    if x.shape[0] - column >= 32:
        add_32(lo, hi, indices, data, W, column, x)
        column += 32
    if x.shape[0] - column >= 16:
        add_16(lo, hi, indices, data, W, column, x)
        column += 16
    if x.shape[0] - column >= 8:
        add_8(lo, hi, indices, data, W, column, x)
