/* The plugin ABI of Pretext, version 1.3. plugins/README.md has its rules.
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
#define PRETEXT_ABI_MINOR 3u

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
    pretext_str ty; /* image, image[3, 32, 32], mask[32, 32], label, label(4), text, tokens[128], clip[8, 3, 32, 32],
                       boxes[8, 4], list(image) */
    pretext_str doc;
    uint64_t at_least; /* fewest elements of a list */
    uint32_t or_list;  /* 1: a list may stand here too, its elements one after the other along the batch */
    uint32_t reserved;
} pretext_input;

/* An encoder that later stages may start from: from = STAGE.NAME. */
typedef struct pretext_part {
    uint64_t size;
    pretext_str name; /* as build names it */
    pretext_str doc;  /* one sentence */
} pretext_part;

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
    /* Since 1.1: what build names with part, in that order; none where it is not said. */
    const pretext_part *parts;
    uint64_t part_count;
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
    /* Since 1.3: 1 where a clip flows in whole; 0: frame by frame, each as a picture. */
    uint32_t whole_clips;
    uint32_t reserved;
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
    PRETEXT_SAMPLE_TEXT = 3,
    /* since 1.3; these flow only into plugins that need 1.3 */
    PRETEXT_SAMPLE_TOKENS = 4, /* a text in pieces of words */
    PRETEXT_SAMPLE_CLIP = 5,   /* pictures of one size in the order of time */
    PRETEXT_SAMPLE_BOXES = 6   /* rectangles in a picture */
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

    /* Since 1.3, as is all below. */
    pretext_status (*emit_text)(pretext_ctx ctx, pretext_str text);
    /* The pieces of a text that flows in, by their numbers in its vocabulary; 0 is padding. Lent for the call. */
    pretext_status (*input_tokens)(pretext_ctx ctx, uint64_t index, const uint32_t **ids, uint64_t *count);
    /* Emits a text in pieces of the vocabulary of what flowed in. */
    pretext_status (*emit_tokens)(pretext_ctx ctx, const uint32_t *ids, uint64_t count);
    /* How many pieces the vocabulary has: their numbers are below it. */
    pretext_status (*pieces)(pretext_ctx ctx, uint64_t *count);
    /* How a piece is spelt: sea, ##side, [MASK]; PRETEXT_ABSENT where there is none of this number. */
    pretext_status (*piece)(pretext_ctx ctx, uint32_t id, pretext_str *text);
    /* The number of a piece; PRETEXT_ABSENT where none is spelt so. */
    pretext_status (*piece_id)(pretext_ctx ctx, pretext_str text, uint32_t *id);
    /* How many frames a clip has that flows in. */
    pretext_status (*input_clip)(pretext_ctx ctx, uint64_t index, uint64_t *frames);
    /* A frame of it, the first is the earliest. */
    pretext_status (*input_frame)(pretext_ctx ctx, uint64_t index, uint64_t frame, pretext_image *image);
    /* The pictures that are emitted from here on are the frames of one clip. */
    pretext_status (*open_clip)(pretext_ctx ctx);
    /* Ends the clip: its frames have one size. */
    pretext_status (*close_clip)(pretext_ctx ctx);
    /* Rectangles that flow in: left, top, right and bottom in pixels, four numbers each. Lent for the call. */
    pretext_status (*input_boxes)(pretext_ctx ctx, uint64_t index, const float **numbers, uint64_t *count);
    /* Emits rectangles: count of them, four numbers each. */
    pretext_status (*emit_boxes)(pretext_ctx ctx, const float *numbers, uint64_t count);
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
/* One number everywhere. 0 operands; shape: sizes, value: float */
#define PRETEXT_OP_FULL 102u
/* A size as a number, such as the batch's: [1]. 0 operands; n: size */
#define PRETEXT_OP_COUNT 103u
/* A trained tensor of the current scope; the same one when it is asked for again. 0 operands; name: text, shape: sizes, init: text = normal, scale: float = 0.02 */
#define PRETEXT_OP_PARAMETER 110u
/* A field of the batch. 0 operands; name: text */
#define PRETEXT_OP_INPUT 120u
/* The elements of a field that is a list, one result each. 0 operands; name: text */
#define PRETEXT_OP_INPUT_LIST 121u
/* A field of the batch; the elements of a list one after the other along the batch. 0 operands; name: text */
#define PRETEXT_OP_INPUT_STACKED 122u
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
/* |x|. 1 operands */
#define PRETEXT_OP_ABS 205u
/* Hyperbolic tangent. 1 operands */
#define PRETEXT_OP_TANH 206u
/* 1 / (1 + e⁻ˣ). 1 operands */
#define PRETEXT_OP_SIGMOID 207u
/* ln (1 / (1 + e⁻ˣ)), exact for large |x|. 1 operands */
#define PRETEXT_OP_LOG_SIGMOID 208u
/* ln (1 + eˣ), exact for large |x|. 1 operands */
#define PRETEXT_OP_SOFTPLUS 209u
/* x / (1 + e⁻ˣ). 1 operands */
#define PRETEXT_OP_SILU 210u
/* Sine of radians. 1 operands */
#define PRETEXT_OP_SIN 211u
/* Cosine of radians. 1 operands */
#define PRETEXT_OP_COS 212u
/* -x. 1 operands */
#define PRETEXT_OP_NEG 213u
/* x + c. 1 operands; c: float */
#define PRETEXT_OP_ADD_SCALAR 220u
/* c x. 1 operands; c: float */
#define PRETEXT_OP_MUL_SCALAR 221u
/* xᶜ; a negative x needs a whole exponent. 1 operands; c: float */
#define PRETEXT_OP_POW 222u
/* x where it is positive, slope x elsewhere. 1 operands; slope: float = 0.01 */
#define PRETEXT_OP_LEAKY_RELU 223u
/* x, but at least `min` and at most `max`; no gradient flows where it is cut. 1 operands; min: float = -inf, max: float = inf */
#define PRETEXT_OP_CLAMP 224u
/* What is left after whole multiples of c, with c's sign. 1 operands; c: float */
#define PRETEXT_OP_REMAINDER 225u
/* Labels and indices as numbers. 1 operands */
#define PRETEXT_OP_TO_FLOAT 226u
/* Numbers as indices, cut towards zero. 1 operands */
#define PRETEXT_OP_TO_INT 227u
/* x, and no gradient flows back. 1 operands */
#define PRETEXT_OP_STOP_GRADIENT 230u
/* a + b. 2 operands */
#define PRETEXT_OP_ADD 300u
/* a - b. 2 operands */
#define PRETEXT_OP_SUB 301u
/* a b, element by element. 2 operands */
#define PRETEXT_OP_MUL 302u
/* a / b. 2 operands */
#define PRETEXT_OP_DIV 303u
/* The larger one. 2 operands */
#define PRETEXT_OP_MAXIMUM 304u
/* The smaller one. 2 operands */
#define PRETEXT_OP_MINIMUM 305u
/* 1.0 where a = b, 0.0 elsewhere. 2 operands */
#define PRETEXT_OP_EQUAL 310u
/* 1.0 where a ≠ b, 0.0 elsewhere. 2 operands */
#define PRETEXT_OP_NOT_EQUAL 311u
/* 1.0 where a < b, 0.0 elsewhere. 2 operands */
#define PRETEXT_OP_LESS 312u
/* 1.0 where a ≤ b, 0.0 elsewhere. 2 operands */
#define PRETEXT_OP_LESS_EQUAL 313u
/* 1.0 where a > b, 0.0 elsewhere. 2 operands */
#define PRETEXT_OP_GREATER 314u
/* 1.0 where a ≥ b, 0.0 elsewhere. 2 operands */
#define PRETEXT_OP_GREATER_EQUAL 315u
/* condition, a, b → a where the condition is not 0, b elsewhere. 3 operands */
#define PRETEXT_OP_SELECT 320u
/* [.., m, k] × [.., k, n] → [.., m, n]; leading sizes of 1 are repeated. 2 operands */
#define PRETEXT_OP_MATMUL 400u
/* x [.., in], weight [in, out], bias [out] or none → [.., out]. 2 to 3 operands */
#define PRETEXT_OP_LINEAR 401u
/* x [B, C, H, W], weight [out, C / groups, k, k], bias [out] or none → [B, out, H', W']. 2 to 3 operands; stride: int = 1, padding: int = 0, groups: int = 1 */
#define PRETEXT_OP_CONV2D 402u
/* x [B, C, H, W], weight [C, out / groups, k, k], bias [out] or none → [B, out, H', W']. 2 to 3 operands; stride: int = 1, padding: int = 0, output_padding: int = 0, groups: int = 1 */
#define PRETEXT_OP_CONV_TRANSPOSE2D 403u
/* q [.., N, d], k [.., M, d], v [.., M, e], mask [.., N, M] (1 where a query may look) or none → [.., N, e]. 3 to 4 operands; scale: float = none */
#define PRETEXT_OP_ATTENTION 404u
/* weight [V, D], index [..] → [.., D]. 2 operands */
#define PRETEXT_OP_EMBEDDING 405u
/* x [B, n, D], weights [D, 3 W] and [W, 3 W], biases [3 W] twice, 1 for each step that counts [B, n] or none → states [B, n, W]. 5 to 6 operands; backwards: switch = false */
#define PRETEXT_OP_GRU 406u
/* eˣ / Σ eˣ along a dimension. 1 operands; dim: int = -1 */
#define PRETEXT_OP_SOFTMAX 600u
/* x - ln Σ eˣ along a dimension. 1 operands; dim: int = -1 */
#define PRETEXT_OP_LOG_SOFTMAX 601u
/* x / √(Σ x² + 1e-12) along a dimension. 1 operands; dim: int = -1 */
#define PRETEXT_OP_L2_NORMALIZE 602u
/* x [.., n] normalised over its last dimension, times gamma [n], plus beta [n], where given. 1 to 3 operands; epsilon: float = 0.00001 */
#define PRETEXT_OP_LAYER_NORM 603u
/* x [B, C, ..] normalised per channel, times gamma [C], plus beta [C], where given; running statistics in evaluation. 1 to 3 operands; name: text, epsilon: float = 0.00001, momentum: float = 0.1 */
#define PRETEXT_OP_BATCH_NORM 604u
/* x [B, C, ..] normalised over groups of channels of a sample, times gamma [C], plus beta [C], where given. 1 to 3 operands; groups: int, epsilon: float = 0.00001 */
#define PRETEXT_OP_GROUP_NORM 605u
/* x [B, C, ..] normalised over the places of each channel of a sample, times gamma [C], plus beta [C], where given. 1 to 3 operands; epsilon: float = 0.00001 */
#define PRETEXT_OP_INSTANCE_NORM 606u
/* (x - mean) / √(variance + ε) over dimensions, by the batch at hand. 1 operands; dims: ints = 0, epsilon: float = 0.00001 */
#define PRETEXT_OP_STANDARDIZE 607u
/* x [B, d] → Σ (x - mean)(x - mean)ᵀ / (B - 1), [d, d]. 1 operands */
#define PRETEXT_OP_COVARIANCE 608u
/* [n, n] with zeros on its diagonal. 1 operands */
#define PRETEXT_OP_OFF_DIAGONAL 609u
/* Zeroes elements while training and scales the rest by 1 / (1 - p). 1 operands; p: float */
#define PRETEXT_OP_DROPOUT 610u
/* The sum along dimensions. 1 operands; dims: ints = none, keep: switch = true */
#define PRETEXT_OP_SUM 500u
/* The mean along dimensions. 1 operands; dims: ints = none, keep: switch = true */
#define PRETEXT_OP_MEAN 501u
/* The largest along dimensions; a tie's gradient goes to the first. 1 operands; dims: ints = none, keep: switch = true */
#define PRETEXT_OP_MAX 502u
/* The smallest along dimensions; a tie's gradient goes to the first. 1 operands; dims: ints = none, keep: switch = true */
#define PRETEXT_OP_MIN 503u
/* Σ (x - mean)² / (n - correction). 1 operands; dims: ints = none, keep: switch = true, correction: int = 1 */
#define PRETEXT_OP_VARIANCE 504u
/* √(variance + ε). 1 operands; dims: ints = none, keep: switch = true, correction: int = 1, epsilon: float = 0 */
#define PRETEXT_OP_STD 505u
/* (Σ |x|ᵖ)^(1/p); for p = 2 √(Σ x² + ε). 1 operands; dims: ints = none, keep: switch = true, p: float = 2, epsilon: float = 0 */
#define PRETEXT_OP_NORM 506u
/* ln Σ eˣ along dimensions. 1 operands; dims: ints = none, keep: switch = true */
#define PRETEXT_OP_LOGSUMEXP 507u
/* The sum of everything: [1]. 1 operands */
#define PRETEXT_OP_SUM_ALL 508u
/* The mean of everything: [1]. 1 operands */
#define PRETEXT_OP_MEAN_ALL 510u
/* The index of the largest along a dimension, which stays with size 1. 1 operands; dim: int = -1 */
#define PRETEXT_OP_ARGMAX 511u
/* The index of the smallest along a dimension, which stays with size 1. 1 operands; dim: int = -1 */
#define PRETEXT_OP_ARGMIN 512u
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
/* `start .. start + size` along a dimension, every `step`-th. 1 operands; dim: int = 0, start: size = 0, size: size = none, step: int = 1 */
#define PRETEXT_OP_SLICE 706u
/* A dimension of size 1 more. 1 operands; dim: int */
#define PRETEXT_OP_UNSQUEEZE 707u
/* Without a dimension of size 1. 1 operands; dim: int */
#define PRETEXT_OP_SQUEEZE 708u
/* Tensors of one shape along a dimension of their own. 1 operands or more; dim: int = 0 */
#define PRETEXT_OP_STACK 709u
/* Pieces along a dimension, one result each. 1 operands; dim: int = 0, parts: int = 2, sizes: sizes = none */
#define PRETEXT_OP_SPLIT 710u
/* The whole again and again along a dimension. 1 operands; dim: int = 0, times: int */
#define PRETEXT_OP_REPEAT 711u
/* Backwards along dimensions. 1 operands; dims: ints = -1 */
#define PRETEXT_OP_FLIP 712u
/* Everything moved along a dimension; what leaves comes in at the other end. 1 operands; dim: int = 0, shift: int */
#define PRETEXT_OP_ROLL 713u
/* Quarter turns against the clock of the last two dimensions. 1 operands; turns: int = 1 */
#define PRETEXT_OP_ROTATE 714u
/* More elements before and after along dimensions. 1 operands; dims: ints, before: int = 0, after: int = 0, mode: text = constant, value: float = 0 */
#define PRETEXT_OP_PAD 715u
/* x's elements at the index along a dimension; the index has x's sizes elsewhere. 2 operands; dim: int = -1 */
#define PRETEXT_OP_GATHER 800u
/* x, index, values → x with the values added at the index along a dimension. 3 operands; dim: int = -1 */
#define PRETEXT_OP_SCATTER_ADD 801u
/* x's slices at the index along a dimension, whose place the index's sizes take. 2 operands; dim: int = 0 */
#define PRETEXT_OP_TAKE 802u
/* Each sample's own rows: x [B, N, ..], index [B, K] → [B, K, ..]. 2 operands */
#define PRETEXT_OP_GATHER_ROWS 803u
/* 1.0 at the index, 0.0 elsewhere: index [..] → [.., n]. 1 operands; n: size */
#define PRETEXT_OP_ONE_HOT 804u
/* The indices that sort along a dimension; equal elements keep their order. 1 operands; dim: int = -1, descending: switch = false */
#define PRETEXT_OP_ARGSORT 810u
/* Sorted along a dimension, and the indices: two results. 1 operands; dim: int = -1, descending: switch = false */
#define PRETEXT_OP_SORT 811u
/* The k largest along a dimension, largest first, and their indices: two results. 1 operands; k: int, dim: int = -1 */
#define PRETEXT_OP_TOPK 812u
/* The largest of each window of [B, C, H, W]. 1 operands; kernel: int, stride: int = none, padding: int = 0 */
#define PRETEXT_OP_MAX_POOL 900u
/* The mean of each window of [B, C, H, W], padding counted. 1 operands; kernel: int, stride: int = none, padding: int = 0 */
#define PRETEXT_OP_AVG_POOL 901u
/* The mean over the places of a map: [B, C, H, W] → [B, C]. 1 operands */
#define PRETEXT_OP_GLOBAL_AVG_POOL 902u
/* [B, C, H, W] in height × width cells, each the mean of the pixels that it touches. 1 operands; height: int, width: int */
#define PRETEXT_OP_ADAPTIVE_AVG_POOL 903u
/* [B, C, H, W] at another height and width, pixel centres as in PyTorch with align_corners = False. 1 operands; height: int, width: int, method: text = bilinear */
#define PRETEXT_OP_INTERPOLATE 904u
/* [B, C, H, W] → [B, H/p · W/p, p · p · C], the channel last. 1 operands; patch: int */
#define PRETEXT_OP_PATCHIFY 910u
/* [B, rows · w, p · p · C] → [B, C, rows · p, w · p]. 1 operands; patch: int, rows: int */
#define PRETEXT_OP_UNPATCHIFY 911u
/* The mean of -log softmax(logits)[target]: logits [R, C], targets [R] or soft ones [R, C], weights [R] or none. 2 to 3 operands; smoothing: float = 0, ignore: int = none */
#define PRETEXT_OP_CROSS_ENTROPY 1000u
/* The fraction of rows whose largest score is the target's: logits [R, C], targets [R]. 2 operands */
#define PRETEXT_OP_ACCURACY 1001u
/* The mean of -t ln σ(x) - (1 - t) ln (1 - σ(x)): logits x, targets t in 0..1, weights or none. 2 to 3 operands */
#define PRETEXT_OP_BCE 1002u
/* The mean of (a - b)²; weights or none. 2 to 3 operands */
#define PRETEXT_OP_MSE 1003u
/* The mean of |a - b|; weights or none. 2 to 3 operands */
#define PRETEXT_OP_L1 1004u
/* The mean of d² / 2β where |d| < β and |d| - β/2 elsewhere, d = a - b; weights or none. 2 to 3 operands; beta: float = 1 */
#define PRETEXT_OP_SMOOTH_L1 1005u
/* x, weights → Σ w x / Σ w, 0 where all weights are 0. 2 operands */
#define PRETEXT_OP_WEIGHTED_MEAN 1006u
/* cos(a, b) along the last dimension, which goes: [.., n] twice → [..]. 2 operands */
#define PRETEXT_OP_COSINE_SIMILARITY 1010u
/* The mean of 1 - cos(a, b) over rows. 2 operands */
#define PRETEXT_OP_COSINE_LOSS 1011u
/* Σ (aᵢ - bⱼ)² of all pairs: a [R, n], b [S, n] → [R, S]. 2 operands */
#define PRETEXT_OP_PAIRWISE_DISTANCE 1012u
/* How far apart rows are: [.., n] twice → [..]. 2 operands; distance: text = euclidean */
#define PRETEXT_OP_DISTANCE 1013u
/* z [2 R, d], rows i and i + R of one sample → NT-Xent and how often the other view is nearest: two results. 1 operands; temperature: float */
#define PRETEXT_OP_NT_XENT 1020u
/* queries [R, d], positives [R, d], negatives [K, d] or none → InfoNCE and how often the positive is nearest: two results. 2 to 3 operands; temperature: float, normalize: switch = true */
#define PRETEXT_OP_INFO_NCE 1021u
/* The mean of max(0, d(anchor, positive) - d(anchor, negative) + margin), each [R, n]. 3 operands; margin: float = 1, distance: text = euclidean */
#define PRETEXT_OP_TRIPLET 1022u
/* scores [R, K] → assignments [R, K] that use every column equally often; rows sum to 1, no gradient. 1 operands; epsilon: float = 0.05, iterations: int = 3 */
#define PRETEXT_OP_SINKHORN 1030u
/* rows of words x and y [B, n, d], of noise z [B, m, d], ids [B, n] (0: no word) and [B, m], reaches [B, n] → each text's loss and pairs [B, 2]. 6 operands; radius: int = 5, share: int = 1, bag: switch = false */
#define PRETEXT_OP_NEGATIVE_SAMPLING 1040u
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
/* Pictures that are shown side by side after training, a row for each record: [B, C, H, W] each → nothing. Or texts by ids of their words, [B, n]: one, or a text, what was hidden and what was filled in. 1 operands or more; name: text, titles: text =  */
#define PRETEXT_OP_EXHIBIT 1123u
/* END OPERATIONS */

#ifdef __cplusplus
}
#endif

#endif
