"""Secrets in as many places as a chart and a cluster have: each place has one of its own, in each turn."""

import base64
import hashlib
import json
from collections.abc import Mapping
from urllib.parse import quote

import yaml

S = "§"
"""Stands where the place's secret goes."""

CONFIG: Mapping[str, tuple[str, str]] = {
    "a ConfigMap's telling key": ("DB_PASSWORD", S),
    "a ConfigMap's likely key": ("api-token", S),
    "a line of properties": ("a.properties", f"db.host=db\ndb.password={S}\n"),
    "a line of YAML": ("b.yaml", f"db:\n  password: {S}\n  port: 1\n"),
    "a quoted line of YAML": ("c.yaml", f"auth:\n  clientSecret: '{S}'\n"),
    "a list of YAML's": ("d.yaml", f"env:\n- name: DB_PASSWORD\n  value: {S}\n"),
    "JSON": ("e.json", json.dumps({"db": {"password": S}}, ensure_ascii=False)),
    "JSON in JSON": (
        "f.json",
        json.dumps({"it": json.dumps({"apiKey": S}, ensure_ascii=False)}, ensure_ascii=False),
    ),
    "JSON in JSON in JSON": (
        "g.json",
        json.dumps(
            [json.dumps([json.dumps({"password": S}, ensure_ascii=False)], ensure_ascii=False)],
            ensure_ascii=False,
        ),
    ),
    "TOML": ("h.toml", f'[db]\npassword = "{S}"\n'),
    "a shell's export": ("i.env", f"export ADMIN_PASSWORD='{S}'\n"),
    "XML": ("j.xml", f"<db><password>{S}</password></db>"),
    "a flag": ("k.sh", f"run --db-password {S} --fast\n"),
    "a flag with =": ("l.sh", f"run --api-key={S} --fast\n"),
    "an address's query": ("m.txt", f"https://api.example.com/?a=1&access_token={S}&b=2"),
    "PostgreSQL's address": ("n.txt", f"postgres://web:{S}@db:5432/web"),
    "Redis' address without a user": ("o.txt", f"redis://:{S}@redis:6379/0"),
    "AMQP's address in a sentence": ("p.txt", f"connects to amqp://web:{S}@queue/v, then waits"),
    "MongoDB's address": ("q.txt", f"mongodb+srv://web:{S}@mongo.example.com/web?retry=true"),
    "JDBC's address": ("r.txt", f"jdbc:postgresql://db/web?user=web&password={S}"),
    "a connection string": ("s.txt", f"Server=db;User Id=web;Password={S};Timeout=3"),
    "a bearer header": ("t.txt", f"Authorization: Bearer {S}"),
    "curl's user": ("u.sh", f"curl -u web:{S} https://api.example.com"),
    "an encoded pair": ("v.txt", f"next=%3Fpassword%3D{S}"),
    "a private key": ("w.pem", f"-----BEGIN RSA PRIVATE KEY-----\n{S}\n-----END RSA PRIVATE KEY-----\n"),
    "a private key without end": ("x.txt", f"key -----BEGIN PRIVATE KEY-----\n{S}\n"),
    "a token of GitLab": ("y.txt", f"use glpat-{S} here"),
    "a token of GitHub": ("z.txt", f"use ghp_{S}{S} here"),
    "a token of Slack": ("aa.txt", f"use xoxb-{S} here"),
    "a key of Stripe": ("ab.txt", f"use sk_live_{S} here"),
    "a hashed password": ("ac.txt", f"web:$2y$05${S}{S}"),
    "a password in a comment": ("ad.txt", f"# password: {S}\n"),
    "a key and => ": ("ae.rb", f"config = {{ :password => '{S}' }}"),
}
"""In a ConfigMap: the key, and the text under it."""
ENVIRONMENT: Mapping[str, tuple[str, str]] = {
    "a container's password": ("DB_PASSWORD", S),
    "a container's token": ("API_TOKEN", S),
    "a container's address": ("DATABASE_URL", f"mysql://web:{S}@db/web"),
    "a container's options": ("JAVA_OPTS", f"-Xmx1g -Djavax.net.ssl.keyStorePassword={S}"),
}
ARGUMENTS: Mapping[str, list[str]] = {
    "an argument after its flag": ["--admin-password", S],
    "an argument with =": [f"--client-secret={S}"],
    "a shell's argument": [f"exec web --password={S} >/dev/null"],
}
ANNOTATIONS: Mapping[str, tuple[str, str]] = {
    "an annotation's telling key": ("example.com/auth-token", S),
    "an annotation's address": ("example.com/source", f"https://web:{S}@git.example.com/web"),
    "what kubectl last applied": ("kubectl.kubernetes.io/last-applied-configuration", f'{{"any": "{S}"}}'),
}
STRING_DATA: Mapping[str, str] = {
    "a Secret's text": S,
    "a Secret's JSON": f'{{"auths": {{"registry.example.com": {{"auth": "{S}"}}}}}}',
    "a Secret's many lines": f"first\n{S}\nlast\n",
    "a Secret's address": f"postgres://web:{S}@db/web",
    "a Secret with signs": f"{S} \"&'<%/+\\é",
}
DATA: Mapping[str, str] = {"a Secret's base64": S, "a Secret's base64 in lines": f"{S}\n" * 8}
OTHER = ("the login in values", "a failing template", "a failing template's pair", "a container's last lines")
REPEATED = "a Secret with signs"
"""What others repeat under keys that say nothing, in each notation."""
PLACES = (*CONFIG, *ENVIRONMENT, *ARGUMENTS, *ANNOTATIONS, *STRING_DATA, *DATA, *OTHER)


def secret(place: str, turn: int) -> str:
    """The secret of a place in a turn: letters and digits, and nowhere else."""
    return "Zq7" + hashlib.sha256(f"{place} {turn}".encode()).hexdigest()[:20]


def written(place: str, text: str, turn: int) -> str:
    """The text of a place with its secret."""
    return text.replace(S, secret(place, turn))


def template(turn: int) -> str:
    """A template that has them all, as literal text."""
    repeated = written(REPEATED, STRING_DATA[REPEATED], turn)
    config = {key: written(place, text, turn) for place, (key, text) in CONFIG.items()}
    config |= {
        "said.txt": f"it is {repeated} now",
        "coded.txt": base64.b64encode(repeated.encode()).decode(),
        "quoted.txt": f"https://example.com/{quote(repeated, safe='')}",
        "json.txt": json.dumps([repeated]),
        "json-twice.txt": json.dumps([json.dumps([repeated])]),
        "yaml.txt": yaml.safe_dump({"greeting": repeated}, allow_unicode=True),
    }
    strings = {
        f"s{number}": written(place, text, turn) for number, (place, text) in enumerate(STRING_DATA.items())
    }
    data = {
        f"d{number}": base64.b64encode(written(place, text, turn).encode()).decode()
        for number, (place, text) in enumerate(DATA.items())
    }
    notes = {key: written(place, text, turn) for place, (key, text) in ANNOTATIONS.items()}
    objects: list[dict[str, object]] = [
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": "planted", "annotations": notes},
            "data": config,
        },
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": "planted"},
            "stringData": strings,
            "data": data,
        },
        _deployment(turn),
    ]
    return yaml.safe_dump_all(objects, allow_unicode=True, width=10_000).replace("{{", '{{"{{"}}')


def _deployment(turn: int) -> dict[str, object]:
    container = {
        "name": "web",
        "image": "registry.example.com/web:1.0.0",
        "env": [
            {"name": key, "value": written(place, text, turn)} for place, (key, text) in ENVIRONMENT.items()
        ],
        "args": [written(place, one, turn) for place, every in ARGUMENTS.items() for one in every],
    }
    labels = {"app": "planted"}
    pods = {"metadata": {"labels": labels}, "spec": {"containers": [container]}}
    spec = {"replicas": 0, "selector": {"matchLabels": labels}, "template": pods}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "planted"}, "spec": spec}


def forms(text: str) -> set[bytes]:
    """How a secret may be found in what was written: as it is, and in base64 at any of its three offsets."""
    found = {text.encode()}
    for offset in range(3):
        coded = base64.b64encode(b"\0" * offset + text.encode())
        found.add(coded[(offset * 8 + 5) // 6 : (offset + len(text)) * 8 // 6])
    return found
