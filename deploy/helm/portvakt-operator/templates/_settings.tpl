{{/* Settings of the operator, as its variables: a mapping of names to texts. */}}

{{- define "operator.baseUrl" -}}
{{- default (printf "https://%s" .Values.admin.apiHost) .Values.admin.baseUrl -}}
{{- end -}}

{{- define "operator.settings" -}}
DIGDIRATOR_CLUSTER_NAME: {{ .Values.clusterName | quote }}
DIGDIRATOR_DIGDIR_ADMIN_BASE_URL: {{ include "operator.baseUrl" . | quote }}
DIGDIRATOR_DIGDIR_ADMIN_CLIENT_ID: {{ .Values.admin.clientID | quote }}
DIGDIRATOR_DIGDIR_COMMON_ACCESS_TOKEN_LIFETIME: {{ .Values.common.accessTokenLifetime | int64 | quote }}
DIGDIRATOR_DIGDIR_COMMON_CLIENT_NAME: {{ .Values.common.clientName | quote }}
DIGDIRATOR_DIGDIR_COMMON_CLIENT_URI: {{ .Values.common.clientURI | quote }}
DIGDIRATOR_DIGDIR_COMMON_SESSION_LIFETIME: {{ .Values.common.sessionLifetime | int64 | quote }}
DIGDIRATOR_DIGDIR_MASKINPORTEN_DEFAULT_CLIENT_SCOPE: {{ .Values.maskinporten.defaultClientScope | quote }}
DIGDIRATOR_DIGDIR_MASKINPORTEN_DEFAULT_SCOPE_PREFIX: {{ .Values.maskinporten.scopePrefix | quote }}
DIGDIRATOR_DIGDIR_MASKINPORTEN_WELL_KNOWN_URL: {{ .Values.maskinporten.wellKnownUrl | quote }}
DIGDIRATOR_FEATURES_IDPORTEN: {{ .Values.idporten.enabled | quote }}
DIGDIRATOR_FEATURES_MASKINPORTEN: {{ .Values.maskinporten.enabled | quote }}
DIGDIRATOR_LEADER_ELECTION_ENABLED: {{ .Values.leaderElection.enabled | quote }}
DIGDIRATOR_LOG_LEVEL: {{ .Values.logLevel | quote }}
DIGDIRATOR_METRICS_ADDRESS: {{ printf ":%d" (int .Values.metrics.port) | quote }}
PORTVAKT_FOLLOW_SECONDS: {{ .Values.followSeconds | int | quote }}
PORTVAKT_OWNERSHIP: {{ .Values.ownership | quote }}
{{- with .Values.admin }}
{{- with .gcpKmsKeyPath }}
DIGDIRATOR_DIGDIR_ADMIN_KMS_KEY_PATH: {{ . | quote }}
{{- end }}
{{- with .scopes }}
DIGDIRATOR_DIGDIR_ADMIN_SCOPES: {{ . | quote }}
{{- end }}
{{- with .certChain }}
DIGDIRATOR_DIGDIR_ADMIN_CERT_CHAIN: {{ b64dec . | quote }}
{{- end }}
{{- with .key.kid }}
PORTVAKT_ADMIN_KID: {{ . | quote }}
{{- end }}
{{- if .key.secretName }}
PORTVAKT_ADMIN_KEY: /run/secrets/portvakt/key
{{- end }}
{{- with .module }}
{{- if .library }}
PORTVAKT_ADMIN_PKCS11_LABEL: {{ .label | quote }}
PORTVAKT_ADMIN_PKCS11_LIBRARY: {{ .library | quote }}
PORTVAKT_ADMIN_PKCS11_PIN: /run/secrets/portvakt/pin
PORTVAKT_ADMIN_PKCS11_TOKEN: {{ .token | quote }}
{{- with .thumbprint }}
PORTVAKT_ADMIN_PKCS11_THUMBPRINT: {{ . | quote }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- if .Values.idporten.enabled }}
DIGDIRATOR_DIGDIR_IDPORTEN_WELL_KNOWN_URL: {{ .Values.idporten.wellKnownUrl | quote }}
{{- end }}
{{- with .Values.idporten.audience }}
PORTVAKT_IDPORTEN_AUDIENCE: {{ . | quote }}
{{- end }}
{{- if and .Values.leaderElection.enabled .Values.leaderElection.namespace }}
DIGDIRATOR_LEADER_ELECTION_NAMESPACE: {{ .Values.leaderElection.namespace | quote }}
{{- end }}
{{- with .Values.http.proxy }}
PORTVAKT_PROXY: {{ . | quote }}
{{- end }}
{{- if .Values.http.authorities.configMapName }}
PORTVAKT_CA_FILE: /etc/portvakt/authorities/ca.crt
{{- end }}
{{- if .Values.applications.enabled }}
PORTVAKT_APPLICATIONS: "true"
{{- end }}
{{- if .Values.applications.ownIdportenClient }}
PORTVAKT_OWN_IDPORTEN_CLIENT: "true"
{{- end }}
{{- with .Values.webhook }}
{{- if .enabled }}
PORTVAKT_WEBHOOK: {{ printf "0.0.0.0:%d" (int .port) | quote }}
PORTVAKT_WEBHOOK_DRAIN: {{ .drainSeconds | int | quote }}
PORTVAKT_WEBHOOK_NAME: {{ .name | quote }}
{{- with .webProxy.url }}
PORTVAKT_WEB_PROXY: {{ . | quote }}
{{- end }}
{{- with .webProxy.exceptions }}
PORTVAKT_NO_WEB_PROXY: {{ join "," . | quote }}
{{- end }}
{{- with .sidecar.image }}
PORTVAKT_SIDECAR_IMAGE: {{ . | quote }}
{{- end }}
{{- with .sharedIdportenSecret }}
PORTVAKT_SHARED_IDPORTEN_SECRET: {{ . | quote }}
{{- end }}
{{- end }}
{{- end }}
{{- end -}}
