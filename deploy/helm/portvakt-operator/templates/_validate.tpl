{{/* Values that do not go together are refused with what to write instead. */}}

{{- define "operator.validate" -}}
{{- if not .Values.image.repository -}}
{{- fail "image.repository: name the image that runs" -}}
{{- end -}}
{{- if not .Values.clusterName -}}
{{- fail "clusterName: name the cluster; the descriptions of its clients begin with it" -}}
{{- end -}}
{{- if not (or .Values.maskinporten.enabled .Values.idporten.enabled) -}}
{{- fail "enable maskinporten, idporten, or both: there is nothing to look after" -}}
{{- end -}}
{{- with .Values.admin -}}
{{- if not (or .apiHost .baseUrl) -}}
{{- fail "admin.apiHost, admin.baseUrl: name the self-service API by its host, or by its whole address" -}}
{{- end -}}
{{- if and .apiHost .baseUrl -}}
{{- fail "admin.apiHost, admin.baseUrl: name one, not both" -}}
{{- end -}}
{{- if not .clientID -}}
{{- fail "admin.clientID: name the administration client" -}}
{{- end -}}
{{- if and .certChain .key.kid -}}
{{- fail "admin.key.kid, admin.certChain: a client is known by one of them, not by both" -}}
{{- end -}}
{{- if not (or .certChain .key.kid) -}}
{{- fail "admin.key.kid: name the id under which the key is registered, or the certificate in admin.certChain" -}}
{{- end -}}
{{- if and .module.library .key.secretName -}}
{{- fail "admin.key.secretName, admin.module.library: the key is in one of them, not in both" -}}
{{- end -}}
{{- if not (or .module.library .key.secretName) -}}
{{- fail "admin.key.secretName: name the secret with the administration client's key" -}}
{{- end -}}
{{- if and .module.library (not (and .module.token .module.label .module.pinSecretName)) -}}
{{- fail "admin.module: with a library name token, label and pinSecretName" -}}
{{- end -}}
{{- end -}}
{{- if not .Values.maskinporten.wellKnownUrl -}}
{{- fail "maskinporten.wellKnownUrl: name the metadata of the issuer, which the administration client's tokens are from, too" -}}
{{- end -}}
{{- if and .Values.idporten.enabled (not .Values.idporten.wellKnownUrl) -}}
{{- fail "idporten.wellKnownUrl: name the metadata of the issuer, or say idporten.enabled: false" -}}
{{- end -}}
{{- if and (gt (int (include "operator.replicas" .)) 1) (not .Values.leaderElection.enabled) -}}
{{- fail "replicaCount: several replicas need leaderElection.enabled" -}}
{{- end -}}
{{- if and .Values.webhook.enabled (eq (int .Values.webhook.port) (int .Values.metrics.port)) -}}
{{- fail "webhook.port, metrics.port: take two" -}}
{{- end -}}
{{- if and .Values.webhook.sidecar.args (not .Values.webhook.sidecar.image) -}}
{{- fail "webhook.sidecar.args: are for webhook.sidecar.image" -}}
{{- end -}}
{{- if and .Values.webhook.webProxy.exceptions (not .Values.webhook.webProxy.url) -}}
{{- fail "webhook.webProxy.exceptions: are for webhook.webProxy.url" -}}
{{- end -}}
{{- if and .Values.applications.ownIdportenClient (not (or .Values.applications.enabled .Values.webhook.enabled)) -}}
{{- fail "applications.ownIdportenClient: is for applications.enabled, webhook.enabled, or both" -}}
{{- end -}}
{{- if not (or .Values.serviceAccount.create .Values.serviceAccount.name) -}}
{{- fail "serviceAccount.name: name one that exists, or have one created" -}}
{{- end -}}
{{- end -}}
