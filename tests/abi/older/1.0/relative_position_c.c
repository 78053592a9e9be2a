/* Where does one tile lie, seen from the other? (Doersch et al., 2015)
 *
 * An example of a task in C: the ABI needs no Rust. `pretext plugin build relative_position_c` compiles it with the C compiler.
 */
#include "pretext_plugin.h"

static void named(const pretext_host *host, pretext_ctx ctx, uint32_t code, pretext_var x, pretext_str name)
{
    pretext_attr attr = {.size = sizeof attr, .name = PRETEXT_STR("name"), .kind = PRETEXT_ATTR_TEXT, .text = name};
    pretext_apply(host, ctx, code, &x, 1, &attr, 1);
}

/* No status is looked at: after a call that failed all others fail too, and the host reports the first. */
static pretext_status build(const void *data, const pretext_host *host, pretext_ctx ctx)
{
    (void)data;
    pretext_module encoder = 0, head = 0;
    host->module(ctx, PRETEXT_TEXT("encoder"), PRETEXT_TEXT("encoder"), &encoder);
    host->module(ctx, PRETEXT_TEXT("head"), PRETEXT_TEXT("head"), &head);

    pretext_var middle = 0, neighbour = 0, place = 0;
    host->input(ctx, PRETEXT_TEXT("middle"), &middle);       /* [B, C, h, w] */
    host->input(ctx, PRETEXT_TEXT("neighbour"), &neighbour); /* [B, C, h, w] */
    host->input(ctx, PRETEXT_TEXT("place"), &place);         /* [B] in 0..8 */

    /* one network for both: two calls of a module share its weights */
    pretext_var features[2] = {0, 0};
    host->call(ctx, encoder, middle, &features[0]);    /* [B, D] */
    host->call(ctx, encoder, neighbour, &features[1]); /* [B, D] */
    pretext_attr dim = {.size = sizeof dim, .name = PRETEXT_STR("dim"), .kind = PRETEXT_ATTR_INT, .integer = 1};
    pretext_var pair = pretext_apply(host, ctx, PRETEXT_OP_CONCAT, features, 2, &dim, 1); /* [B, 2 D] */
    pretext_var logits = 0;
    host->call(ctx, head, pair, &logits); /* [B, 8] */

    pretext_var operands[2] = {logits, place};
    pretext_var loss = pretext_apply(host, ctx, PRETEXT_OP_CROSS_ENTROPY, operands, 2, 0, 0);
    named(host, ctx, PRETEXT_OP_OBJECTIVE, loss, PRETEXT_TEXT("loss"));
    pretext_var accuracy = pretext_apply(host, ctx, PRETEXT_OP_ACCURACY, operands, 2, 0, 0);
    named(host, ctx, PRETEXT_OP_METRIC, accuracy, PRETEXT_TEXT("accuracy"));
    return PRETEXT_OK;
}

static const pretext_param params[] = {
    {.size = sizeof(pretext_param),
     .name = PRETEXT_STR("head"),
     .ty = PRETEXT_STR("head"),
     .preset = PRETEXT_STR("linear(128) |> batch_norm() |> relu() |> linear(8)"),
     .doc = PRETEXT_STR("From both tiles' features to one score for each place.")},
};

static const pretext_input inputs[] = {
    {.size = sizeof(pretext_input),
     .name = PRETEXT_STR("middle"),
     .ty = PRETEXT_STR("image"),
     .doc = PRETEXT_STR("The tile in the middle."),
     .at_least = 1},
    {.size = sizeof(pretext_input),
     .name = PRETEXT_STR("neighbour"),
     .ty = PRETEXT_STR("image"),
     .doc = PRETEXT_STR("One of its eight neighbours."),
     .at_least = 1},
    {.size = sizeof(pretext_input),
     .name = PRETEXT_STR("place"),
     .ty = PRETEXT_STR("label(8)"),
     .doc = PRETEXT_STR("Which neighbour, row by row without the middle."),
     .at_least = 1},
};

static const pretext_task tasks[] = {{
    .size = sizeof(pretext_task),
    .name = PRETEXT_STR("relative_position_c"),
    .summary = PRETEXT_STR("Where does one tile lie, seen from the other?"),
    .doc = PRETEXT_STR("The augment cuts both tiles out: `image |> normalize() |> neighbour_tiles(8px)`."),
    .cite = PRETEXT_STR("Doersch et al., 2015"),
    .title = PRETEXT_STR("Unsupervised Visual Representation Learning by Context Prediction"),
    .link = PRETEXT_STR("arXiv:1505.05192"),
    .example = PRETEXT_STR("ssl 1\n\nuse plugin \"relative_position_c\" version \"0.1\"\n\ndataset figures = shapes()\n\n"
                           "augment tiles(image) {\n"
                           "  (middle, neighbour, place) = image |> normalize() |> neighbour_tiles(8px)\n"
                           "  emit middle, neighbour, place\n}\n\n"
                           "pretext learnt = relative_position_c() {\n  data    = figures.train\n  augment = tiles\n"
                           "  encoder = small_cnn()\n}\n"),
    .semantics = 1,
    .params = params,
    .param_count = sizeof params / sizeof *params,
    .inputs = inputs,
    .input_count = sizeof inputs / sizeof *inputs,
    .build = build,
}};

static const pretext_plugin plugin = {
    .size = sizeof(pretext_plugin),
    .magic = PRETEXT_MAGIC,
    .abi_major = PRETEXT_ABI_MAJOR,
    .abi_minor = PRETEXT_ABI_MINOR,
    .name = PRETEXT_STR("relative_position_c"),
    .version = PRETEXT_STR("0.1.0"),
    .tasks = tasks,
    .task_count = 1,
};

const pretext_plugin *pretext_plugin_v1(uint32_t host_minor)
{
    (void)host_minor;
    return &plugin;
}
