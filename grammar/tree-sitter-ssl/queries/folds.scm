; What may be folded.

[
  (block)
  (graph)
  (record)
  (list)
  (group)
  (arguments)
  (sweep_block)
  (pipeline)
] @fold
