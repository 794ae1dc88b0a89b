{{/* Names, labels, and what is bound to the service account. */}}

{{- define "operator.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{/* Leaves room for the longest name that is made of it. */}}
{{- define "operator.fullname" -}}
{{- $name := include "operator.name" . -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 50 | trimSuffix "-" -}}
{{- else if contains $name .Release.Name -}}
{{- .Release.Name | trunc 50 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 50 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "operator.selectorLabels" -}}
app.kubernetes.io/name: {{ include "operator.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "operator.labels" -}}
{{ include "operator.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{- end -}}

{{- define "operator.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "operator.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{- define "operator.image" -}}
{{- with .Values.image -}}
{{- $repository := compact (list .repository .name) | join "/" -}}
{{- if .digest -}}
{{ $repository }}@{{ .digest }}
{{- else -}}
{{ $repository }}:{{ default $.Chart.AppVersion .tag }}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* The existing operator's chart has other names for these. */}}
{{- define "operator.replicas" -}}
{{- dig "application" "replicas" "min" .Values.replicaCount .Values.AsMap -}}
{{- end -}}

{{- define "operator.resources" -}}
{{- dig "application" "resources" .Values.resources .Values.AsMap | toYaml -}}
{{- end -}}

{{/* Resources that are looked after, between commas, with the end that is given as `suffix`. */}}
{{- define "operator.looksAfter" -}}
{{- $kinds := list -}}
{{- if .root.Values.maskinporten.enabled -}}
{{- $kinds = append $kinds (printf "maskinportenclients%s" .suffix) -}}
{{- end -}}
{{- if .root.Values.idporten.enabled -}}
{{- $kinds = append $kinds (printf "idportenclients%s" .suffix) -}}
{{- end -}}
{{- join ", " $kinds -}}
{{- end -}}

{{/* Binds the ClusterRole `name` to the service account. */}}
{{- define "operator.clusterRoleBinding" -}}
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata:
  name: {{ .name }}
  labels:
    {{- include "operator.labels" .root | nindent 4 }}
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: ClusterRole
  name: {{ .name }}
subjects:
  {{- include "operator.subjects" .root | nindent 2 }}
{{- end -}}

{{/* Binds the Role `name` in the namespace `namespace` to it. */}}
{{- define "operator.roleBinding" -}}
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata:
  name: {{ .name }}
  namespace: {{ .namespace }}
  labels:
    {{- include "operator.labels" .root | nindent 4 }}
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: Role
  name: {{ .name }}
subjects:
  {{- include "operator.subjects" .root | nindent 2 }}
{{- end -}}

{{- define "operator.subjects" -}}
- kind: ServiceAccount
  name: {{ include "operator.serviceAccountName" . }}
  namespace: {{ .Release.Namespace }}
{{- end -}}
