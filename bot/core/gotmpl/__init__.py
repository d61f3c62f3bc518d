"""A safe subset of Go templates with the functions of sprig and helmfile: lexer, parser, execution."""
