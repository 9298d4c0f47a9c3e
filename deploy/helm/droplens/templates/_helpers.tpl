{{/* Names, labels, and what `source` decides: the config, the image, the rights. */}}

{{- define "droplens.fullname" -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- $full := ternary .Release.Name (printf "%s-%s" .Release.Name $name) (contains $name .Release.Name) -}}
{{- default $full .Values.fullnameOverride | trunc 63 | trimSuffix "-" -}}
{{- end }}

{{- define "droplens.selectorLabels" -}}
app.kubernetes.io/name: {{ default .Chart.Name .Values.nameOverride }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "droplens.labels" -}}
{{ include "droplens.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end }}

{{- define "droplens.serviceAccount" -}}
{{- default (ternary (include "droplens.fullname" .) "default" .Values.serviceAccount.create) .Values.serviceAccount.name -}}
{{- end }}

{{- define "droplens.image" -}}
{{- $variant := ternary "-journald" "" (eq .Values.source "journald") -}}
{{- printf "%s:%s" .Values.image.repository (default (print .Chart.AppVersion $variant) .Values.image.tag) -}}
{{- end }}

{{- define "droplens.port" -}}
{{- $port := dig "operations" "port" 9090 .Values.config -}}
{{- if or (kindIs "string" $port) (eq (int $port) 0) -}}
{{- fail (printf "config.operations.port: %v: the chart's probes need a number from 1 to 65535 here" $port) -}}
{{- end -}}
{{- int $port -}}
{{- end }}

{{- define "droplens.stateFolder" -}}
{{- default "/var/lib/droplens" .Values.config.stateFolder -}}
{{- end }}

{{/* The source of the pipelines that name none. */}}
{{- define "droplens.source" -}}
use: source-{{ .Values.source }}
{{- if eq .Values.source "file" }}
path: {{ .Values.file.path | toJson }}
{{- else if eq .Values.source "journald" }}
directory: {{ .Values.journald.directory | toJson }}
{{- end }}
{{- end }}

{{/* droplens.yaml: the values' config, with what it leaves to `source` and `prefix` filled in. */}}
{{- define "droplens.config" -}}
{{- $config := deepCopy .Values.config -}}
{{- $uses := list -}}
{{- $source := include "droplens.source" . | fromYaml -}}
{{- range $pipeline := $config.pipelines -}}
{{- $own := default (deepCopy $source) $pipeline.source -}}
{{- if eq $own.use $source.use -}}
{{- $own = merge $own $source -}}
{{- end -}}
{{- $_ := set $pipeline "source" $own -}}
{{- $uses = append $uses $own.use -}}
{{- $parser := default (dict "use" "parser-iptables") $pipeline.parser -}}
{{- if and (has $parser.use (list "parser-iptables" "parser-ulogd")) (not (hasKey $parser "prefix")) $.Values.prefix -}}
{{- $_ := set $parser "prefix" $.Values.prefix -}}
{{- end -}}
{{- $_ := set $pipeline "parser" $parser -}}
{{- end -}}
{{- $own := print "source-" .Values.source -}}
{{- if not (has $own $uses) -}}
{{- fail (printf "source: %s: the mounts and rights are for it, and no pipeline in config uses %s (they use %s): say the same in both" .Values.source $own (join ", " $uses)) -}}
{{- end -}}
{{- toYaml $config -}}
{{- end }}

{{/* "yes" where a plugin is used in any pipeline: dict "root" . "role" "sinks" "use" "sink-k8s-events" */}}
{{- define "droplens.uses" -}}
{{- range $pipeline := .root.Values.config.pipelines -}}
{{- range (index $pipeline $.role) -}}
{{- if eq .use $.use }}yes{{ end -}}
{{- end -}}
{{- end -}}
{{- end }}

{{- define "droplens.podSecurityContext" -}}
{{- if eq .Values.source "file" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
# adm, whose members read the logs of Debian and Ubuntu.
supplementalGroups: [4]
{{- else -}}
# The journal's group has another number on each distribution; root without capabilities reads what root owns.
runAsUser: 0
runAsGroup: 0
{{- end }}
seccompProfile: { type: RuntimeDefault }
{{- end }}

{{- define "droplens.securityContext" -}}
readOnlyRootFilesystem: true
{{- if eq .Values.source "kmsg" }}
privileged: true
{{- else }}
allowPrivilegeEscalation: false
capabilities: { drop: [ALL] }
{{- end }}
{{- end }}

{{/* The node's folders that hold the log, and the same as mounts. */}}
{{- define "droplens.logPath" -}}
{{- if eq .Values.source "file" -}}
{{- $folder := trimSuffix "/" .Values.file.hostPath -}}
{{- range $path := (kindIs "slice" .Values.file.path | ternary .Values.file.path (list .Values.file.path)) -}}
{{- if not (hasPrefix (print $folder "/") $path) -}}
{{- fail (printf "file.path: %s is not below file.hostPath (%s), the folder that is mounted: set file.hostPath to the folder that holds it" $path $.Values.file.hostPath) -}}
{{- end -}}
{{- end -}}
{{- .Values.file.hostPath -}}
{{- else if eq .Values.source "journald" -}}
{{- .Values.journald.directory -}}
{{- else -}}
/dev/kmsg
{{- end -}}
{{- end }}
