/* The plugin ABI of Pretext, version 1.0. plugins/README.md has its rules.
 *
 * A plugin is a shared library with one exported function, pretext_plugin_v1, which gives its description. The host calls the
 * functions in there with a table of its own functions and a `ctx`, the call in progress.
 *
 *   - Every struct but pretext_str and pretext_size begins with its size in bytes.
 *   - Strings are UTF-8 with a length. They are lent for the call; those of a description for the life of the library.
 *   - Arrays of structs stand one after the other; the first one's size is the distance.
 *   - Handles belong to the call that gave them. 0 is none. A stale one is an error and nothing worse.
 *   - After a call that failed every later one of the same ctx fails too, and the host reports the first: checking the status once,
 *     at the end, will do.
 */
#ifndef PRETEXT_PLUGIN_H
#define PRETEXT_PLUGIN_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define PRETEXT_MAGIC UINT64_C(0x0154584554455250) /* PRETEXT, and the major version */
#define PRETEXT_ABI_MAJOR 1u
#define PRETEXT_ABI_MINOR 0u

#if defined(_WIN32)
#define PRETEXT_EXPORT __declspec(dllexport)
#else
#define PRETEXT_EXPORT __attribute__((visibility("default")))
#endif

/* Text: not ended by zero. PRETEXT_STR("…") for a literal. */
typedef struct pretext_str {
    const char *at;
    uint64_t len;
} pretext_str;

#define PRETEXT_STR(literal) {(literal), sizeof(literal) - 1}
#define PRETEXT_TEXT(literal) ((pretext_str){(literal), sizeof(literal) - 1})

/* terms[0] + terms[1] B + terms[2] B^2 + terms[3] B^3, B the batch. */
typedef struct pretext_size {
    int64_t terms[4];
} pretext_size;

typedef int32_t pretext_status;
enum {
    PRETEXT_OK = 0,
    PRETEXT_FAILED = 1,     /* the host has the message */
    PRETEXT_PANICKED = 2,   /* the plugin broke down and has told the host */
    PRETEXT_STALE = 3,      /* a handle of another call, or of nothing */
    PRETEXT_UNKNOWN_OP = 4, /* an operation that this build does not have */
    PRETEXT_ABSENT = 5,     /* there is no such value; not a failure */
    PRETEXT_TOO_SMALL = 6,  /* more results than there is room for; the count says how many */
    PRETEXT_MISUSED = 7     /* a pointer, a string or a struct that breaks the rules */
};

typedef uint64_t pretext_ctx;
typedef uint64_t pretext_var;    /* a value of a graph */
typedef uint64_t pretext_module; /* an encoder or a head under the name that its parameters carry */

/* ---- what a plugin says about itself ------------------------------------------------------------------------------ */

typedef struct pretext_host pretext_host;
typedef struct pretext_sampler pretext_sampler;

typedef struct pretext_param {
    uint64_t size;
    pretext_str name;
    pretext_str ty;      /* number, integer, ratio, length, duration, range, text, switch, choice, encoder, head, data, place,
                            optimizer, schedule, evaluator, list(…) of one of them */
    pretext_str choices; /* words of a choice, separated by blanks */
    pretext_str preset;  /* the default as a recipe would write it; empty: there is none */
    pretext_str doc;     /* one sentence: what it means and its unit */
    double low;          /* smallest allowed value; both 0: any */
    double high;         /* largest allowed value */
    uint32_t optional;   /* 1: may be absent */
    uint32_t reserved;
} pretext_param;

typedef struct pretext_input {
    uint64_t size;
    pretext_str name;
    pretext_str ty; /* image, image[3, 32, 32], label, label(4), mask, text, list(image) */
    pretext_str doc;
    uint64_t at_least; /* fewest elements of a list */
    uint32_t or_list;  /* 1: a list may stand here too, its elements one after the other along the batch */
    uint32_t reserved;
} pretext_input;

typedef struct pretext_task {
    uint64_t size;
    pretext_str name;
    pretext_str summary; /* one line */
    pretext_str doc;     /* more; may be empty */
    pretext_str cite;    /* first author and year; empty: there is no paper */
    pretext_str title;
    pretext_str link;    /* arXiv:… or a DOI */
    pretext_str example; /* a whole recipe; empty: one on shapes() */
    uint64_t semantics;  /* raised whenever results change for the same recipe; from 1 on */
    const pretext_param *params;
    uint64_t param_count;
    const pretext_input *inputs;
    uint64_t input_count;
    const void *data; /* given to the functions */
    /* Builds the training graph, once, while planning. */
    pretext_status (*build)(const void *data, const pretext_host *host, pretext_ctx ctx);
    /* Answers with the body of the default augment block for the data set's fields; may be null. */
    pretext_status (*augment)(const void *data, const pretext_host *host, pretext_ctx ctx);
} pretext_task;

typedef struct pretext_transform {
    uint64_t size;
    pretext_str name;
    pretext_str summary;
    pretext_str doc;
    pretext_str cite;
    pretext_str title;
    pretext_str link;
    pretext_str example; /* a call of it */
    uint64_t semantics;
    const pretext_param *params;
    uint64_t param_count;
    const void *data;
    /* Answers once for each output with its type, given the type that flows in; fails where it can't take it. */
    pretext_status (*types)(const void *data, const pretext_host *host, pretext_ctx ctx, pretext_str input);
    /* Makes what apply is given; may be null. */
    pretext_status (*make)(const void *data, const pretext_host *host, pretext_ctx ctx, pretext_str input, void **state);
    /* Transforms one sample; called by several threads at once. */
    pretext_status (*apply)(const void *data, void *state, const pretext_sampler *sampler, pretext_ctx ctx);
    /* Ends what make made; may be null. */
    void (*free)(const void *data, void *state);
} pretext_transform;

typedef struct pretext_plugin {
    uint64_t size;
    uint64_t magic;     /* PRETEXT_MAGIC */
    uint32_t abi_major; /* PRETEXT_ABI_MAJOR */
    uint32_t abi_minor; /* the least minor that will do */
    pretext_str name;   /* as `use plugin` says it: lower case, digits, _ */
    pretext_str version;
    const pretext_task *tasks;
    uint64_t task_count;
    const pretext_transform *transforms;
    uint64_t transform_count;
} pretext_plugin;

/* The one exported function. */
PRETEXT_EXPORT const pretext_plugin *pretext_plugin_v1(uint32_t host_minor);

/* ---- while planning ----------------------------------------------------------------------------------------------- */

enum {
    PRETEXT_NUMBER = 1,  /* number */
    PRETEXT_INTEGER = 2, /* integer, and number too */
    PRETEXT_RATIO = 3,   /* number: the fraction */
    PRETEXT_LENGTH = 4,  /* number: pixels */
    PRETEXT_EPOCHS = 5,  /* number */
    PRETEXT_STEPS = 6,   /* number */
    PRETEXT_RANGE = 7,   /* number to high */
    PRETEXT_TEXT_VALUE = 8,
    PRETEXT_WORD = 9,
    PRETEXT_LIST = 10, /* integer elements: arg_item */
    PRETEXT_NET = 11,  /* an encoder or a head: module */
    PRETEXT_OTHER = 12 /* something else, as a recipe would write it, in text */
};

/* The value of an argument. The caller sets size. */
typedef struct pretext_value {
    uint64_t size;
    uint32_t kind;
    uint32_t reserved;
    int64_t integer;
    double number;
    double high;
    pretext_str text;
} pretext_value;

enum {
    PRETEXT_ATTR_INT = 1,   /* integer */
    PRETEXT_ATTR_FLOAT = 2, /* number */
    PRETEXT_ATTR_INTS = 3,  /* ints, count */
    PRETEXT_ATTR_SIZE = 4,  /* sizes, 1 */
    PRETEXT_ATTR_SIZES = 5, /* sizes, count */
    PRETEXT_ATTR_TEXT = 6,  /* text */
    PRETEXT_ATTR_SWITCH = 7 /* integer: 0 or 1 */
};

/* An attribute of an operation, by name. */
typedef struct pretext_attr {
    uint64_t size;
    pretext_str name;
    uint32_t kind;
    uint32_t reserved;
    int64_t integer;
    double number;
    pretext_str text;
    const int64_t *ints;
    const pretext_size *sizes;
    uint64_t count;
} pretext_attr;

enum {
    PRETEXT_INIT_CONSTANT = 1,        /* all one value */
    PRETEXT_INIT_UNIFORM = 2,         /* uniform in plus or minus value */
    PRETEXT_INIT_NORMAL = 3,          /* normal with this standard deviation */
    PRETEXT_INIT_TRUNCATED_NORMAL = 4 /* the same, redrawn outside plus or minus 2 */
};

/* Makes *output [B, d] of image [B, c, h, w]. */
typedef pretext_status (*pretext_fill)(void *data, const pretext_host *host, pretext_ctx ctx, pretext_var image,
                                       pretext_var *output);

struct pretext_host {
    uint64_t size;
    uint32_t abi_major;
    uint32_t abi_minor;

    /* The value of a parameter or of a field that every stage has; PRETEXT_ABSENT where it has none. */
    pretext_status (*arg)(pretext_ctx ctx, pretext_str name, pretext_value *value);
    /* An element of a list. */
    pretext_status (*arg_item)(pretext_ctx ctx, pretext_str name, uint64_t index, pretext_value *value);
    /* A field of the data set, in order, in augment; PRETEXT_ABSENT behind the last. */
    pretext_status (*field)(pretext_ctx ctx, uint64_t index, pretext_str *name, pretext_str *ty);
    /* The answer of augment, or one output type of types. */
    pretext_status (*answer)(pretext_ctx ctx, pretext_str text);
    /* Ends the call with the plugin's own error: a sentence, and advice that may be empty. Gives the status. */
    pretext_status (*fail)(pretext_ctx ctx, pretext_str message, pretext_str help, pretext_status status);
    /* What went wrong; empty where nothing did. */
    pretext_status (*error)(pretext_ctx ctx, pretext_str *message);

    /* A field of the batch. */
    pretext_status (*input)(pretext_ctx ctx, pretext_str name, pretext_var *var);
    /* The elements of a list of the batch. */
    pretext_status (*inputs)(pretext_ctx ctx, pretext_str name, pretext_var *vars, uint64_t capacity, uint64_t *count);
    /* A field, or the elements of a list one after the other along the batch. */
    pretext_status (*input_stacked)(pretext_ctx ctx, pretext_str name, pretext_var *var);
    /* The number of classes of a label; PRETEXT_ABSENT where it is not known. */
    pretext_status (*classes)(pretext_ctx ctx, pretext_str name, uint64_t *classes);
    /* The number of records of the split. */
    pretext_status (*records)(pretext_ctx ctx, uint64_t *records);
    /* An operation: PRETEXT_OP_…, below. */
    pretext_status (*op)(pretext_ctx ctx, uint32_t code, const pretext_var *operands, uint64_t operand_count,
                         const pretext_attr *attrs, uint64_t attr_count, pretext_var *results, uint64_t capacity,
                         uint64_t *count);
    /* The sizes of a value. */
    pretext_status (*shape)(pretext_ctx ctx, pretext_var var, pretext_size *sizes, uint64_t capacity, uint64_t *rank);
    /* Whether a value holds whole numbers: 0 or 1. */
    pretext_status (*whole)(pretext_ctx ctx, pretext_var var, uint32_t *whole);
    /* A trained tensor of the task's own; the same one when it is asked for again. */
    pretext_status (*parameter)(pretext_ctx ctx, pretext_str name, const uint64_t *sizes, uint64_t rank, uint32_t init,
                                double value, pretext_var *var);
    /* Parameters made from here on are named under name/. */
    pretext_status (*enter)(pretext_ctx ctx, pretext_str name);
    /* Ends the last enter. */
    pretext_status (*leave)(pretext_ctx ctx);

    /* The encoder or head in a parameter, under a name. */
    pretext_status (*module)(pretext_ctx ctx, pretext_str name, pretext_str parameter, pretext_module *module);
    /* Runs a value through a module. Calls share its weights. */
    pretext_status (*call)(pretext_ctx ctx, pretext_module module, pretext_var x, pretext_var *var);
    /* Runs a value through a part of a module: embed, blocks, norm. */
    pretext_status (*call_part)(pretext_ctx ctx, pretext_module module, pretext_str part, pretext_var x, pretext_var *var);
    /* A slow copy of a module; the attributes are those of the operation scalar. */
    pretext_status (*ema)(pretext_ctx ctx, pretext_module module, const pretext_attr *attrs, uint64_t attr_count,
                          pretext_module *copy);
    /* A number that only these modules make small, with an optimiser of its own. */
    pretext_status (*objective_of)(pretext_ctx ctx, pretext_str name, pretext_var x, const pretext_module *modules,
                                   uint64_t module_count);
    /* A module that later stages may start from: from = STAGE.NAME. The first is the default. */
    pretext_status (*part)(pretext_ctx ctx, pretext_str name, pretext_module module);
    /* Before each epoch, fills a state [N, d] with what build makes of each record's picture, in evaluation. build gets a ctx of
       its own, in which modules stay valid and values do not. */
    pretext_status (*fill)(pretext_ctx ctx, pretext_var state, pretext_fill build, void *data);
    /* Before each epoch, clusters the rows of a state: bank [N, d] into centres [k, d] and clusters [N], whole numbers. */
    pretext_status (*kmeans)(pretext_ctx ctx, pretext_var bank, pretext_var centres, pretext_var clusters,
                             uint64_t iterations);
};

/* ---- for one sample ----------------------------------------------------------------------------------------------- */

/* A picture: rows of interleaved channels, 8 bits each. The caller sets size. */
typedef struct pretext_image {
    uint64_t size;
    uint64_t id;     /* by this it is emitted */
    uint8_t *pixels; /* height * width * channels bytes, which may be changed in place */
    uint64_t height;
    uint64_t width;
    uint64_t channels; /* 1 (grey) or 3 (RGB) */
} pretext_image;

enum {
    PRETEXT_SAMPLE_IMAGE = 1,
    PRETEXT_SAMPLE_LABEL = 2,
    PRETEXT_SAMPLE_TEXT = 3
};

struct pretext_sampler {
    uint64_t size;
    uint32_t abi_major;
    uint32_t abi_minor;

    /* What flows in: its kind, and how many where it is a list (0: it is none). */
    pretext_status (*input)(pretext_ctx ctx, uint32_t *kind, uint64_t *count);
    pretext_status (*input_image)(pretext_ctx ctx, uint64_t index, pretext_image *image);
    pretext_status (*input_label)(pretext_ctx ctx, uint64_t index, uint32_t *label);
    pretext_status (*input_text)(pretext_ctx ctx, uint64_t index, pretext_str *text);
    /* 32 random bits of this call's own stream; 0 for a stale ctx. */
    uint32_t (*random)(pretext_ctx ctx);
    /* A picture with unspecified pixels. */
    pretext_status (*new_image)(pretext_ctx ctx, uint64_t height, uint64_t width, uint64_t channels, pretext_image *image);
    /* Emits a picture, once. */
    pretext_status (*emit_image)(pretext_ctx ctx, uint64_t id);
    pretext_status (*emit_label)(pretext_ctx ctx, uint32_t label);
    /* What is emitted from here on is one list. */
    pretext_status (*open_list)(pretext_ctx ctx);
    pretext_status (*close_list)(pretext_ctx ctx);
    /* Ends the call with the plugin's own error. Gives the status. */
    pretext_status (*fail)(pretext_ctx ctx, pretext_str message, pretext_status status);
};

/* ---- conveniences ------------------------------------------------------------------------------------------------- */

/* An operation with one result; 0 where it failed. */
static inline pretext_var pretext_apply(const pretext_host *host, pretext_ctx ctx, uint32_t code,
                                        const pretext_var *operands, uint64_t operand_count,
                                        const pretext_attr *attrs, uint64_t attr_count)
{
    pretext_var results[8] = {0};
    uint64_t count = 0;
    host->op(ctx, code, operands, operand_count, attrs, attr_count, results, 8, &count);
    return results[0];
}

/* Uniform in 0..n, unbiased; the same numbers as the host's own. */
static inline uint32_t pretext_below(const pretext_sampler *sampler, pretext_ctx ctx, uint32_t n)
{
    if (n == 0)
        return 0;
    for (;;) {
        uint64_t product = (uint64_t)sampler->random(ctx) * n;
        uint32_t low = (uint32_t)product;
        if (low >= n || low >= (0u - n) % n)
            return (uint32_t)(product >> 32);
    }
}

/* Uniform in [low, high). */
static inline double pretext_between(const pretext_sampler *sampler, pretext_ctx ctx, double low, double high)
{
    uint64_t a = sampler->random(ctx) >> 5;
    uint64_t b = sampler->random(ctx) >> 6;
    return low + (high - low) * ((double)(a * 67108864u + b) / 9007199254740992.0);
}

/* ---- operations --------------------------------------------------------------------------------------------------- */

/* BEGIN OPERATIONS: written by `PRETEXT_BLESS=1 cargo test --release --test abi` */
/* Ones on the diagonal: [n, n]. 0 operands; n: size */
#define PRETEXT_OP_EYE 100u
/* 0, 1, …, n - 1, whole numbers: [n]. 0 operands; n: size */
#define PRETEXT_OP_ARANGE 101u
/* max(x, 0). 1 operands */
#define PRETEXT_OP_RELU 200u
/* x Φ(x), with the error function. 1 operands */
#define PRETEXT_OP_GELU 201u
/* eˣ. 1 operands */
#define PRETEXT_OP_EXP 202u
/* ln x. 1 operands */
#define PRETEXT_OP_LOG 203u
/* √x. 1 operands */
#define PRETEXT_OP_SQRT 204u
/* x + c. 1 operands; c: float */
#define PRETEXT_OP_ADD_SCALAR 220u
/* c x. 1 operands; c: float */
#define PRETEXT_OP_MUL_SCALAR 221u
/* x, and no gradient flows back. 1 operands */
#define PRETEXT_OP_STOP_GRADIENT 230u
/* a + b; sizes of 1 are repeated. 2 operands */
#define PRETEXT_OP_ADD 300u
/* a - b; sizes of 1 are repeated. 2 operands */
#define PRETEXT_OP_SUB 301u
/* a b, element by element; sizes of 1 are repeated. 2 operands */
#define PRETEXT_OP_MUL 302u
/* a / b; sizes of 1 are repeated. 2 operands */
#define PRETEXT_OP_DIV 303u
/* 1.0 where a = b, 0.0 elsewhere. 2 operands */
#define PRETEXT_OP_EQUAL 310u
/* [.., m, k] × [.., k, n] → [.., m, n]. 2 operands */
#define PRETEXT_OP_MATMUL 400u
/* x [.., in], weight [in, out], bias [out] or none → [.., out]. 2 to 3 operands */
#define PRETEXT_OP_LINEAR 401u
/* x [B, C, H, W], weight [out, C / groups, k, k], bias [out] or none → [B, out, H', W']. 2 to 3 operands; stride: int = 1, padding: int = 0, groups: int = 1 */
#define PRETEXT_OP_CONV2D 402u
/* eˣ / Σ eˣ along a dimension. 1 operands; dim: int = -1 */
#define PRETEXT_OP_SOFTMAX 600u
/* x - ln Σ eˣ along a dimension. 1 operands; dim: int = -1 */
#define PRETEXT_OP_LOG_SOFTMAX 601u
/* x / √(Σ x² + 1e-12) over the last dimension. 1 operands */
#define PRETEXT_OP_L2_NORMALIZE 602u
/* x [.., n] normalised over its last dimension, times gamma [n], plus beta [n]. 3 operands; epsilon: float = 0.00001 */
#define PRETEXT_OP_LAYER_NORM 603u
/* Zeroes elements while training and scales the rest by 1 / (1 - p). 1 operands; p: float */
#define PRETEXT_OP_DROPOUT 610u
/* The largest of each window of [B, C, H, W]. 1 operands; kernel: int, stride: int = none, padding: int = 0 */
#define PRETEXT_OP_MAX_POOL 900u
/* The mean of each window of [B, C, H, W], padding counted. 1 operands; kernel: int, stride: int = none, padding: int = 0 */
#define PRETEXT_OP_AVG_POOL 901u
/* The mean over the places of a map: [B, C, H, W] → [B, C]. 1 operands */
#define PRETEXT_OP_GLOBAL_AVG_POOL 902u
/* The sum along dimensions. 1 operands; dims: ints = none, keep: switch = true */
#define PRETEXT_OP_SUM 500u
/* The mean along dimensions. 1 operands; dims: ints = none, keep: switch = true */
#define PRETEXT_OP_MEAN 501u
/* The mean of everything: [1]. 1 operands */
#define PRETEXT_OP_MEAN_ALL 510u
/* The index of the largest along a dimension, which stays with size 1; whole numbers. 1 operands; dim: int = -1 */
#define PRETEXT_OP_ARGMAX 511u
/* The same elements in other sizes. 1 operands; shape: sizes */
#define PRETEXT_OP_RESHAPE 700u
/* [B, …] → [B, n]. 1 operands */
#define PRETEXT_OP_FLATTEN 701u
/* A new order of dimensions. 1 operands; order: ints */
#define PRETEXT_OP_PERMUTE 702u
/* Two dimensions exchanged. 1 operands; a: int = -2, b: int = -1 */
#define PRETEXT_OP_TRANSPOSE 703u
/* Sizes of 1 repeated. 1 operands; shape: sizes */
#define PRETEXT_OP_EXPAND 704u
/* One after the other along a dimension. 1 operands or more; dim: int = 0 */
#define PRETEXT_OP_CONCAT 705u
/* `start .. start + size` along a dimension. 1 operands; dim: int = 0, start: size = 0, size: size */
#define PRETEXT_OP_SLICE 706u
/* x's elements at the index along a dimension; the index has x's sizes elsewhere. 2 operands; dim: int = -1 */
#define PRETEXT_OP_GATHER 800u
/* The mean of -log softmax(logits)[target]: logits [R, C], targets [R] → [1]. 2 operands */
#define PRETEXT_OP_CROSS_ENTROPY 1000u
/* The fraction of rows whose largest score is the target's: logits [R, C], targets [R] → [1]. 2 operands */
#define PRETEXT_OP_ACCURACY 1001u
/* A number that changes with the step, the same for the whole batch: [1]. 0 operands; from: float = 0, to: float = 1, curve: text = constant, start: float = 0, end: float = 1, unit: text = run */
#define PRETEXT_OP_SCALAR 1100u
/* The value; its gradient flows only while the scalar that the attributes describe is above 0: [..] → [..]. 1 operands; from: float = 0, to: float = 1, curve: text = constant, start: float = 0, end: float = 1, unit: text = run */
#define PRETEXT_OP_WHEN 1101u
/* Uniform numbers in 0..1, another draw in each batch. 0 operands; shape: sizes */
#define PRETEXT_OP_RANDOM_UNIFORM 1102u
/* Standard normal numbers, another draw in each batch. 0 operands; shape: sizes */
#define PRETEXT_OP_RANDOM_NORMAL 1103u
/* 0..n in a random order, another one in each batch: [n] whole numbers. 0 operands; n: size */
#define PRETEXT_OP_RANDOM_ORDER 1104u
/* Where each sample of the batch stands in the split: [B] whole numbers. 0 operands */
#define PRETEXT_OP_INDEX 1105u
/* A tensor that lives between steps, as it was when the batch began. 0 operands; name: text, shape: ints, init: text = constant, value: float = 0, whole: switch = false */
#define PRETEXT_OP_STATE 1110u
/* What a state is from the next batch on: [state, value] → nothing. 2 operands */
#define PRETEXT_OP_ASSIGN 1111u
/* Rows of a state from the next batch on: [state, index [R], rows [R, ..]] → nothing. 3 operands */
#define PRETEXT_OP_ASSIGN_ROWS 1112u
/* A number to be made small: [1] → nothing. 1 operands; name: text */
#define PRETEXT_OP_OBJECTIVE 1120u
/* A number to be watched: [1] → nothing. 1 operands; name: text */
#define PRETEXT_OP_METRIC 1121u
/* Names a value so that probes can read it: [..] → [..]. 1 operands; name: text */
#define PRETEXT_OP_PLACE 1122u
/* END OPERATIONS */

#ifdef __cplusplus
}
#endif

#endif
