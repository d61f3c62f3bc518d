"""What anybody may write, read by what has to stand it.

`checks` says for each reader what must hold of any input. `make test` gives it a few hundred mutations of
real inputs, the same each time; `make fuzz` goes on as long as it is told, and lets the coverage lead.
"""
