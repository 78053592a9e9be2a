; Where names are given and used. Items are known in the whole file, names of an augment in it.

(source_file) @local.scope
(augment) @local.scope

(dataset name: (identifier) @local.definition)
(encoder name: (identifier) @local.definition)
(layers name: (identifier) @local.definition)
(stage name: (identifier) @local.definition)
(augment name: (identifier) @local.definition)
(parameters (identifier) @local.definition)
(binding names: (identifier) @local.definition)
(names (identifier) @local.definition)

(reference (identifier) @local.reference)
(reference (qualified . (identifier) @local.reference))
(call name: (identifier) @local.reference)
