/* A plugin with a task and a transform, without a fault; each -D brings one in. */
#define _POSIX_C_SOURCE 200809L

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "pretext_plugin.h"

#ifdef MISSING_SYMBOL
extern int nobody_defines_this(void);
#endif

static void leave(void)
{
    _exit(9);
}

/* Takes longer than a call of a transform should, and not long. */
static void idle(long milliseconds)
{
    struct timespec time = {.tv_sec = milliseconds / 1000, .tv_nsec = milliseconds % 1000 * 1000000};
    nanosleep(&time, NULL);
}

/* What happens as soon as it is loaded. */
#ifdef BORN
__attribute__((constructor)) static void born(void)
{
    FILE *own = fopen("born", "a");
    if (own) {
        fprintf(own, "%ld\n", (long)getpid());
        fclose(own);
    }
    BORN;
}
#endif

/* Happens only where there is a file `now`. */
#define LATELY(WHAT) \
    if (access("now", F_OK) == 0) { \
        WHAT; \
    }

static pretext_status build(const void *data, const pretext_host *host, pretext_ctx ctx)
{
    (void)data;
    pretext_module encoder = 0, head = 0;
    pretext_var view = 0, turn = 0, features = 0, logits = 0, loss = 0;
    host->module(ctx, PRETEXT_TEXT("encoder"), PRETEXT_TEXT("encoder"), &encoder);
    host->module(ctx, PRETEXT_TEXT("head"), PRETEXT_TEXT("head"), &head);
    host->input(ctx, PRETEXT_TEXT("view"), &view);
    host->input(ctx, PRETEXT_TEXT("turn"), &turn);
    host->call(ctx, encoder, view, &features);
    host->call(ctx, head, features, &logits);
#if defined(UNKNOWN_OP)
    pretext_apply(host, ctx, 4000000000u, &logits, 1, NULL, 0);
#elif defined(STALE_VAR)
    static pretext_var kept = 0;
    pretext_var used = kept ? kept : logits + (UINT64_C(1) << 33);
    kept = logits;
    pretext_apply(host, ctx, PRETEXT_OP_RELU, &used, 1, NULL, 0);
#elif defined(STALE_MODULE)
    host->call(ctx, encoder + 7, view, &features);
#elif defined(STALE_CTX)
    host->input(ctx + 1, PRETEXT_TEXT("view"), &view);
#elif defined(WRONG_ARITY)
    pretext_var both[2] = {logits, logits};
    pretext_apply(host, ctx, PRETEXT_OP_RELU, both, 2, NULL, 0);
#elif defined(UNKNOWN_ATTR)
    pretext_attr extra = {.size = sizeof extra, .name = PRETEXT_STR("colour"), .kind = PRETEXT_ATTR_INT, .integer = 1};
    pretext_apply(host, ctx, PRETEXT_OP_RELU, &logits, 1, &extra, 1);
#elif defined(NO_SIZE)
    pretext_size size = {{-1, 0, 0, 0}};
    pretext_attr n = {.size = sizeof n, .name = PRETEXT_STR("n"), .kind = PRETEXT_ATTR_SIZE, .sizes = &size, .count = 1};
    pretext_apply(host, ctx, PRETEXT_OP_EYE, NULL, 0, &n, 1);
#elif defined(SHAPES)
    pretext_var both[2] = {view, logits};
    pretext_apply(host, ctx, PRETEXT_OP_ADD, both, 2, NULL, 0);
#elif defined(NULL_RESULT)
    host->input(ctx, PRETEXT_TEXT("view"), NULL);
#elif defined(SHORT_ATTR)
    pretext_attr tiny = {.size = 16};
    pretext_apply(host, ctx, PRETEXT_OP_RELU, &logits, 1, &tiny, 1);
#elif defined(NO_NET)
    pretext_module none;
    host->module(ctx, PRETEXT_TEXT("tail"), PRETEXT_TEXT("batch"), &none);
#elif defined(NO_INPUT)
    host->input(ctx, PRETEXT_TEXT("sound"), &view);
#elif defined(SAYS_WHY)
    return host->fail(ctx, PRETEXT_TEXT("this task wants more than 3 pictures"), PRETEXT_TEXT("raise `batch`"),
                      PRETEXT_FAILED);
#elif defined(SAYS_NOTHING)
    return 42;
#elif defined(PRINTS)
    /* an unfinished line, and one that is no text */
    printf("hello\n\xff\xfe\nthere");
    fflush(stdout);
    return host->fail(ctx, PRETEXT_TEXT("it is broken"), PRETEXT_TEXT(""), PRETEXT_FAILED);
#elif defined(FLOODS)
    for (;;)
        fputs("no end of a line ", stdout);
#elif defined(EXITS)
    exit(0);
#elif defined(EXITS_LATE)
    atexit(abort);
#elif defined(LEAVES_LATE)
    atexit(leave);
#elif defined(LEAVES)
    _exit(0);
#elif defined(FORKS)
    /* a process that outlives this one and keeps its streams open */
    if (fork() == 0) {
        idle(20000);
        _exit(0);
    }
    abort();
#elif defined(COMPLAINS)
    fputs("out of cheese\nstack backtrace:\n   0: cellar\n             at src/cellar.rs:1:1\n"
          "note: Some details are omitted\n",
          stderr);
    abort();
#elif defined(FOREVER)
    FILE *own = fopen("pid", "w");
    if (own) {
        fprintf(own, "%ld\n", (long)getpid());
        fclose(own);
    }
    for (volatile int i = 0;;)
        i++;
#elif defined(CLOSES)
    for (int file = 0; file < 1024; file++)
        close(file);
#elif defined(LATER)
    LATELY(LATER)
#elif defined(CRASH)
    return (pretext_status) * (volatile int *)8;
#elif defined(MISSING_SYMBOL)
    return nobody_defines_this();
#endif
    host->part(ctx, PRETEXT_TEXT("turned"), encoder);
    pretext_var operands[2] = {logits, turn};
    loss = pretext_apply(host, ctx, PRETEXT_OP_CROSS_ENTROPY, operands, 2, NULL, 0);
#if !defined(NO_OBJECTIVE)
    pretext_attr name = {.size = sizeof name, .name = PRETEXT_STR("name"), .kind = PRETEXT_ATTR_TEXT,
                         .text = PRETEXT_STR("loss")};
    uint64_t count = 0;
    host->op(ctx, PRETEXT_OP_OBJECTIVE, &loss, 1, &name, 1, NULL, 0, &count);
#endif
    /* no status was looked at: the host knows */
    return PRETEXT_OK;
}

static const pretext_param params[] = {
    {.size = sizeof(pretext_param),
     .name = PRETEXT_STR("head"),
#ifdef UNKNOWN_TYPE
     .ty = PRETEXT_STR("tensor"),
#else
     .ty = PRETEXT_STR("head"),
#endif
     .preset = PRETEXT_STR("linear(4)"),
     .doc = PRETEXT_STR("One score per turn.")},
    {
#ifdef SHORT_PARAM
        .size = 40,
#else
        .size = sizeof(pretext_param),
#endif
        .name = PRETEXT_STR("weight"),
#if defined(BAD_WORDS)
        .ty = PRETEXT_STR("duration"),
#else
        .ty = PRETEXT_STR("number"),
#endif
#if defined(BAD_WORDS)
        .preset = PRETEXT_STR("soon"),
#elif defined(BAD_DEFAULT)
        .preset = PRETEXT_STR("2"),
#else
        .preset = PRETEXT_STR("0.5"),
#endif
        .doc = PRETEXT_STR("Of nothing."),
        .low = 0.0,
        .high = 1.0},
};

static const pretext_input inputs[] = {
    {.size = sizeof(pretext_input),
     .name = PRETEXT_STR("view"),
     .ty = PRETEXT_STR("image"),
     .doc = PRETEXT_STR("The turned picture."),
     .at_least = 1},
    {.size = sizeof(pretext_input),
#ifdef TWO_INPUTS
     .name = PRETEXT_STR("view"),
#else
     .name = PRETEXT_STR("turn"),
#endif
     .ty = PRETEXT_STR("label(4)"),
     .doc = PRETEXT_STR("How many quarter turns."),
     .at_least = 1},
};

#ifdef REFUSES_DATA
static pretext_status augment(const void *data, const pretext_host *host, pretext_ctx ctx)
{
    (void)data;
    return host->fail(ctx, PRETEXT_TEXT("only clips will do"), PRETEXT_TEXT("take a data set of clips"),
                      PRETEXT_FAILED);
}
#endif

static const pretext_part parts[] = {{
    .size = sizeof(pretext_part),
#if defined(OTHER_PARTS) || defined(OLD_TASK)
    .name = PRETEXT_STR("upright"),
#else
    .name = PRETEXT_STR("turned"),
#endif
    .doc = PRETEXT_STR("What saw the turned picture."),
#ifdef TWO_PARTS
}, {
    .size = sizeof(pretext_part),
    .name = PRETEXT_STR("turned"),
    .doc = PRETEXT_STR("The same once more."),
#endif
}};

static const pretext_task tasks[] = {{
#if defined(SHORT_TASK)
    .size = 24,
#elif defined(OLD_TASK)
    .size = offsetof(pretext_task, parts),
#else
    .size = sizeof(pretext_task),
#endif
#ifdef NOT_UTF8
    .name = {"\xff\xfe", 2},
#else
    .name = PRETEXT_STR("faulty"),
#endif
    .summary = PRETEXT_STR("Which quarter turn was applied?"),
    .example = PRETEXT_STR("ssl 1\n\nuse plugin \"faulty\" version \"0.1\"\n\ndataset figures = shapes()\n\n"
                           "augment turned(image) {\n  (view, turn) = image |> normalize() |> quarter_turn()\n"
                           "  emit view, turn\n}\n\n"
                           "pretext learnt = faulty() {\n  data    = figures.train\n  augment = turned\n"
                           "  encoder = small_cnn()\n}\n"),
    .semantics = 1,
    .params = params,
    .param_count = 2,
    .inputs = inputs,
    .input_count = 2,
#ifndef NO_BUILD
    .build = build,
#endif
#ifdef REFUSES_DATA
    .augment = augment,
#endif
    .parts = parts,
    .part_count = sizeof parts / sizeof parts[0],
}};

static pretext_status types(const void *data, const pretext_host *host, pretext_ctx ctx, pretext_str input)
{
    (void)data;
#ifdef REFUSES
    return host->fail(ctx, PRETEXT_TEXT("only square pictures will do"), PRETEXT_TEXT(""), PRETEXT_FAILED);
#endif
#ifdef NO_TYPE
    return host->answer(ctx, PRETEXT_TEXT("picture"));
#endif
    return host->answer(ctx, input);
}

static pretext_status apply(const void *data, void *state, const pretext_sampler *sampler, pretext_ctx ctx)
{
    (void)data;
    (void)state;
    pretext_image image = {.size = sizeof image};
    pretext_status status = sampler->input_image(ctx, 0, &image);
    if (status != PRETEXT_OK)
        return status;
#if defined(EMITS_NOTHING)
    return PRETEXT_OK;
#elif defined(EMITS_TWICE)
    sampler->emit_image(ctx, image.id);
#elif defined(EMITS_LABEL)
    return sampler->emit_label(ctx, 3);
#elif defined(EMITS_SMALL)
    sampler->new_image(ctx, 3, 3, 3, &image);
#elif defined(EMITS_TOKENS)
    const uint32_t ids[2] = {7, 8};
    return sampler->emit_tokens(ctx, ids, 2);
#elif defined(EMITS_NO_BOXES)
    return sampler->emit_boxes(ctx, NULL, 2);
#elif defined(EMITS_CLIP)
    sampler->open_clip(ctx);
    sampler->emit_image(ctx, image.id);
    return sampler->close_clip(ctx);
#elif defined(LEAVES_CLIP_OPEN)
    sampler->open_clip(ctx);
#elif defined(LABEL_AS_FRAME)
    sampler->open_clip(ctx);
    return sampler->emit_label(ctx, 3);
#elif defined(SAMPLE_STALE)
    return sampler->emit_image(ctx + 1, image.id);
#elif defined(SLOW)
    idle(60);
#elif defined(SAMPLE_EXITS)
    exit(0);
#elif defined(SAMPLE_LATER)
    LATELY(SAMPLE_LATER)
#elif defined(SAMPLE_FAILS)
    return sampler->fail(ctx, PRETEXT_TEXT("this picture is too dark"), PRETEXT_FAILED);
#endif
    return sampler->emit_image(ctx, image.id);
}

static const pretext_transform transforms[] = {{
#ifdef OLD_TRANSFORM
    .size = offsetof(pretext_transform, whole_clips),
#else
    .size = sizeof(pretext_transform),
#endif
    .name = PRETEXT_STR("untouched"),
    .summary = PRETEXT_STR("Nothing happens."),
    .example = PRETEXT_STR("untouched()"),
    .semantics = 1,
    .types = types,
#ifndef NO_APPLY
    .apply = apply,
#endif
}};

static const pretext_plugin plugin = {
#ifdef SHORT_PLUGIN
    .size = 32,
#else
    .size = sizeof(pretext_plugin),
#endif
#ifdef WRONG_MAGIC
    .magic = 0x1234,
#else
    .magic = PRETEXT_MAGIC,
#endif
#ifdef OTHER_MAJOR
    .abi_major = 2,
#else
    .abi_major = PRETEXT_ABI_MAJOR,
#endif
#if defined(NEWER_MINOR)
    .abi_minor = 4,
#elif defined(OLD_TRANSFORM)
    .abi_minor = OLD_TRANSFORM,
#else
    .abi_minor = PRETEXT_ABI_MINOR,
#endif
#ifdef OTHER_NAME
    .name = PRETEXT_STR("somebody_else"),
#else
    .name = PRETEXT_STR("faulty"),
#endif
#ifdef OTHER_VERSION
    .version = PRETEXT_STR("0.2.0"),
#else
    .version = PRETEXT_STR("0.1.3"),
#endif
    .tasks = tasks,
    .task_count = 1,
    .transforms = transforms,
    .transform_count = 1,
};

#if defined(NO_SYMBOL)
int a_library_of_another_kind(void);
int a_library_of_another_kind(void)
{
    return plugin.size != 0;
}
#elif defined(OTHER_SYMBOL)
PRETEXT_EXPORT const pretext_plugin *pretext_plugin_v2(uint32_t host_minor);
PRETEXT_EXPORT const pretext_plugin *pretext_plugin_v2(uint32_t host_minor)
{
    (void)host_minor;
    return &plugin;
}
#else
const pretext_plugin *pretext_plugin_v1(uint32_t host_minor)
{
    (void)host_minor;
#ifdef NO_DESCRIPTION
    return NULL;
#endif
    return &plugin;
}
#endif
