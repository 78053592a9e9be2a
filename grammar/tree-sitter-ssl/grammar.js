/**
 * @file The recipe language of Pretext, `.ssl`. `../ssl.pest` is the grammar that the program reads by, `../README.md` its reference.
 * @license MIT OR Apache-2.0
 */

/// <reference types="tree-sitter-cli/dsl" />
// @ts-check

/**
 * Elements of brackets, with a comma behind each but perhaps the last.
 * @param {RuleOrLiteral} element
 */
const listed = (element) => seq(repeat(seq(element, ",")), optional(element));

module.exports = grammar({
  name: "ssl",

  // what begins a field, `NAME =`, can't go on with a value: ends of lines need no rule
  extras: ($) => [/[\s\uFEFF]/, $.comment, $.doc_comment],

  // a word of the language is a name wherever it can't be that word
  word: ($) => $.identifier,

  rules: {
    source_file: ($) => seq(optional($.edition), repeat($._item)),

    edition: ($) => seq("ssl", field("number", $.number)),

    _item: ($) =>
      choice(
        $.dataset,
        $.encoder,
        $.layers,
        $.augment,
        $.stage,
        $.defaults,
        $.run,
        $.use,
        $.extends,
        $.override,
        $.sweep,
      ),

    dataset: ($) => seq("dataset", field("name", $.identifier), "=", field("value", $._value)),
    encoder: ($) => seq("encoder", field("name", $.identifier), "=", field("value", $._value)),
    layers: ($) => seq("layers", field("name", $.identifier), "=", field("value", $._value)),

    augment: ($) =>
      seq(
        "augment",
        field("name", $.identifier),
        field("parameters", $.parameters),
        field("body", $.graph),
      ),

    // without a name it is called what it calls
    stage: ($) =>
      seq(
        field("kind", $.stage_kind),
        optional(seq(field("name", $.identifier), "=")),
        field("call", $.call),
        optional(field("body", $.block)),
      ),

    // what every stage of the kind has that does not say otherwise
    defaults: ($) => seq(field("kind", $.stage_kind), field("body", $.block)),

    stage_kind: (_) => choice("fit", "pretext", "evaluate", "finetune", "export"),

    run: ($) => seq("run", field("body", $.block)),

    use: ($) =>
      seq(
        "use",
        choice(
          field("path", $.string),
          seq("script", field("path", $.string)),
          seq("plugin", field("path", $.string), optional(seq("version", field("version", $.string)))),
        ),
      ),

    extends: ($) => seq("extends", field("path", $.string)),
    override: ($) => seq("override", field("path", $.path), "=", field("value", $._value)),

    sweep: ($) => seq("sweep", field("name", $.identifier), field("body", $.sweep_block)),
    sweep_block: ($) => seq("{", repeat(choice(",", $.sweep_field)), "}"),
    sweep_field: ($) => seq(field("path", $.path), "=", field("value", $._value)),

    parameters: ($) => seq("(", listed($.identifier), ")"),

    // ---- blocks ---------------------------------------------------------------------------------------------------

    block: ($) => seq("{", repeat(choice(",", $.bind, $.field)), "}"),

    field: ($) =>
      seq(
        field("name", $.identifier),
        // the objective that an optimizer is for
        optional(field("objective", $.identifier)),
        "=",
        field("value", $._value),
      ),

    bind: ($) => seq("bind", field("body", $.block)),

    graph: ($) => seq("{", repeat(choice(",", $.emit, $.binding)), "}"),

    binding: ($) =>
      seq(field("names", choice($.identifier, $.names)), "=", field("value", $._value)),
    names: ($) => seq("(", listed($.identifier), ")"),

    emit: ($) => prec.right(seq("emit", $.emitted, repeat(seq(",", $.emitted)))),
    emitted: ($) => seq(optional(seq(field("name", $.identifier), "=")), field("value", $._value)),

    // ---- values ---------------------------------------------------------------------------------------------------

    _value: ($) => choice($._step, $.pipeline, $.repetition),

    repetition: ($) => seq(choice($._step, $.pipeline), "*", field("times", $.number)),
    pipeline: ($) => prec.left(seq(choice($._step, $.pipeline), "|>", $._step)),

    _step: ($) => choice($._atom, $.place),
    place: ($) => seq($._atom, "as", field("name", $.identifier)),

    _atom: ($) =>
      choice($.call, $.reference, $.quantity, $.range, $.string, $.list, $.group, $.record),

    group: ($) => seq("(", listed($._value), ")"),
    list: ($) => seq("[", listed($._value), "]"),
    record: ($) => seq("{", repeat(choice(",", $.field)), "}"),

    call: ($) =>
      seq(field("name", choice($.identifier, $.qualified)), field("arguments", $.arguments)),
    // the bracket stands in the line of the name
    arguments: ($) => seq(alias(token.immediate(prec(1, /[ \t]*\(/)), "("), listed($.argument), ")"),
    argument: ($) =>
      seq(optional(seq(field("name", $.identifier), "=")), field("value", $._value)),

    reference: ($) => choice($.identifier, $.qualified),
    qualified: ($) => seq($.identifier, repeat1(seq(".", $.identifier))),
    path: ($) => seq($.identifier, repeat(seq(".", $.identifier))),

    range: ($) => seq(field("low", $.quantity), "..", field("high", $.quantity)),
    quantity: ($) => seq($.number, optional(field("unit", $.unit))),
    unit: (_) => token.immediate(/[ \t]*(%|px|epochs?|steps?)/),
    number: (_) => /-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?/,

    string: ($) => seq('"', repeat(choice($.escape, $._text)), token.immediate('"')),
    _text: (_) => token.immediate(prec(1, /[^"\\\n]+/)),
    escape: (_) => token.immediate(/\\[^\n]/),

    identifier: (_) => /[A-Za-z_][A-Za-z0-9_]*/,

    comment: (_) => /\/\/([^\/\n][^\n]*)?|\/\/\/\/[^\n]*/,
    doc_comment: (_) => /\/\/\/([^\/\n][^\n]*)?/,
  },
});
