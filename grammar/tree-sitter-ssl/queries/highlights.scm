; What a recipe's words are, for colours.

(comment) @comment
(doc_comment) @comment.documentation

(string) @string
(escape) @string.escape
(number) @number
(unit) @type

[
  "dataset" "encoder" "layers" "augment" "run" "bind" "emit" "as" "sweep" "override" "ssl"
] @keyword
(stage_kind) @keyword
["use" "extends" "script" "plugin" "version"] @keyword.import

["=" "|>" "*" ".."] @operator
["(" ")" "[" "]" "{" "}"] @punctuation.bracket
["," "."] @punctuation.delimiter

(call name: (identifier) @function)
(call name: (qualified (identifier) @function .))
(call name: (qualified . (identifier) @module))

(dataset name: (identifier) @variable)
(encoder name: (identifier) @variable)
(layers name: (identifier) @variable)
(stage name: (identifier) @variable)
(sweep name: (identifier) @variable)
(augment name: (identifier) @function)
(parameters (identifier) @variable.parameter)
(binding names: (identifier) @variable.parameter)
(names (identifier) @variable.parameter)
(place name: (identifier) @label)

(reference (identifier) @variable)
(reference (qualified . (identifier) @variable))
(reference (qualified (identifier) @property .))
(path . (identifier) @variable)
(path (identifier) @property .)

(field name: (identifier) @property)
(field objective: (identifier) @label)
(argument name: (identifier) @property)
(emitted name: (identifier) @property)

; words that are no names of the recipe
((reference (identifier) @boolean) (#any-of? @boolean "on" "off"))
((reference (identifier) @constant.builtin) (#any-of? @constant.builtin "all" "auto" "f32" "bf16"))
