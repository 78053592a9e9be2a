; Blocks and brackets are indented, pipelines go on under their first step.

[(block) (graph) (record) (list) (group) (arguments) (sweep_block)] @indent.begin
["}" "]" ")"] @indent.branch @indent.end
