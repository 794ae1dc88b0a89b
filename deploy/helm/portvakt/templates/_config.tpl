{{/* The configuration file, and what in values cannot be meant. */}}

{{/* Where secrets are mounted, and what each is called there. */}}
{{- define "portvakt.secretsPath" -}}/run/secrets/portvakt{{- end -}}

{{/*
What is wrong, in words. Refused here rather than in the schema are rules about several values: a schema
cannot say why, and would repeat a password.
*/}}
{{- define "portvakt.validate" -}}
{{- $config := .Values.config -}}
{{- $url := dig "database" "url" "" $config -}}
{{- $module := dig "keys" "module" "library" "" $config -}}
{{- if not .Values.image.repository -}}
{{- fail "image.repository: name the image that runs" -}}
{{- end -}}
{{- if not (dig "maskinporten" "issuer" "" $config) -}}
{{- fail "config.maskinporten.issuer: name the issuer, such as https://maskinporten.example.no/" -}}
{{- end -}}
{{- if not (dig "selfservice" "base_urls" list $config | compact) -}}
{{- fail "config.selfservice.base_urls: name one address at least, such as https://api.example.no/api/v1" -}}
{{- end -}}
{{- if eq .Values.store "sqlite" -}}
{{- if ne (int .Values.replicaCount) 1 -}}
{{- fail "replicaCount: with store sqlite it is 1, because one file serves one node; store postgresql serves any number" -}}
{{- end -}}
{{- if $url -}}
{{- fail "config.database.url: with store sqlite the chart says where the file is" -}}
{{- end -}}
{{- if .Values.secrets.databasePassword.secretName -}}
{{- fail "secrets.databasePassword: is for store postgresql alone" -}}
{{- end -}}
{{- else -}}
{{- if not (or (hasPrefix "postgres://" $url) (hasPrefix "postgresql://" $url)) -}}
{{- fail "config.database.url: with store postgresql write postgres://user@host:5432/database" -}}
{{- end -}}
{{- if contains ":" (urlParse $url).userinfo -}}
{{- fail "config.database.url: leave the password out, and name its secret in secrets.databasePassword" -}}
{{- end -}}
{{- if .Values.persistence.existingClaim -}}
{{- fail "persistence.existingClaim: is for store sqlite alone" -}}
{{- end -}}
{{- end -}}
{{- $logins := dig "idporten" "issuer" "" $config -}}
{{- if and $module .Values.secrets.encryptionKey.secretName (not $logins) -}}
{{- fail "secrets.encryptionKey: keys in a hardware module are not encrypted; name one or the other" -}}
{{- end -}}
{{- if not (or (and $module (not $logins)) .Values.secrets.encryptionKey.secretName) -}}
{{- fail "secrets.encryptionKey.secretName: name the secret that signing keys are sealed with, and with config.idporten.issuer what people are known by" -}}
{{- end -}}
{{- if and $logins (not (dig "idporten" "eids" list $config)) (not (dig "idporten" "upstreams" list $config)) -}}
{{- fail "config.idporten.eids: with an issuer name one way to log in at least" -}}
{{- end -}}
{{- if and .Values.secrets.traceHeaders.secretName (not (dig "traces" "endpoint" "" $config)) -}}
{{- fail "secrets.traceHeaders: is for config.traces.endpoint" -}}
{{- end -}}
{{- if or .Values.ingress.enabled .Values.httpRoute.enabled -}}
{{- range compact (list $config.maskinporten.issuer (dig "maskinporten" "skyporten_issuer" "" $config) $logins) -}}
{{- if not (has (urlParse .).path (list "" "/")) -}}
{{- fail (printf "config.maskinporten and config.idporten: with ingress or httpRoute an issuer is a host without a path, and %s has one" .) -}}
{{- end -}}
{{- end -}}
{{- range $config.selfservice.base_urls -}}
{{- if not (has (urlParse .).path (list "" "/api/v1" "/external/api/v1")) -}}
{{- fail (printf "config.selfservice.base_urls: with ingress or httpRoute the path is none, /api/v1 or /external/api/v1, and that of %s is another" .) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- if and .Values.httpRoute.enabled (not .Values.httpRoute.parentRefs) -}}
{{- fail "httpRoute.parentRefs: name a gateway" -}}
{{- end -}}
{{- end -}}

{{/* The secrets as sources of one volume. */}}
{{- define "portvakt.secretSources" -}}
{{- $sources := list -}}
{{- $secrets := .Values.secrets -}}
{{- $named := list (list $secrets.encryptionKey "encryption.key") (list $secrets.databasePassword "database.password") (list $secrets.traceHeaders "trace.headers") -}}
{{- range $index, $secret := $secrets.formerEncryptionKeys -}}
{{- $named = append $named (list $secret (printf "former-%d.key" $index)) -}}
{{- end -}}
{{- range $named -}}
{{- $secret := first . -}}
{{- if $secret.secretName -}}
{{- $item := dict "key" $secret.key "path" (last .) -}}
{{- $sources = append $sources (dict "secret" (dict "name" $secret.secretName "items" (list $item))) -}}
{{- end -}}
{{- end -}}
{{- toYaml $sources -}}
{{- end -}}

{{/*
JSON is YAML, and unlike toYaml it writes large numbers as they are: 67108864, not 6.7108864e+07.
*/}}
{{- define "portvakt.config" -}}
{{- $path := include "portvakt.secretsPath" . -}}
{{- $secrets := .Values.secrets -}}
{{- $listen := .Values.listenAddress -}}
{{- $listener := dict "listener" (dict "listen" (printf "%s:7700" $listen)) -}}
{{- $own := dict "maskinporten" $listener -}}
{{- if dig "idporten" "issuer" "" .Values.config -}}
{{- $_ := set $own "idporten" (dict "listener" (dict "listen" (printf "%s:7701" $listen))) -}}
{{- end -}}
{{- $_ := set $own "selfservice" (dict "listener" (dict "listen" (printf "%s:7702" $listen))) -}}
{{- $_ := set $own "operations" (dict "listener" (dict "listen" (printf "%s:7704" $listen))) -}}
{{- $keys := dict -}}
{{- if $secrets.encryptionKey.secretName -}}
{{- $_ := set $keys "encryption_key_file" (printf "%s/encryption.key" $path) -}}
{{- end -}}
{{- $former := list -}}
{{- range $index, $_ := $secrets.formerEncryptionKeys -}}
{{- $former = append $former (printf "%s/former-%d.key" $path $index) -}}
{{- end -}}
{{- if $former -}}
{{- $_ := set $keys "former_encryption_key_files" $former -}}
{{- end -}}
{{- $_ := set $own "keys" $keys -}}
{{- if eq .Values.store "sqlite" -}}
{{- $_ := set $own "database" (dict "url" "sqlite:/var/lib/portvakt/portvakt.db") -}}
{{- else if $secrets.databasePassword.secretName -}}
{{- $_ := set $own "database" (dict "password_file" (printf "%s/database.password" $path)) -}}
{{- end -}}
{{- if $secrets.traceHeaders.secretName -}}
{{- $_ := set $own "traces" (dict "headers_file" (printf "%s/trace.headers" $path)) -}}
{{- end -}}
{{- mustMergeOverwrite (deepCopy .Values.config) $own | toPrettyJson -}}
{{- end -}}

{{/* Draining, finishing requests, sending the last traces, and some more. */}}
{{- define "portvakt.gracePeriodSeconds" -}}
{{- $drain := dig "operations" "drain_seconds" 5 .Values.config | int -}}
{{- $finish := dig "http" "shutdown_grace_seconds" 10 .Values.config | int -}}
{{- add $drain $finish 5 15 -}}
{{- end -}}

{{/* The hosts and paths of the public surfaces: a list of {host, path, service, port}. */}}
{{- define "portvakt.addresses" -}}
{{- $name := include "portvakt.fullname" . -}}
{{- $addresses := list -}}
{{- $issuers := list .Values.config.maskinporten.issuer (dig "maskinporten" "skyporten_issuer" "" .Values.config) -}}
{{- range compact $issuers -}}
{{- $url := urlParse . -}}
{{- $addresses = append $addresses (dict "host" $url.hostname "path" (default "/" $url.path) "service" (printf "%s-maskinporten" $name) "port" $.Values.service.maskinporten.port) -}}
{{- end -}}
{{- $logins := list (dig "idporten" "issuer" "" .Values.config) (dig "idporten" "login_base_url" "" .Values.config) -}}
{{- range compact $logins | uniq -}}
{{- $url := urlParse . -}}
{{- $addresses = append $addresses (dict "host" $url.hostname "path" (default "/" $url.path) "service" (printf "%s-idporten" $name) "port" $.Values.service.idporten.port) -}}
{{- end -}}
{{- range .Values.config.selfservice.base_urls -}}
{{- $url := urlParse . -}}
{{- $addresses = append $addresses (dict "host" $url.hostname "path" (default "/" $url.path) "service" (printf "%s-selfservice" $name) "port" $.Values.service.selfservice.port) -}}
{{- end -}}
{{- toJson (dict "addresses" $addresses) -}}
{{- end -}}
