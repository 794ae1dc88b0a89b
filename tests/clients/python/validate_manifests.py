"""Holds manifests against the schemas that Kubernetes publishes, without a cluster: a field that the version
does not know is an error. Definitions of one's own are not Kubernetes'."""

import sys

import kubernetes_validate
import yaml

CUSTOM = ("gateway.networking.k8s.io/", "monitoring.coreos.com/")

version, path = sys.argv[1:]
validated = 0
with open(path, encoding="utf-8") as manifests:
    for manifest in yaml.safe_load_all(manifests):
        if manifest["apiVersion"].startswith(CUSTOM):
            continue
        try:
            kubernetes_validate.validate(manifest, version, strict=True)
        except kubernetes_validate.ValidationError as error:
            sys.exit(f"{manifest['kind']} {manifest['metadata']['name']}: {error.message}")
        validated += 1
print(validated)
