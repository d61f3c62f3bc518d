"""Run by the tests in a process of its own, called `helm`: the life of a release through Helm's SDK."""

import json
import sys

import helm_python

kubeconfig, chart = sys.argv[1:3]
told = []
with helm_python.Config(kubeconfig_path=kubeconfig, namespace="sdk") as helm:
    helm.install(chart, "one", {"text": "a"}, create_namespace=True, wait="watcher", timeout=20)
    helm.upgrade(chart, "one", {"text": "b"}, reset_values=True, wait="watcher", timeout=20)
    helm.rollback("one", version=1, wait="watcher", timeout=20)
    told = [one["status"] for one in helm.history("one")]
    helm.uninstall("one", wait="watcher", timeout=20)
print(json.dumps(told))
