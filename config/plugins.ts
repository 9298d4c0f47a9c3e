/**
 * The one list of built-in plugins: the word after `use:` → how to load it. A plugin is loaded only when a config uses
 * it. Read by built-in.ts; the core never names a plugin.
 */
import type { BuiltInPlugins } from "../core/config/load-plugin.ts";

export const plugins = {
  "source-file": () => import("../plugins/source-file/index.ts"),
  "source-journald": () => import("../plugins/source-journald/index.ts"),
  "source-kmsg": () => import("../plugins/source-kmsg/index.ts"),
  "source-stdin": () => import("../plugins/source-stdin/index.ts"),
  "parser-iptables": () => import("../plugins/parser-iptables/index.ts"),
  "parser-calico": () => import("../plugins/parser-calico/index.ts"),
  "parser-ulogd": () => import("../plugins/parser-ulogd/index.ts"),
  "resolver-k8s": () => import("../plugins/resolver-k8s/index.ts"),
  "resolver-dns": () => import("../plugins/resolver-dns/index.ts"),
  "sink-k8s-events": () => import("../plugins/sink-k8s-events/index.ts"),
  "sink-prometheus": () => import("../plugins/sink-prometheus/index.ts"),
  "sink-otel": () => import("../plugins/sink-otel/index.ts"),
  "sink-console": () => import("../plugins/sink-console/index.ts"),
  "sink-jsonl": () => import("../plugins/sink-jsonl/index.ts"),
} as const satisfies BuiltInPlugins;
