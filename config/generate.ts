/**
 * Writes what is generated in this folder: `node config/generate.ts`. The bundle's text as a module, so that the
 * program is one file without a YAML file beside it, and what it is with a journal; the JSON schemas for editors; docs/reference.md; the templates of
 * create-plugin; the licences of what is in the bundle. A test holds them equal to their sources. Imported by that test; does nothing on import.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { testFileSchema } from "../core/cli/config-test/test-schema.ts";
import { jsonSchemaText } from "../core/cli/schema.ts";
import { jsonSchemaOf } from "../core/config/json-schema.ts";
import { dashboardText } from "../deploy/helm/dashboard.ts";
import { valuesSchemaText } from "../deploy/helm/values-schema.ts";
import { bundledPackages, listOf } from "../deploy/third-party.ts";
import { pluginTemplatesModule } from "../test/examples/plugin-templates.ts";
import { withJournal } from "./journal-bundle.ts";
import { plugins } from "./plugins.ts";
import { referenceText } from "./reference.ts";

export function bundleModule(yaml: string): string {
  const lines = yaml.split("\n").map((line) => `  ${JSON.stringify(line)},`);
  return [
    "/** kube-iptables-tailer.yaml as a module: made by `node config/generate.ts`, do not change it here. */",
    "// biome-ignore-all format: generated",
    "// biome-ignore-all lint: generated",
    "export const kubeIptablesTailer = [",
    ...lines,
    '].join("\\n");',
    "",
  ].join("\n");
}

export async function generated(): Promise<Readonly<Record<string, string>>> {
  const bundle = readFileSync(new URL("kube-iptables-tailer.yaml", import.meta.url), "utf8");
  const schema = await jsonSchemaText(plugins);
  return {
    "kube-iptables-tailer.ts": bundleModule(bundle),
    "kube-iptables-tailer-journal.yaml": withJournal(bundle),
    "droplens.schema.json": schema,
    "droplens.test.schema.json": testSchemaText(),
    "../docs/reference.md": await referenceText(),
    "../core/cli/create-plugin/templates.ts": pluginTemplatesModule(),
    "../deploy/helm/droplens/values.schema.json": valuesSchemaText(schema),
    "../deploy/helm/droplens/files/dashboard.json": dashboardText(),
    "../deploy/THIRD_PARTY_LICENSES": listOf(await bundledPackages()),
  };
}

function testSchemaText(): string {
  return `${JSON.stringify({ title: "Droplens config tests", ...jsonSchemaOf(testFileSchema) }, undefined, 2)}\n`;
}

if (import.meta.main) {
  for (const [name, text] of Object.entries(await generated())) writeFileSync(new URL(name, import.meta.url), text);
}
